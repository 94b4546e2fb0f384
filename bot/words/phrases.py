"""Phrases many texts share: states (a word with a sign), times, ratios; durations as typed."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal

from babel.dates import get_day_names

from bot.models import Window
from bot.words.translator import N_, Translator

# By the key of :func:`bot.services.status.state_of`.
_WORDS = {
    "down": N_("DOWN"),
    "unstable": N_("UNSTABLE"),
    "slow": N_("SLOW"),
    "refused": N_("REFUSED"),
    "partly": N_("PARTLY"),
    "recovering": N_("RECOVERING"),
    "up": N_("UP"),
    "unknown": N_("PENDING"),
    "paused": N_("PAUSED"),
}
_USUAL_SIGN, _USUAL_SHAPE = "🟡", "▲"
_SIGNS = {"down": "🔴", "up": "🟢", "unknown": "⚪", "paused": "⚫"}
_SHAPES = {"down": "✖", "up": "✔", "unknown": "?", "paused": "‖"}


def state_text(words: Translator, state: str) -> str:
    """``🔴 DOWN``: for messages."""
    return _with_sign(words, state, _SIGNS, _USUAL_SIGN)


def state_on_page(words: Translator, state: str) -> str:
    """``✖ DOWN``: for web pages, feeds and badges."""
    return _with_sign(words, state, _SHAPES, _USUAL_SHAPE)


def _with_sign(words: Translator, state: str, signs: Mapping[str, str], usual: str) -> str:
    return f"{signs.get(state, usual)} {words.text(_WORDS[state])}"


# R "2 minutes ago", f date and time, F with the weekday, t and T the time of day, d and D the date.
Style = Literal["R", "f", "F", "t", "T", "d", "D"]


def stamp(ms: int, style: Style = "R") -> str:
    """``<t:unix:style>`` for UTC epoch milliseconds. Only for embeds: pushes show it raw."""
    return f"<t:{ms // 1000}:{style}>"


_WORKDAYS = (0, 1, 2, 3, 4)
_WEEK = 7


def weekly(words: Translator, days: Sequence[int]) -> str:
    """``every day``, ``Monday to Friday``, ``every Monday and Thursday``."""
    if len(days) == _WEEK:
        return words.text("every day")
    if tuple(days) == _WORKDAYS:
        return words.text("Monday to Friday")
    return words.text("every {days}", days=words.list([day_name(words, day) for day in days]))


def weekly_text(words: Translator, window: Window) -> str:
    """``every Monday, 02:30–03:30 (Europe/Paris)``."""
    return f"{weekly(words, window.days)}, {hours(words, window)} ({window.timezone})"


def hours(words: Translator, window: Window) -> str:
    if window.ends is not None:
        return f"{window.begins:%H:%M}–{window.ends:%H:%M}"
    lasts = words.duration(window.length_s or 0)
    return words.text("{time} for {duration}", time=f"{window.begins:%H:%M}", duration=lasts)


def every(words: Translator, seconds: int) -> str:
    """``every 60 s``, ``every 5 min``, ``every 6 h``."""
    minutes, left_s = divmod(seconds, 60)
    hours, left = divmod(minutes, 60)
    if left_s:
        return words.text("every {n} s", n=seconds)
    if minutes == 1:
        return words.text("every 60 s")
    return words.text("every {n} min", n=minutes) if left else words.text("every {n} h", n=hours)


def day_name(words: Translator, day: int) -> str:
    """``Monday``, as it stands inside a sentence."""
    return str(get_day_names("wide", "format", locale=words.locale)[day])


# The fractions people picture, as (how many, in how many).
_FRACTIONS = ((1, 10), (1, 5), (1, 4), (1, 3), (1, 2), (2, 3), (3, 4), (4, 5), (9, 10))
_FEW = 4  # below this many checks a fraction would claim too much
_MANY = 10  # from here on "none" is more than bad luck
_ALMOST_NONE, _ALMOST_ALL = 0.06, 0.94
_KEPT = 0.08  # a word that is no further off stays: it is as good as any
# As numbers: what is said when it is no fraction.
_NONE, _HARDLY_ANY, _NEARLY_ALL, _ALL = 0.0, 0.01, 0.99, 1.0
_SENTENCES = {
    _NONE: N_("no try gets through"),
    _HARDLY_ANY: N_("almost no try gets through"),
    _NEARLY_ALL: N_("almost all tries get through"),
    _ALL: N_("all tries get through again"),
}


def said(ok: int, of: int, before: float | None = None) -> float | None:
    """The share that is said of ``ok`` in ``of`` checks; None: they are too few.

    What was said ``before`` is kept while it is within eight points: the words would change with
    every other check, and that is no news.
    """
    if of < _FEW:
        return None
    real = ok / of
    if before not in {None, _NONE, _ALL} and of >= _MANY and abs(real - (before or 0)) <= _KEPT:
        return before
    if real < _ALMOST_NONE:
        return _NONE if ok == 0 and of >= _MANY else _HARDLY_ANY
    if real > _ALMOST_ALL:
        return _ALL if ok >= of else _NEARLY_ALL
    return min((part / total for part, total in _FRACTIONS), key=lambda one: abs(one - real))


def share(words: Translator, ok: int, of: int, before: float | None = None) -> str:
    """``ok`` of ``of`` checks succeeded: "about 1 in 4 tries gets through"."""
    value = said(ok, of, before)
    if value is None:
        return words.text("only some tries get through")
    if value in _SENTENCES:
        return words.text(_SENTENCES[value])
    part, total = next(one for one in _FRACTIONS if one[0] / one[1] == value)
    if part == 1:
        return words.text("about 1 in {total} tries gets through", total=total)
    return words.text("about {part} in {total} tries get through", part=part, total=total)


_UNITS_MS = {
    unit: ms
    for ms, units in {
        1: "ms msec msecs millisecond milliseconds milliseconde millisecondes",
        1_000: "s sec secs second seconds seconde secondes",
        60_000: "m mn min mins minute minutes",
        3_600_000: "h hr hrs hour hours heure heures",
        86_400_000: "d day days j jour jours",
        604_800_000: "w week weeks semaine semaines",
    }.items()
    for unit in units.split()
}
# What a number without a unit counts behind another part: 1h30, 2 min 30, 1j12.
_NEXT_MS = {86_400_000: 3_600_000, 3_600_000: 60_000, 60_000: 1_000}
_PART = re.compile(r"(\d{1,18}(?:[.,]\d{1,3})?)\s*([a-z]*)\s*(?:,|and|et)?\s*", re.ASCII)


def parse_duration_ms(text: str, unit_ms: int) -> int | None:
    """A duration as people write it: ``90``, ``5m``, ``2 min``, ``1h30``, ``1 j``; None for none.

    ``unit_ms``: what a number alone counts.
    """
    wanted = unicodedata.normalize("NFKC", text).strip().lower()
    total, position, before_ms = Fraction(), 0, 0
    while match := _PART.match(wanted, position):
        part_ms = _UNITS_MS.get(match[2])
        if not match[2] and match.end() == len(wanted):
            part_ms = _NEXT_MS.get(before_ms) if position else unit_ms
        if part_ms is None:
            return None
        total += Fraction(match[1].replace(",", ".")) * part_ms
        position, before_ms = match.end(), part_ms
    return round(total) if position and position == len(wanted) else None
