"""The options that say where alerts go: a channel that can take them, a role that can be called."""

from typing import Any, TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands

from bot.discord.client import Interaction
from bot.errors import UserError
from bot.words.translator import N_

ALERT_CHANNEL_TYPES = [ChannelType.text, ChannelType.news, ChannelType.public_thread]
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

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> discord.Role:
        del interaction
        role: discord.Role = value
        if role.is_default():
            raise UserError(_NOT_EVERYONE)
        return role


AlertChannel: TypeAlias = app_commands.Transform[ChosenChannel, _ChannelOption]
AlertRole: TypeAlias = app_commands.Transform[discord.Role, _RoleOption]


async def check_channel_and_role(interaction: Interaction, channel_id: int, role_id: int) -> None:
    """Raises UserError for a channel or a role (0: none) that alerts cannot have.

    What was picked is read back from Discord: a form can be sent by anybody's client.
    """
    guild, known = interaction.guild, interaction.client.known_channels
    await known.look_up(guild, [channel_id])
    found = known.find(guild, channel_id)
    if channel_id and (found is None or found.type not in ALERT_CHANNEL_TYPES):
        raise UserError("I cannot send alerts to that channel. Choose another one.")
    if role_id and guild is not None and role_id == guild.id:
        raise UserError(_NOT_EVERYONE)
