"""A process that only checks, for a bot elsewhere: no Discord, no database, no state.

It answers each question once; what it cannot say anything about it says so, and does not vote.
"""

import asyncio
import logging
import math
from contextlib import suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot import __version__
from bot.clock import Clock
from bot.engine.kinds.base import Checker
from bot.engine.network import OnlineCheck
from bot.engine.place_router import NoVote
from bot.models import Cause, CheckResult, Reason
from bot.places import messages
from bot.places.address import Server
from bot.places.connection import Connection

log = logging.getLogger(__name__)

HELLO_S = 15.0
PROOF_S = 3.0  # so long before a check's deadline it is asked whether this place is online
MOST_AT_ONCE = 2_000  # each takes 13 kB while it waits (measured)


@dataclass(frozen=True, slots=True)
class PlaceCheckers:
    """What a lookout checks with: ``public`` for any monitor; ``private`` may also visit the
    networks of its own VIGIE_ALLOW_PRIVATE. Without ``online`` it always votes.
    """

    public: Checker
    private: Checker
    online: OnlineCheck | None = None


class Lookout:
    """Answers as ``name`` until cancelled."""

    def __init__(
        self,
        name: str,
        server: Server,
        checkers: PlaceCheckers,
        clock: Clock,
        *,
        at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._name, self._checkers, self._clock, self._at_once = name, checkers, clock, at_once
        # Whether this place is trusted only the server knows: it refuses these to others.
        optional = (messages.ask(name, secret=True), messages.CHECKS)
        self._connection = Connection(server, f"lookout {name}", self._begin, self._lost, optional)
        self._client: Client | None = None
        self._checks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Raises ConfigError, or Refused, when the server refuses at the first check."""
        hellos = asyncio.create_task(self._say_hellos())
        try:
            await self._connection.run()
        finally:
            hellos.cancel()

    async def leave(self) -> None:
        """Say goodbye, so that nobody waits for this one."""
        await self._say(messages.Hello(__version__, leaving=True))
        if self._client is not None:
            with suppress(OSError, nats.errors.Error):
                await self._client.flush(timeout=1)

    async def _begin(self, client: Client) -> None:
        for subject in (messages.ask(self._name), messages.ask(self._name, secret=True)):
            await client.subscribe(subject, queue=self._name, cb=self._hear)
        await client.subscribe(messages.CHECKS, queue=messages.GROUP, cb=self._hear)
        await client.subscribe(messages.WHO, cb=self._hear_who)
        self._client = client
        await self._say(messages.Hello(__version__))

    def _lost(self) -> None:
        self._client = None
        for check in self._checks:
            check.cancel()

    async def _say_hellos(self) -> None:
        while True:
            await self._clock.sleep(HELLO_S)
            await self._say(messages.Hello(__version__))

    async def _hear_who(self, _: Msg) -> None:
        await self._say(messages.Hello(__version__))

    async def _say(self, hello: messages.Hello) -> None:
        if self._client is not None:
            with suppress(OSError, nats.errors.Error):
                await self._client.publish(messages.hello(self._name), messages.encode_hello(hello))

    async def _hear(self, message: Msg) -> None:
        """Start the check; the next question is not kept waiting."""
        try:
            question = messages.read_question(message.data)
        except messages.Unreadable:
            await _respond(message, messages.encode_refusal(NoVote.VERSION))
            return
        if len(self._checks) >= self._at_once:
            await _respond(message, messages.encode_refusal(NoVote.BUSY))
            return
        check = asyncio.create_task(self._answer(message, question))
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _answer(self, message: Msg, question: messages.Question) -> None:
        try:
            said = await self._vote(question)
        except Exception:
            log.exception("A check ended by a bug")
            said = messages.encode_refusal(NoVote.CANNOT)
        await _respond(message, said)

    async def _vote(self, question: messages.Question) -> bytes:
        """Check, and prove before its deadline that this place is online: home does not wait."""
        online, started = self._checkers.online, self._clock.monotonic()
        proof: asyncio.Task[bool] | None = None

        def prove() -> None:
            nonlocal proof
            if online is not None:
                proof = asyncio.create_task(online.is_online_since(started))

        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(0.0, question.deadline_s - PROOF_S), prove)
        try:
            result = await self._check(question)
            if result.cause is None:
                return messages.encode_answer(result)
            if result.cause.is_ours or result.cause.reason is Reason.ADDRESS_REFUSED:
                return messages.encode_refusal(NoVote.CANNOT)
            if proof is None:
                prove()
            if proof is not None and not await proof:
                return messages.encode_refusal(NoVote.OFFLINE)
            return messages.encode_answer(result)
        finally:
            timer.cancel()
            if proof is not None:
                proof.cancel()

    async def _check(self, question: messages.Question) -> CheckResult:
        checker = self._checkers.private if question.private else self._checkers.public
        at_ms = self._clock.now_ms()
        try:
            async with asyncio.timeout(question.deadline_s):
                return await checker.check(question.target)
        except TimeoutError:
            return CheckResult(at_ms, Cause(Reason.TIMEOUT, math.ceil(question.deadline_s)))


async def _respond(message: Msg, data: bytes) -> None:
    with suppress(OSError, nats.errors.Error):  # the connection is lost: nobody waits any more
        await message.respond(data)
