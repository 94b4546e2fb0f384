"""Days as people type them: ``mon,wed``, ``lundi à vendredi``, ``daily``, ``2026-03-29``."""

import re
import unicodedata
from datetime import date, timedelta

from bot.errors import UserError
from bot.words.days import day_name
from bot.words.translator import LANGUAGES, translator_for

_SETS = {
    "daily": range(7), "every day": range(7), "everyday": range(7), "all": range(7),
    "tous les jours": range(7), "chaque jour": range(7), "quotidien": range(7),
    "weekdays": range(5), "workdays": range(5), "en semaine": range(5), "jours ouvres": range(5),
    "weekend": range(5, 7), "weekends": range(5, 7), "week-end": range(5, 7),
    "week-ends": range(5, 7),
}  # fmt: skip
_NEAR = {"today": 0, "tomorrow": 1, "aujourd'hui": 0, "demain": 1}
_FILLERS = re.compile(r"\b(?:every|each|chaque|on|from|le|les|du|de)\s+")
_RANGE = re.compile(r"([a-z]+)\.?\s*(?:-|\bto\b|\bau?\b)\s*([a-z]+)\.?")
_SHORTEST = 2


def days_of(text: str, today: date) -> tuple[int, ...] | date:
    """Days of the week (0 is Monday) or one date. Raises UserError with examples.

    ``today``: the date in the zone that is meant, for "tomorrow".
    """
    wanted = _simple(text)
    if wanted in _NEAR:
        return today + timedelta(_NEAR[wanted])
    if wanted[:1].isdigit():
        return _date(wanted)
    found: set[int] = set(_SETS.get(wanted, ()))
    if not found:
        for part in re.split(r"\s*(?:[,;&+/]|\band\b|\bet\b)\s*", _FILLERS.sub("", wanted)):
            found |= _days(part.strip())
    return tuple(sorted(found))


def _simple(text: str) -> str:
    """Lower case, without accents, one kind of dash and apostrophe."""
    spread = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in spread if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub("[‐-―]", "-", bare).replace("’", "'").split())


# Every day (0 is Monday) in every language; where two begin alike, English comes first.
_NAMES = tuple(
    (day, _simple(day_name(translator_for(language), day)))
    for language in LANGUAGES
    for day in range(7)
)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _not_understood() from None


def _days(part: str) -> set[int]:
    if part in _SETS:
        return set(_SETS[part])
    if match := _RANGE.fullmatch(part):
        first, last = _day(match[1]), _day(match[2])
        return {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    # "mon wed" is two days, as "mon, wed" is.
    return {_day(word) for word in part.split()} or {_day("")}


def _day(word: str) -> int:
    """A name in any language there is, in the plural, or its beginning."""
    begun = word.rstrip(".")
    for day, name in _NAMES if len(begun) >= _SHORTEST else ():
        if name.startswith(begun) or f"{name}s" == begun:
            return day
    raise _not_understood()


def _not_understood() -> UserError:
    return UserError("I did not understand those days. Examples: mon,wed; daily; 2027-03-28.")
