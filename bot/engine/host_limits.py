"""How many checks may be under way at once: in all, and in each lane, where others wait in turn."""

import asyncio
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

AT_A_TIME = 2
WIDEST = 200  # of a lane whose host hangs
HANGS_FROM = 2  # so many checks in a row without an answer

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Lane:
    """``places``: taken by checks under way. ``silent``: checks in a row without an answer."""

    places: int = 0
    silent: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        return self.places < (AT_A_TIME if self.silent < HANGS_FROM else WIDEST)


class Lanes(Generic[K]):
    """Two places in each lane. A check that waits for its lane holds no place of others.

    A host that hangs holds each place until the deadline, so its lane widens to all who wait: they
    are told in the same minute. The first answer narrows it again. ``slots`` 0 means no limit in
    all: a limit under rate x deadline keeps a third of all checks from starting in time (measured).
    """

    def __init__(self, slots: int = 0) -> None:
        self._slots = slots
        self._under_way = 0
        self._lanes: dict[K, _Lane] = {}
        self._queue: deque[asyncio.Future[None]] = deque()  # these have room in their lanes

    async def enter(self, key: K) -> None:
        """Take a place, waiting for it if need be."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
        if lane.has_room:
            lane.places += 1
        else:
            await self._turn(lane.waiting, key)
        if self._slots and self._under_way >= self._slots:
            await self._slot(key)
        else:
            self._under_way += 1

    def try_enter(self, key: K) -> bool:
        """Take a place if one is free."""
        lane = self._lanes.get(key)
        if lane is not None and not lane.has_room:
            return False
        if self._slots and self._under_way >= self._slots:
            return False
        self._lanes.setdefault(key, _Lane()).places += 1
        self._under_way += 1
        return True

    def leave(self, key: K, *, answered: bool | None) -> None:
        """Give a place back. ``answered``: whether the host said anything; None: nobody knows."""
        self._under_way -= 1
        self._hand_on_slot()
        self._leave_lane(key, answered)

    def _leave_lane(self, key: K, answered: bool | None) -> None:
        lane = self._lanes[key]
        lane.places -= 1
        if answered is not None:
            lane.silent = 0 if answered else lane.silent + 1
        while lane.waiting and lane.has_room:
            if _wake(lane.waiting.popleft()):
                lane.places += 1
        if not lane.places and not lane.waiting:
            del self._lanes[key]

    async def _turn(self, queue: deque[asyncio.Future[None]], key: K) -> None:
        """Wait in a lane; who gives up after the place was handed over hands it on."""
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave_lane(key, None)
            raise

    async def _slot(self, key: K) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._under_way -= 1
                self._hand_on_slot()
            self._leave_lane(key, None)
            raise

    def _hand_on_slot(self) -> None:
        while self._queue and self._under_way < self._slots:
            if _wake(self._queue.popleft()):
                self._under_way += 1


def _wake(turn: asyncio.Future[None]) -> bool:
    """False for one that waits no more."""
    if turn.done():
        return False
    turn.set_result(None)
    return True
