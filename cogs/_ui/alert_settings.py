"""Settings of a server's alerts in words, and what is missing for them to work."""

import discord

from bot.discord.channels import own_member
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem, remedy, role_problem
from bot.models import GuildSettings, TagAlerts
from bot.services.audit_log import IN_THE_FILE, reminders_of
from bot.words.escaping import plain
from bot.words.incident_text import fitting_lines
from bot.words.translator import N_, Translator, native_name, translator_for

REMINDERS = {
    "off": N_("off"),
    "4": N_("every 4 hours"),
    "12": N_("every 12 hours"),
    "24": N_("every 24 hours"),
    "4p": N_("every 4 hours, with a ping"),
    "12p": N_("every 12 hours, with a ping"),
    "24p": N_("every 24 hours, with a ping"),
}
# The operator's file of sites may give these fields of the settings.
_OF_FIELD = {
    "channel_id": N_("Channel"),
    "role_id": N_("Role"),
    "fallback_channel_id": N_("Second channel"),
    "reminder_h": N_("Reminders"),
    "language": N_("Language"),
    "timezone": N_("Time zone"),
    "tag_alerts": N_("Channels of tags"),
    "escalate_s": N_("Escalation"),
    "manager_role_id": N_("Managers"),
}
_ZONE_LIMIT = 100
_TAGS_LIMIT = 1_024


def settings_embed(
    words: Translator, interaction: Interaction, settings: GuildSettings
) -> discord.Embed:
    none, channel_id = words.text("none"), settings.channel_id
    second_id = settings.fallback_channel_id
    reminders = REMINDERS.get(reminders_of(settings), REMINDERS["off"])
    values = {
        words.text("Channel"): f"<#{channel_id}>" if channel_id else words.text("not chosen yet"),
        words.text("Role"): f"<@&{settings.role_id}>" if settings.role_id else none,
        words.text("Second channel"): f"<#{second_id}>" if second_id else none,
        words.text("Reminders"): words.text(reminders),
        words.text("Language"): language_text(words, settings),
        words.text("Time zone"): plain(settings.timezone, _ZONE_LIMIT),
    }
    embed = discord.Embed(
        title=words.text("Alerts of this server"),
        description="\n".join(_problems(words, interaction, settings)) or None,
    )
    if settings.tag_alerts:
        lines = [_tag_line(words, one) for one in settings.tag_alerts]
        listed = fitting_lines(words, lines, room=_TAGS_LIMIT)
        values[words.text("Channels of tags")] = "\n".join(listed)
    if settings.escalate_s:
        values[words.text("Escalation")] = escalation_text(words, settings)
    if settings.manager_role_id is not None:
        values[words.text("Managers")] = f"<@&{settings.manager_role_id}>"
    ours = {words.text(label) for field, label in _OF_FIELD.items() if field in settings.file_keys}
    for name, value in values.items():
        embed.add_field(name=f"📄 {name}" if name in ours else name, value=value)
    if ours:
        embed.set_footer(text=f"📄 {words.text(IN_THE_FILE)}")
    return embed


def goes_to(interaction: Interaction, channel_id: int | None, role_id: int | None) -> str:
    """Channel, role and reminders of alerts by name."""
    words = translator_of(interaction)
    if channel_id is None:
        choose = interaction.client.commands_tree.mention("alerts channel")
        return words.text("No alert channel set yet: {command}", command=choose)
    channel, role = f"<#{channel_id}>", f"<@&{role_id}>"
    if role_id is None:
        text = words.text("Alerts go to {channel}.", channel=channel)
    else:
        text = words.text("Alerts go to {channel} and ping {role}.", channel=channel, role=role)
    settings = interaction.client.services.guilds.settings(interaction.guild_id or 0)
    if not settings.reminder_h:
        return text
    every = words.text(REMINDERS.get(reminders_of(settings), REMINDERS["off"]))
    return f"{text} {words.text('Reminders: {every}.', every=every)}"


def language_text(words: Translator, settings: GuildSettings) -> str:
    """``Français``, or what "automatic" means here now."""
    if settings.language is not None:
        return native_name(translator_for(settings.language).language)
    meant = native_name(translator_for(settings.guild_locale).language)
    return words.text("automatic: {language}", language=meant)


def _tag_line(words: Translator, one: TagAlerts) -> str:
    channel = f"<#{one.channel_id}>" if one.channel_id else words.text("the server's setting")
    role = f" <@&{one.role_id}>" if one.role_id else ""
    return f"#{one.tag} → {channel}{role}"


def escalation_text(words: Translator, settings: GuildSettings) -> str:
    """Who is called, when, and where."""
    role, after = f"<@&{settings.escalate_role_id}>", words.duration(settings.escalate_s)
    if settings.escalate_channel_id is None:
        return words.text(
            "{role} is pinged below the alert when nobody acknowledges it for {after}.",
            role=role,
            after=after,
        )
    return words.text(
        "{role} is pinged in {channel} when nobody acknowledges an alert for {after}.",
        role=role,
        after=after,
        channel=f"<#{settings.escalate_channel_id}>",
    )


def managers_text(interaction: Interaction, settings: GuildSettings) -> str:
    """Who may press my buttons, and the way by which Discord gives people its commands."""
    words = translator_of(interaction)
    if settings.manager_role_id is None:
        who = words.text("Only people with “Manage Server” may use my buttons and forms.")
        role = words.text("the role")
    else:
        role = f"<@&{settings.manager_role_id}>"
        who = words.text(
            "{role} may use my buttons and forms as people with “Manage Server” do.", role=role
        )
    names = interaction.client.commands_tree.of_managers()
    commands = [f"`/{words.text(name, context='command')}`" for name in names]
    me = None if interaction.guild is None else own_member(interaction.guild)
    bot = "@Vigie" if me is None else me.mention
    steps = [
        words.text("Discord itself decides who may use slash commands, one by one:"),
        words.text("1. Open Server Settings → Integrations → {bot}.", bot=bot),
        words.text("2. Choose a command there, such as /watch."),
        words.text("3. “Add Roles or Members”: pick {role}, tick ✔, save.", role=role),
        words.text("4. The same for the others: {commands}", commands=words.list(commands)),
    ]
    return "\n".join([who, *steps])


def _problems(words: Translator, interaction: Interaction, settings: GuildSettings) -> list[str]:
    channels = [one for one in (settings.channel_id, settings.fallback_channel_id) if one]
    found = [problem_text(words, interaction, one) for one in channels]
    found.append(role_problem(words, interaction, settings))
    return [f"⚠ {text}" for text in found if text]


def problem_text(words: Translator, interaction: Interaction, channel_id: int) -> str:
    """What stands in the way of alerts there, with where to put it right; empty: nothing."""
    problem = channel_problem(words, interaction, channel_id)
    if not problem:
        return ""
    return f"{problem}\n→ {remedy(words, interaction, channel_id, 'alerts channel')}"


def test_alert_text(
    words: Translator, interaction: Interaction, channel_id: int | None, *, pings: bool
) -> str:
    """Answer to a request for a test alert; ``channel_id`` None: there is nowhere to send one."""
    if channel_id is None:
        choose = interaction.client.commands_tree.mention("alerts channel")
        return words.text("No alert channel set yet: {command}", command=choose)
    sentence = N_("A test alert is on its way to {channel}, marked TEST. It pings nobody.")
    if pings:
        sentence = N_("A test alert is on its way to {channel}, marked TEST. It pings you.")
    sent = words.text(sentence, channel=f"<#{channel_id}>")
    return f"{sent}\n{problem_text(words, interaction, channel_id)}".rstrip()
