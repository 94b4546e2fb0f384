"""Reads what files say of servers. Every complaint names its line.

The operator's file of sites is taken whole or not at all; of an export, read by the same rules,
what cannot be taken is left out and said. The keys of a monitor are the names of the options of
``/watch add``, those of a maintenance window the options of ``/maintenance schedule``.
``docs/sites.schema.json`` describes the same for editors.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import partial
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.models import Monitor, Window
from bot.services.boards.boards import TITLE_LIMIT
from bot.services.maintenance import NewWindow
from bot.services.monitor_options import OPTIONS, read_options
from bot.services.option_types import UNREADABLE, read_pause, tag_name
from bot.services.recurrence import zone_name
from bot.services.reports import ReportPeriod
from bot.services.transfer.files import Item
from bot.services.transfer.settings import (
    SETTINGS,
    Reference,
    length_text,
    looked_up,
    places,
    reference,
    switch,
)
from bot.services.transfer.spreadsheets import UNREADABLE as NO_LIST
from bot.services.transfer.yaml_lines import (
    Lines,
    YamlError,
    check_keys,
    listed,
    load_yaml,
    one_of,
    read_text,
    taken,
)
from bot.services.typed_text import parse_days, parse_time, typed_address
from bot.words.escaping import plain
from bot.words.phrases import parse_duration_ms

REPORT_KEYS = ("period", "channel", "tag")
PAGE_KEYS = ("page", "components")
BOARD_KEYS = ("channel", "tag", "title", "groups")
MONITOR_KEYS = (*OPTIONS, "paused")
WINDOW_KEYS = ("days", "from", "to", "for", "monitor", "tag", "timezone", "reason")
_PLACES = ("channel", "role")  # of a monitor: looked up on Discord
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SIZE_LIMIT = 2 << 20  # of the file of sites


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
class ReportEntry:
    line: int
    period: ReportPeriod
    channel: Reference | None
    tag: str


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A status page to follow; ``components`` by id or name."""

    line: int
    address: str
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoardEntry:
    line: int
    channel: Reference
    tag: str | None
    title: str | None
    groups: bool


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """What a file says of one server; what it does not name is not there."""

    server: Reference
    settings: dict[str, Any] = field(default_factory=dict)
    line_of: dict[str, int] = field(default_factory=dict)
    monitors: tuple[MonitorEntry, ...] = ()
    windows: tuple[WindowEntry, ...] = ()
    reports: tuple[ReportEntry, ...] = ()
    pages: tuple[PageEntry, ...] = ()
    boards: tuple[BoardEntry, ...] = ()

    @property
    def page_addresses(self) -> set[str]:
        return {one.address.rstrip("/") for one in self.pages}


class Problems:
    """What cannot be taken: the first ends it all or, ``lenient``, each is kept and passed over."""

    def __init__(self, *, lenient: bool = False) -> None:
        self.found: list[tuple[str, UserError]] = []  # the key it stands under, and why
        self._lenient = lenient

    @contextmanager
    def passed_over(self, key: str, line: int = 0) -> Iterator[None]:
        """Raises YamlError, or has the rest of its block left out."""
        try:
            yield
        except YamlError as error:
            if not self._lenient:
                raise
            self._note(key, error.__cause__)
        except UserError as error:
            if not self._lenient:
                raise YamlError(line, str(error)) from error
            self._note(key, error)

    def _note(self, key: str, error: BaseException | None) -> None:
        why = error if isinstance(error, UserError) else UserError(UNREADABLE, field=key)
        self.found.append((key, why))


def read_at_most(path: Path) -> bytes:
    """A file of sites, and a byte more of one that is too large. Raises OSError."""
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


def read_sites(data: bytes) -> list[ServerEntry]:
    """Raises YamlError with the line for everything that cannot be taken.

    An empty file is none: an editor may be about to write it.
    """
    if len(data) > SIZE_LIMIT:
        raise YamlError(1, f"the file is too large: at most {SIZE_LIMIT >> 20} MiB")
    try:
        whole = load_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(line, "this is no UTF-8: save the file as UTF-8") from error
    if isinstance(whole, Lines):
        check_keys(whole, ("servers",))
    if not isinstance(whole, Lines) or "servers" not in whole.line_of:
        raise YamlError(1, "the file begins with “servers:”")
    line = whole.line_of["servers"]
    return [_server(one, line) for one in listed(whole, "servers")]


def read_export(whole: dict[str, Any], problems: Problems) -> ServerEntry:
    """What an export says of its server, but for the monitors. Raises UserError."""
    known = {key: one for key, one in whole.items() if key in SERVER_KEYS and key != "monitors"}
    try:
        raw = Lines.of(known)
        check_keys(raw, SERVER_KEYS)
        return _entry(Reference(0, 0, kind="server"), raw, problems)
    except RecursionError as error:
        raise UserError(NO_LIST) from error


def references(entry: ServerEntry) -> list[Reference]:
    """Every channel and role that it names."""
    found: list[Reference] = []
    named = {
        "settings": entry.settings,
        "monitors": {number: one.places for number, one in enumerate(entry.monitors)},
        "reports": {number: one.channel for number, one in enumerate(entry.reports)},
        "boards": {number: one.channel for number, one in enumerate(entry.boards)},
    }
    looked_up(named, found.append)
    return found


def _server(raw: Any, above: int) -> ServerEntry:
    if not isinstance(raw, Lines):
        raise YamlError(above, "each server is a list of keys, such as “- id: 123”")
    check_keys(raw, SERVER_KEYS)
    if "id" not in raw and "name" not in raw:
        raise YamlError(raw.line, "a server needs its “id” or its “name”")
    found = reference(raw, "id" if "id" in raw else "name", "server")
    if "id" in raw and found.id is None:
        raise YamlError(found.line, "“id” is a number")
    if "id" not in raw:
        found = replace(found, id=None, name=str(raw["name"]))
    line = raw.line_of.get("monitors", raw.line)
    monitors = tuple(_monitor(one, line) for one in listed(raw, "monitors"))
    _check_names(monitors)
    return replace(_entry(found, raw, Problems()), monitors=monitors)


def _entry(server: Reference, raw: Lines, problems: Problems) -> ServerEntry:
    settings: dict[str, Any] = {}
    for key, setting in SETTINGS.items():
        if key in raw:
            with problems.passed_over(key):
                settings[key] = setting.read(raw, key)
    windows, reports, pages, boards = (tuple(_part(raw, key, problems)) for key in _PARTS)
    return ServerEntry(
        server,
        settings,
        {key: raw.line_of[key] for key in raw},
        windows=windows,
        reports=reports,
        pages=pages,
        boards=boards,
    )


def _part(raw: Lines, key: str, problems: Problems) -> list[Any]:
    """What there may be several of."""
    entries, found = list[Any](), list[Any]()
    with problems.passed_over(key):
        entries = listed(raw, key)
    for one in entries:
        with problems.passed_over(key):
            found.append(_one(one, key, raw.line_of[key]))
    return found


def _one(raw: Any, key: str, line: int) -> Any:
    read, keys = _PARTS[key]
    if not isinstance(raw, Lines):
        raise YamlError(line, f"each entry of “{key}” has keys, such as “- {keys[0]}: …”")
    check_keys(raw, keys)
    return read(raw)


def _monitor(raw: Any, above: int) -> MonitorEntry:
    if not isinstance(raw, Lines):
        raise YamlError(above, "each monitor is a list of keys, such as “- url: example.com”")
    check_keys(raw, MONITOR_KEYS)
    if not raw.get("url"):
        raise YamlError(raw.line, "a monitor needs its “url”")
    paused = taken(raw.line_of["paused"], read_pause, raw["paused"]) if "paused" in raw else None
    given = {key: value for key, value in raw.items() if key not in {*_PLACES, "paused"}}
    typed: dict[str, Any] = dict.fromkeys(OPTIONS.keys() - {"url", "name"})
    for key, value in given.items():
        typed |= taken(raw.line_of[key], read_options, {key: value})
    typed["url"] = taken(raw.line_of["url"], typed_address, typed["url"])
    label = str(raw.get("name") or raw["url"])
    item = Item(raw.line, label, typed, paused=paused, ours=True)
    return MonitorEntry(item, places(raw))


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
    ending = set[str]()
    for name, (line, parent) in above.items():
        passed = {name}
        while parent and parent not in ending:
            if parent in passed:
                raise YamlError(line, f"“{name}” depends on itself in the end")
            passed.add(parent)
            parent = above.get(parent, (0, ""))[1]  # noqa: PLW2901 - one step up
        ending |= passed


def _window(raw: Lines) -> WindowEntry:
    for key in ("days", "from"):
        if key not in raw:
            raise YamlError(raw.line, f"a window needs “{key}”")
    if ("to" in raw) == ("for" in raw):
        raise YamlError(raw.line, "a window has “to” or “for”, one of the two")
    if "monitor" in raw and "tag" in raw:
        raise YamlError(raw.line, "a window is for a “monitor” or for a “tag”, not for both")
    meant = read_text(raw, "days", partial(parse_days, today=None))
    window = NewWindow(
        days=() if isinstance(meant, date) else meant,
        date=meant if isinstance(meant, date) else None,
        begins=read_text(raw, "from", parse_time),
        ends=read_text(raw, "to", parse_time),
        length_s=read_text(raw, "for", _length_s),
        timezone=read_text(raw, "timezone", zone_name),
        reason=read_text(raw, "reason", str),
        tag=read_text(raw, "tag", tag_name),
    )
    return WindowEntry(raw.line, window, read_text(raw, "monitor", str))


def window_keys(window: Window, monitor: Monitor | None) -> dict[str, Any]:
    """What :func:`_window` reads back."""
    week = ",".join(_WEEK[day] for day in window.days)
    return {
        "days": week if window.date is None else window.date.isoformat(),
        "from": _time_text(window.begins),
        "to": None if window.ends is None else _time_text(window.ends),
        "for": None if window.length_s is None else length_text(window.length_s),
        "monitor": None if monitor is None else monitor.name,
        "tag": window.tag,
        "timezone": window.timezone,
        "reason": window.reason,
    }


def _time_text(at: time) -> str:
    return at.isoformat("seconds" if at.second else "minutes")


def _report(raw: Lines) -> ReportEntry:
    if "period" not in raw:
        raise YamlError(raw.line, "a report needs its “period”")
    period = ReportPeriod(one_of(raw, "period", [one.value for one in ReportPeriod]))
    tag = read_text(raw, "tag", tag_name) or ""
    return ReportEntry(raw.line, period, places(raw).get("channel"), tag)


def _page(raw: Lines) -> PageEntry:
    address, found = read_text(raw, "page", typed_address), raw.get("components")
    if address is None:
        raise YamlError(raw.line, "a followed page needs its address as “page”")
    listed_here = found if isinstance(found, list) else str(found or "").split(",")
    if isinstance(found, dict) or not all(isinstance(one, str | int) for one in listed_here):
        raise YamlError(raw.line_of["components"], "“components” is a list of names")
    names = (str(one).strip() for one in listed_here)
    return PageEntry(raw.line, address, tuple(one for one in names if one))


def _board(raw: Lines) -> BoardEntry:
    if "channel" not in raw:
        raise YamlError(raw.line, "a board needs its “channel”")
    title = plain(read_text(raw, "title", str) or "", TITLE_LIMIT) or None
    tag, channel = read_text(raw, "tag", tag_name), reference(raw, "channel")
    return BoardEntry(raw.line, channel, tag, title, switch(raw, "groups"))


# What a server may have several of: the reader of one, and its keys.
_PARTS: dict[str, tuple[Callable[[Lines], Any], tuple[str, ...]]] = {
    "maintenance": (_window, WINDOW_KEYS),
    "reports": (_report, REPORT_KEYS),
    "follow": (_page, PAGE_KEYS),
    "boards": (_board, BOARD_KEYS),
}
SERVER_KEYS = ("id", "name", *SETTINGS, "monitors", *_PARTS)


def _length_s(text: str) -> int:
    seconds = (parse_duration_ms(text, 1_000) or 0) // 1_000
    if not seconds:
        raise UserError("I did not understand that duration. Examples: 30m, 2h, 1d, 1h30.")
    return seconds
