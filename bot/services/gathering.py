"""Which openings and all-clears of one channel wait for each other: pure decisions.

Source: signal study §7 and §10 A. An opening waits up to a minute when three or more sites of
the channel are failing; an all-clear waits up to a minute when another is about to be due.
"""

from collections.abc import Sequence

from bot.engine.rules import is_due
from bot.services.watchlist import Entry

GATHER_S = 60.0
COMPANY = 3


def opening_waits(entry: Entry, channel: Sequence[Entry]) -> bool:
    """Whether three or more sites of the channel, this one included, are failing now."""
    others = sum(1 for e in channel if e is not entry and is_failing(e))
    return others + 1 >= COMPANY


def is_failing(entry: Entry) -> bool:
    """Failing, for grouping: the last round failed, or an opening is waiting."""
    return entry.memory.rounds[-1:] in {"F", "f"}


def released(channel: Sequence[Entry], now_ms: int) -> list[Entry]:
    """The entries whose all-clear is given now; empty while they wait for company.

    An entry that fails while it waits is no longer due, so its all-clear is dropped.
    """
    due = [e for e in channel if e.incident is not None and is_due(e.memory)]
    company = any(
        e.incident is not None
        and not e.incident.withheld
        and not is_due(e.memory)
        and is_due(e.memory, missing=1)
        for e in channel
    )
    waited = any(e.due_ms is not None and now_ms - e.due_ms >= GATHER_S * 1000 for e in due)
    return due if waited or not company else []
