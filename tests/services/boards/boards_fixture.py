"""What the board tests play on: a station with boards, and a Discord of paper that keeps them."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.db.boards import Board, of_guild
from bot.errors import DeliveryAction, DeliveryError
from bot.models import CheckResult, Phases
from bot.services.boards.boards import Boards
from bot.services.boards.state import BoardSnapshot
from tests.fakes import FakeClock
from tests.services.services_fixture import GUILD, PERSON, ServicesFixture, services_fixture

WALL = 200  # the channel of the boards; alerts go to another one
Trouble = Callable[[str], DeliveryError | Exception | None]


@dataclass
class FixtureBoardTransport:
    """A Discord that knows its nonces. ``before`` fails a request, ``after`` its answer."""

    clock: FakeClock
    boards: dict[int, BoardSnapshot] = field(default_factory=dict)  # what stands, by message
    channels: dict[int, int] = field(default_factory=dict)
    posted_ms: dict[int, int] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    knows: bool = True
    before: Trouble = lambda _: None
    after: Trouble = lambda _: None

    async def post(self, channel_id: int, snapshot: BoardSnapshot, *, nonce: str) -> int:
        assert len(nonce) <= 25
        self._arrive("post")
        message_id = self.nonces.get(nonce)
        if message_id is None:
            message_id = self.nonces[nonce] = 7000 + len(self.nonces)
            self.boards[message_id], self.channels[message_id] = snapshot, channel_id
            self.posted_ms[message_id] = self.clock.now_ms()
        elif message_id not in self.boards:
            raise DeliveryError("deleted", DeliveryAction.MESSAGE_GONE, code=10008)
        self._answer("post")
        return message_id

    async def edit(self, channel_id: int, message_id: int, snapshot: BoardSnapshot) -> None:
        self._arrive("edit")
        self._standing(channel_id, message_id)
        self.boards[message_id] = snapshot
        self._answer("edit")

    async def delete(self, channel_id: int, message_id: int) -> None:
        self._arrive("delete")
        self._standing(channel_id, message_id)
        del self.boards[message_id]
        self._answer("delete")

    async def pin(self, channel_id: int, message_id: int) -> None:
        self._standing(channel_id, message_id)
        self.pinned.append(message_id)

    async def find(self, channel_id: int, *, since_ms: int) -> int | None:
        self._arrive("find")
        found = [
            message_id
            for message_id in self.boards
            if self.channels[message_id] == channel_id and self.posted_ms[message_id] >= since_ms
        ]
        return found[-1] if found else None

    def seen_by_readers(
        self, guild_id: int, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        del guild_id, channel_id
        return frozenset(others) - self.hidden if self.knows else None

    def question(self, language: str, channel_id: int) -> str:
        return f"{language}: the board in {channel_id}?"

    @property
    def names(self) -> list[str]:
        """Of the sites on the one board."""
        [snapshot] = self.boards.values()
        return [one.monitor.name for one in snapshot.sites]

    def delete_all(self) -> None:
        """What a moderator does."""
        self.boards.clear()

    def _standing(self, channel_id: int, message_id: int) -> None:
        if message_id not in self.boards:
            raise DeliveryError("unknown message", DeliveryAction.MESSAGE_GONE, code=10008)
        assert self.channels[message_id] == channel_id

    def _arrive(self, call: str) -> None:
        self.calls.append(call)
        _raise(self.before(call))

    def _answer(self, call: str) -> None:
        _raise(self.after(call))


def _raise(trouble: DeliveryError | Exception | None) -> None:
    if trouble is not None:
        raise trouble


def refusing(action: DeliveryAction, code: int = 0, *, only: str = "") -> Trouble:
    """Every request fails so, or those of one kind."""
    return lambda call: (
        DeliveryError("refused", action, retry_after_s=30, code=code) if only in call else None
    )


def fine(_: str) -> None:
    """No request fails."""


@dataclass
class BoardsFixture:
    """A running set of services with boards."""

    services: ServicesFixture
    transport: FixtureBoardTransport
    boards: Boards

    async def settle(self, seconds: float = 0) -> None:
        """Let time pass, look, and send what is due."""
        await self.services.clock.advance(seconds)
        await self.boards.publisher.look()
        await self.services.delivery.deliver_due()

    async def create(self, channel_id: int = WALL) -> None:
        await self.boards.create(GUILD, channel_id, PERSON)
        await self.services.delivery.deliver_due()

    async def rows(self) -> list[Board]:
        return await self.services.db.read(lambda conn: of_guild(conn, GUILD))

    def took(self, name: str, ms: float) -> None:
        """The latest check of a site took so long."""
        entry = self.services.entry(name)
        entry.latest = CheckResult(self.services.clock.now_ms(), None, phases=Phases(total=ms))

    def rename(self, name: str, new: str) -> None:
        """The word of a site changes, as a state would."""
        entry = self.services.entry(name)
        entry.monitor = replace(entry.monitor, name=new)


async def hang(base: ServicesFixture, transport: FixtureBoardTransport) -> BoardsFixture:
    boards = Boards(
        base.db,
        base.clock,
        guilds=base.guilds,
        status=base.status,
        delivery=base.delivery,
        offline_ms=lambda: base.connectivity.offline_since_ms,
    )
    await boards.load()
    boards.attach(transport)
    return BoardsFixture(base, transport, boards)


@asynccontextmanager
async def boards_fixture(
    path: Path, *, clock: FakeClock | None = None, transport: FixtureBoardTransport | None = None
) -> AsyncIterator[BoardsFixture]:
    """A station with boards on the database of ``path``; the same path plays a restart."""
    async with services_fixture(path, clock=clock) as s:
        yield await hang(s, transport or FixtureBoardTransport(s.clock))
