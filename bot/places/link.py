"""The bot's side: asks the other places, and knows who is there. It never raises for a network.

Nothing here is remembered over a lost connection: nobody is there then, questions under way end at
once without an answer, and home decides alone.
"""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot.clock import Clock
from bot.engine.kinds.base import Checker
from bot.engine.place_router import PlaceStatus
from bot.engine.votes import Answer, NoVote, is_settled, vote
from bot.errors import ConfigError
from bot.models import CheckResult, Target
from bot.places import subjects
from bot.places.address import Server
from bot.places.connection import Connection, Refused, is_nobody
from bot.places.messages import (
    VERSION,
    Question,
    TooLong,
    Unreadable,
    encode_question,
    has_secret,
    place_name,
    read_answer,
    read_hello,
)

log = logging.getLogger(__name__)

PRESENT_S = 45.0  # heard within so long, by the bot's clock
KNOWN_S = 86_400.0  # away for so long, a place is still named as one that did not answer
LATE_S = 2.0  # after its deadline an answer may be on its way
LINGER_S = 1.0  # the verdict stands; whoever is about to answer is still counted
PATIENCE_S = 3.0  # with a scheduled check elsewhere
MOST_PLACES = 100
# A hostile lookout may send without end: so much of it is kept until it is read.
MOST_WAITING, MOST_WAITING_BYTES = 50_000, 16 * 2**20
RETRY_S = 30.0  # the server refuses this user: its configuration may be on its way


@dataclass(slots=True)
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
        self._clock = clock
        self._private = private
        self._connection = Connection(server, "vigie", self._begin, self._lost)
        self._client: Client | None = None
        self._inbox = ""
        self._tokens = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Msg | None]] = {}
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
        """Questions that are under way."""
        return len(self._asked)

    @property
    def places(self) -> list[Place]:
        """All places heard of within a day, by name, whether they are there or not."""
        oldest = self._clock.monotonic() - KNOWN_S
        return sorted((p for p in self._places.values() if p.heard > oldest), key=lambda p: p.name)

    def is_present(self, place: Place) -> bool:
        """Whether it is worth asking: connected, and heard of just now."""
        recent = self._clock.monotonic() - place.heard <= PRESENT_S
        return self.connected and recent and not place.left

    def status(self) -> list[PlaceStatus]:
        """All places heard of within a day, and whether they can be asked now."""
        now = self._clock.monotonic()
        return [
            PlaceStatus(
                one.name,
                one.release,
                now - one.heard,
                self.is_present(one),
                one.protocol == VERSION,
            )
            for one in self.places
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

    async def ask_all(self, target: Target, deadline_s: float | None = None) -> list[Answer]:
        """What every known place makes of a target; those that are away are named as such.

        Ends when the rest could change nothing, or at the deadline.
        """
        wait_s = deadline_s or target.timeout_s
        places = self.places
        tasks = [
            asyncio.create_task(self._ask_place(place, target, wait_s, private=self._private))
            for place in places
        ]
        try:
            waiting = set(tasks)
            while waiting and not _settled(tasks):
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting:
                await asyncio.wait(waiting, timeout=LINGER_S)
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
        wait_s = deadline_s or target.timeout_s
        return await self._ask_place(place, target, wait_s, private=True)

    async def check(self, target: Target, deadline_s: float | None = None) -> CheckResult | None:
        """A scheduled check by any one trusted lookout; None is no result, never a failure."""
        wait_s = deadline_s or target.timeout_s
        try:
            data = encode_question(Question(target, wait_s, self._private))
        except TooLong:
            return None
        at_ms = self._clock.now_ms()
        message = await self._ask(subjects.CHECKS, data, wait_s + LATE_S)
        if message is None or is_nobody(message):
            return None
        answer = read_answer(message.data, at_ms)
        return answer if isinstance(answer, CheckResult) else None

    async def _ask_place(
        self, place: Place, target: Target, deadline_s: float, *, private: bool
    ) -> Answer:
        """One place's answer, or why it has none."""
        why: NoVote | None = None
        if not self.is_present(place):
            why = NoVote.AWAY
        elif place.protocol != VERSION:
            why = NoVote.VERSION
        if why is not None:
            return Answer(place.name, why=why)
        said = await self._answer_of(place, Question(target, deadline_s, private))
        if isinstance(said, CheckResult):
            return Answer(place.name, said)
        return Answer(place.name, why=said)

    async def _answer_of(self, place: Place, question: Question) -> CheckResult | NoVote:
        try:
            data = encode_question(question)
        except TooLong:
            return NoVote.TOO_LONG
        secret = has_secret(question.target)
        at_ms = self._clock.now_ms()
        subject = subjects.ask(place.name, secret=secret)
        message = await self._ask(subject, data, question.deadline_s + LATE_S)
        if message is None:
            return NoVote.SILENT
        if not is_nobody(message):
            return read_answer(message.data, at_ms)
        place.left = place.left or not secret
        return NoVote.UNTRUSTED if secret else NoVote.AWAY

    async def _ask(self, subject: str, data: bytes, wait_s: float) -> Msg | None:
        """The one answer; None when there is none in time, or the connection is lost."""
        client = self._client
        if client is None:
            return None
        token = str(next(self._tokens))
        answered: asyncio.Future[Msg | None] = asyncio.get_running_loop().create_future()
        self._asked[token] = answered
        try:
            async with asyncio.timeout(wait_s):
                await client.publish(subject, data, reply=f"{self._inbox}.{token}")
                return await answered
        except (TimeoutError, OSError, nats.errors.Error):
            return None
        finally:
            del self._asked[token]

    async def _begin(self, client: Client) -> None:
        """Listen for answers and hellos, then ask who is there."""
        self._inbox = client.new_inbox()
        heard = {f"{self._inbox}.*": self._hear_answer, subjects.hello("*"): self._hear_hello}
        for subject, hear in heard.items():
            await client.subscribe(
                subject,
                cb=hear,
                pending_msgs_limit=MOST_WAITING,
                pending_bytes_limit=MOST_WAITING_BYTES,
            )
        self._client = client
        await client.publish(subjects.WHO)

    def _lost(self) -> None:
        self._client = None
        for place in self._places.values():
            place.left = True  # until it says hello over the next connection
        for answered in self._asked.values():
            if not answered.done():
                answered.set_result(None)

    async def _hear_answer(self, message: Msg) -> None:
        """Of what is still asked, once; late and doubled answers find nobody."""
        answered = self._asked.get(message.subject.rpartition(".")[2])
        if answered is not None and not answered.done():
            answered.set_result(message)

    async def _hear_hello(self, message: Msg) -> None:
        """Its subject says who it is: the server lets each lookout use its own alone."""
        try:
            name = place_name(message.subject.removeprefix(f"{subjects.HELLO}."))
            hello = read_hello(message.data)
        except (ValueError, Unreadable):
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
        self._link = link
        self._home = home
        self._patience_s = patience_s

    async def check(self, target: Target) -> CheckResult:
        """One check; see :class:`bot.engine.kinds.base.Checker`."""
        elsewhere = asyncio.create_task(self._link.check(target))
        at_home: asyncio.Task[CheckResult] | None = None
        try:
            await asyncio.wait({elsewhere}, timeout=self._patience_s)
            if (result := _fine(elsewhere)) is not None:
                return result
            at_home = asyncio.create_task(self._home.check(target))
            if not elsewhere.done():
                await asyncio.wait({elsewhere, at_home}, return_when=asyncio.FIRST_COMPLETED)
            return _fine(elsewhere) or await at_home
        finally:
            for task in (elsewhere, at_home):
                if task is not None:
                    task.cancel()


def _fine(task: "asyncio.Task[CheckResult | None]") -> CheckResult | None:
    result = task.result() if task.done() else None
    return result if result is not None and result.ok else None


def _settled(tasks: Sequence["asyncio.Task[Answer]"]) -> bool:
    done = [task.result() for task in tasks if task.done()]
    return is_settled(vote(done), len(tasks) - len(done))
