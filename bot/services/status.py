"""State and history of a server's monitors: for ``/status``, boards, pages and the doctor."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.db.database import Database
from bot.models import (
    CheckResult,
    Game,
    Incident,
    Kind,
    Monitor,
    Phases,
    SeenFrom,
    State,
    Target,
    Window,
)
from bot.services.history.monitor_report import MonitorReport, report
from bot.services.history.uptime import Uptime, uptimes
from bot.services.monitor_rules import host_name
from bot.services.recurrence import Occurrence
from bot.services.watchlist import Entry, Watchlist

# Problems first; what is not judged or not checked comes last.
_ORDER = {State.DOWN: 0, State.UNSTABLE: 1, State.RECOVERING: 2, State.UP: 3, State.UNKNOWN: 4}


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """One line of the board. Hidden from users who cannot see ``channel_id``."""

    monitor: Monitor
    state: State
    kind: Kind | None
    incident: Incident | None
    latest: CheckResult | None
    channel_id: int | None
    maintenance: tuple[Window, Occurrence] | None = None  # the window that covers it now
    role_id: int | None = None  # whom its next alert calls

    @property
    def paused(self) -> bool:
        return self.monitor.paused


STATE_OF_KIND = {Kind.SLOW: "slow", Kind.BLOCKED: "refused", Kind.PARTLY: "partly"}


def game_of(latest: CheckResult | None) -> Game | None:
    """What a game server that is up said of itself in its newest check."""
    return None if latest is None or not latest.ok else latest.game


def state_of(status: MonitorStatus) -> str:
    """Key of the word that is shown, as of :mod:`bot.words.phrases`."""
    if status.paused:
        return "paused"
    if status.state is State.UNSTABLE and status.kind is not None:
        return STATE_OF_KIND.get(status.kind, "unstable")
    return status.state.value


# What a list of sites can be narrowed to.
STATES: Mapping[str, Callable[[MonitorStatus], bool]] = {
    "trouble": lambda one: one.incident is not None and not one.paused,
    "down": lambda one: state_of(one) == "down",
    "up": lambda one: state_of(one) == "up",
    "pending": lambda one: state_of(one) == "unknown",
    "paused": lambda one: one.paused,
    "muted": lambda one: one.monitor.muted_until_ms is not None,
    "maintenance": lambda one: one.maintenance is not None,
}


def matching(
    found: Iterable[MonitorStatus], *, text: str = "", state: str = "", tag: str = ""
) -> list[MonitorStatus]:
    """Those in that state, with that tag, whose name or host has that text in it.

    Of what a person may see alone: that a hidden host matches would say what it is.
    """
    wanted, is_meant = text.strip().casefold(), STATES.get(state)
    return [
        one
        for one in found
        if (is_meant is None or is_meant(one))
        and (not tag or tag in one.monitor.tags)
        and (wanted in one.monitor.name.casefold() or wanted in host_name(one.monitor.target.url))
    ]


def outline(status: MonitorStatus) -> MonitorStatus:
    """Name and state of a public monitor, for those who do not see its alert channel.

    No address, nothing of an answer but how long it took, nothing that people wrote.
    """
    monitor, incident, latest = status.monitor, status.incident, status.latest
    if latest is not None:
        took = Phases(total=latest.phases.total)
        latest = None if latest.cause else CheckResult(latest.at_ms, None, phases=took)
    return replace(
        status,
        monitor=replace(
            monitor,
            target=Target(""),
            tags=(),
            channel_id=None,
            role_id=None,
            depends_on=None,
            link=None,
            note=None,
        ),
        incident=None if incident is None else incident_outline(incident),
        latest=latest,
        channel_id=None,
        role_id=None,
        maintenance=status.maintenance
        and (replace(status.maintenance[0], reason=None), status.maintenance[1]),
    )


def as_known(
    found: Iterable[MonitorStatus], open_to: Collection[int | None]
) -> list[MonitorStatus]:
    """As much of each as those may know who see these alert channels alone."""
    return [
        status if status.channel_id in open_to else outline(status)
        for status in found
        if status.channel_id in open_to or status.monitor.public
    ]


def incident_outline(incident: Incident) -> Incident:
    """As :func:`outline`: whose, of which kind, and when."""
    return replace(
        incident,
        url="",
        cause=None,
        link=None,
        note=None,
        address=None,
        certificate_ms=None,
        places=SeenFrom(),
        channel_id=None,
        role_id=None,
    )


class Status:
    """What is true now is answered from memory, without waiting for the store."""

    def __init__(self, db: Database, clock: Clock, watchlist: Watchlist) -> None:
        self._db, self._clock, self._watchlist = db, clock, watchlist

    def overview(self, guild_id: int) -> list[MonitorStatus]:
        found = [self._of(entry) for entry in self._watchlist.of_guild(guild_id)]
        return sorted(found, key=lambda s: (s.paused, _ORDER[s.state]))

    def trace(self, guild_id: int) -> list[object]:
        """Cheap to compare: settings, states and incidents of a server's monitors."""
        return [
            (one.monitor, one.judge_state.monitor_state, one.judge_state.kind, one.incident)
            for one in self._watchlist.of_guild(guild_id)
        ]

    def planned(self, guild_id: int, within_ms: int) -> list[tuple[Window, Occurrence]]:
        """Maintenance of a server that begins within that time, in the order of its times."""
        now_ms, windows = self._clock.now_ms(), self._watchlist.windows
        found = [(one, windows.occurrence(one, now_ms)) for one in windows.of_guild(guild_id)]
        ahead = [
            (window, occurrence)
            for window, occurrence in found
            if occurrence is not None and 0 < occurrence.from_ms - now_ms <= within_ms
        ]
        return sorted(ahead, key=lambda pair: pair[1].from_ms)

    def one(self, guild_id: int, monitor_id: int) -> MonitorStatus:
        """Raises NotFound."""
        return self._of(self._watchlist.get(guild_id, monitor_id))

    async def uptimes(
        self, guild_id: int, since_ms: int, only: Collection[int] | None = None
    ) -> dict[int, Uptime]:
        """How each monitor of a server (of these, if given) fared since then, or it was added."""
        mine = [entry.monitor for entry in self._watchlist.of_guild(guild_id)]
        wanted = [one for one in mine if only is None or one.id in only]
        now_ms = self._clock.now_ms()
        await self._db.settle()
        return await self._db.read(lambda conn: uptimes(conn, wanted, since_ms, now_ms))

    async def report(self, guild_id: int, monitor_id: int) -> MonitorReport:
        """How one monitor fared in the last 90 days, and how fast it was. Raises NotFound."""
        entry = self._watchlist.get(guild_id, monitor_id)
        await self._db.settle()
        return await report(self._db, entry, self._clock.now_ms())

    def _of(self, entry: Entry) -> MonitorStatus:
        return MonitorStatus(
            monitor=entry.monitor,
            state=entry.judge_state.monitor_state,
            kind=entry.judge_state.kind,
            incident=entry.incident,
            latest=entry.latest,
            channel_id=self._watchlist.alert_channel_of(entry),
            maintenance=self._watchlist.maintenance_of(entry),
            role_id=self._watchlist.role_of(entry),
        )
