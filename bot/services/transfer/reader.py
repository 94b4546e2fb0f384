"""Reads lists of monitors from files: our own JSON, CSV, addresses, UptimeRobot, Uptime Kuma.

Pure: what comes out is what somebody wants watched, a row each, or why a row cannot be read.
Nothing is dropped in silence: what is not taken of a monitor stands in its remarks.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import UserError
from bot.services.target_options import MAX_HEADERS
from bot.services.transfer import columns, spreadsheets
from bot.services.transfer.columns import Raw, Remark
from bot.services.transfer.kuma import is_kuma, of_kuma
from bot.services.transfer.spreadsheets import LINES_LIMIT, UNREADABLE, Row, looks_like_address
from bot.services.typed_addresses import typed_address
from bot.services.wishes import NAME_LIMIT, NewMonitor, is_cut
from bot.words.escaping import plain
from bot.words.translator import N_

SIZE_LIMIT = 1 << 20
_LABEL_LIMIT = 200
_LARGEST = 2**63 - 1  # of an id, and of what the store can hold
# Where other programs keep their lists.
_LISTS = ("monitors", "monitorList", "endpoints", "sites", "checks", "services")

_NAME_CUT = N_("its name was cut to {n} characters")
_BROKEN = N_("a quotation mark in this row is out of place")
_GUESSED = N_("Its encoding was read as Windows-1252: check the names.")
_CELLS = N_("This row has more cells than there are columns.")


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a file: ``wanted``, or the ``error`` that stands in its way.

    ``given``: the settings the file speaks of, by our own names; None: all of them, as an export
    of ours does, where what is missing has its default. ``ours``: our own JSON, in which another
    address of a name is a new address.
    """

    number: int
    label: str
    wanted: NewMonitor | None = None
    paused: bool = False
    remarks: tuple[Remark, ...] = ()
    error: UserError | None = None
    given: frozenset[str] | None = None
    ours: bool = False
    id: int | None = None  # of the monitor that was exported, if the file says so


@dataclass(frozen=True, slots=True)
class Listing:
    """What a file names, and what is to be said of it as a whole."""

    items: list[Item]
    notes: tuple[str, ...] = ()


def read(data: bytes) -> Listing:
    """Every monitor of a file. Raises UserError when it is no list of monitors."""
    if len(data) > SIZE_LIMIT:
        raise UserError("The file is too large: at most 1 MiB.")
    text, guessed = spreadsheets.decode(data)
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}
    found = list(_json(text) if is_json else _table(text))
    if not found:
        raise UserError("There is no site in this file.")
    return Listing(found, (_GUESSED,) if guessed else ())


def _json(text: str) -> Iterator[Item]:
    whole = _loaded(text.lstrip("\ufeff"))
    raws, place = _listed(whole)
    exported = isinstance(whole, dict) and "vigie" in whole
    if isinstance(raws, dict):  # by its id, as Uptime Kuma's API and 2.x do
        raws = list(raws.values())
    if not isinstance(raws, list):
        raise UserError(UNREADABLE)
    if len(raws) > LINES_LIMIT:  # half a million of the shortest would fit, and cost 400 MB
        raise UserError("There are too many lines in this file: at most {n}.", n=LINES_LIMIT)
    for number, raw in enumerate(raws, 1):
        kuma = place == "monitorList" or is_kuma(raw)
        ours = place == "monitors" and not kuma and isinstance(raw, dict) and "url" in raw
        yield _item(number, raw, kuma=kuma, ours=ours, exported=exported)


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
    """Whether it names an address in words of its own, and has none."""
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
    broken: tuple[Remark, ...] = ((_BROKEN, {}),) if row.broken else ()
    return Item(**{**_fields(item), "remarks": item.remarks + broken})


def _fields(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Item.__dataclass_fields__}


def _item(
    number: int, raw: Any, *, kuma: bool = False, ours: bool = False, exported: bool = False
) -> Item:
    label = _label(raw)
    if not isinstance(raw, dict):
        return Item(number, label, error=UserError("This is not a site."))
    try:
        known, remarks = (of_kuma if kuma else columns.read)(raw)
        wanted, more = _wanted(known)
    except UserError as error:
        return Item(number, label, error=error)
    return Item(
        number,
        label,
        wanted,
        paused=known.get("paused") is True,
        remarks=(*remarks, *more),
        given=None
        if ours and exported
        else frozenset(name for name, value in known.items() if value is not None),
        ours=ours,
        id=columns.whole_number(raw.get("id")) if ours else None,
    )


def _label(raw: Any) -> str:
    if not isinstance(raw, Mapping):
        return "?"
    texts = (raw.get(name) for name in ("name", "friendly_name", "url", "hostname", "title"))
    found = next((one for one in texts if one), None) or next(iter(raw.values()), None)
    if isinstance(found, int):
        return "?" if abs(found) >= 10**19 else str(found)
    return found[:_LABEL_LIMIT] if isinstance(found, str) and found else "?"


def _wanted(raw: Raw) -> tuple[NewMonitor, list[Remark]]:
    url = _text(raw, "url")
    if not url:
        raise UserError("It has no address.")
    name, cut = _name(raw)
    method = (_text(raw, "method") or "GET").upper()
    every = _seconds(raw)
    wanted = NewMonitor(
        url=typed_address(url),
        name=name,
        every_s=60 if every is None else every,
        channel_id=_whole(raw, "channel"),
        role_id=_whole(raw, "role"),
        expect_status=_statuses(raw),
        contains=_text(raw, "contains"),
        not_contains=_text(raw, "not_contains"),
        slow_ms=_whole(raw, "slow_ms") or None,
        method=method,
        headers=_headers(raw.get("headers")),
    )
    return wanted, cut


def _name(raw: Raw) -> tuple[str | None, list[Remark]]:
    name = raw.get("name")
    if isinstance(name, int) and not isinstance(name, bool) and abs(name) <= _LARGEST:
        name = str(name)
    name = _text({"name": name}, "name")
    if name is None or not is_cut(name):
        return name, []
    return plain(name, NAME_LIMIT), [(_NAME_CUT, {"n": NAME_LIMIT})]


def _headers(found: Any) -> str | None:
    """As text, or as names and values; an export of ours has the names alone."""
    if found is None or isinstance(found, str):
        return found or None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise UserError("“{field}” cannot be read.", field="headers")
    if len(found) > MAX_HEADERS:
        raise UserError("At most {n} request headers can be sent.", n=MAX_HEADERS)
    lines = [f"{name}: {value}" for name, value in found.items()]
    if any("\n" in line or "\r" in line for line in lines):
        raise UserError("“{field}” cannot be read.", field="headers")
    return "\n".join(lines) or None


def _statuses(raw: Raw) -> str | None:
    found = raw.get("expect_status")
    listed = found if isinstance(found, list) else [found]
    if any(isinstance(one, bool) or not isinstance(one, int | str | None) for one in listed):
        raise UserError("“{field}” cannot be read.", field="expect_status")
    return ", ".join(one if isinstance(one, str) else _digits(one) for one in listed)


def _digits(code: int | None) -> str:
    return "" if code is None else str(min(max(code, -1), 9_999))


def _text(raw: Raw, field: str) -> str | None:
    found = raw.get(field)
    if found is not None and not isinstance(found, str):
        raise UserError("“{field}” cannot be read.", field=field)
    return found or None


def _seconds(raw: Raw) -> int | None:
    found = raw.get("every")
    if found is None or found == "":
        return None
    seconds = columns.seconds(found)
    if seconds is None:
        raise UserError("“{field}” cannot be read.", field="every")
    return min(seconds, _LARGEST)


def _whole(raw: Raw, field: str) -> int | None:
    """A number, or the digits of one: ids are too long for the numbers of other programs."""
    found = raw.get(field)
    if found is None or found == "":
        return None
    number = columns.whole_number(found)
    if number is None or number > _LARGEST:
        raise UserError("“{field}” cannot be read.", field=field)
    return number
