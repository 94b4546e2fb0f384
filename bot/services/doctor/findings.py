"""What the doctor found: a grade, a sentence and, unless all is well, what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


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
