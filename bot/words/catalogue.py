"""The catalogues: English sentences are the keys, each other language is one ``.po`` file.

Adding a language means adding ``locales/<language>.po``; it is found by itself.
"""

import io
from functools import cache
from pathlib import Path

from babel import Locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"
LANGUAGES = (SOURCE, *sorted(path.stem for path in LOCALES.glob("*.po")))

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def N_(text: str) -> str:  # noqa: N802 - the name gettext users know for "translate this later"
    """Mark a sentence for the catalogues without translating it yet."""
    return text


class Words:
    """One language: sentences, plurals, numbers, lengths of time."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)
        self._translations = _read(language)

    def text(self, msgid: str, /, *, context: str | None = None, **values: object) -> str:
        """The sentence in this language, its ``{placeholders}`` filled; English if untranslated."""
        if context is None:
            found = self._translations.gettext(msgid)
        else:
            found = str(self._translations.pgettext(context, msgid))
        return found.format(**values) if values else found

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """One sentence for each grammatical number; ``{n}`` is the number, written out."""
        found = self._translations.ngettext(one, many, n)
        return found.format(n=self.number(n), **values)

    def number(self, n: float) -> str:
        """A number with this language's separators."""
        return format_decimal(n, locale=self._locale)

    def list(self, items: list[str]) -> str:
        """``a, b and c``."""
        return format_list(items, locale=self._locale)

    def duration(self, seconds: float) -> str:
        """A length of time with at most two units: ``40 s``, ``12 min``, ``2 h 5 min``, ``3 d``."""
        whole = max(0, round(seconds))
        if whole < MINUTE:
            return self.text("{n} s", n=whole)
        if whole < HOUR:
            return self.text("{n} min", n=whole // MINUTE)
        if whole < DAY:
            return self._pair("{n} h", whole // HOUR, "{n} min", whole % HOUR // MINUTE)
        days = self.plural("{n} day", "{n} days", whole // DAY)
        hours = whole % DAY // HOUR
        return f"{days} {self.text('{n} h', n=hours)}" if hours and whole < 7 * DAY else days

    def _pair(self, major: str, count: int, minor: str, rest: int) -> str:
        first = self.text(major, n=count)
        return f"{first} {self.text(minor, n=rest)}" if rest else first


@cache
def words_for(language: str | None) -> Words:
    """The words of a Discord locale such as ``fr`` or ``en-US``; unknown ones get English."""
    code = (language or SOURCE).replace("_", "-")
    for candidate in (code, code.split("-")[0]):
        if candidate in LANGUAGES:
            return Words(candidate)
    return Words(SOURCE)


def _read(language: str) -> NullTranslations:
    """Compiled in memory: no compiled catalogue lies about, to be out of step with its source."""
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (LOCALES / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)
