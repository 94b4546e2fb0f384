"""Which openings and all-clears of one channel wait for each other.

An opening waits up to a minute when three or more sites of the channel are failing; an all-clear
waits up to a minute when another is about to be due.
"""

from collections.abc import Sequence

from bot.engine.rules import is_due
from bot.services.watchlist import Entry, Watchlist

GATHER_S = 60.0
COMPANY = 3


def opening_wait_s(entry: Entry, watchlist: Watchlist, now_ms: int) -> float:
    """How long an opening waits for company; those that are kept quiet are none."""
    failing = [
        e
        for e in watchlist.sharing_channel(entry)
        if e is entry or (_is_failing(e) and not watchlist.silenced(e, now_ms))
    ]
    return GATHER_S if len(failing) >= COMPANY else 0.0


def _is_failing(entry: Entry) -> bool:
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
