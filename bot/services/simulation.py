"""The real judge, recorder and delivery on a simulated clock, with no site and no Discord.

``vigie replay`` plays recorded scenarios on it; the store is in memory and leaves nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.config import Config
from bot.db import guilds as guild_rows
from bot.db import monitors as monitor_rows
from bot.db import outbox
from bot.db.database import IN_MEMORY, Connection, Database
from bot.engine.netguard import Netguard
from bot.engine.place_router import Asking, Sighting, Vote
from bot.models import Cause, CheckResult, GuildSettings, Monitor, Phases, Target
from bot.services.delivery import messages
from bot.services.delivery.rendering import alert_kind
from bot.services.registry import Core
from bot.services.watchlist import Entry
from bot.words.alert_lines import listing
from bot.words.incident_text import state_name
from bot.words.translator import translator_for

GUILD, CHANNEL = 1, 1
CANARY = "canary-"
EPOCH_MS = 1_478_613_600_000  # 8 November 2016, 14:00 UTC; only differences are shown
INTERVAL_S = 60
CONFIRM_AT_S = (0, 10, 30)
FLUSH_EVERY_S = 3600
PATIENCE_S = 120  # after the end: longer than any message waits for others


@dataclass(frozen=True, slots=True)
class ScriptedRound:
    """One round of one site: when (seconds), what its checks see, how long the first takes.

    ``vote``: what other places see in this round, if they are asked. ``slow_ms``: the limit from
    which on the site counts as slow, the same in all its rounds.
    """

    t: int
    site: str
    causes: tuple[Cause | None, ...]
    ms: float
    vote: Vote | None = None
    slow_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """One message as the channel saw it. ``t``: seconds on the scenario's clock."""

    t: int
    action: str  # post | edit | reply
    kind: str
    monitors: tuple[str, ...]
    content: str

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "monitors": list(self.monitors)}


class SimulatedClock:
    def __init__(self) -> None:
        self.t = 0.0

    def now_ms(self) -> int:
        return EPOCH_MS + round(self.t * 1000)

    def monotonic(self) -> float:
        return self.t

    async def sleep(self, seconds: float) -> None:
        self.t += seconds


class ScriptedOnlineCheck:
    """The scenario's canaries; without any, it is always online."""

    def __init__(self) -> None:
        self.seen: dict[str, bool] = {}

    async def is_online_since(self, started: float) -> bool:
        """They are read at the very moment of the failure."""
        return not self.seen or any(self.seen.values())


class NoChecker:
    """The scenario has the result of each check."""

    async def check(self, target: Target) -> CheckResult:
        raise LookupError(f"{target.url} is replayed, not probed")


class NullTransport:
    """A Discord that takes everything at once."""

    def __init__(self) -> None:
        self._last = 0

    async def post(
        self, channel_id: int, alert: messages.Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        self._last += 1
        return self._last

    async def edit(self, channel_id: int, message_id: int, alert: messages.Alert) -> None:
        del channel_id, message_id, alert

    async def find(self, channel_id: int, lost: messages.LostMessage, since_ms: int) -> int | None:
        return None

    async def token_works(self) -> bool:
        return True

    def access(self, channel_id: int) -> messages.ChannelAccess:
        return messages.ChannelAccess(allowed=True)

    def readers_may_see(self, guild_id: int, place_id: int, channel_id: int) -> bool | None:
        return True

    async def contact_points(self, guild_id: int) -> messages.ContactPoints:
        return messages.ContactPoints()

    async def open_dm(self, user_id: int) -> int:
        return user_id


class Simulation(Core):
    """Sites of one server with one channel. ``lines`` are all its messages so far."""

    def __init__(self, db: Database) -> None:
        self.lines: list[SimulatedMessage] = []
        self.entries: dict[str, Entry] = {}
        self._clock = SimulatedClock()
        self._canaries = ScriptedOnlineCheck()
        super().__init__(
            Config(),
            db,
            self._clock,
            checker=NoChecker(),
            guard=Netguard(),
            online_check=self._canaries,
        )
        self.delivery.attach(NullTransport())
        self.delivery.observers.append(self._hear)
        self._due_ms: int | None = None  # when the outbox is to be looked at
        self._flush_t = 0.0

    async def watch(self, sites: Iterable[str], limits: Mapping[str, int]) -> None:
        settings = GuildSettings(GUILD, channel_id=CHANNEL)
        watched = [
            Monitor(
                *(0, GUILD, name, Target(f"https://{name}.example/"), INTERVAL_S),
                slow_ms=limits.get(name),
            )
            for name in sites
            if not name.startswith(CANARY)
        ]

        def prepare(conn: Connection) -> list[Monitor]:
            guild_rows.save(conn, settings)
            return [replace(m, id=monitor_rows.insert(conn, m)) for m in watched]

        stored = await self.db.write(prepare)
        await self.guilds.load()
        self.entries = {monitor.name: self.watchlist.add(monitor) for monitor in stored}

    async def play(self, together: Sequence[ScriptedRound]) -> None:
        """Play all rounds of one moment: first checks, then the confirming ones that are needed."""
        at = float(together[0].t)
        await self._deliver_until(at)
        self._clock.t = at
        for moment in together:
            if moment.site.startswith(CANARY):
                self._canaries.seen[moment.site] = moment.causes[0] is None
        await self.connectivity.recheck()
        await self.place_watch.look()
        asking = [m for m in together if m.site in self.entries]
        for number, after_s in enumerate(CONFIRM_AT_S):
            await self._deliver_until(at + after_s)
            self._clock.t = at + after_s
            asking = [m for m in asking if await self._check(m, number, at)]
            await self._deliver_until(self._clock.t)
            if not asking:
                break
        if at >= self._flush_t:
            await self.recorder.flush()
            self._flush_t = at + FLUSH_EVERY_S

    async def end(self) -> None:
        await self._deliver_until(self._clock.t + PATIENCE_S)

    async def _check(self, moment: ScriptedRound, number: int, at: float) -> bool:
        cause = moment.causes[min(number, len(moment.causes) - 1)]
        result = CheckResult(self._clock.now_ms(), cause, phases=Phases(total=moment.ms))
        slot_ms = EPOCH_MS + round(at * 1000)
        entry = self.entries[moment.site]
        sighting = Sighting(result, self._clock.t, _asked(moment.vote))
        step = await self.check_runner.handle_result(entry, slot_ms, number, sighting)
        return step.confirm_s is not None

    async def _deliver_until(self, t: float) -> None:
        """Send what falls due up to ``t``, each message at its own time."""
        until_ms = EPOCH_MS + round(t * 1000)
        while self._due_ms is not None and self._due_ms <= until_ms:
            self._clock.t = max(self._clock.t, (self._due_ms - EPOCH_MS) / 1000)
            await self.delivery.deliver_due()
            self._due_ms = await self._next_due_ms()

    async def _next_due_ms(self) -> int | None:
        """When the outbox has something again; what is due and yet unsent waits for a gate."""
        now_ms = self._clock.now_ms()
        due = await self.db.read(lambda conn: outbox.due_by_channel(conn, now_ms))
        return max(min(one.at_ms for one in due.values()), now_ms + 1000) if due else None

    def wake(self) -> None:
        self._due_ms = self._clock.now_ms()

    def _hear(self, sent: messages.SentMessage) -> None:
        t = (sent.at_ms - EPOCH_MS) // 1000
        self.lines.extend(_lines(t, sent.action, sent.alert))


def _lines(t: int, action: str, alert: messages.Alert) -> Iterator[SimulatedMessage]:
    """One line; an edit of a group post has one for each word that its open sites have now."""
    opened = [incident for incident in alert.incidents if incident.open]
    if action != "edit" or len(alert.incidents) == 1 or not opened:
        names = tuple(incident.name for incident in alert.incidents)
        yield SimulatedMessage(t, action, alert.kind, names, alert.content)
        return
    words = translator_for(alert.language)
    by_word: dict[tuple[str, str], list[str]] = {}
    for incident in opened:
        word = alert_kind([incident]), state_name(words, incident)
        by_word.setdefault(word, []).append(incident.name)
    for (kind, name), sites in by_word.items():
        content = listing(words, sites, f"{name} · {{}}".format)
        yield SimulatedMessage(t, action, kind, tuple(sites), content)


def _asked(vote: Vote | None) -> Asking | None:
    if vote is None:
        return None
    votes: asyncio.Future[Vote] = asyncio.get_running_loop().create_future()
    votes.set_result(vote)
    return Asking(votes)


@asynccontextmanager
async def simulation(
    sites: Iterable[str], limits: Mapping[str, int] | None = None
) -> AsyncIterator[Simulation]:
    """A fresh one that watches these sites. ``limits``: from how many ms on one counts as slow."""
    db = await Database.open(IN_MEMORY)
    try:
        made = Simulation(db)
        await made.watch(sites, limits or {})
        yield made
    finally:
        await db.close()
