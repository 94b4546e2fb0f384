"""Reads lists of monitors from files: our own JSON, CSV, and the backup of Uptime Kuma 1.x.

Pure: what comes out is what somebody wants watched, a line each, or why a line cannot be read.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.errors import UserError
from bot.services.kuma import of_kuma
from bot.services.typed_addresses import typed_address
from bot.services.wishes import NewMonitor
from bot.words.catalogue import N_

SIZE_LIMIT = 1 << 20
LINES_LIMIT = 10_000
_LABEL_LIMIT = 200
_LARGEST = 2**63 - 1  # of an id, and of what the store can hold
Remark = tuple[str, dict[str, object]]
Raw = dict[str, Any]

_UNREADABLE = N_(
    "I cannot read this file. I take my own export, CSV with the columns name,url,every, and the"
    " backup of Uptime Kuma 1."
)
_HEADER_VALUE = N_("the value of the header {name} is not in the file")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a file: ``wanted``, or the ``error`` that stands in its way."""

    number: int
    label: str
    wanted: NewMonitor | None = None
    paused: bool = False
    remarks: tuple[Remark, ...] = ()
    error: UserError | None = None


def read(data: bytes) -> list[Item]:
    """Every monitor of a file. Raises UserError when it is none of the three."""
    if len(data) > SIZE_LIMIT:
        raise UserError("The file is too large: at most 1 MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(_UNREADABLE) from error
    found = list(_json(text) if text.lstrip()[:1] in {"{", "["} else _csv(text))
    if not found:
        raise UserError("There is no monitor in this file.")
    return found


def _json(text: str) -> Iterator[Item]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(_UNREADABLE) from error
    raws, reader = _listed(whole)
    if not isinstance(raws, list):
        raise UserError(_UNREADABLE)
    _check_length(len(raws))
    for number, raw in enumerate(raws, 1):
        yield _item(number, raw, reader)


def _listed(whole: Any) -> tuple[Any, Callable[[Raw], Raw]]:
    if isinstance(whole, list):
        return whole, dict
    if "monitorList" in whole:
        return whole["monitorList"], of_kuma
    return whole.get("monitors"), dict


def _csv(text: str) -> Iterator[Item]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or "\0" in text:
        raise UserError(_UNREADABLE)
    _check_length(len(lines))
    separator = max(",;\t", key=lines[0].count)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    except csv.Error as error:  # a field of more than 128 KiB
        raise UserError(_UNREADABLE) from error
    columns = [cell.strip().casefold() for cell in rows[0]]
    if "url" in columns:
        rows = rows[1:]
    else:
        columns = ["name", "url", "every"]
    if all(len(row) < 2 for row in rows):  # noqa: PLR2004 - a name and an address
        raise UserError(_UNREADABLE)
    for number, row in enumerate(rows, 1):
        cells = zip(columns, (cell.strip() or None for cell in row), strict=False)
        yield _item(number, dict(cells), dict)


def _check_length(lines: int) -> None:
    """Half a million of the shortest would fit into the file, and cost 400 MB (measured)."""
    if lines > LINES_LIMIT:
        raise UserError("There are too many lines in this file: at most {n}.", n=LINES_LIMIT)


def _item(number: int, raw: Any, reader: Callable[[Raw], Raw]) -> Item:
    label = _label(raw)
    if not isinstance(raw, dict):
        return Item(number, label, error=UserError("This is no monitor."))
    try:
        known = reader(raw)
        headers, remarks = _headers(known.get("headers"))
        wanted = _wanted(known, headers)
    except UserError as error:
        return Item(number, label, error=error)
    paused = known.get("paused") is True
    return Item(number, label, wanted, paused=paused, remarks=tuple(remarks))


def _label(raw: Any) -> str:
    found = (raw.get("name") or raw.get("url")) if isinstance(raw, dict) else None
    return str(found)[:_LABEL_LIMIT] if isinstance(found, str | int) else "?"


def _wanted(raw: Raw, headers: str | None) -> NewMonitor:
    url = _text(raw, "url")
    if not url:
        raise UserError("It has no address.")
    method = (_text(raw, "method") or "GET").upper()
    every = _whole(raw, "every")
    return NewMonitor(
        url=typed_address(url),
        name=_text(raw, "name"),
        every_s=60 if every is None else every,
        channel_id=_whole(raw, "channel"),
        role_id=_whole(raw, "role"),
        expect_status=_text(raw, "expect_status"),
        contains=_text(raw, "contains"),
        not_contains=_text(raw, "not_contains"),
        slow_ms=_whole(raw, "slow_ms") or None,
        method=method,
        headers=headers,
    )


def _headers(found: Any) -> tuple[str | None, list[Remark]]:
    """An export has the names of headers alone: values are secrets."""
    if found is None:
        return None, []
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise UserError("“{field}” cannot be read.", field="headers")
    remarks: list[Remark] = [(_HEADER_VALUE, {"name": name}) for name, v in found.items() if not v]
    return "\n".join(f"{name}: {value}" for name, value in found.items() if value), remarks


def _text(raw: Raw, field: str) -> str | None:
    found = raw.get(field)
    if found is not None and not isinstance(found, str):
        raise UserError("“{field}” cannot be read.", field=field)
    return found or None


def _whole(raw: Raw, field: str) -> int | None:
    """A number, or the digits of one: ids are too long for the numbers of other programs."""
    found = raw.get(field)
    if found is None or found == "":
        return None
    text = str(found)
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST))
    if isinstance(found, bool) or not digits or int(text) > _LARGEST:
        raise UserError("“{field}” cannot be read.", field=field)
    return int(text)
