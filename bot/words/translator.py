"""Translator of sentences: English ones are the keys, each other language is one ``.po`` file.

Adding a language means adding ``locales/<language>.po``, named as Discord names its locale
(``de``, ``pt-BR``) or by the language alone (``pt``, for all its locales); it is found by itself.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"
LANGUAGES: tuple[str, ...] = (SOURCE, *sorted(path.stem for path in LOCALES.glob("*.po")))

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3_600, 86_400, 604_800


def N_(text: str) -> str:  # noqa: N802 - the name gettext users know for "translate this later"
    """Mark a sentence for the catalogues without translating it yet."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as N_
    """Mark a pair for :meth:`Translator.plural`."""
    return one, many


_UNITS = (N_("{n} h"), N_("{n} min"), N_("{n} s"))


@dataclass(frozen=True, slots=True)
class Translator:
    """One language: sentences, plurals, numbers, lengths of time."""

    language: str

    @property
    def locale(self) -> Locale:
        return _locale(self.language)

    def text(self, msgid: str, /, *, context: str | None = None, **values: object) -> str:
        """The sentence in this language, its ``{placeholders}`` filled; English if untranslated."""
        catalogue = _CATALOGUES[self.language]
        if context is None:
            found = catalogue.gettext(msgid)
        else:
            found = str(catalogue.pgettext(context, msgid))
        return _filled(found, msgid, values) if values else found

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """One sentence for each grammatical number; ``{n}`` is the number, written out."""
        found = _CATALOGUES[self.language].ngettext(one, many, n)
        return _filled(found, one if n == 1 else many, {"n": self.number(n)} | values)

    def number(self, n: float) -> str:
        return format_decimal(n, locale=self.locale)

    def percent(self, part: int, of: int) -> str:
        """``99.97%``: rounded down to hundredths. 100 % means all of it, 0 % nothing at all."""
        hundredths = max(part * 10_000 // of, 1 if part > 0 else 0)
        share = Decimal(hundredths).scaleb(-4)
        return format_percent(share, locale=self.locale, decimal_quantization=False)

    def duration(self, seconds: float) -> str:
        """A length of time, rounded, in at most two units: ``40 s``, ``12 min``, ``2 h 5 min``."""
        days, *shorter = _rounded(seconds)
        said = [self.plural("{n} day", "{n} days", days)] if days else []
        said += [self.text(unit, n=n) for unit, n in zip(_UNITS, shorter, strict=True) if n]
        return " ".join(said) or self.text(_UNITS[-1], n=0)

    def list(self, items: Sequence[str]) -> str:
        return format_list(items, locale=self.locale)


def translator_for(language: str | None) -> Translator:
    """The translator for a Discord locale such as ``fr`` or ``en-US``; unknown ones get English."""
    return Translator(_known(language or SOURCE))


def native_name(language: str) -> str:
    """A language's own name: ``English``, ``Français``."""
    locale = _locale(language)
    name = locale.get_display_name(locale) or language
    return name[:1].upper() + name[1:]


@cache
def _known(locale: str) -> str:
    code = _code(locale)
    known = {_code(language): language for language in LANGUAGES}
    wide = code.partition("-")[0]
    # Discord's Norwegian is the one that catalogues call Bokmål.
    names = (code, wide, "nb") if wide == "no" else (code, wide)
    return next((known[name] for name in names if name in known), SOURCE)


def _code(locale: str) -> str:
    return locale.replace("_", "-").casefold()


def _filled(found: str, source: str, values: dict[str, object]) -> str:
    """A slip in a translation must not cost an alert: the English sentence is always right."""
    try:
        return found.format(**values)
    except (LookupError, ValueError, AttributeError, TypeError):
        return source.format(**values)


def _rounded(seconds: float) -> tuple[int, int, int, int]:
    """Days, hours, minutes, seconds, rounded so that at most two neighbours are not zero."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return 0, 0, 0, whole
    below_a_day = whole < _DAY - _MINUTE / 2
    step = _MINUTE if below_a_day else _HOUR if whole < _WEEK - _HOUR / 2 else _DAY
    whole = round(whole / step) * step
    return whole // _DAY, whole % _DAY // _HOUR, whole % _HOUR // _MINUTE, 0


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")


def _read(language: str) -> NullTranslations:
    """Compiled in memory: no compiled catalogue lies about, to be out of step with its source."""
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (LOCALES / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=_locale(language), abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


# Read once, at start: a broken catalogue stops the start, not an alert.
_CATALOGUES = {language: _read(language) for language in LANGUAGES}
