"""From the judge's verdict to the incident people read: pure functions over one entry."""

from dataclasses import dataclass, replace

from bot.db import incidents, monitors, outbox
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.judge_state import JudgeState
from bot.engine.rules import Check
from bot.models import CheckResult, Ending, Incident, Kind
from bot.services.delivery import enqueue
from bot.services.watchlist import Entry, Watchlist
from bot.words.ratios import share
from bot.words.translator import translator_for

# One good try says "it answers" of a site that was dead; an unstable one answers all the time.
ANSWERING_DOWN, ANSWERING_ELSE = 1, 3


def opened(
    entry: Entry,
    state: JudgeState,
    check: Check,
    result: CheckResult,
    *,
    now_ms: int,
    channel_id: int | None,
    role_id: int | None,
    withheld: bool,
) -> Incident:
    """The incident that begins with this try; its ids are given by the store."""
    share_ok, share_of = state.share
    return Incident(
        id=0,
        public_id="",
        guild_id=entry.monitor.guild_id,
        monitor_id=entry.monitor.id,
        name=entry.monitor.name,
        url=entry.monitor.target.url,
        interval_s=entry.monitor.interval_s,
        kind=state.kind or Kind.DOWN,
        cause=result.cause,
        since_ms=state.since_ms or check.began_ms,
        opened_ms=now_ms,
        failed=state.run_failed_checks + state.failed_checks,
        last_ok_ms=entry.last_ok_ms,
        last_failed_ms=None if result.ok else result.at_ms,
        share_ok=share_ok,
        share_of=share_of,
        latency_ms=round(check.ms) if state.mode is Kind.SLOW else None,
        limit_ms=entry.monitor.slow_ms,
        told_down=state.sent_as_down,
        withheld=withheld,
        channel_id=channel_id,
        role_id=role_id,
        address=entry.address,
        certificate_ms=entry.certificate_ms,
    )


def moved(incident: Incident, state: JudgeState, check: Check, result: CheckResult) -> Incident:
    """The open incident after one more try."""
    share_ok, share_of = state.share
    needed = ANSWERING_DOWN if incident.kind is Kind.DOWN else ANSWERING_ELSE
    slow = state.mode is Kind.SLOW and check.ok
    return replace(
        incident,
        kind=state.kind or incident.kind,
        cause=incident.cause if result.ok else result.cause,
        failed=state.run_failed_checks + state.failed_checks
        if _turns_down(incident, state)
        else incident.failed,
        last_failed_ms=incident.last_failed_ms if result.ok else result.at_ms,
        answering_since_ms=state.good_since_ms if state.good >= needed else None,
        share_ok=share_ok,
        share_of=share_of,
        latency_ms=round(check.ms) if slow else incident.latency_ms,
        told_down=state.sent_as_down,
    )


def _turns_down(incident: Incident, state: JudgeState) -> bool:
    """It is told as down from here on: "n of n checks" is the count of this moment."""
    return state.kind is Kind.DOWN and incident.kind is not Kind.DOWN


def acknowledged_as(incident: Incident, other: Incident) -> Incident:
    """The incident, with what people have said of it as the other knows it."""
    return replace(
        incident, acknowledged_by=other.acknowledged_by, acknowledged_ms=other.acknowledged_ms
    )


def ended(incident: Incident, state: JudgeState, now_ms: int, ending: Ending) -> Incident:
    """The incident is over; its true end is the first good round of the closing run."""
    ended_ms = state.good_since_ms if ending is Ending.RESOLVED else None
    return replace(
        incident,
        resolved_ms=now_ms,
        ended_ms=ended_ms or now_ms,
        answering_since_ms=None,
        ending=ending,
    )


def face(incident: Incident) -> tuple[object, ...]:
    """What a reader sees of an open incident: the post is edited when this changes."""
    shown_cause = incident.cause if incident.kind in {Kind.DOWN, Kind.BLOCKED} else None
    said_share = (
        share(translator_for("en"), incident.share_ok, incident.share_of)
        if incident.kind is Kind.UNSTABLE
        else None
    )
    return incident.kind, shown_cause, said_share, incident.answering_since_ms


@dataclass(frozen=True, slots=True)
class Overdue:
    """An incident whose time to be told has come."""

    entry: Entry
    incident: Incident
    judge_state: JudgeState

    def write(self, conn: Connection, now_ms: int) -> None:
        incidents.update(conn, self.incident)
        monitors.save_memory(conn, self.incident.monitor_id, self.judge_state.dump())
        if outbox.of_incident(conn, self.incident.id, Work.OPEN) is None:
            enqueue.opening(conn, self.incident, now_ms, wait_s=0.0)  # all of them together
        elif self.incident.kind is Kind.DOWN:
            enqueue.escalation(conn, self.incident, now_ms)

    def settle(self) -> None:
        """After the commit. A try may have moved the memory on meanwhile; that is stored later."""
        now = self.entry.incident
        self.entry.incident = self.incident if now is None else acknowledged_as(self.incident, now)
        self.entry.judge_state = replace(
            self.entry.judge_state, sent_as_down=self.incident.told_down
        )


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
                replace(entry.judge_state, sent_as_down=told_down),
            )
        )
    return found


def _is_bad(entry: Entry, incident: Incident) -> bool:
    """By a try of this very time: what was so before we stopped or were blind may be over."""
    return entry.seen and incident.answering_since_ms is None


def as_told(conn: Connection, incident: Incident, state: JudgeState) -> tuple[Incident, JudgeState]:
    """An opening that is still unsent will say what is true then: nobody was told "down"."""
    if incident.kind is Kind.DOWN or not incident.told_down:
        return incident, state
    opening = outbox.of_incident(conn, incident.id, Work.OPEN)
    if opening is None or opening.state != "pending":
        return incident, state
    return replace(incident, told_down=False), replace(state, sent_as_down=False)
