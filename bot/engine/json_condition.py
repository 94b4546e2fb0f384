"""A condition about an answer in JSON: a JMESPath expression that must be true.

Strangers write both sides, and a few characters of JMESPath can double a list again and again: all
work is counted, and an evaluation ends when it is too much.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import Options, TreeInterpreter

from bot.errors import UserError
from bot.words.escaping import plain
from bot.words.translator import N_

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
    """Whether the expression is true of that document, and in a few words what it is instead.

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
