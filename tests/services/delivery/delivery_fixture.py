"""What the delivery tests play on: a real store, a transport that fails to order, a clock."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.db import guilds, incidents
from bot.db.database import Connection, Database
from bot.errors import DeliveryAction, DeliveryError
from bot.models import Cause, Ending, GuildSettings, Incident, Kind, Reason
from bot.services.delivery import enqueue
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import (
    Alert,
    ChannelAccess,
    ContactPoints,
    LostMessage,
    SentMessage,
)

GUILD = 1
CHANNEL = 100
PRIVATE = 10_000  # + a user's id: where they get private messages
START_MS = 1_700_000_000_000
UNREACHABLE = DeliveryAction.RETRY
_REFUSALS = {DeliveryAction.CHANNEL_GONE, DeliveryAction.CHANNEL_BLOCKED}


class FixtureClock:
    """Time that moves only when reported; sleepers yield."""

    def __init__(self) -> None:
        self.ms = START_MS
        self.set_back_ms = 0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.ms - self.set_back_ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, 0.01))

    def forward(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@dataclass
class Message:
    """One message as the channel shows it."""

    id: int
    channel_id: int
    alert: Alert
    reply_to: int | None
    edits: int = 0
    at_ms: int = 0


@dataclass(frozen=True)
class Call:
    """One request as Discord saw it."""

    action: str
    channel_id: int
    alert: Alert
    nonce: str = ""
    message_id: int | None = None


Trouble = Callable[[Call], DeliveryError | Exception | None]


@dataclass
class FixtureTransport:
    """A Discord that knows its nonces. ``before`` fails a request, ``after`` its answer."""

    clock: FixtureClock
    messages: dict[int, Message] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    nonces: dict[tuple[int, str], int] = field(default_factory=dict)
    before: Trouble = lambda _: None
    after: Trouble = lambda _: None
    busy: dict[int, int] = field(default_factory=dict)
    most_at_once: int = 0
    rights: dict[int, ChannelAccess] = field(default_factory=dict)
    refusing: set[int] = field(default_factory=set)
    closed: set[tuple[int, int]] = field(default_factory=set)
    known_contact_points: dict[int, ContactPoints] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds, looking after each request."""
        async with asyncio.timeout(60):
            while not true():
                self.news.clear()
                await self.news.wait()

    async def post(
        self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        assert len(nonce) <= 25
        call = Call("post" if reply_to is None else "reply", channel_id, alert, nonce)
        await self._arrive(call)
        message_id = self.nonces.get((channel_id, nonce))
        if message_id is None:
            message_id = 5000 + len(self.nonces)
            self.nonces[channel_id, nonce] = message_id
            self.messages[message_id] = Message(
                message_id, channel_id, alert, reply_to, at_ms=self.clock.ms
            )
        elif message_id not in self.messages:
            raise DeliveryError("deleted", DeliveryAction.MESSAGE_GONE, code=10008)
        self._answer(call)
        return message_id

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        call = Call("edit", channel_id, alert, message_id=message_id)
        await self._arrive(call)
        message = self.messages.get(message_id)
        if message is None:
            raise DeliveryError("unknown message", DeliveryAction.MESSAGE_GONE, code=10008)
        assert message.channel_id == channel_id
        message.alert = alert
        message.edits += 1
        self._answer(call)

    async def find(self, channel_id: int, lost: LostMessage, since_ms: int) -> int | None:
        await self._arrive(Call("find", channel_id, Alert("notice", "en", "")))
        for message in reversed(self.of(channel_id)):
            is_new = message.at_ms >= since_ms and message.id not in lost.known_ids
            if is_new and self._fits(message, lost):
                return message.id
        return None

    def _fits(self, message: Message, lost: LostMessage) -> bool:
        alert = message.alert
        if alert.incidents and not alert.plain:
            ids = {one.public_id for one in alert.incidents}
            return lost.digest is (alert.kind == "digest") and bool(ids & lost.public_ids)
        if None not in {message.reply_to, lost.reply_to} and message.reply_to != lost.reply_to:
            return False
        return any(line in alert.content for line in lost.lines)

    async def token_works(self) -> bool:
        trouble = self.before(Call("me", 0, Alert("notice", "en", "")))
        return getattr(trouble, "action", None) is not DeliveryAction.TOKEN

    def access(self, channel_id: int) -> ChannelAccess:
        """By default the gateway agrees with what Discord answered last."""
        if channel_id in self.rights:
            return self.rights[channel_id]
        return ChannelAccess(allowed=channel_id not in self.refusing)

    def readers_may_see(self, guild_id: int, place_id: int, channel_id: int) -> bool | None:
        del guild_id
        return (place_id, channel_id) not in self.closed

    async def contact_points(self, guild_id: int) -> ContactPoints:
        return self.known_contact_points.get(guild_id, ContactPoints())

    async def open_dm(self, user_id: int) -> int:
        await self._arrive(Call("private", user_id, Alert("notice", "en", "")))
        return PRIVATE + user_id

    async def _arrive(self, call: Call) -> None:
        self.busy[call.channel_id] = self.busy.get(call.channel_id, 0) + 1
        self.most_at_once = max(self.most_at_once, self.busy[call.channel_id])
        await asyncio.sleep(0)
        self.busy[call.channel_id] -= 1
        self.calls.append(call)
        trouble = self.before(call)
        if getattr(trouble, "action", None) in _REFUSALS:
            self.refusing.add(call.channel_id)
        _raise(trouble)

    def allow(self, channel_id: int = CHANNEL) -> None:
        """The gateway says that we may post there again."""
        self.refusing.discard(channel_id)

    def _answer(self, call: Call) -> None:
        self.news.set()
        _raise(self.after(call))

    def of(self, channel_id: int = CHANNEL) -> list[Message]:
        return [one for one in self.messages.values() if one.channel_id == channel_id]

    def texts(self, channel_id: int = CHANNEL) -> list[str]:
        return [one.alert.content for one in self.of(channel_id)]

    def count(self, action: str, channel_id: int = CHANNEL) -> int:
        return sum(c.action == action and c.channel_id == channel_id for c in self.calls)


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


def always(action: DeliveryAction, **values: float) -> Trouble:
    return lambda _: DeliveryError("ordered", action, retry_after_s=values.get("after_s", 0.0))


def times(count: int, action: DeliveryAction, **values: float) -> Trouble:
    """The next ``count`` requests fail so."""
    left = [count]

    def trouble(_: Call) -> DeliveryError | None:
        if not left[0]:
            return None
        left[0] -= 1
        return DeliveryError("ordered", action, retry_after_s=values.get("after_s", 0.0))

    return trouble


def only(action: str, trouble: Trouble) -> Trouble:
    return lambda call: trouble(call) if call.action == action else None


def in_channel(channel_id: int, trouble: Trouble) -> Trouble:
    return lambda call: trouble(call) if call.channel_id == channel_id else None


class DeliveryFixture:
    """A store with one server, a delivery and its transport, and the recorder's side in short."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FixtureClock()
        self.transport = FixtureTransport(self.clock)
        self.sent: list[SentMessage] = []
        self.refused: list[DeliveryError] = []
        self.delivery = self.restart()

    def restart(self) -> Dispatcher:
        """A new process on the same store."""
        self.delivery = Dispatcher(
            self.db,
            self.clock,
            lambda _: "en",
            rng=random.Random(1),
            on_token_refused=self.refused.append,
        )
        self.delivery.observers.append(self.sent.append)
        self.delivery.attach(self.transport)
        return self.delivery

    async def insert(
        self,
        name: str,
        channel_id: int | None = CHANNEL,
        *,
        role_id: int | None = None,
        kind: Kind = Kind.DOWN,
    ) -> Incident:
        """An incident nobody is reported of yet."""
        now_ms = self.clock.now_ms()
        return await self.db.write(
            lambda conn: _insert(conn, name, channel_id, now_ms, role_id=role_id, kind=kind)
        )

    async def open(
        self,
        name: str,
        channel_id: int | None = CHANNEL,
        *,
        wait_s: float = 0.0,
        role_id: int | None = None,
        kind: Kind = Kind.DOWN,
    ) -> Incident:
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> Incident:
            incident = _insert(conn, name, channel_id, now_ms, role_id=role_id, kind=kind)
            enqueue.opening(conn, incident, now_ms, wait_s=wait_s)
            return incident

        return await self.db.write(write)

    async def reopen(self, before: Incident) -> Incident:
        """The same site is in trouble again."""
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> Incident:
            relapse = replace(before, id=0, public_id="", since_ms=now_ms, opened_ms=now_ms)
            incident = incidents.insert(conn, relapse)
            enqueue.opening(conn, incident, now_ms, wait_s=0)
            return incident

        return await self.db.write(write)

    async def change(self, incident: Incident, *, urgent: bool, kind: Kind | None = None) -> None:
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> None:
            truth = incidents.load(conn, [incident.id])[0]
            moved = replace(truth, kind=kind or truth.kind, failed=truth.failed + 1)
            incidents.update(conn, moved)
            enqueue.edits(conn, incident.id, now_ms, urgent=urgent)

        await self.db.write(write)

    async def escalate(self, incident: Incident) -> None:
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> None:
            truth = incidents.load(conn, [incident.id])[0]
            down = replace(truth, kind=Kind.DOWN)
            incidents.update(conn, down)
            enqueue.escalation(conn, down, now_ms)

        await self.db.write(write)

    async def close(
        self, *over: Incident, announce: bool = True, ending: Ending = Ending.RESOLVED
    ) -> None:
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> None:
            truth = incidents.load(conn, [one.id for one in over])
            ended = [
                replace(one, resolved_ms=now_ms, ended_ms=now_ms, ending=ending) for one in truth
            ]
            for one in ended:
                incidents.update(conn, one)
            enqueue.all_clears(conn, ended, now_ms, announce=announce)

        await self.db.write(write)

    async def follow(self, incident: Incident, users: Sequence[int]) -> None:
        now_ms = self.clock.now_ms()

        def write(conn: Connection) -> None:
            for user in users:
                incidents.follow(conn, incident.id, user, "tell_me", now_ms)

        await self.db.write(write)

    async def deliver(self, after_s: float = 0.0) -> int:
        self.clock.forward(after_s)
        return await self.delivery.deliver_due()

    async def rows(self) -> list[tuple[str, str]]:
        """Kind and state of every row of the outbox, oldest first."""
        found = await self.db.read(
            lambda conn: conn.execute("SELECT kind, state FROM notification ORDER BY id").fetchall()
        )
        return [(row["kind"], row["state"]) for row in found]


def _insert(
    conn: Connection,
    name: str,
    channel_id: int | None,
    now_ms: int,
    *,
    role_id: int | None,
    kind: Kind,
) -> Incident:
    monitor_id = conn.execute(
        "INSERT INTO monitor (guild_id, name, name_key, url, method, headers, expect_status,"
        " interval_s, created_ms, removed_ms)"
        " VALUES (?, ?, ?, 'https://example.com', 'GET', '[]', '', 60, 0, 1)",
        (GUILD, name, name.casefold()),
    ).lastrowid
    return incidents.insert(
        conn,
        Incident(
            id=0,
            public_id="",
            guild_id=GUILD,
            monitor_id=int(monitor_id or 0),
            name=name,
            url="https://example.com",
            interval_s=60,
            kind=kind,
            cause=Cause(Reason.HTTP, 503),
            since_ms=now_ms - 60_000,
            opened_ms=now_ms,
            failed=3,
            share_ok=1,
            share_of=4,
            channel_id=channel_id,
            role_id=role_id,
        ),
    )


@asynccontextmanager
async def delivery_fixture(folder: Path | None = None) -> AsyncIterator[DeliveryFixture]:
    """Open a fresh store (in memory without a folder) and set the stage on it."""
    db = await Database.open(":memory:" if folder is None else folder / "vigie.db")
    try:
        await db.write(lambda conn: guilds.save(conn, GuildSettings(id=GUILD)))
        yield DeliveryFixture(db)
    finally:
        await db.close()


def play(scene: Callable[[DeliveryFixture], object], folder: Path | None = None) -> None:
    """Run one scene on a fresh stage."""

    async def run() -> None:
        async with delivery_fixture(folder) as here:
            result = scene(here)
            assert asyncio.iscoroutine(result)
            await result

    asyncio.run(run())
