"""The bot's side: asks the other places, and knows who is there. It never raises for a network.

Nothing is remembered over a lost connection: nobody is there then, questions under way end at once
without an answer, and home decides alone.
"""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot.clock import Clock
from bot.engine.kinds.base import Checker
from bot.engine.place_router import Answer, NoVote, PlaceStatus, is_settled, vote
from bot.errors import ConfigError
from bot.models import CheckResult, Target
from bot.places import messages
from bot.places.address import Server
from bot.places.connection import Connection, Refused, is_nobody

log = logging.getLogger(__name__)

PRESENT_S = 45.0  # heard within so long, by the bot's clock
KNOWN_S = 86_400.0  # away for so long, a place is still named as one that did not answer
LATE_S = 2.0  # after its deadline an answer may be on its way
# Home's own check takes its whole deadline at most, and no alarm waits longer than that: others
# have this much less time (half of it at least), so that their answers are there by then: two
# ways over an ocean, and two busy machines.
SPARE_S = 0.5
LINGER_S = 0.5  # the verdict stands; whoever is about to answer is still counted
HURRY_S = 2.0  # home waits, and nobody gets through
PATIENCE_S = 3.0  # with a scheduled check elsewhere
MOST_PLACES = 100
# A hostile lookout may send without end: so much of it is kept until it is read.
MOST_WAITING, MOST_WAITING_BYTES = 50_000, 16 * 2**20
RETRY_S = 30.0  # the server refuses this user: its configuration may be on its way

Said = CheckResult | NoVote


@dataclass(slots=True, eq=False)
class Place:
    """A lookout that was heard of; ``heard`` is the bot's own monotonic time."""

    name: str
    release: str
    protocol: int
    heard: float
    left: bool = False  # it said goodbye, or the server says that nobody is there


class Link:
    """Asks other places over NATS.

    ``private``: home's own private networks are open to people's monitors (VIGIE_ALLOW_PRIVATE is
    set), so lookouts may open theirs too; otherwise only for a monitor of that place alone.
    """

    def __init__(self, server: Server, clock: Clock, *, private: bool = False) -> None:
        self._clock, self._private = clock, private
        self._connection = Connection(server, "vigie", self._begin, self._lost)
        self._client: Client | None = None
        self._inbox = ""
        self._tokens = itertools.count(1)
        # The answers to come by their token, and when they were asked for.
        self._asked: dict[str, tuple[asyncio.Future[Said], int]] = {}
        self._questions: WeakKeyDictionary[Target, bytes] = WeakKeyDictionary()
        self._places: dict[str, Place] = {}
        self.server = str(server)

    @property
    def connected(self) -> bool:
        return self._client is not None

    @property
    def trouble(self) -> str | None:
        """Why nobody can be asked, for the doctor; None while connected, or not yet known."""
        return self._connection.trouble

    @property
    def waiting(self) -> int:
        return len(self._asked)

    @property
    def places(self) -> list[Place]:
        """All places heard of within a day, by name, whether they are there or not."""
        oldest = self._clock.monotonic() - KNOWN_S
        return sorted((p for p in self._places.values() if p.heard > oldest), key=lambda p: p.name)

    def is_present(self, place: Place) -> bool:
        """True when it is worth asking: connected, and heard of just now."""
        recent = self._clock.monotonic() - place.heard <= PRESENT_S
        return self.connected and recent and not place.left

    def status(self) -> list[PlaceStatus]:
        now = self._clock.monotonic()
        return [
            PlaceStatus(
                p.name, p.release, now - p.heard, self.is_present(p), p.protocol == messages.VERSION
            )
            for p in self.places
        ]

    async def judge(self) -> None:
        """Before the start: raises ConfigError where :meth:`run` would never connect."""
        await self._connection.judge()

    async def run(self) -> None:
        """Stay connected until cancelled, whatever the server does or is set up as."""
        while True:
            with suppress(ConfigError, Refused):  # said, and reported by the doctor
                await self._connection.run()
            await asyncio.sleep(RETRY_S)

    async def ask_all(
        self, target: Target, deadline_s: float | None = None, *, hurry: asyncio.Event | None = None
    ) -> list[Answer]:
        """What every known place makes of a target; those that are away are named as such.

        Ends when the rest could change nothing, or at the deadline. ``hurry``: set when home waits
        for it.
        """
        wait_s = deadline_s or target.timeout_s
        question = messages.Question(target, max(wait_s / 2, wait_s - SPARE_S), self._private)
        places = self.places
        tasks = [asyncio.create_task(self._ask_place(p, question, wait_s)) for p in places]
        try:
            await _until_settled(tasks, hurry or asyncio.Event())
            return [
                task.result() if task.done() else Answer(place.name, why=NoVote.SILENT)
                for place, task in zip(places, tasks, strict=True)
            ]
        finally:
            for task in tasks:
                task.cancel()

    async def ask_one(self, name: str, target: Target, deadline_s: float | None = None) -> Answer:
        """What one place makes of a target that is that place's own to check."""
        place = self._places.get(name)
        if place is None:
            return Answer(name, why=NoVote.AWAY)
        question = messages.Question(target, deadline_s or target.timeout_s, private=True)
        return await self._ask_place(place, question, question.deadline_s + LATE_S)

    async def _ask_place(self, place: Place, question: messages.Question, wait_s: float) -> Answer:
        """One place's answer, or why it has none."""
        said: Said = NoVote.AWAY
        if self.is_present(place):
            said = NoVote.VERSION
            if place.protocol == messages.VERSION:
                said = await self._answer_of(place, question, wait_s)
        if isinstance(said, CheckResult):
            return Answer(place.name, said)
        return Answer(place.name, why=said)

    async def _answer_of(self, place: Place, question: messages.Question, wait_s: float) -> Said:
        try:
            data = messages.encode_question(question)
        except messages.TooLong:
            return NoVote.TOO_LONG
        secret = messages.has_secret(question.target)
        said = await (await self._ask(messages.ask(place.name, secret=secret), data, wait_s))
        if said is NoVote.AWAY and secret:
            return NoVote.UNTRUSTED
        place.left = place.left or said is NoVote.AWAY
        return said

    async def ask_any(
        self, target: Target, deadline_s: float | None = None
    ) -> "asyncio.Future[Said]":
        """Have a scheduled check made by any one trusted lookout; its answer to come."""
        wait_s = deadline_s or target.timeout_s
        data = self._questions.get(target)
        if data is None:
            with suppress(messages.TooLong):
                data = messages.encode_question(messages.Question(target, wait_s, self._private))
                self._questions[target] = data
        return await self._ask(messages.CHECKS, data, wait_s + LATE_S)

    async def _ask(self, subject: str, data: bytes | None, wait_s: float) -> "asyncio.Future[Said]":
        """The answer to come: SILENT when there is none in time, AWAY when nobody is there."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Said] = loop.create_future()
        client = self._client
        if client is None or data is None:
            answered.set_result(NoVote.SILENT if data is not None else NoVote.TOO_LONG)
            return answered
        token = str(next(self._tokens))
        self._asked[token] = answered, self._clock.now_ms()
        timer = loop.call_later(wait_s, _settle, answered, NoVote.SILENT)

        def forget(_: object) -> None:
            timer.cancel()
            del self._asked[token]

        answered.add_done_callback(forget)
        try:
            await client.publish(subject, data, reply=f"{self._inbox}.{token}")
        except (OSError, nats.errors.Error):
            _settle(answered, NoVote.SILENT)
        return answered

    async def _begin(self, client: Client) -> None:
        """Listen for answers and hellos, then ask who is there."""
        self._inbox = client.new_inbox()
        heard = {f"{self._inbox}.*": self._hear_answer, messages.hello("*"): self._hear_hello}
        for subject, hear in heard.items():
            await client.subscribe(
                subject,
                cb=hear,
                pending_msgs_limit=MOST_WAITING,
                pending_bytes_limit=MOST_WAITING_BYTES,
            )
        self._client = client
        await client.publish(messages.WHO)

    def _lost(self) -> None:
        self._client = None
        for place in self._places.values():
            place.left = True  # until it says hello over the next connection
        for answered, _ in self._asked.values():
            _settle(answered, NoVote.SILENT)

    async def _hear_answer(self, message: Msg) -> None:
        """Of what is still asked, once; late and doubled answers find nobody."""
        asked = self._asked.get(message.subject.rpartition(".")[2])
        if asked is not None:
            answered, at_ms = asked
            nobody = is_nobody(message)
            _settle(answered, NoVote.AWAY if nobody else messages.read_answer(message.data, at_ms))

    async def _hear_hello(self, message: Msg) -> None:
        """Its subject says who it is: the server lets each lookout use its own alone."""
        try:
            name = messages.place_name(message.subject.removeprefix(f"{messages.HELLO}."))
            hello = messages.read_hello(message.data)
        except (ValueError, messages.Unreadable):
            log.debug("A hello that nobody can read")
            return
        if name not in self._places and len(self._places) >= MOST_PLACES:
            self._places = {place.name: place for place in self.places}  # the forgotten go first
            if len(self._places) >= MOST_PLACES:
                return
        heard = self._clock.monotonic()
        self._places[name] = Place(name, hello.release, hello.protocol, heard, hello.leaving)


class RemoteChecker:
    """Has scheduled checks made by lookouts (VIGIE_PROBE=remote).

    Only "fine" is taken from elsewhere: what failed there, and what nobody answered, is checked
    again at home, so no lookout can begin a failure. What takes long there is checked at home
    beside it: a lookout that hangs costs a few seconds.
    """

    def __init__(self, link: Link, home: Checker, *, patience_s: float = PATIENCE_S) -> None:
        self._link, self._home, self._patience_s = link, home, patience_s

    async def check(self, target: Target) -> CheckResult:
        elsewhere = await self._link.ask_any(target)
        at_home: asyncio.Task[CheckResult] | None = None
        either: set[asyncio.Future[Any]] = {elsewhere}
        try:
            await asyncio.wait(either, timeout=self._patience_s)
            if (result := _fine(elsewhere)) is not None:
                return result
            at_home = asyncio.create_task(self._home.check(target))
            if not elsewhere.done():
                either.add(at_home)
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return _fine(elsewhere) or await at_home
        finally:
            elsewhere.cancel()
            if at_home is not None:
                at_home.cancel()


def _fine(answered: "asyncio.Future[Said]") -> CheckResult | None:
    said = answered.result() if answered.done() else None
    return said if isinstance(said, CheckResult) and said.ok else None


def _settle(answered: "asyncio.Future[Said]", said: Said) -> None:
    if not answered.done():
        answered.set_result(said)


async def _until_settled(asked: Sequence["asyncio.Task[Answer]"], hurry: asyncio.Event) -> None:
    """Until those that have not answered could change nothing, or are waited for in vain.

    A site fails in silence in most places; whoever gets through is quick. So once home waits, and
    nobody has got through, a place that hangs holds an alarm back no longer than HURRY_S.
    """
    clock = asyncio.get_running_loop().time
    hurried = asyncio.create_task(hurry.wait())
    until: float | None = None
    try:
        while waiting := {task for task in asked if not task.done()}:
            found = vote([task.result() for task in asked if task.done()])
            if is_settled(found, len(waiting)):
                await asyncio.wait(waiting, timeout=LINGER_S)
                return
            if until is None and hurried.done():
                until = clock() + HURRY_S
            left_s = None if until is None or found.through else max(0.0, until - clock())
            if left_s == 0:
                return
            wakes = waiting if hurried.done() else {*waiting, hurried}
            await asyncio.wait(wakes, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hurried.cancel()
