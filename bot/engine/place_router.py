"""Makes each check where it belongs: at home, by any lookout, or in one place.

In doubt it asks the other places as well. It knows no network; without a link everything is
checked at home, and nobody is asked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from bot.clock import Clock
from bot.engine.check_queue import TESTS_APART_S, CheckQueue
from bot.models import HOME, CheckResult, Monitor, SeenFrom, Target

FEWEST_OF_OWN_LINE = 3  # of two or three monitors one may be half


class NoVote(StrEnum):
    """Why a place said nothing about a site. The first four may be a lookout's own answer."""

    OFFLINE = "offline"  # its own connectivity check failed too
    VERSION = "version"  # it speaks another version of these messages, or lacks an option
    CANNOT = "cannot"  # the address is one it does not visit
    BUSY = "busy"
    SILENT = "silent"  # no answer in time
    AWAY = "away"  # not connected
    GARBLED = "garbled"  # an answer nobody can read
    UNTRUSTED = "untrusted"  # headers and secrets go to trusted places alone
    TOO_LONG = "too_long"  # the question does not fit into a message


@dataclass(frozen=True, slots=True)
class Answer:
    """What one place said, or why it said nothing: exactly one of the two is set."""

    place: str
    result: CheckResult | None = None
    why: NoVote | None = None


class Verdict(StrEnum):
    """What may be said while home fails."""

    ALONE = "alone"  # nobody else voted: home decides, and the alert says so
    AGREED = "agreed"
    PARTLY = "partly"  # others get through: no alarm


@dataclass(frozen=True, slots=True)
class Vote(SeenFrom):
    """The answers of the other places; the names stand in the order they were given in."""

    @property
    def verdict(self) -> Verdict:
        """Home fails: what do the others make of it?"""
        if not self.voted:
            return Verdict.ALONE
        return Verdict.AGREED if 2 * len(self.failing) >= self.voted else Verdict.PARTLY

    @property
    def may_close(self) -> bool:
        """Home sees a site again: an all-clear needs one good answer elsewhere, if any voted."""
        return bool(self.through) or not self.failing


def vote(answers: Sequence[Answer]) -> Vote:
    """Count; what is no result of a check does not vote."""
    return Vote(
        failing=tuple(a.place for a in answers if a.result is not None and not a.result.ok),
        through=tuple(a.place for a in answers if a.result is not None and a.result.ok),
        silent=tuple(a.place for a in answers if a.result is None),
    )


def is_settled(votes: Vote, outstanding: int) -> bool:
    """True when the verdict is the same whatever so many others still say, or do not say."""
    failing, voted = len(votes.failing), votes.voted
    agreed = voted > 0 and 2 * failing >= voted + outstanding
    return agreed or 2 * failing + outstanding < voted


def is_own_line(partly: int, watched: int) -> bool:
    """Half of all monitors fail from home alone, at once: the trouble is in our own line."""
    return partly >= FEWEST_OF_OWN_LINE and 2 * partly >= watched


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """A place that was heard of: how long ago (seconds), which release, whether it votes."""

    name: str
    release: str
    heard_s: float
    present: bool
    understood: bool  # it speaks this version of the messages


class Others(Protocol):
    """The other places; they answer within their deadline, or say why not."""

    server: str

    @property
    def connected(self) -> bool: ...

    @property
    def trouble(self) -> str | None: ...

    def status(self) -> Sequence[PlaceStatus]: ...

    async def ask_all(self, target: Target, *, hurry: asyncio.Event) -> Sequence[Answer]: ...

    async def ask_one(self, name: str, target: Target) -> Answer: ...


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """The other places, asked once in a round. ``hurry`` is set when home waits for their vote."""

    vote: asyncio.Future[Vote]
    hurry: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one check saw, and the monotonic time of its start.

    Without a result it saw nothing, ``why`` (its only place is away, offline …). ``elsewhere``: no
    trouble of our own line is in it. ``asking`` are the others, if they were asked in this round;
    the next check of the round is given it back.
    """

    result: CheckResult | None
    started: float
    asking: Asking | None = None
    why: NoVote | None = None
    elsewhere: bool = False

    async def vote(self) -> Vote:
        """What the others make of it, as soon as that is settled; nobody asked: no votes."""
        if self.asking is None:
            return Vote()
        self.asking.hurry.set()
        return await asyncio.shield(self.asking.vote)


class PlaceRouter:
    """``calm`` checks what is not in doubt: with VIGIE_PROBE=remote lookouts, otherwise home."""

    def __init__(
        self,
        clock: Clock,
        home: CheckQueue,
        others: Others | None = None,
        calm: CheckQueue | None = None,
    ) -> None:
        self._clock, self._home, self.others = clock, home, others
        self._calm = calm or home
        # By the place, then by the target.
        self._tests: dict[str, WeakKeyDictionary[Target, asyncio.Task[Sighting]]] = {}

    async def check(
        self, monitor: Monitor, *, ask: bool = False, asking: Asking | None = None
    ) -> Sighting:
        """One check of a monitor.

        ``ask``: what it sees may open or close an incident, so the others are asked beside it.
        When a check fails that nobody doubted, they are asked beside the confirming ones.
        """
        target, server = monitor.target, monitor.guild_id
        if monitor.place not in {None, HOME}:
            return await self._from_place(target, monitor.place or HOME)
        if self.others is None or monitor.place == HOME:
            checked = await self._home.check(target, server)
            return Sighting(checked.result, checked.started)
        if ask and asking is None:
            asking = self._ask(target)
        checks = self._calm if asking is None else self._home
        checked = await checks.check(target, server)
        if not checked.result.ok and asking is None:
            asking = self._ask(target)
        return Sighting(checked.result, checked.started, asking)

    async def test(self, monitor: Monitor) -> CheckResult | None:
        """One check that somebody asks for; None: its only place is away."""
        if monitor.place not in {None, HOME}:
            return await self._test_from(monitor.target, monitor.place or HOME)
        return (await self._home.test(monitor.target, monitor.guild_id)).result

    async def _test_from(self, target: Target, place: str) -> CheckResult | None:
        """As at home: one at a time, the newest test is shown for five seconds."""
        tests = self._tests.setdefault(place, WeakKeyDictionary())
        newest = tests.get(target)
        if newest is None or (newest.done() and self._is_old(await newest)):
            newest = tests[target] = asyncio.create_task(
                self._from_place(target, place), name=f"test from {place}"
            )
        return (await asyncio.shield(newest)).result

    def _is_old(self, tested: Sighting) -> bool:
        taken_s = 0.0 if tested.result is None else tested.result.phases.total / 1000
        return self._clock.monotonic() - tested.started - taken_s > TESTS_APART_S

    async def _from_place(self, target: Target, place: str) -> Sighting:
        started = self._clock.monotonic()
        answer = Answer(place, why=NoVote.AWAY)
        if self.others is not None:
            answer = await self.others.ask_one(place, target)
        return Sighting(answer.result, started, why=answer.why, elsewhere=True)

    def waits_for_turn(self, task: "asyncio.Task[Any]") -> bool:
        return self._home.waits_for_turn(task) or self._calm.waits_for_turn(task)

    def _ask(self, target: Target) -> Asking:
        hurry = asyncio.Event()
        votes = asyncio.create_task(self._votes(target, hurry), name="asking other places")
        return Asking(votes, hurry)

    async def _votes(self, target: Target, hurry: asyncio.Event) -> Vote:
        return (
            Vote() if self.others is None else vote(await self.others.ask_all(target, hurry=hurry))
        )
