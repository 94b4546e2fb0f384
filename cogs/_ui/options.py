"""Options of commands: autocomplete, channels and roles, days, times of day and durations."""

import logging
import re
import unicodedata
from collections.abc import Callable, Coroutine, Iterable
from datetime import date, time, timedelta
from functools import wraps
from typing import Any, TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands

from bot.discord.client import Interaction
from bot.errors import UserError
from bot.words.escaping import clip, units
from bot.words.phrases import day_name, parse_duration_ms
from bot.words.translator import LANGUAGES, N_, translator_for

log = logging.getLogger(__name__)

Choices: TypeAlias = list[app_commands.Choice[str]]
MOST = 25
_TEXT_LIMIT = 100


def safe_autocomplete(
    offer: Callable[[Interaction, str], Choices],
) -> Callable[[Interaction, str], Coroutine[Any, Any, Choices]]:
    """Discord waits 3 s and shows nobody an error: a bug is logged, and nothing is offered."""

    @wraps(offer)
    async def safely(interaction: Interaction, typed: str) -> Choices:
        try:
            return offer(interaction, typed)
        except Exception:
            log.exception("Autocomplete failed")
            return []

    return safely


def choices(pairs: Iterable[tuple[str, str]]) -> Choices:
    """Of texts and their values; each value once, under its first text."""
    texts: dict[str, str] = {}
    for text, value in pairs:
        if units(value) <= _TEXT_LIMIT:  # for one that is longer Discord refuses all of them
            texts.setdefault(value, clip(text, _TEXT_LIMIT))
    found = list(texts.items())[:MOST]
    return [app_commands.Choice(name=text, value=value) for value, text in found]


ALERT_CHANNEL_TYPES = [
    *(ChannelType.text, ChannelType.news, ChannelType.public_thread),
    *(ChannelType.voice, ChannelType.stage_voice),
]
ChosenChannel: TypeAlias = app_commands.AppCommandChannel | app_commands.AppCommandThread

_NOT_EVERYONE = N_("I do not ping @everyone. Choose a role, or none.")


class _ChannelOption(app_commands.Transformer):
    """Offers only channels where a bot can post and edit."""

    @property
    def type(self) -> AppCommandOptionType:
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[ChannelType]:
        return ALERT_CHANNEL_TYPES

    async def transform(
        self, interaction: discord.Interaction[Any], value: Any, /
    ) -> ChosenChannel:
        picked: ChosenChannel = value
        # A thread may be asleep: whoever asks next has to know its parent.
        await interaction.client.known_channels.look_up(interaction.guild, [picked.id])
        return picked


class _RoleOption(app_commands.Transformer):
    """Takes every role but that of everybody."""

    @property
    def type(self) -> AppCommandOptionType:
        return AppCommandOptionType.role

    async def transform(self, _asked: discord.Interaction[Any], value: Any, /) -> Any:
        check_role(value)
        return value


AlertChannel: TypeAlias = app_commands.Transform[ChosenChannel, _ChannelOption]
AlertRole: TypeAlias = app_commands.Transform[discord.Role, _RoleOption]


def check_role(role: discord.Role) -> None:
    """Raises UserError for a role that alerts cannot ping, or that has a bot alone."""
    if role.is_default():
        raise UserError(_NOT_EVERYONE)
    if role.is_bot_managed():
        raise UserError("That is the role of a bot: it would ping nobody. Choose another one.")


async def check_channel_and_role(interaction: Interaction, channel_id: int, role_id: int) -> None:
    """Raises UserError for a channel or a role (0: none) that alerts cannot have.

    What was picked is read back from Discord: a form can be sent by anybody's client.
    """
    guild, known = interaction.guild, interaction.client.known_channels
    await known.look_up(guild, [channel_id])
    found = known.find(guild, channel_id)
    if channel_id and (found is None or found.type not in ALERT_CHANNEL_TYPES):
        raise UserError("I cannot send alerts to that channel. Choose another one.")
    if guild is None or not role_id:
        return
    role = guild.get_role(role_id)
    if role_id == guild.id:
        raise UserError(_NOT_EVERYONE)
    if role is not None:
        check_role(role)


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
_LOCAL_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_SHORTEST, _MONTHS = 2, 12


def parse_days(text: str, today: date, *, month_first: bool = False) -> tuple[int, ...] | date:
    """Days of the week (0 is Monday) or one date. Raises UserError with examples.

    ``today``: the date in the zone that is meant, for "tomorrow". ``month_first``: 3/4/2027 is in
    March, as Americans write it.
    """
    wanted = _simple(text)
    if wanted in _NEAR:
        return today + timedelta(_NEAR[wanted])
    if wanted[:1].isdigit():
        return _date(wanted, month_first=month_first)
    found: set[int] = set(_SETS.get(wanted, ()))
    if not found:
        for part in re.split(r"\s*(?:[,;&+/]|\band\b|\bet\b)\s*", _FILLERS.sub("", wanted)):
            found |= _days(part.strip())
    return tuple(sorted(found))


def _date(text: str, *, month_first: bool) -> date:
    """2026-12-24, 24/12/2026, 24.12.2026; where one number can be no month, the other one is."""
    try:
        if (match := _LOCAL_DATE.fullmatch(text)) is None:
            return date.fromisoformat(text)
        first, second, year = map(int, match.groups())
        if second > _MONTHS or (month_first and first <= _MONTHS):
            first, second = second, first
        return date(year, second, first)
    except ValueError:
        raise _not_understood() from None


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


_TIME = re.compile(r"(\d{1,2})\s*(?:[:h.]\s*(\d{2})?)?\s*(am|pm)?")
_HALF_DAY, _DAY = 12, 24
_LAST_MINUTE = 59


def parse_time(text: str) -> time:
    """Parse a time of day; ``24:00`` is midnight. Raises UserError with an example."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or not (match[2] or match[3] or "h" in text.lower()):
        raise _no_time()
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= _HALF_DAY:
            raise _no_time()
        hour = hour % _HALF_DAY + (_HALF_DAY if match[3] == "pm" else 0)
    if hour > _DAY or minute > _LAST_MINUTE or (hour == _DAY and minute):
        raise _no_time()
    return time(hour % _DAY, minute)


def _no_time() -> UserError:
    return UserError("I did not understand that time of day. Examples: 02:30, 14:00.")


class _TimeOption(app_commands.Transformer):
    async def transform(self, _asked: discord.Interaction[Any], value: str, /) -> time:
        return parse_time(value)


TimeOfDay: TypeAlias = app_commands.Transform[time, _TimeOption]


LONGEST_S = 366 * 86_400
_MINUTE_MS = 60_000  # what a number alone counts here: nobody mutes for seconds


def parse_duration_s(text: str) -> int:
    """Parse a duration: at least a second, at most a year. Raises UserError with examples."""
    seconds = round((parse_duration_ms(text, _MINUTE_MS) or 0) / 1000)
    if not 1 <= seconds <= LONGEST_S:
        raise UserError("I did not understand that duration. Examples: 30m, 2h, 1d, 1h30.")
    return seconds


class _SpanOption(app_commands.Transformer):
    async def transform(self, _asked: discord.Interaction[Any], value: str, /) -> int:
        return parse_duration_s(value)


Duration: TypeAlias = app_commands.Transform[int, _SpanOption]
