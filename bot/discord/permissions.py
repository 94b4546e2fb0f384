"""Missing permissions for an alert's channel and role in words, and how to fix them."""

from typing import Any

import discord
from discord import ChannelType

from bot.discord.channels import Channel, own_member, permissions_of
from bot.discord.client import Interaction
from bot.models import GuildSettings
from bot.words.translator import N_, Translator

_THREADS = {ChannelType.news_thread, ChannelType.public_thread, ChannelType.private_thread}
# As Discord calls them in its own settings.
_NAMES = {
    "view_channel": N_("View Channel"),
    "send_messages": N_("Send Messages"),
    "send_messages_in_threads": N_("Send Messages in Threads"),
    "embed_links": N_("Embed Links"),
    "read_message_history": N_("Read Message History"),
    "connect": N_("Connect"),
}
_VOICE = {ChannelType.voice, ChannelType.stage_voice}


def channel_problem(
    words: Translator, interaction: Interaction, channel_id: int, *, embeds: bool = True
) -> str:
    """Name what Vigie may not do in a channel; empty when all is well.

    Components V2 need no right of their own, so boards do without ``embeds``.
    """
    mention = f"<#{channel_id}>"
    if _out_of_sight(interaction.guild):
        return words.text("I do not see the channels of this server yet.")
    channel = _find(interaction, channel_id)
    granted = own_permissions(interaction, channel_id)
    if granted is None:
        return words.text("I cannot see {channel}, or it is gone.", channel=mention)
    if _is_locked(channel, granted):
        return words.text("The thread {channel} is locked.", channel=mention)
    names = _missing(granted, _type_of(interaction, channel_id), embeds=embeds)
    if not names:
        return ""
    return words.text(
        "In {channel} I still need: {list}.",
        channel=mention,
        list=words.list([words.text(name) for name in names]),
    )


def own_permissions(interaction: Interaction, channel_id: int) -> discord.Permissions | None:
    """The bot's permissions in a channel; None for one that it does not see.

    As Discord states them of a picked channel or of this one, else from the cache.
    """
    stated = _stated(interaction, channel_id).get("app_permissions")
    if stated is not None:
        return discord.Permissions(int(stated))
    if channel_id == interaction.channel_id:
        return interaction.app_permissions
    guild, channel = interaction.guild, _find(interaction, channel_id)
    me = None if guild is None else own_member(guild)
    return None if me is None or channel is None else permissions_of(me, channel)


def _out_of_sight(guild: discord.Guild | None) -> bool:
    """A server of which we know no more than that somebody asks from it."""
    return guild is None or guild.unavailable or own_member(guild) is None


def _find(interaction: Interaction, channel_id: int) -> Channel | None:
    return interaction.client.known_channels.find(interaction.guild, channel_id)


def _is_locked(channel: Channel | None, granted: discord.Permissions) -> bool:
    """True for a thread in which only those write who manage threads, and we do not."""
    return isinstance(channel, discord.Thread) and channel.locked and not granted.manage_threads


def _type_of(interaction: Interaction, channel_id: int) -> ChannelType | None:
    stated = _stated(interaction, channel_id).get("type")
    if stated is not None:
        return ChannelType(stated)
    here = interaction.channel if channel_id == interaction.channel_id else None
    channel = here or _find(interaction, channel_id)
    return None if channel is None else channel.type


def _stated(interaction: Interaction, channel_id: int) -> dict[str, Any]:
    """Discord's own data of a channel that was picked."""
    data: Any = interaction.data or {}
    found: dict[str, Any] = data.get("resolved", {}).get("channels", {}).get(str(channel_id), {})
    return found


def _missing(granted: discord.Permissions, kind: ChannelType | None, *, embeds: bool) -> list[str]:
    """Names of what the bot needs and has not; in threads another right lets it send."""
    if granted.administrator:
        return []
    needed = ["view_channel", "send_messages_in_threads" if kind in _THREADS else "send_messages"]
    needed += ["connect"] if kind in _VOICE else []
    needed += ["embed_links"] if embeds else []
    needed.append("read_message_history")
    return [_NAMES[right] for right in needed if not getattr(granted, right)]


def remedy(
    words: Translator, interaction: Interaction, channel_id: int, choose: str | None = None
) -> str:
    """Say how to fix a channel with a problem; ``choose``: the command that takes another one."""
    guild, channel = interaction.guild, _find(interaction, channel_id)
    me = None if guild is None else own_member(guild)
    if me is None or _out_of_sight(guild):
        return words.text("If that lasts, invite me again, as a bot and not for commands alone.")
    if channel is not None:
        if me.is_timed_out():
            return words.text("End my timeout first: my profile, “Remove Timeout”.")
        if _is_locked(channel, permissions_of(me, channel) or discord.Permissions.none()):
            return words.text("Unlock it, or allow me “Manage Threads” there.")
        return where_to_allow(words, interaction)
    if choose is None:
        return words.text("Choose another one.")
    command = interaction.client.commands_tree.mention(choose)
    return words.text("Choose another one: {command}", command=command)


def where_to_allow(words: Translator, interaction: Interaction) -> str:
    guild = interaction.guild
    me = None if guild is None else own_member(guild)
    return words.text(
        "Open the channel’s settings, page Permissions, add {bot} and allow what is missing.",
        bot="@Vigie" if me is None else me.mention,
    )


def role_problem(words: Translator, interaction: Interaction, settings: GuildSettings) -> str:
    """Why the role of a server's alerts cannot be pinged; empty when all is well."""
    if settings.role_id is None:
        return ""
    return role_unreachable(words, interaction, settings.channel_id or 0, settings.role_id)


def role_unreachable(
    words: Translator, interaction: Interaction, channel_id: int, role_id: int
) -> str:
    """Why a role cannot be pinged in a channel; empty when it can, or when nobody can say.

    It must be mentionable, or the bot be allowed to mention everyone there.
    """
    guild = interaction.guild
    if guild is None or _out_of_sight(guild):
        return ""
    role = guild.get_role(role_id)
    if role is None:
        return words.text("The role of the alerts is gone. Choose another one.")
    granted = own_permissions(interaction, channel_id) if channel_id else guild.me.guild_permissions
    if role.mentionable or granted is None or granted.mention_everyone:
        return ""
    if not channel_id:
        return words.text("I can't ping {role}: make it mentionable.", role=role.mention)
    return words.text(
        "I can't ping {role}: make it mentionable, or allow me “Mention @everyone,"
        " @here, and All Roles” in {channel}.",
        role=role.mention,
        channel=f"<#{channel_id}>",
    )
