"""What files say of a server besides its sites, one row each: how it is read, taken and exported.

The operator's file of sites and ``/watch export`` have the same words. Here are the settings; what
there may be several of is in bot/services/transfer/servers.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.errors import UserError
from bot.models import GuildSettings, TagAlerts
from bot.services.audit_log import AuditEvent, reminders_of
from bot.services.guilds import ESCALATE_S, MAX_TAGGED
from bot.services.option_types import read_yes, tag_name
from bot.services.recurrence import zone_name
from bot.services.transfer.yaml_lines import Lines, YamlError, check_keys, one_of, read_text, taken
from bot.words.phrases import parse_duration_ms
from bot.words.translator import LANGUAGES, N_

REMINDERS = ("off", "0", "4", "12", "24", "4p", "12p", "24p")
TAG_KEYS = ("channel", "role")
_UTC = GuildSettings(0).timezone
TWICE = N_("This is in the file twice.")
ESCALATE_KEYS = ("after", "role", "channel")


@dataclass(frozen=True, slots=True)
class Reference:
    """A ``server``, ``channel`` or ``role`` by its id, or by a name that Discord knows."""

    line: int
    id: int | None
    name: str = ""
    kind: str = "channel"

    def meant(self, number: int, name: str) -> bool:
        """Whether this is it."""
        return number == self.id if self.id is not None else name.casefold() == self.name.casefold()


@dataclass(frozen=True, slots=True)
class Setting:
    """``fields``: those of GuildSettings, of a value that was read and looked up.

    ``exported``: what a file has of it; None while nothing is chosen.
    """

    event: AuditEvent
    read: Callable[[Lines, str], Any]
    fields: Callable[[Any], Mapping[str, Any]]
    exported: Callable[[GuildSettings], Any]


def reference(raw: Lines, key: str, kind: str = "channel") -> Reference:
    value, line = raw[key], raw.line_of[key]
    text = str(value).strip()
    if isinstance(value, bool | list | dict) or not text.strip("0#@"):
        raise YamlError(line, f"“{key}” is an id or a name")
    if text.isascii() and text.isdigit() and len(text) < 20:  # noqa: PLR2004 - as long as ids are
        return Reference(line, int(text), kind=kind)
    return Reference(line, None, text.lstrip("#@"), kind)


def places(raw: Lines) -> dict[str, Reference]:
    """The channel and the role of something, if they are named."""
    return {key: reference(raw, key, key) for key in ("channel", "role") if key in raw}


def looked_up(value: Any, find: Callable[[Reference], int | None]) -> Any:
    """What was read, with ids instead of references; None for what is not there."""
    if isinstance(value, Reference):
        return find(value)
    if isinstance(value, dict):
        return {key: looked_up(one, find) for key, one in value.items()}
    return value


def id_text(number: int | None) -> str | None:
    """Ids are text in files: readers of JSON round them."""
    return None if number is None else str(number)


def length_text(seconds: int) -> str:
    """``90m``, ``45s``: as it is typed."""
    return f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"


def without_nothing(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value not in (None, "", (), [])}


def _place(event: AuditEvent, kind: str, field: str) -> Setting:
    return Setting(
        event,
        partial(reference, kind=kind),
        lambda number: {field: number},
        lambda settings: id_text(getattr(settings, field)),
    )


def _reminded(text: str) -> dict[str, Any]:
    hours = text.removesuffix("p")
    return {
        "reminder_h": int(hours) if hours.isdigit() else 0,
        "reminder_ping": text.endswith("p"),
    }


def switch(raw: Lines, key: str) -> bool:
    return bool(taken(raw.line_of.get(key, raw.line), read_yes, raw.get(key)))


def _escalation(raw: Lines, key: str) -> dict[str, Any]:
    found = raw[key]
    if isinstance(found, Lines):
        check_keys(found, ESCALATE_KEYS)
    if not isinstance(found, Lines) or "after" not in found or "role" not in found:
        raise YamlError(raw.line_of[key], f"“{key}” has “after” and “role”")
    return {"after_s": read_text(found, "after", _after_s), **places(found)}


def _after_s(text: str) -> int:
    seconds = (parse_duration_ms(text, 1_000) or 0) // 1_000
    if not ESCALATE_S[0] <= seconds <= ESCALATE_S[1]:
        raise UserError("Choose a time from 1 minute to 7 days, such as 15m or 2h.")
    return seconds


def _escalated(found: dict[str, Any]) -> dict[str, Any]:
    if found["role"] is None:
        return {}
    return {
        "escalate_s": found["after_s"],
        "escalate_role_id": found["role"],
        "escalate_channel_id": found.get("channel"),
    }


def _exported_escalation(settings: GuildSettings) -> Any:
    if not settings.escalate_s:
        return None
    role, channel = settings.escalate_role_id, settings.escalate_channel_id
    return without_nothing(
        {
            "after": length_text(settings.escalate_s),
            "role": id_text(role),
            "channel": id_text(channel),
        }
    )


def _tags(raw: Lines, key: str) -> dict[str, dict[str, Reference]]:
    tags = raw[key]
    if not isinstance(tags, Lines):
        raise YamlError(raw.line_of[key], "“tags” has a line for each tag: shop: {channel: …}")
    found: dict[str, dict[str, Reference]] = {}
    for name, chosen in tags.items():
        if not isinstance(chosen, Lines):
            raise YamlError(tags.line_of[name], "a tag has a “channel” or a “role”")
        check_keys(chosen, TAG_KEYS)
        tag, line = taken(chosen.line, tag_name, name), tags.line_of[name]
        if tag in found:
            raise YamlError(line, TWICE) from UserError(TWICE)
        found[tag] = places(chosen)
    if len(found) > MAX_TAGGED:
        error = UserError("At most {n} tags can have a channel of their own.", n=MAX_TAGGED)
        raise YamlError(raw.line_of[key], str(error)) from error
    return found


def _tag_alerts(found: dict[str, dict[str, int | None]]) -> dict[str, Any]:
    rows = [TagAlerts(tag, one.get("channel"), one.get("role")) for tag, one in found.items()]
    known = [one for one in rows if one.channel_id or one.role_id]
    return {"tag_alerts": tuple(sorted(known, key=lambda one: one.tag))} if known else {}


def _exported_tags(settings: GuildSettings) -> Any:
    routes = {
        one.tag: without_nothing({"channel": id_text(one.channel_id), "role": id_text(one.role_id)})
        for one in settings.tag_alerts
    }
    return routes or None


SETTINGS: dict[str, Setting] = {
    "channel": _place(AuditEvent.ALERT_CHANNEL, "channel", "channel_id"),
    "role": _place(AuditEvent.ALERT_ROLE, "role", "role_id"),
    "fallback": _place(AuditEvent.FALLBACK, "channel", "fallback_channel_id"),
    "reminders": Setting(
        AuditEvent.REMINDERS,
        partial(one_of, allowed=REMINDERS),
        _reminded,
        lambda settings: reminders_of(settings) if settings.reminder_h else None,
    ),
    "escalate": Setting(AuditEvent.ESCALATION, _escalation, _escalated, _exported_escalation),
    "managers": _place(AuditEvent.MANAGERS, "role", "manager_role_id"),
    "language": Setting(
        AuditEvent.LANGUAGE,
        partial(one_of, allowed=LANGUAGES),
        lambda code: {"language": code},
        lambda settings: settings.language,
    ),
    "timezone": Setting(
        AuditEvent.TIMEZONE,
        partial(read_text, reader=zone_name),
        lambda zone: {"timezone": zone},
        lambda settings: None if settings.timezone == _UTC else settings.timezone,
    ),
    "page": Setting(
        AuditEvent.PAGE, switch, lambda on: {"page": on}, lambda settings: settings.page or None
    ),
    "tags": Setting(AuditEvent.TAG_ALERTS, _tags, _tag_alerts, _exported_tags),
}
