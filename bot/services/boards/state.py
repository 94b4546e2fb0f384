"""A board: what is stored of it, its content at one moment, when its message is to be edited.

The boards there are are kept in memory and written through to the database.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from bot.db import boards as table
from bot.db.boards import Board
from bot.db.database import Connection, Database
from bot.models import Incident
from bot.services.status import MonitorStatus, game_of
from bot.words.incident_text import said_since_ms

# Edits are so far apart, those that change nothing but numbers even further.
STATES_APART_MS = 15_000
NUMBERS_APART_MS = 300_000
_FINGERPRINT = 16


class Planned(NamedTuple):
    """Maintenance to come: of a site, of those with a tag (``#shop``), or (None) of all."""

    name: str | None
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True)
class BoardSnapshot:
    """The truth for a board's readers, problems first.

    ``at_ms``: when it was true; ``offline_ms``: since when Vigie itself is offline, if it is.
    ``planned``: maintenance of the next day. ``groups``: for a board in groups, the tag that each
    monitor stands under (empty: none), by its id.
    """

    language: str
    sites: tuple[MonitorStatus, ...]
    at_ms: int
    offline_ms: int | None = None
    planned: tuple[Planned, ...] = ()
    title: str | None = None
    groups: Mapping[int, str] | None = None

    @cached_property
    def words_hash(self) -> str:
        """Fingerprint of everything but the numbers: which sites, their states, since when."""
        sites = [
            (
                *(one.monitor.id, one.monitor.name, one.paused, one.state, one.kind),
                said_since_ms(one.incident) if one.incident else None,
                *(one.maintenance is not None, one.monitor.muted_until_ms is not None),
            )
            for one in self.sites
        ]
        shown = (self.language, self.offline_ms, self.title, self.groups, sites)
        return _hash((*shown, *self.planned))

    @cached_property
    def numbers_hash(self) -> str:
        """Fingerprint of what may change all the time: response times, players, shares, causes."""
        return _hash(
            tuple(
                (response_ms(one), game_of(one.latest), _seen(one.incident)) for one in self.sites
            )
        )


def edit_due_ms(board: Board, snapshot: BoardSnapshot, now_ms: int) -> int | None:
    """When a board that stands is to be edited; None: it shows the truth."""
    last_ms = board.edited_ms or 0
    if last_ms > now_ms:
        last_ms = 0  # the clock was set back
    if board.words != snapshot.words_hash:
        return last_ms + STATES_APART_MS
    return None if board.numbers == snapshot.numbers_hash else last_ms + NUMBERS_APART_MS


def response_ms(status: MonitorStatus) -> int | None:
    """How long its latest fine check took, to two digits: more would be noise."""
    if status.latest is None or not status.latest.ok or status.monitor.is_push:
        return None
    ms = round(status.latest.phases.total)
    step = int(10 ** max(0, len(str(ms)) - 2))
    return round(ms / step) * step


def _seen(incident: Incident | None) -> tuple[object, ...]:
    if incident is None:
        return ()
    return (str(incident.cause), incident.share_ok, incident.share_of, incident.latency_ms)


def _hash(shown: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:_FINGERPRINT]


class BoardTransport(Protocol):
    """All methods that wait raise errors.DeliveryError."""

    async def post(self, channel_id: int, snapshot: BoardSnapshot, *, nonce: str) -> int:
        """Post a board, without a push, and return its id; a nonce posts nothing twice."""

    async def edit(self, channel_id: int, message_id: int, snapshot: BoardSnapshot) -> None: ...

    async def delete(self, channel_id: int, message_id: int) -> None: ...

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Pin a board where that is allowed; never raises because it is not."""

    async def find(self, channel_id: int, *, since_ms: int) -> int | None:
        """The id of the newest board of ours in a channel, posted since that moment."""

    def seen_by_readers(
        self, guild_id: int, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        """Those of other channels that everybody who can read ``channel_id`` can read too.

        None: not known now, because the gateway has not said.
        """

    def question(self, language: str, channel_id: int) -> str:
        """The sentence that asks whether a board that was deleted again is still wanted."""


@dataclass(slots=True)
class BoardState:
    """A board with what is worth knowing of it until the next restart.

    ``due_ms``: when Discord has to be asked for something, None: for nothing. ``requested``:
    somebody waits for it now; ``outcome_known`` is set once it stands, or Discord has refused it.
    """

    board: Board
    looked_ms: int = 0
    trace: object = None  # of its server, then
    due_ms: int | None = None
    attempts: int = 0  # in a row that failed, since first_attempt_ms (monotonic)
    first_attempt_ms: int = 0
    requested: bool = False
    outcome_known: asyncio.Event = field(default_factory=asyncio.Event)


class BoardStore:
    """The boards by channel. Memory is the truth and the database its copy."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.by_channel: dict[int, BoardState] = {}

    async def load(self) -> None:
        found = await self._db.read(table.all_present)
        self.by_channel = {board.channel_id: BoardState(board) for board in found}

    async def load_guild(self, guild_id: int) -> None:
        for board in await self._db.read(lambda conn: table.of_guild(conn, guild_id)):
            self.by_channel.setdefault(board.channel_id, BoardState(board))

    def of_guild(self, guild_id: int) -> list[BoardState]:
        return [one for one in self.by_channel.values() if one.board.guild_id == guild_id]

    async def add(self, board: Board, also: Callable[[Connection], None]) -> Board:
        await self._save(board, also)
        self.by_channel[board.channel_id] = BoardState(board)
        return board

    async def change(
        self, state: BoardState, also: Callable[[Connection], None] | None = None, **changes: Any
    ) -> None:
        """Store changes of a board, and do ``also`` in the same transaction.

        Memory comes first: what Discord has taken is true even while the disk is full.
        """
        state.board = replace(state.board, **changes)
        if self.by_channel.get(state.board.channel_id) is state:  # not forgotten in the meantime
            await self._save(state.board, also)

    async def _save(self, board: Board, also: Callable[[Connection], None] | None) -> None:
        def write(conn: Connection) -> None:
            table.save(conn, board)
            if also is not None:
                also(conn)

        await self._db.write(write)

    async def forget(self, state: BoardState) -> None:
        board = state.board
        if self.by_channel.get(board.channel_id) is state:
            del self.by_channel[board.channel_id]
            await self._db.write(lambda conn: table.forget(conn, board.guild_id, board.channel_id))
