"""Which channels can take alerts, and what the bot may do in them."""

from typing import TYPE_CHECKING, Any, TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands

from bot.errors import UserError
from bot.words.catalogue import N_, Words
from cogs._ui.asking import Interaction

ALERT_CHANNEL_TYPES = [ChannelType.text, ChannelType.news, ChannelType.public_thread]
Picked: TypeAlias = app_commands.AppCommandChannel | app_commands.AppCommandThread

NOT_EVERYONE = N_("I do not call @everyone. Choose a role, or none.")
# As Discord calls them in its own settings.
_NAMES = {
    "view_channel": N_("View Channel"),
    "send_messages": N_("Send Messages"),
    "send_messages_in_threads": N_("Send Messages in Threads"),
    "embed_links": N_("Embed Links"),
    "read_message_history": N_("Read Message History"),
}


class _AlertChannelOption(app_commands.Transformer):
    """A channel option that offers only channels where a bot can post and edit."""

    @property
    def type(self) -> AppCommandOptionType:
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[ChannelType]:
        return ALERT_CHANNEL_TYPES

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Picked:
        del interaction
        picked: Picked = value
        return picked


if TYPE_CHECKING:
    AlertChannel: TypeAlias = Picked
else:
    AlertChannel = app_commands.Transform[Picked, _AlertChannelOption]


def check_place(guild: discord.Guild | None, channel_id: int, role_id: int) -> None:
    """Raises UserError for a channel or a role (0: none) that alerts cannot have.

    What was picked is read back from Discord: a form can be sent by anybody's client.
    """
    found = guild.get_channel_or_thread(channel_id) if guild is not None and channel_id else None
    if channel_id and (found is None or found.type not in ALERT_CHANNEL_TYPES):
        raise UserError("I cannot send alerts to that channel. Choose another one.")
    if role_id and guild is not None and role_id == guild.id:
        raise UserError(NOT_EVERYONE)


def granted_to_bot(interaction: Interaction, channel: Picked) -> discord.Permissions:
    """What the bot may do in a picked channel: as Discord says in the payload, else as known."""
    stated = _stated(interaction, channel.id)
    if stated is not None:
        return discord.Permissions(int(stated))
    guild = interaction.guild
    known = channel.resolve()
    if guild is None or known is None:
        return discord.Permissions.none()
    try:
        return known.permissions_for(guild.me)
    except discord.ClientException:
        return discord.Permissions.none()  # a thread whose channel is not known


def _stated(interaction: Interaction, channel_id: int) -> str | None:
    data: Any = interaction.data or {}
    channel = data.get("resolved", {}).get("channels", {}).get(str(channel_id), {})
    stated: str | None = channel.get("app_permissions")
    return stated


def missing(granted: discord.Permissions, *, thread: bool, embeds: bool = True) -> list[str]:
    """The names of what the bot needs and has not; in threads another right lets it send.

    Components V2 need no right of their own (discord.md §1.5), so boards do without ``embeds``.
    """
    send = "send_messages_in_threads" if thread else "send_messages"
    needed = ["view_channel", send, *(["embed_links"] if embeds else []), "read_message_history"]
    if granted.administrator:
        return []
    return [_NAMES[right] for right in needed if not getattr(granted, right)]


def missing_text(words: Words, interaction: Interaction, channel: Picked) -> str:
    """The sentence that names what is missing in a picked channel; empty when all is there."""
    thread = isinstance(channel, app_commands.AppCommandThread)
    return lacking(
        words, missing(granted_to_bot(interaction, channel), thread=thread), channel.mention
    )


def lacking(words: Words, names: list[str], mention: str) -> str:
    if not names:
        return ""
    return words.text(
        "In {channel} I still need: {list}.",
        channel=mention,
        list=words.list([words.text(name) for name in names]),
    )


def where_to_allow(words: Words, interaction: Interaction) -> str:
    """Where in Discord people give a bot what it lacks in a channel."""
    guild = interaction.guild
    me = guild.me.mention if guild is not None else "@Vigie"
    return words.text(
        "Open the channel’s settings, page Permissions, add {bot} and allow what is missing.",
        bot=me,
    )
