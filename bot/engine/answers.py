"""What one HTTP answer is worth: its status first, then the text somebody wants to see in it."""

import asyncio
from contextlib import suppress

import httpx

from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.engine.page_text import Unpacker, decoded, holds
from bot.engine.transport import Body
from bot.models import Cause, Reason, Target

BODY_LIMIT = 256 * 1024
FAILED_STATUS = 400
# A body in one-byte chunks costs CPU for each; honest pieces are larger.
MAX_PARTS = 8_192
PARTS_A_TURN = 64
# A page that stays open is looked at after that long, then after ever longer pauses.
FIRST_LOOK_S = 0.25


async def failure_of(target: Target, response: httpx.Response, until: float) -> Cause | None:
    """None when the answer is fine. A body is read where a text is looked for.

    ``until`` is in the loop's time. Raises what the connection raises.
    """
    status = response.status_code
    fine = status in target.expect_status if target.expect_status else status < FAILED_STATUS
    if not fine:
        return Cause(Reason.HTTP, status)
    if target.contains is None and target.not_contains is None:
        return None
    return await _Search(target, response).run(until)


async def read(response: httpx.Response) -> bytes:
    """The body as it came over the wire, at most its first 256 KiB."""
    body = bytearray()
    parts = 0
    with suppress(EndlessAnswer):  # what has been read until then is enough
        while len(body) < BODY_LIMIT and parts < MAX_PARTS:
            part = await _stream(response).part()
            if not part:
                break
            body += part
            parts += 1
            if parts % PARTS_A_TURN == 0:
                await asyncio.sleep(0)
    return bytes(body[:BODY_LIMIT])


class _Search:
    """Reads one body until the texts that are looked for decide."""

    def __init__(self, target: Target, response: httpx.Response) -> None:
        """Raises BadAnswer for an encoding that cannot be unpacked."""
        self._target = target
        self._stream = _stream(response)
        self._type = response.headers.get("content-type", "")
        named = response.headers.get("content-encoding", "").lower().split(",")
        self._unpacker = Unpacker(map(str.strip, named), BODY_LIMIT)
        self._missing = target.contains is not None
        self._present = False
        self._looked_at = 0  # how much of the body

    async def run(self, until: float) -> Cause | None:
        """Ends when the texts decide, with the body, at the limit, or with the time."""
        try:
            await self._read(until)
        except (BadAnswer, OSError) as error:
            await self._look()
            if not self._decided and not isinstance(error, EndlessAnswer):
                raise
        await self._look()
        if not self._decided and self._unpacker.is_bomb:
            return Cause(Reason.UNREADABLE)
        if self._missing:
            return Cause(Reason.TEXT_MISSING)
        return Cause(Reason.TEXT_PRESENT) if self._present else None

    @property
    def _decided(self) -> bool:
        """Whether nothing that may still come changes the verdict."""
        return not self._missing and (self._target.not_contains is None or self._present)

    async def _read(self, until: float) -> None:
        clock = asyncio.get_running_loop().time
        pause_s = FIRST_LOOK_S
        look = clock() + pause_s
        for number in range(1, MAX_PARTS + 1):
            part = await self._part(min(look, until))
            if part:
                self._unpacker.take(part)
            now = clock()
            if part == b"" or self._unpacker.full or now >= until:
                break
            if now >= look:
                await self._look()
                pause_s *= 2
                look = clock() + pause_s
            if self._decided:
                break
            if number % PARTS_A_TURN == 0:
                await asyncio.sleep(0)
        if not self._unpacker.body and clock() >= until:
            raise TimeoutError

    async def _part(self, until: float) -> bytes | None:
        """None when the time is up."""
        try:
            async with asyncio.timeout_at(until):
                return await self._stream.part()
        except TimeoutError:
            return None

    async def _look(self) -> None:
        """Look through all that has come."""
        body = bytes(self._unpacker.body)
        if len(body) == self._looked_at:
            return
        self._looked_at = len(body)
        text = decoded(body, self._type)
        wanted, unwanted = self._target.contains, self._target.not_contains
        if wanted is not None and self._missing:
            self._missing = not await holds(text, wanted, self._type)
        if unwanted is not None and not self._present:
            self._present = await holds(text, unwanted, self._type)


def _stream(response: httpx.Response) -> Body:
    if not isinstance(response.stream, Body):
        raise TypeError("an answer of this engine's transport streams")
    return response.stream
