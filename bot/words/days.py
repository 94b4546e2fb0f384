"""Days of the week in sentences; 0 is Monday."""

from collections.abc import Sequence

from babel import Locale
from babel.dates import get_day_names

from bot.words.translator import Translator

_WORKDAYS = (0, 1, 2, 3, 4)
_WEEK = 7


def weekly(words: Translator, days: Sequence[int]) -> str:
    """``every day``, ``Monday to Friday``, ``every Monday and Thursday``."""
    if len(days) == _WEEK:
        return words.text("every day")
    if tuple(days) == _WORKDAYS:
        return words.text("Monday to Friday")
    return words.text("every {days}", days=words.list([day_name(words, day) for day in days]))


def day_name(words: Translator, day: int) -> str:
    """``Monday``, as it stands inside a sentence."""
    names = get_day_names("wide", "format", locale=Locale.parse(words.language, sep="-"))
    return str(names[day])
