"""Judges one HTTP answer: its status, its headers, the texts on its page, its JSON."""

import asyncio
import re
from dataclasses import dataclass

import httpx

from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.engine.json_condition import VALUE_LIMIT, NotJson, TooMuch, evaluate
from bot.engine.page_text import Unpacker, decoded, holds
from bot.engine.transport import BODY_LIMIT, MAX_PARTS, PARTS_A_TURN, Body
from bot.models import Cause, Reason, Target
from bot.words.escaping import plain

FAILED_STATUS = 400
# A page that stays open is looked at after that long, then after ever longer pauses.
FIRST_LOOK_S = 0.25
# Between texts that must all be there.
AND = re.compile(r"\s+&&\s+")


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why an answer is not fine, and what was seen instead: for those who may read answers."""

    cause: Cause
    seen: str | None = None


def needs_body(target: Target) -> bool:
    return bool(target.contains or target.not_contains or target.json)


def texts_of(contains: str | None) -> list[str]:
    """The texts that must all be there: ``one && two``."""
    return [text for text in AND.split(contains or "") if text]


async def unmet(target: Target, response: httpx.Response, until: float) -> Unmet | None:
    """None when the answer is fine. A body is read where a condition needs it.

    ``until`` is in the loop's time. Raises what the connection raises.
    """
    status = response.status_code
    fine = status in target.expect_status if target.expect_status else status < FAILED_STATUS
    if not fine:
        return Unmet(Cause(Reason.HTTP, status))
    for name, value in target.header_is:
        found = response.headers.get_list(name)
        if not any(_fits(one, value) for one in found):
            seen = f"{name}: {', '.join(found)}" if found else f"no {name}"
            return Unmet(Cause(Reason.HEADER_UNMET), plain(seen, VALUE_LIMIT))
    if not needs_body(target):
        return None
    return await _Search(target, response).run(until)


def _fits(found: str, wanted: str) -> bool:
    """Letters of either case; a star stands for anything, and nothing at all for any value."""
    if not wanted:
        return True
    found, (first, *parts) = found.strip().casefold(), wanted.casefold().split("*")
    if not parts:
        return found == first
    if not found.startswith(first):
        return False
    at = len(first)
    for part in parts[:-1]:
        at = found.find(part, at) + len(part)
        if at < len(part):
            return False
    return found.endswith(parts[-1]) and at <= len(found) - len(parts[-1])


class _Search:
    """Reads one body until the conditions decide."""

    def __init__(self, target: Target, response: httpx.Response) -> None:
        """Raises BadAnswer for an encoding that cannot be unpacked."""
        self._target = target
        self._body = Body.of(response)
        self._type = response.headers.get("content-type", "")
        named = response.headers.get("content-encoding", "").lower().split(",")
        self._unpacker = Unpacker(map(str.strip, named), BODY_LIMIT)
        self._missing = texts_of(target.contains)
        self._present = False
        self._looked_at = 0  # how much of the body
        self._whole = False

    async def run(self, until: float) -> Unmet | None:
        """Ends when the conditions decide, with the body, at the limit, or with the time."""
        try:
            await self._read(until)
        except (BadAnswer, OSError) as error:
            await self._look()
            if not self._decided and not isinstance(error, EndlessAnswer):
                raise
        await self._look()
        if not self._decided and self._unpacker.is_bomb:
            return Unmet(Cause(Reason.UNREADABLE))
        if self._missing:
            return Unmet(Cause(Reason.TEXT_MISSING), plain(self._missing[0], VALUE_LIMIT))
        if self._present:
            return Unmet(Cause(Reason.TEXT_PRESENT))
        return self._unmet_json(until)

    def _unmet_json(self, until: float) -> Unmet | None:
        """Raises TimeoutError when the time was up before the document was whole."""
        if self._target.json is None:
            return None
        if not self._whole and asyncio.get_running_loop().time() >= until:
            raise TimeoutError
        try:
            holds_true, seen = evaluate(self._target.json, bytes(self._unpacker.body))
        except NotJson:
            return Unmet(Cause(Reason.NOT_JSON))
        except TooMuch:
            return Unmet(Cause(Reason.JSON_TOO_MUCH))
        return None if holds_true else Unmet(Cause(Reason.JSON_UNMET), seen)

    @property
    def _decided(self) -> bool:
        """Whether nothing that may still come changes the verdict."""
        if self._target.not_contains is not None and self._present:
            return not self._missing
        return not (self._missing or self._target.not_contains or self._target.json)

    async def _read(self, until: float) -> None:
        clock = asyncio.get_running_loop().time
        pause_s = FIRST_LOOK_S
        look = clock() + pause_s
        for number in range(1, MAX_PARTS + 1):
            part = await self._part(min(look, until))
            if part:
                self._unpacker.take(part)
            now = clock()
            self._whole = part == b""
            if self._whole or self._unpacker.full or now >= until:
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
                return await self._body.part()
        except TimeoutError:
            return None

    async def _look(self) -> None:
        """Look through all that has come."""
        body = bytes(self._unpacker.body)
        if len(body) == self._looked_at:
            return
        self._looked_at = len(body)
        text = decoded(body, self._type)
        self._missing = [one for one in self._missing if not await holds(text, one, self._type)]
        unwanted = self._target.not_contains
        if unwanted is not None and not self._present:
            self._present = await holds(text, unwanted, self._type)
