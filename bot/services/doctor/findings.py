"""What the doctor found: a grade, a sentence and, unless all is well, what to do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.services.status import MonitorStatus
from bot.words.escaping import markdown
from bot.words.translator import Translator


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


_NAMES = 3
_NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Voice:
    """``moment`` and ``day`` show epoch milliseconds, ``command`` a command such as ``watch add``,
    ``quote`` what somebody else said.
    """

    words: Translator
    moment: Callable[[int], str]
    day: Callable[[int], str]
    command: Callable[[str], str]
    quote: Callable[[str], str]

    def names(self, found: Sequence[MonitorStatus]) -> str:
        """The first few monitors by name, and how many more there are."""
        shown = [markdown(one.monitor.name, _NAME_LIMIT) for one in found[:_NAMES]]
        if len(found) > _NAMES:
            shown.append(self.words.text("+{n} more", n=len(found) - _NAMES))
        return self.words.list(shown)
