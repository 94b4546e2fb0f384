"""Judges one HTTP answer: its status, its headers, the texts on its page, its JSON."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import Options, TreeInterpreter

from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.engine.page_text import Unpacker, decoded, holds
from bot.engine.transport import BODY_LIMIT, MAX_PARTS, PARTS_A_TURN, Body
from bot.errors import UserError
from bot.models import Cause, Reason, Target
from bot.words.escaping import plain
from bot.words.translator import N_

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
        """True when nothing that may still come changes the verdict."""
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
        body = bytes(self._unpacker.body)
        if len(body) == self._looked_at:
            return
        self._looked_at = len(body)
        text = decoded(body, self._type)
        self._missing = [one for one in self._missing if not await holds(text, one, self._type)]
        unwanted = self._target.not_contains
        if unwanted is not None and not self._present:
            self._present = await holds(text, unwanted, self._type)


EXPRESSION_LIMIT = 200
VALUE_LIMIT = 100
MOST_WORK = 60_000  # steps of Python: 50 ms (measured); a list that is only passed on costs a 16th
_PASSED_ON = 16
_NO_EXPRESSION = N_(
    "“json” takes a JMESPath expression, such as ready && !error. At character {n} it does not fit:"
    " {place}"
)


class NotJson(Exception):
    """The answer is not one whole document of JSON."""


class TooMuch(Exception):
    """The expression asks for more work than a check may do."""


def check_expression(text: str) -> None:
    """Raises UserError with the place of the error."""
    try:
        parsed = _compiled(text)
    except ParseError as error:
        raise _refusal(text, getattr(error, "lex_position", None) or 0) from error
    except (JMESPathError, RecursionError, ValueError) as error:
        raise _refusal(text, 0) from error
    for name in _functions(parsed.parsed):
        if name not in Functions.FUNCTION_TABLE:
            raise _refusal(text, max(0, text.find(name)))


def evaluate(text: str, body: bytes) -> tuple[bool, str]:
    """True when the expression is true of that document, and in a few words what it is instead.

    Raises NotJson, TooMuch.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson from error
    try:
        value = _Interpreter().visit(_compiled(text).parsed, document)
    except RecursionError as error:
        raise TooMuch from error
    except (JMESPathError, ArithmeticError, ValueError, TypeError) as error:
        return False, plain(str(error), VALUE_LIMIT)  # a function that its arguments do not fit
    return value is True, shown(value)


def shown(value: Any) -> str:
    """A value as JSON writes it; of lists and objects the size."""
    match value:
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object of {len(value)}"
        case str():
            value = value[: 4 * VALUE_LIMIT]
    return plain(json.dumps(value, ensure_ascii=False), VALUE_LIMIT)


@lru_cache(maxsize=1_024)
def _compiled(text: str) -> ParsedResult:
    return jmespath.compile(text)


def _refusal(text: str, position: int) -> UserError:
    rest = plain(text[position:], 30) or "…"
    return UserError(_NO_EXPRESSION, n=position + 1, place=rest)


def _functions(node: dict[str, Any]) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _functions(child)


class _Work:
    """What is left of the work that one evaluation may do."""

    def __init__(self) -> None:
        self._left = MOST_WORK

    def take(self, steps: int) -> None:
        """Raises TooMuch."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch

    def pass_on(self, value: Any) -> None:
        """A value that was made or is gone through by Python's own loops."""
        if isinstance(value, list | dict | str):
            self.take(len(value) // _PASSED_ON)

    def walk(self, value: Any) -> None:
        """Every part of a value is gone through, as often as it stands there."""
        self.take(1)
        self.pass_on(value)
        parts = value.values() if isinstance(value, dict) else value
        if isinstance(value, list | dict):
            for part in parts:
                self.walk(part)


class _CountedFunctions(Functions):  # type: ignore[misc]  # it has no types
    """The functions of JMESPath, whose arguments are counted before they begin."""

    def __init__(self, work: _Work) -> None:
        self._work = work

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        for value in resolved_args:
            if function_name in {"to_string", "contains", "join"}:  # these go to the bottom
                self._work.walk(value)
            else:
                self._work.pass_on(value)
                self._work.pass_on(value)  # types are looked at as well
        if function_name == "merge":
            self._work.take(sum(map(len, filter(_is_object, resolved_args))))
        if function_name == "join" and isinstance(resolved_args[-1], list):
            texts = (one for one in resolved_args[-1] if isinstance(one, str))
            separator = resolved_args[0] if isinstance(resolved_args[0], str) else ""
            self._work.take(sum(len(one) + len(separator) for one in texts) // _PASSED_ON)
        return super().call_function(function_name, resolved_args)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]  # it has no types
    """JMESPath's own interpreter, whose steps are counted."""

    def __init__(self) -> None:
        self._work = _Work()
        super().__init__(Options(custom_functions=_CountedFunctions(self._work)))

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        self._work.take(1)
        value = super().visit(node, *args, **kwargs)
        self._work.pass_on(value)
        return value

    def visit_flatten(self, node: dict[str, Any], value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self._work.take(len(base))
            lists = (one for one in base if isinstance(one, list))
            self._work.take(sum(map(len, lists)) // _PASSED_ON)
        return super().visit_flatten(_given(node, base), value)

    def visit_comparator(self, node: dict[str, Any], value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        self._work.walk(left)
        self._work.walk(right)
        return super().visit_comparator(_given(node, left, right), value)


def _given(node: dict[str, Any], *values: Any) -> dict[str, Any]:
    """The node with values in place of what they were found by."""
    found = [{"type": "literal", "value": value, "children": []} for value in values]
    return {**node, "children": found}
