"""Reads the file of sites. Every complaint names its line; a file is taken whole or not at all.

The keys of a monitor are the names of the options of ``/watch add``, those of a maintenance window
the options of ``/maintenance schedule``. ``docs/sites.schema.json`` describes the same for
editors.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

from bot.errors import UserError
from bot.services.maintenance import NewWindow
from bot.services.monitor_options import OPTIONS, read_options
from bot.services.option_types import tag_name
from bot.services.recurrence import zone_name
from bot.services.transfer.files import Item
from bot.services.transfer.yaml_lists import Lines, YamlError, load_yaml
from bot.services.typed_text import typed_address
from bot.words.phrases import parse_duration_ms
from bot.words.translator import LANGUAGES

SERVER_KEYS = (
    *("id", "name", "channel", "role", "fallback", "reminders", "language", "timezone"),
    *("tags", "monitors", "maintenance"),
)
TAG_KEYS = ("channel", "role")
MONITOR_KEYS = (*OPTIONS, "paused")
WINDOW_KEYS = ("days", "from", "to", "for", "monitor", "tag", "timezone", "reason")
REMINDERS_H = (0, 4, 12, 24)
_PLACES = ("channel", "role")  # of a monitor: looked up on Discord, by id or by name
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SETS = {"daily": range(7), "weekdays": range(5), "weekend": range(5, 7)}
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A server, channel, role of Discord by its id, or by a name that is looked up there."""

    line: int
    id: int | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class MonitorEntry:
    """``item.number`` is its line; channel and role stand apart until they are looked up."""

    item: Item
    places: dict[str, Reference]


@dataclass(frozen=True, slots=True)
class WindowEntry:
    """``monitor`` is a name of the same server."""

    line: int
    window: NewWindow
    monitor: str | None


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """What the file says of one server; what it does not name is None, or not there."""

    server: Reference
    places: dict[str, Reference] = field(default_factory=dict)
    reminder_h: int | None = None
    language: str | None = None
    timezone: str | None = None
    tags: dict[str, dict[str, Reference]] = field(default_factory=dict)
    monitors: tuple[MonitorEntry, ...] = ()
    windows: tuple[WindowEntry, ...] = ()


def read_sites(text: str) -> list[ServerEntry]:
    """Raises YamlError with the line for everything that cannot be taken."""
    whole = load_yaml(text)
    if whole is None:
        return []
    if not isinstance(whole, Lines):
        raise YamlError(1, "the file begins with “servers:”")
    _check_keys(whole, ("servers",))
    found = [_server(one) for one in _list(whole, "servers")]
    seen: set[object] = set()
    for one in found:
        key = one.server.id or one.server.name
        if key in seen:
            raise YamlError(one.server.line, "this server stands in the file twice")
        seen.add(key)
    return found


def _server(raw: Any) -> ServerEntry:
    if not isinstance(raw, Lines):
        raise YamlError(1, "each server is a list of keys, such as “- id: 123”")
    _check_keys(raw, SERVER_KEYS)
    if "id" not in raw and "name" not in raw:
        raise YamlError(raw.line, "a server needs its “id” or its “name”")
    reference = _reference(raw, "id" if "id" in raw else "name")
    if "id" in raw and reference.id is None:
        raise YamlError(reference.line, "“id” is a number")
    places = {key: _reference(raw, key) for key in (*_PLACES, "fallback") if key in raw}
    monitors = tuple(_monitor(one, raw.line_of["monitors"]) for one in _list(raw, "monitors"))
    _check_names(monitors)
    return ServerEntry(
        reference if "id" in raw else replace(reference, id=None, name=str(raw["name"])),
        places,
        _one_of(raw, "reminders", REMINDERS_H),
        _one_of(raw, "language", LANGUAGES),
        _read(raw, "timezone", zone_name) if "timezone" in raw else None,
        _tags(raw),
        monitors,
        tuple(_window(one, raw.line_of["maintenance"]) for one in _list(raw, "maintenance")),
    )


def _tags(raw: Lines) -> dict[str, dict[str, Reference]]:
    tags = raw.get("tags")
    if tags is None:
        return {}
    if not isinstance(tags, Lines):
        raise YamlError(raw.line_of["tags"], "“tags” has a line for each tag: shop: {channel: …}")
    found: dict[str, dict[str, Reference]] = {}
    for name, chosen in tags.items():
        if not isinstance(chosen, Lines):
            raise YamlError(tags.line_of[name], "a tag has a “channel” or a “role”")
        _check_keys(chosen, TAG_KEYS)
        tag = _taken(chosen.line, tag_name, name)
        found[tag] = {key: _reference(chosen, key) for key in chosen}
    return found


def _monitor(raw: Any, above: int) -> MonitorEntry:
    if not isinstance(raw, Lines):
        raise YamlError(above, "each monitor is a list of keys, such as “- url: example.com”")
    _check_keys(raw, MONITOR_KEYS)
    if not raw.get("url"):
        raise YamlError(raw.line, "a monitor needs its “url”")
    paused = raw.get("paused")
    if paused not in {None, True, False}:
        raise YamlError(raw.line_of["paused"], "“paused” is true or false")
    given = {key: value for key, value in raw.items() if key not in {*_PLACES, "paused"}}
    typed: dict[str, Any] = dict.fromkeys(OPTIONS.keys() - {"url", "name", *_PLACES})
    for key, value in given.items():
        typed |= _taken(raw.line_of[key], read_options, {key: value})
    typed["url"] = _taken(raw.line_of["url"], typed_address, typed["url"])
    label = str(raw.get("name") or raw["url"])
    places = {key: _reference(raw, key) for key in _PLACES if key in raw}
    return MonitorEntry(Item(raw.line, label, typed, paused=paused, ours=True), places)


def _check_names(monitors: Iterable[MonitorEntry]) -> None:
    """Two of one name, and circles of dependencies."""
    above: dict[str, tuple[int, str]] = {}
    names: set[str] = set()
    for one in monitors:
        name, parent = (str(one.item.typed.get(k) or "").casefold() for k in ("name", "depends_on"))
        if name and name in names:
            raise YamlError(one.item.number, f"two monitors are called “{one.item.label}”")
        names.add(name)
        if name and parent:
            above[name] = (one.item.number, parent)
    for name, (line, parent) in above.items():
        passed = {name}
        while parent:
            if parent in passed:
                raise YamlError(line, f"“{name}” depends on itself in the end")
            passed.add(parent)
            parent = above.get(parent, (0, ""))[1]  # noqa: PLW2901 - one step up


def _window(raw: Any, above: int) -> WindowEntry:
    if not isinstance(raw, Lines):
        raise YamlError(above, "each window is a list of keys, such as “- days: mon-fri”")
    _check_keys(raw, WINDOW_KEYS)
    for key in ("days", "from"):
        if key not in raw:
            raise YamlError(raw.line, f"a window needs “{key}”")
    if ("to" in raw) == ("for" in raw):
        raise YamlError(raw.line, "a window has “to” or “for”, one of the two")
    if "monitor" in raw and "tag" in raw:
        raise YamlError(raw.line, "a window is for a “monitor” or for a “tag”, not for both")
    meant = _read(raw, "days", _days)
    window = NewWindow(
        days=() if isinstance(meant, date) else meant,
        date=meant if isinstance(meant, date) else None,
        begins=_read(raw, "from", _time),
        ends=_read(raw, "to", _time) if "to" in raw else None,
        length_s=_read(raw, "for", _length_s) if "for" in raw else None,
        timezone=_read(raw, "timezone", zone_name) if "timezone" in raw else None,
        reason=None if raw.get("reason") is None else str(raw["reason"]),
        tag=_read(raw, "tag", tag_name) if "tag" in raw else None,
    )
    return WindowEntry(raw.line, window, None if "monitor" not in raw else str(raw["monitor"]))


def _days(text: str) -> tuple[int, ...] | date:
    """``daily``, ``mon,wed``, ``mon-fri`` or one date."""
    text = text.strip().lower()
    if text[:1].isdigit():
        return date.fromisoformat(text)
    found: set[int] = set(_SETS.get(text, ()))
    for part in [] if found else re.split(r"[,\s]+", text):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        found |= {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
    return tuple(sorted(found))


def _day(word: str) -> int:
    if word[:3] not in _WEEK:
        raise ValueError("days look like daily, mon,wed or mon-fri, a date like 2027-03-28")
    return _WEEK.index(word[:3])


def _time(text: str) -> time:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("a time looks like 02:30")
    return time(int(match[1]), int(match[2]))


def _length_s(text: str) -> int:
    seconds = (parse_duration_ms(text, 1_000) or 0) // 1_000
    if not seconds:
        raise ValueError("a length of time looks like 90m, 2h or 1h30")
    return seconds


def _reference(raw: Lines, key: str) -> Reference:
    value, line = raw[key], raw.line_of[key]
    text = str(value).strip()
    if isinstance(value, bool | list | dict | None) or not text.lstrip("#@"):
        raise YamlError(line, f"“{key}” is an id or a name")
    if text.isascii() and text.isdigit():
        return Reference(line, int(text))
    return Reference(line, None, text.lstrip("#@"))


def _one_of(raw: Lines, key: str, allowed: Iterable[Any]) -> Any:
    if key not in raw:
        return None
    if raw[key] not in tuple(allowed):
        raise YamlError(raw.line_of[key], f"“{key}” is one of {', '.join(map(str, allowed))}")
    return raw[key]


def _list(raw: Lines, key: str) -> list[Any]:
    found = raw.get(key)
    if found is not None and not isinstance(found, list):
        raise YamlError(raw.line_of[key], f"“{key}” is a list: each entry begins with “- ”")
    return found or []


def _read(raw: Lines, key: str, reader: Callable[[str], Any]) -> Any:
    return _taken(raw.line_of[key], reader, str(raw[key]))


def _taken(line: int, reader: Callable[[Any], Any], value: Any) -> Any:
    try:
        return reader(value)
    except UserError as error:
        raise YamlError(line, str(error)) from error
    except ValueError as error:
        raise YamlError(line, f"“{value}” cannot be read: {error}") from error


def _check_keys(raw: Lines, known: Iterable[str]) -> None:
    for key in raw:
        if key not in known:
            raise YamlError(
                raw.line_of[key], f"“{key}” is no key here; there are {', '.join(known)}"
            )
