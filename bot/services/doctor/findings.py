"""A finding of the doctor: a grade, a sentence and, unless all is well, what to do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.services.status import MonitorStatus
from bot.words.escaping import code, markdown
from bot.words.translator import Translator

Mention = Callable[[str], str]  # shows a command such as ``watch add``

_NAMES, _NAME_LIMIT = 3, 40
_QUOTE_LIMIT = 150


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    grade: Grade
    text: str
    fix: str | None = None


def ok(name: str, text: str) -> Finding:
    return Finding(name, Grade.OK, text)


def warning(name: str, text: str, fix: str) -> Finding:
    return Finding(name, Grade.WARNING, text, fix)


def broken(name: str, text: str, fix: str) -> Finding:
    return Finding(name, Grade.BROKEN, text, fix)


def names(words: Translator, found: Sequence[MonitorStatus]) -> str:
    """The first few monitors by name, and how many more there are."""
    shown = [markdown(one.monitor.name, _NAME_LIMIT) for one in found[:_NAMES]]
    if len(found) > _NAMES:
        shown.append(words.text("+{n} more", n=len(found) - _NAMES))
    return words.list(shown)


def quote(text: str) -> str:
    """Foreign text, such as an answer of Discord's."""
    return code(text, _QUOTE_LIMIT)
