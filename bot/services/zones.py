"""Time zones: their IANA names, found without case, and what the clock on the wall shows there."""

import logging
import re
import zoneinfo
from datetime import UTC, date, datetime, time, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import tzdata  # type: ignore[import-untyped] # it has one constant

from bot.errors import UserError
from bot.words.escaping import plain

log = logging.getLogger(__name__)

_NO_PLACES = {"Factory", "localtime"}
_NAME_LIMIT = 60
_VERSION = re.compile(r"(?:# version )?(20\d\d[a-z]{1,2})\s")


def use_newest_rules() -> None:
    """Use the bundled time-zone data where the system's are older, or have no version.

    Governments change their clocks at short notice; of two sources the newer one knows better.
    """
    found = next((one for one in map(_version_in, zoneinfo.TZPATH) if one), "")
    if zoneinfo.TZPATH and _order(found) < _order(tzdata.IANA_VERSION):
        log.info("Time zones are as of %s; the system's are of %s", tzdata.IANA_VERSION, found)
        zoneinfo.reset_tzpath(to=())
        ZoneInfo.clear_cache()


def _version_in(folder: str) -> str:
    """By the first line of ``tzdata.zi`` (Linux) or ``+VERSION`` (macOS, BSD); empty: none."""
    for name in ("tzdata.zi", "+VERSION"):
        try:
            with (Path(folder) / name).open(encoding="ascii", errors="replace") as file:
                match = _VERSION.match(file.readline(100))
        except OSError:
            continue
        if match is not None:
            return match[1]
    return ""


def _order(version: str) -> tuple[str, int, str]:
    """After 2026z comes 2026za."""
    return version[:4], len(version), version


use_newest_rules()


@cache
def names() -> tuple[str, ...]:
    """All names, sorted. Reads the zone files once (some 20 ms)."""
    return tuple(sorted(available_timezones() - _NO_PLACES))


def zone_name(text: str) -> str:
    """The name as IANA writes it. Raises UserError."""
    wanted = search_form(text)
    for name in names():
        if search_form(name) == wanted:
            return name
    raise UserError(
        "I know no time zone called “{name}”. Pick one from the list as you type, or Europe/Paris.",
        name=plain(text, _NAME_LIMIT),
    )


def search_form(text: str) -> str:
    """What two spellings of a name have in common: ``New York`` is ``new_york``."""
    return "_".join(text.casefold().split())


@cache
def zone_of(name: str) -> tzinfo:
    """The zone; UTC for one that this machine does not know, so that windows go on to work."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        log.exception("The time zone %s is unknown here: its windows are read as UTC", name)
        return UTC


def wall_in(ms: int, zone: tzinfo) -> datetime:
    """What the clock on the wall shows in a zone at that moment; without a zone of its own."""
    return datetime.fromtimestamp(ms / 1000, zone).replace(tzinfo=None)


def wall_time(ms: int, timezone: str) -> datetime:
    """:func:`wall_in` of a zone by its name."""
    return wall_in(ms, zone_of(timezone))


def instant(ms: int) -> tuple[date, time]:
    """Date and time of a moment, to the second, for a window in UTC."""
    wall = datetime.fromtimestamp(ms // 1000, UTC)
    return wall.date(), wall.time()
