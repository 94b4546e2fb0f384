"""What a mute, a maintenance window or a missing alert channel kept quiet, and is told afterwards.

It is told when nothing of that holds any more and a fresh look says that it is bad. What
has recovered meanwhile, or is about to, is only history.
"""

from dataclasses import dataclass, replace

from bot.db import incidents, monitors, outbox
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.judge_state import JudgeState
from bot.models import Incident, Kind
from bot.services.delivery import enqueue
from bot.services.incident_updates import acknowledged_as
from bot.services.watchlist import Entry, Watchlist


@dataclass(frozen=True, slots=True)
class Overdue:
    """An incident whose time to be told has come."""

    entry: Entry
    incident: Incident
    memory: JudgeState

    def write(self, conn: Connection, now_ms: int) -> None:
        incidents.update(conn, self.incident)
        monitors.save_memory(conn, self.incident.monitor_id, self.memory.dump())
        if outbox.of_incident(conn, self.incident.id, Work.OPEN) is None:
            enqueue.opened(conn, self.incident, now_ms, wait_s=0.0)  # all of them together
        elif self.incident.kind is Kind.DOWN:
            enqueue.escalated(conn, self.incident, now_ms)

    def settle(self) -> None:
        """After the commit. A try may have moved the memory on meanwhile; that is stored later."""
        now = self.entry.incident
        self.entry.incident = self.incident if now is None else acknowledged_as(self.incident, now)
        self.entry.memory = replace(self.entry.memory, told_down=self.incident.told_down)


def overdue(watchlist: Watchlist, now_ms: int) -> list[Overdue]:
    """All that is to be told now."""
    found = []
    for entry in watchlist.all():
        incident = entry.incident
        if incident is None or not incident.withheld or not _is_bad(entry, incident):
            continue
        channel_id = incident.channel_id or watchlist.home_of(entry)
        if channel_id is None or watchlist.silenced(entry, now_ms):
            continue
        told_down = incident.kind is Kind.DOWN
        found.append(
            Overdue(
                entry,
                replace(
                    incident,
                    withheld=False,
                    told_down=told_down,
                    channel_id=channel_id,
                    role_id=incident.role_id or watchlist.role_of(entry),
                ),
                replace(entry.memory, told_down=told_down),
            )
        )
    return found


def _is_bad(entry: Entry, incident: Incident) -> bool:
    """By a try of this very time: what was so before we stopped or were blind may be over."""
    return entry.seen and incident.answering_since_ms is None


def as_told(
    conn: Connection, incident: Incident, memory: JudgeState
) -> tuple[Incident, JudgeState]:
    """An opening that is still unsent will say what is true then: nobody was told "down"."""
    if incident.kind is Kind.DOWN or not incident.told_down:
        return incident, memory
    opening = outbox.of_incident(conn, incident.id, Work.OPEN)
    if opening is None or opening.state != "pending":
        return incident, memory
    return replace(incident, told_down=False), replace(memory, told_down=False)
