"""Writes the schema of the file of sites anew: ``python -m tests.sites_schema``."""

import json
from pathlib import Path
from typing import Any

from bot.services.boards.boards import MAX_BOARDS
from bot.services.followed_pages import MOST_PAGES
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import (
    ChoiceOption,
    HeadersOption,
    NameOption,
    NumberOption,
    Option,
    PlaceOption,
    StatusesOption,
    TagsOption,
    YesOption,
)
from bot.services.reports import MAX_SCHEDULES, ReportPeriod
from bot.services.transfer.settings import REMINDERS
from bot.words.translator import LANGUAGES

FILE = Path(__file__).parents[1] / "docs" / "sites.schema.json"
_REFERENCE = {"type": ["string", "integer"], "description": "an id or a name"}
_TEXT = {"type": "string"}
_CLOCK = {"type": "string", "pattern": "^([01]?\\d|2[0-3]):[0-5]\\d(:[0-5]\\d)?$"}
_LENGTH = {**_TEXT, "description": "such as 90m or 2h"}
_TAG = {**_TEXT, "description": "only sites with this tag"}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


_NUMBER_OR_TEXT = {"type": ["string", "integer"]}
_BY_TYPE: tuple[tuple[type[Option], dict[str, Any]], ...] = (
    (NumberOption, {"type": ["integer", "string"]}),
    (ChoiceOption, {}),
    (PlaceOption, _REFERENCE),
    (YesOption, {"type": "boolean"}),
    (TagsOption, {"type": ["string", "array"], "items": _TEXT, "maxItems": 5}),
    (StatusesOption, {"type": ["string", "integer", "array"], "items": _NUMBER_OR_TEXT}),
    (HeadersOption, {"type": ["string", "object"], "additionalProperties": _TEXT}),
    (NameOption, {"type": ["string", "number"]}),
    (Option, _TEXT),
)


def _option(option: Option) -> dict[str, Any]:
    found = next(kind for cls, kind in _BY_TYPE if isinstance(option, cls))
    about = {**found, "description": option.help}
    if isinstance(option, NumberOption):
        about |= {"minimum": 0 if option.removable else option.low, "maximum": option.high}
    return about | ({"enum": list(option.choices)} if isinstance(option, ChoiceOption) else {})


def schema() -> dict[str, Any]:
    paused = {"type": ["boolean", "string"], "description": "or its end: 2027-03-28T06:00:00Z"}
    monitor = _object(
        {name: _option(one) for name, one in OPTIONS.items()} | {"paused": paused},
        required=["url"],
    )
    window = _object(
        {
            "days": {**_TEXT, "description": "daily, mon,wed, mon-fri or one date"},
            "from": _CLOCK,
            "to": _CLOCK,
            "for": _LENGTH,
            **dict.fromkeys(("monitor", "tag", "timezone", "reason"), _TEXT),
        },
        required=["days", "from"],
        oneOf=[{"required": ["to"]}, {"required": ["for"]}],
        **{"not": {"required": ["monitor", "tag"]}},
    )
    report = _object(
        {
            "period": {"enum": [one.value for one in ReportPeriod]},
            "channel": _REFERENCE,
            "tag": _TAG,
        },
        required=["period"],
    )
    page = _object(
        {
            "page": {**_TEXT, "description": "the address of a status page of others"},
            "components": {"type": ["string", "array"], "items": _TEXT},
        },
        required=["page"],
    )
    board = _object(
        {"channel": _REFERENCE, "tag": _TAG, "title": _TEXT, "groups": {"type": "boolean"}},
        required=["channel"],
    )
    server = _object(
        {
            "id": {"type": ["integer", "string"], "pattern": "^[0-9]+$"},
            "name": _TEXT,
            **dict.fromkeys(("channel", "role", "fallback", "managers"), _REFERENCE),
            "reminders": {
                "enum": [int(one) if one.isdigit() else one for one in REMINDERS],
                "description": "hours; with a p reminders ping the role",
            },
            "escalate": _object(
                {"after": _LENGTH, "role": _REFERENCE, "channel": _REFERENCE},
                required=["after", "role"],
            ),
            "page": {"type": "boolean", "description": "the public status page"},
            "language": {"enum": list(LANGUAGES)},
            "timezone": {**_TEXT, "description": "an IANA name such as Europe/Paris"},
            "tags": {
                "type": "object",
                "additionalProperties": _object({"channel": _REFERENCE, "role": _REFERENCE}),
            },
            "monitors": {"type": "array", "items": monitor},
            "maintenance": {"type": "array", "items": window, "maxItems": 25},
            "reports": {"type": "array", "items": report, "maxItems": MAX_SCHEDULES},
            "follow": {"type": "array", "items": page, "maxItems": MOST_PAGES},
            "boards": {"type": "array", "items": board, "maxItems": MAX_BOARDS},
        },
        anyOf=[{"required": ["id"]}, {"required": ["name"]}],
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sites of Vigie",
        **_object({"servers": {"type": "array", "items": server}}),
    }


def text() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
