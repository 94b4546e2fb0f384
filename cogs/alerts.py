"""``/alerts``: where alerts of a server go, in which language, and a test of them."""

from collections.abc import Sequence

import discord
from discord import ChannelType, app_commands
from discord.ext import commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import (
    channel_problem,
    role_problem,
    role_unreachable,
    where_to_allow,
)
from bot.errors import UserError
from bot.models import GuildSettings
from bot.words.translator import LANGUAGES, N_, native_name, translator_for
from cogs._ui.alert_buttons import IncidentButton, SitesPage
from cogs._ui.alert_settings import (
    REMINDERS,
    escalation_text,
    goes_to,
    language_text,
    managers_text,
    settings_embed,
    test_alert_text,
)
from cogs._ui.audit_log import AuditLogButton, add_changes, audit_log_button
from cogs._ui.buttons import view_of
from cogs._ui.interactions import ManagersCog, defer_if_slow, extension, respond
from cogs._ui.monitor_option import Tag
from cogs._ui.options import AlertChannel, AlertRole, ChosenChannel, parse_duration_s

_OFF = {"off", "non", "no", "none", "stop", "0"}
_AUTOMATIC = "auto"
_ROLE, _FALLBACK = "role", "fallback"
_CLEARED = [
    app_commands.Choice(name=N_("the role: nobody is pinged"), value=_ROLE),
    app_commands.Choice(name=N_("the second channel"), value=_FALLBACK),
    app_commands.Choice(name=N_("both"), value=f"{_ROLE} {_FALLBACK}"),
]
_REMINDERS = [app_commands.Choice(name=text, value=v) for v, text in REMINDERS.items()]
_MORE = {
    "role": N_("Which role to ping when an incident opens."),
    "fallback": N_("A second channel, in case the first is gone or refuses me."),
    "reminders": N_("How often to remind of what is still down."),
    "clear": N_("What to unset."),
    "tag": N_("Only for sites with this tag and no channel or role of their own."),
}
_ANNOUNCEMENTS = N_(
    "In announcement channels Discord allows few edits: an alert there may show an older state"
    " for a while. A text channel has no such limit."
)
_LANGUAGES = [
    app_commands.Choice(name=N_("automatic"), value=_AUTOMATIC),
    *(app_commands.Choice(name=native_name(code), value=code) for code in LANGUAGES),
]


class Alerts(
    ManagersCog, commands.GroupCog, group_name="alerts", group_description="Choose where alerts go."
):
    @app_commands.command(name="channel", description="Send alerts to this channel.")
    @app_commands.describe(channel="The channel for all alerts of this server.", **_MORE)
    @app_commands.choices(reminders=_REMINDERS, clear=_CLEARED)
    async def channel(
        self,
        interaction: Interaction,
        channel: AlertChannel,
        *,
        role: AlertRole | None = None,
        fallback: AlertChannel | None = None,
        reminders: str | None = None,
        clear: str | None = None,
        tag: Tag | None = None,
    ) -> None:
        await self._set(interaction, channel, role, fallback, reminders, clear or "", tag)

    @app_commands.command(name="edit", description="Change role, reminders or second channel.")
    @app_commands.describe(**_MORE)
    @app_commands.choices(reminders=_REMINDERS, clear=_CLEARED)
    async def edit(
        self,
        interaction: Interaction,
        *,
        role: AlertRole | None = None,
        fallback: AlertChannel | None = None,
        reminders: str | None = None,
        clear: str | None = None,
        tag: Tag | None = None,
    ) -> None:
        if not any((role, fallback, reminders, clear)):
            raise UserError("Give at least one option to change.")
        await self._set(interaction, None, role, fallback, reminders, clear or "", tag)

    async def _set(  # noqa: PLR0917 - the options of both, in their order
        self,
        interaction: Interaction,
        channel: ChosenChannel | None,
        role: discord.Role | None,
        fallback: ChosenChannel | None,
        reminders: str | None,
        clear: str,
        tag: str | None,
    ) -> None:
        cleared = clear.split()
        if tag is not None:
            if fallback is not None or reminders is not None or cleared == [_FALLBACK]:
                raise UserError("Second channel and reminders are set for the whole server.")
            await self._tag_channel(interaction, tag, channel, role, cleared=cleared)
            return
        work = self._services.guilds.set_alerts(
            interaction.guild_id or 0,
            channel_id=None if channel is None else channel.id,
            role_id=_wanted(role, cleared=_ROLE in cleared),
            fallback_channel_id=_wanted(fallback, cleared=_FALLBACK in cleared),
            reminder_h=None if reminders is None else _hours(reminders),
            reminder_ping=reminders is not None and reminders.endswith("p"),
            by=interaction.user.id,
        )
        settings = await defer_if_slow(interaction, work)
        await self._use(interaction, channel)
        await respond(interaction, _chosen_text(interaction, settings, (channel, fallback)))

    async def _use(self, interaction: Interaction, channel: ChosenChannel | None) -> None:
        """What waits for a channel that takes it is sent there now."""
        if channel is not None:
            chosen = self._services.delivery.channel_chosen(interaction.guild_id or 0, channel.id)
            await defer_if_slow(interaction, chosen)

    async def _tag_channel(
        self,
        interaction: Interaction,
        tag: str,
        channel: ChosenChannel | None,
        role: discord.Role | None,
        *,
        cleared: list[str],
    ) -> None:
        """“both” takes all of the tag's settings away: its sites go to the server's channel."""
        both = {_ROLE, _FALLBACK} <= set(cleared)
        work = self._services.guilds.set_tag_alerts(
            interaction.guild_id or 0,
            tag,
            channel_id=0 if both else None if channel is None else channel.id,
            role_id=_wanted(role, cleared=_ROLE in cleared),
            by=interaction.user.id,
        )
        settings = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        set_now = next((one for one in settings.tag_alerts if one.tag == tag), None)
        if set_now is None:
            text = words.text("Alerts of #{tag} go where those of the server go.", tag=tag)
            await respond(interaction, text)
            return
        await self._use(interaction, channel)
        place = set_now.channel_id or settings.channel_id
        lines = [
            words.text("Sites with #{tag} and no channel of their own:", tag=tag),
            goes_to(interaction, place, set_now.role_id or settings.role_id),
            channel_problem(words, interaction, channel.id) if channel is not None else "",
        ]
        await respond(interaction, "\n".join(line for line in lines if line))

    @app_commands.command(name="show", description="Show the alert settings of this server.")
    async def show(self, interaction: Interaction) -> None:
        settings = self._services.guilds.settings(interaction.guild_id or 0)
        embed = settings_embed(translator_of(interaction), interaction, settings)
        await defer_if_slow(interaction, add_changes(interaction, embed))
        view = view_of([audit_log_button(translator_of(interaction))])
        await respond(interaction, embed=embed, view=view)

    @app_commands.command(name="language", description="Choose the language of alerts.")
    @app_commands.describe(language="The language of everything I post here.")
    @app_commands.choices(language=_LANGUAGES)
    async def language(self, interaction: Interaction, language: str) -> None:
        chosen = None if language == _AUTOMATIC else translator_for(language).language
        work = self._services.guilds.set_language(
            interaction.guild_id or 0, chosen, interaction.user.id
        )
        settings = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        text = words.text(
            "Language of what I post here: {language}. What only you see is in your own.",
            language=language_text(words, settings),
        )
        await respond(interaction, text)

    @app_commands.command(name="managers", description="Let a role use my buttons and forms.")
    @app_commands.describe(
        role="Which role, besides people with “Manage Server”.", clear="Remove the role again."
    )
    async def managers(
        self, interaction: Interaction, role: discord.Role | None = None, *, clear: bool = False
    ) -> None:
        guilds, guild_id = self._services.guilds, interaction.guild_id or 0
        chosen = _wanted(role, cleared=clear)
        if role is not None and role.is_default():
            raise UserError("Everyone would be a manager then. Choose another role.")
        if chosen is not None:
            work = guilds.set_managers(guild_id, chosen or None, interaction.user.id)
            await defer_if_slow(interaction, work)
        await respond(interaction, managers_text(interaction, guilds.settings(guild_id)))

    @app_commands.command(
        name="escalate", description="Ping another role when nobody acknowledges an alert."
    )
    @app_commands.describe(
        after="After how long without an acknowledgement, such as 15m; off: nobody.",
        role="Which role to ping.",
        channel="Where; by default below the alert.",
    )
    async def escalate(
        self,
        interaction: Interaction,
        after: str,
        role: AlertRole,
        channel: AlertChannel | None = None,
    ) -> None:
        work = self._services.guilds.set_escalation(
            interaction.guild_id or 0,
            by=interaction.user.id,
            after_s=0 if after.strip().casefold() in _OFF else parse_duration_s(after),
            role_id=role.id,
            channel_id=None if channel is None else channel.id,
        )
        settings = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        if not settings.escalate_s:
            text = words.text("Nobody else is pinged when an alert is not acknowledged.")
            await respond(interaction, text)
            return
        where = settings.escalate_channel_id or settings.channel_id or 0
        lines = [
            escalation_text(words, settings),
            channel_problem(words, interaction, where) if where else "",
            role_unreachable(words, interaction, where, role.id),
        ]
        await respond(interaction, "\n".join(line for line in lines if line))

    @app_commands.command(name="test", description="Send a test alert, marked as one.")
    @app_commands.describe(ping="Let it mention you, as a real one pings its role.")
    async def test(self, interaction: Interaction, *, ping: bool = False) -> None:
        by = interaction.user.id if ping else None
        work = self._services.trial.send(interaction.guild_id or 0, by)
        channel_id = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        text = test_alert_text(words, interaction, channel_id, pings=ping)
        await respond(interaction, text)


def _wanted(chosen: discord.Role | ChosenChannel | None, *, cleared: bool) -> int | None:
    """Id to set; 0 clears it, None leaves it. Raises UserError for both at once."""
    if chosen is not None and cleared:
        raise UserError("Either choose it or clear it, not both.")
    if chosen is not None:
        return chosen.id
    return 0 if cleared else None


def _hours(reminders: str) -> int:
    hours = reminders.removesuffix("p")
    return int(hours) if reminders in REMINDERS and hours.isdigit() else 0


def _chosen_text(
    interaction: Interaction, settings: GuildSettings, chosen: Sequence[ChosenChannel | None]
) -> str:
    words = translator_of(interaction)
    problems = [channel_problem(words, interaction, one.id) for one in chosen if one]
    lines = [goes_to(interaction, settings.channel_id, settings.role_id)]
    if settings.fallback_channel_id is not None:
        second = f"<#{settings.fallback_channel_id}>"
        lines.append(words.text("If that fails, they go to {channel}.", channel=second))
    lines += problems
    if any(problems):
        lines.append(where_to_allow(words, interaction))
    if any(one is not None and one.type is ChannelType.news for one in chosen):
        lines.append(words.text(_ANNOUNCEMENTS))
    lines.append(role_problem(words, interaction, settings))
    return "\n".join(line for line in lines if line)


setup = extension(Alerts, AuditLogButton, IncidentButton, SitesPage)
