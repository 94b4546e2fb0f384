"""Options of commands: autocomplete, channels and roles, times of day and durations."""

import logging
from collections.abc import Callable, Coroutine, Iterable
from datetime import time
from functools import wraps
from typing import Any, TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands

from bot.discord.client import Interaction
from bot.errors import UserError
from bot.services.typed_text import parse_time
from bot.words.escaping import clip, units
from bot.words.phrases import parse_duration_ms
from bot.words.translator import N_

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
