"""Text files as rows of cells: CSV as spreadsheets write it, and plain lists of addresses. Pure.

Rows keep the numbers a spreadsheet shows: the header is row 1, blank and comment rows count.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.errors import UserError
from bot.words.translator import N_

LINES_LIMIT = 10_000
# How many lines one quoted cell may span; more is a quotation mark that is never closed.
_CELL_LINES = 50
_SEPARATORS = ",;\t|"
_SEP_LINE = re.compile(r'\ufeff?\s*"?sep=(.)"?\s*', re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*+\u2022]\s+|\d+[.)]\s+)")
_AN_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"']+|[^\s\"':/,;|<>]+\.[^\s\"':/,;|.<>]+(?:[:/?#]\S*)?"
)

UNREADABLE = N_(
    "I cannot read this file. I accept my own export, CSV with the columns name,url,every, a list"
    " of addresses, UptimeRobot's CSV, Uptime Kuma's backup or database, and the YAML of Gatus and"
    " Upptime."
)
ENCODING = N_("I cannot read this file. It is neither UTF-8 nor UTF-16 nor Windows-1252.")
_OTHER_FILES = {
    b"PK\x03\x04": N_("That is a workbook or an archive: save it as CSV, or unpack it first."),
    b"\x1f\x8b": N_("That is a compressed file: unpack it first."),
}
_CLAIMED = N_("I cannot read this file. It says it is {encoding} and is not.")
_BOMS = {
    b"\xef\xbb\xbf": ("utf-8-sig", "UTF-8"),
    b"\xff\xfe\0\0": ("utf-32", "UTF-32"),
    b"\0\0\xfe\xff": ("utf-32", "UTF-32"),
    b"\xff\xfe": ("utf-16", "UTF-16"),
    b"\xfe\xff": ("utf-16", "UTF-16"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """Cells without blanks around them; ``broken``: its quotation marks are out of place."""

    number: int
    cells: tuple[str, ...]
    broken: bool = False


def decode(data: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding was guessed: Windows-1252, as Excel writes CSV.

    Raises UserError with the encoding in it.
    """
    for beginning, sentence in _OTHER_FILES.items():
        if data.startswith(beginning):
            raise UserError(sentence)
    for bom, (codec, name) in _BOMS.items():
        if data.startswith(bom):
            try:
                return data.decode(codec), False
            except UnicodeDecodeError as error:
                raise UserError(_CLAIMED, encoding=name) from error
    with suppress(UnicodeDecodeError):
        return data.decode(_codec_without_bom(data)), False
    try:
        return data.decode("cp1252"), True
    except UnicodeDecodeError as error:
        raise UserError(ENCODING) from error


def _codec_without_bom(data: bytes) -> str:
    """UTF-16 without its mark shows by its zeros: every second byte of plain letters."""
    head = data[:200]
    if len(data) % 2 == 0 and head.count(0) > len(head) // 3:
        return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
    return "utf-8"


def rows(text: str) -> list[Row]:
    """Every row that is neither blank nor a comment. Raises UserError when there is none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    declared = _SEP_LINE.fullmatch(lines[0])
    if declared is not None:  # a word to Excel, which does not show it as a row
        lines = lines[1:]
    filled = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if len(filled) > LINES_LIMIT + 1:  # the header
        raise UserError("There are too many lines in this file: at most {n}.", n=LINES_LIMIT)
    if not filled or "\0" in text:
        raise UserError(UNREADABLE)
    separator = declared[1] if declared is not None else _separator(filled)
    return [row for row in _read(lines, separator) if any(row.cells)]


def is_list(found: Sequence[Row]) -> bool:
    """One address a row, and not any text."""
    return any(looks_like_address(row.cells[0]) for row in found) and all(
        not any(row.cells[1:]) for row in found
    )


def looks_like_address(cell: str) -> bool:
    """One word with a scheme, or with a dot in its host."""
    return _AN_ADDRESS.fullmatch(bare(cell)) is not None


def bare(cell: str) -> str:
    """An address without the bullet, angle brackets or back-ticks that people put around it."""
    text = _BULLET.sub("", cell.strip())
    for mark in ('""', "<>", "``"):
        if text[:1] == mark[0] and text[-1:] == mark[1]:
            text = text[1:-1]
    return text


def _separator(filled: Sequence[str]) -> str | None:
    """The separator most of the first lines have; None: each line is one cell."""
    some = filled[:20]
    best = max(_SEPARATORS, key=filled[0].count)
    counts = {line.count(best) for line in some}
    # Addresses have commas and semicolons too, but hardly the same number of them everywhere.
    a_list = all(looks_like_address(line) for line in some) and (len(counts) > 1 or len(some) == 1)
    return None if a_list or best not in filled[0] else best


def _read(lines: Sequence[str], separator: str | None) -> Iterator[Row]:
    number, at = 0, 0
    while at < len(lines):
        number += 1
        line = lines[at]
        if separator is None or not line.strip() or line.lstrip().startswith("#"):
            comment = line.lstrip().startswith("#")
            yield Row(number, () if comment else _words(line))
            at += 1
            continue
        cells, taken = _cells(lines, at, separator)
        broken = cells is None
        yield Row(number, tuple(c.strip() for c in cells or _literal(line, separator)), broken)
        at += taken


def _words(line: str) -> tuple[str, ...]:
    """A line that no separator divides: an address, and perhaps a name behind it."""
    first, *rest = line.split(None, 1) or [""]
    return (first, rest[0].strip()) if rest and "://" in first else (line.strip(),)


def _cells(lines: Sequence[str], at: int, separator: str) -> tuple[list[str] | None, int]:
    """The cells of the row that begins there, and how many lines it has; None: quotes amiss."""
    row = lines[at]
    for taken in range(1, min(_CELL_LINES, len(lines) - at) + 1):
        if taken > 1:
            row += "\n" + lines[at + taken - 1]
        if taken > 1 and row.count('"') % 2:
            continue
        try:
            return next(csv.reader([row], delimiter=separator, strict=True)), taken
        except (csv.Error, StopIteration):
            if row.count('"') % 2 == 0:
                break
    return None, 1


def _literal(line: str, separator: str) -> list[str]:
    """The cells of a line whose quotation marks mean nothing."""
    return [cell.strip().strip('"') for cell in line.split(separator)]
