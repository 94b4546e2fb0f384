"""Lists of monitors in files: our own JSON, CSV, addresses, UptimeRobot, Uptime Kuma. Pure.

Nothing is dropped in silence: what is not taken of a monitor stands in its remarks.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bot.db.followed_pages import FollowedPage
from bot.errors import UserError
from bot.models import Monitor
from bot.services.monitor_options import NAME_LIMIT, OPTIONS, Typed, exported, read_options
from bot.services.monitor_rules import is_cut
from bot.services.option_types import whole_number
from bot.services.transfer import columns, kuma, spreadsheets, yaml_lists
from bot.services.transfer.columns import Raw, Reader, Remark
from bot.services.transfer.spreadsheets import LINES_LIMIT, UNREADABLE, Row, looks_like_address
from bot.services.typed_text import typed_address
from bot.words.translator import N_

SIZE_LIMIT = 1 << 20
_BLANK = "\ufeff \t\r\n"
_SQLITE = b"SQLite format 3\0"
_LABEL_LIMIT = 200
_DEFAULTS = dict.fromkeys(OPTIONS.keys() - {"url", "name"})
# Where other programs keep their lists.
_LISTS = ("monitors", "monitorList", "endpoints", "sites", "checks", "services")

_NAME_CUT = N_("its name was cut to {n} characters")
_BROKEN = N_("a quotation mark in this row is out of place")
_GUESSED = N_("Its encoding was read as Windows-1252: check the names.")
_CELLS = N_("This row has more cells than there are columns.")


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a file: the options it speaks of, or the ``error`` that stands in its way.

    ``ours``: our own JSON, in which another address of a name is a new address. An export of ours
    speaks of all options: what is missing there has its default.
    """

    number: int
    label: str
    typed: Typed = field(default_factory=dict)
    paused: bool | datetime | None = None  # a moment: until then
    remarks: tuple[Remark, ...] = ()
    error: UserError | None = None
    ours: bool = False
    id: int | None = None  # of the monitor that was exported, if the file says so

    def remarked(self, sentence: str, **values: object) -> "Item":
        return replace(self, remarks=(*self.remarks, (sentence, values)))


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a file, and remarks on all of it.

    ``server``: an export of ours, which has more than monitors (bot/services/transfer/servers.py).
    """

    items: list[Item]
    notes: tuple[str, ...] = ()
    server: Raw | None = None


def read(data: bytes, limit: int = SIZE_LIMIT) -> Listing:
    """Every monitor of a file. Raises UserError when it is no list of monitors."""
    if len(data) > limit:
        raise UserError("The file is too large: at most 1 MiB.")
    if data.startswith(_SQLITE):
        raws = kuma.rows_of_database(data)
        return Listing([_item(number, raw, kuma.of_kuma) for number, raw in enumerate(raws, 1)])
    text, guessed = spreadsheets.decode(data)
    whole = _loaded(text.lstrip("\ufeff")) if text.lstrip(_BLANK)[:1] in {"{", "["} else None
    found = list(_rows(text) if whole is None else _json(whole))
    server = whole if isinstance(whole, dict) and "vigie" in whole else None
    if not found and server is None:
        raise UserError("There is no site in this file.")
    return Listing(found, (_GUESSED,) if guessed else (), server)


def _rows(text: str) -> Iterator[Item]:
    if yaml_lists.is_yaml(text):
        return (_item(line, raw, reader) for line, raw, reader in yaml_lists.entries(text))
    return _table(text)


def _json(whole: Any) -> Iterator[Item]:
    raws, place = _listed(whole)
    is_export = isinstance(whole, dict) and "vigie" in whole
    if isinstance(raws, dict):  # by its id, as Uptime Kuma's API and 2.x do
        raws = list(raws.values())
    if not isinstance(raws, list):
        raise UserError(UNREADABLE)
    if len(raws) > LINES_LIMIT:  # half a million of the shortest would fit, and cost 400 MB
        raise UserError("There are too many lines in this file: at most {n}.", n=LINES_LIMIT)
    for number, raw in enumerate(kuma.with_groups(raws), 1):
        is_kuma = place == "monitorList" or kuma.is_kuma(raw)
        ours = place == "monitors" and not is_kuma and isinstance(raw, dict) and "url" in raw
        reader = kuma.of_kuma if is_kuma else columns.read
        yield _item(number, raw, reader, ours=ours, whole=ours and is_export)


def _loaded(text: str) -> Any:
    """One document, or one on each line."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) == 1 or not all(line.lstrip().startswith("{") for line in lines):
            raise UserError(UNREADABLE) from error
    try:
        return [json.loads(line) for line in lines[: LINES_LIMIT + 1]]
    except (ValueError, RecursionError) as error:
        raise UserError(UNREADABLE) from error


def _listed(whole: Any) -> tuple[Any, str]:
    if isinstance(whole, list):
        return whole, ""
    for place in _LISTS:
        if place in whole:
            return whole[place], place
    if "url" in whole:
        return [whole], ""
    by_id = whole and all(key.isdecimal() and isinstance(whole[key], dict) for key in whole)
    return (whole if by_id else None), ""


def _table(text: str) -> Iterator[Item]:
    rows = spreadsheets.rows(text)
    if not rows:
        raise UserError(UNREADABLE)
    header = rows[0].cells
    if columns.is_header(header):
        names, rows = _named(header, columns.ours), rows[1:]
    elif _may_be_header(header):
        names, rows = _named(header, columns.guess), rows[1:]
    elif spreadsheets.is_list(rows):
        names = ["url"]
    elif all(len(row.cells) < 2 for row in rows):  # noqa: PLR2004 - a name and an address
        raise UserError(UNREADABLE)
    else:
        names = []
    for row in rows:
        yield _of_row(row, names)


def _may_be_header(cells: Sequence[str]) -> bool:
    """A header names an address in words of its own, and has none."""
    return "url" in map(columns.guess, cells) and not any(map(looks_like_address, cells))


def _named(cells: Sequence[str], meaning: Callable[[str], str | None]) -> list[str]:
    """The header; of two columns with one name the first counts, the second has none of ours."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        meant = meaning(cell) or cell
        names.append(meant if meant not in names else f"{cell} ({number})")
    return names


def _of_row(row: Row, names: Sequence[str]) -> Item:
    if not names:
        # Without a header: name, address, interval; people also begin with the address.
        first, second = (*row.cells, "")[:2]
        if not looks_like_address(first) or looks_like_address(second):
            names = ("name", "url", "every")
        else:
            names = ("url", "every", "name") if second.isdigit() else ("url", "name", "every")
    raw = dict(zip(names, row.cells, strict=False))
    if "url" in raw:
        raw["url"] = spreadsheets.bare(raw["url"])
    item = _item(row.number, raw)
    if item.error is None and any(row.cells[len(names) :]):
        return Item(item.number, item.label, error=UserError(_CELLS))
    return item.remarked(_BROKEN) if row.broken else item


def _item(
    number: int, raw: Any, reader: Reader = columns.read, *, ours: bool = False, whole: bool = False
) -> Item:
    label = _label(raw)
    if not isinstance(raw, dict):
        return Item(number, label, error=UserError("This is not a site."))
    try:
        known, remarks = reader(raw)
        paused = known.pop("paused", None)
        typed, more = _typed(known)
    except UserError as error:
        return Item(number, label, error=error)
    if whole:
        typed = _DEFAULTS | typed
        paused = paused or False
    return Item(
        number,
        label,
        typed,
        paused=paused,
        remarks=(*remarks, *more),
        ours=ours,
        id=whole_number(raw.get("id")) if ours else None,
    )


def _label(raw: Any) -> str:
    if not isinstance(raw, Mapping):
        return "?"
    texts = (raw.get(name) for name in ("name", "friendly_name", "url", "hostname", "title"))
    found = next((one for one in texts if one), None) or next(iter(raw.values()), None)
    if isinstance(found, int):
        return "?" if abs(found) >= 10**19 else str(found)
    return found[:_LABEL_LIMIT] if isinstance(found, str) and found else "?"


def _typed(known: Raw) -> tuple[dict[str, Any], list[Remark]]:
    typed = read_options({name: value for name, value in known.items() if value is not None})
    if not typed.get("url"):
        raise UserError("It has no address.")
    typed["url"] = typed_address(typed["url"])
    return typed, [(_NAME_CUT, {"n": NAME_LIMIT})] if is_cut(typed.get("name")) else []


def pause_text(end_ms: int | None) -> str | bool:
    """What :func:`bot.services.option_types.read_pause` reads back of a pause with this end."""
    if end_ms is None:
        return True
    text = datetime.fromtimestamp(end_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def export(
    monitors: Sequence[Monitor],
    pages: Iterable[FollowedPage] = (),
    beside: Mapping[str, Any] | None = None,
) -> bytes:
    """The monitors of a server as JSON that :func:`read` reads back; ``beside``: what else it has.

    Only what was set; without the values of request headers, which may be secrets: a file travels.
    """
    names = {one.id: {"depends_on": one.name} for one in monitors}
    names |= {-one.id: {"depends_on": one.url} for one in pages}
    found = [
        # By its id a monitor that is renamed in the file is found again.
        {"id": one.id, **exported(one), **names.get(one.depends_on or 0, {})}
        | ({"paused": pause_text(one.resume_ms)} if one.paused else {})
        for one in monitors
    ]
    whole = {"vigie": 1, **(beside or {}), "monitors": found}
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
