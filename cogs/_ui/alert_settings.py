"""What ``/alerts show`` says: the settings of a server, and what is missing for them to work."""

import discord

from bot.models import GuildSettings
from bot.words.catalogue import N_, Words, native_name, words_for
from bot.words.safe import plain
from cogs._ui.asking import Interaction
from cogs._ui.channel_rights import lacking, missing, where_to_allow

REMINDERS = {
    "off": N_("off"),
    "4": N_("every 4 hours"),
    "12": N_("every 12 hours"),
    "24": N_("every 24 hours"),
}
_ZONE_LIMIT = 100


def settings_embed(
    words: Words, interaction: Interaction, settings: GuildSettings
) -> discord.Embed:
    """Every setting with its value; below them what stands in their way."""
    none = words.text("none")
    channel, fallback = _channel(settings.channel_id), _channel(settings.fallback_channel_id)
    role = f"<@&{settings.role_id}>" if settings.role_id else none
    reminders = REMINDERS.get(str(settings.reminder_h), REMINDERS["off"])
    values = {
        words.text("Channel"): channel or words.text("not chosen yet"),
        words.text("Role"): role,
        words.text("Second channel"): fallback or none,
        words.text("Reminders"): words.text(reminders),
        words.text("Language"): language_text(words, settings),
        words.text("Time zone"): plain(settings.timezone, _ZONE_LIMIT),
    }
    embed = discord.Embed(
        title=words.text("Alerts of this server"),
        description="\n".join(_problems(words, interaction, settings)) or None,
    )
    for name, value in values.items():
        embed.add_field(name=name, value=value)
    return embed


def language_text(words: Words, settings: GuildSettings) -> str:
    """``Français``, or what "automatic" means here now."""
    if settings.language is not None:
        return native_name(words_for(settings.language).language)
    meant = native_name(words_for(settings.guild_locale).language)
    return words.text("automatic: {language}", language=meant)


def _channel(channel_id: int | None) -> str | None:
    return None if channel_id is None else f"<#{channel_id}>"


def _problems(words: Words, interaction: Interaction, settings: GuildSettings) -> list[str]:
    """With where to put it right."""
    channels = [one for one in (settings.channel_id, settings.fallback_channel_id) if one]
    found = [
        f"{text}\n→ {remedy(words, interaction, one, 'alerts channel')}"
        for one in channels
        if (text := channel_problem(words, interaction, one))
    ]
    found.append(role_problem(words, interaction, settings))
    return [f"⚠ {text}" for text in found if text]


def channel_problem(
    words: Words, interaction: Interaction, channel_id: int, *, embeds: bool = True
) -> str:
    """What Vigie may not do in a channel; empty when all is well. Boards need no ``embeds``."""
    mention = f"<#{channel_id}>"
    granted = bot_rights(interaction, channel_id)
    if granted is None:
        return words.text("I cannot see {channel}, or it is gone.", channel=mention)
    guild = interaction.guild
    thread = guild is not None and guild.get_thread(channel_id) is not None
    return lacking(words, missing(granted, thread=thread, embeds=embeds), mention)


def remedy(
    words: Words, interaction: Interaction, channel_id: int, choose: str | None = None
) -> str:
    """What puts a channel with a problem right; ``choose``: the command that takes another one."""
    guild = interaction.guild
    if guild is not None and guild.get_channel_or_thread(channel_id) is not None:
        if guild.me.is_timed_out():
            return words.text("First end my timeout: my profile, “Remove Timeout”.")
        return where_to_allow(words, interaction)
    if choose is None:
        return words.text("Choose another one.")
    command = interaction.client.commands_tree.mention(choose)
    return words.text("Choose another one: {command}", command=command)


def role_problem(words: Words, interaction: Interaction, settings: GuildSettings) -> str:
    """A role is pinged only if it is mentionable or the bot may mention everyone there."""
    if settings.role_id is None:
        return ""
    return role_unreachable(words, interaction, settings.channel_id or 0, settings.role_id)


def role_unreachable(words: Words, interaction: Interaction, channel_id: int, role_id: int) -> str:
    """Why a role cannot be pinged in a channel; empty when it can, or when nobody can say."""
    guild = interaction.guild
    if guild is None:
        return ""
    role = guild.get_role(role_id)
    if role is None:
        return words.text("The role of the alerts is gone. Choose another one.")
    granted = bot_rights(interaction, channel_id) if channel_id else guild.me.guild_permissions
    if role.mentionable or granted is None or granted.mention_everyone:
        return ""
    if not channel_id:
        return words.text("I can't ping {role}: make it mentionable.", role=role.mention)
    return unreachable(words, role.mention, f"<#{channel_id}>")


def unreachable(words: Words, role: str, channel: str) -> str:
    """The sentence about a role that Discord would not let the bot ping."""
    return words.text(
        "I can't ping {role}: make it mentionable, or allow me “Mention everyone” in {channel}.",
        role=role,
        channel=channel,
    )


def tested_text(words: Words, interaction: Interaction, channel_id: int | None) -> str:
    """What follows from having asked for a test alert; None: there is nowhere to send one."""
    if channel_id is None:
        choose = interaction.client.commands_tree.mention("alerts channel")
        return words.text("Alerts have nowhere to go yet: {command}", command=choose)
    sent = words.text(
        "A test alert is on its way to {channel}: a line and a card, marked TEST. It pings nobody.",
        channel=f"<#{channel_id}>",
    )
    problem = channel_problem(words, interaction, channel_id)
    if not problem:
        return sent
    return f"{sent}\n{problem}\n→ {remedy(words, interaction, channel_id, 'alerts channel')}"


def bot_rights(interaction: Interaction, channel_id: int) -> discord.Permissions | None:
    """What the bot may do in a channel; None for one that it does not see."""
    guild = interaction.guild
    channel = guild.get_channel_or_thread(channel_id) if guild is not None else None
    if guild is None or channel is None:
        return None
    try:
        return channel.permissions_for(guild.me)
    except discord.ClientException:
        return None  # a thread whose channel is not known
