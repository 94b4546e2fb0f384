"""``/maintenance``: planned work. Thin: the rules are in the maintenance service."""

from datetime import date

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.services import recurrence
from bot.services.maintenance import NewWindow, WindowStatus
from bot.services.recurrence import wall_time
from cogs._ui.interactions import ManagersCog, defer_if_slow, extension, guild_translator, respond
from cogs._ui.maintenance_text import (
    UTC,
    announcement,
    autocomplete_days,
    autocomplete_windows,
    autocomplete_zones,
    cancelled_text,
    list_embed,
    month_first,
    planned_text,
    started_text,
)
from cogs._ui.monitor_option import ManagedMonitor, Tag
from cogs._ui.options import Duration, TimeOfDay, parse_days

_USUAL_S = 3_600


class Maintenance(
    ManagersCog,
    commands.GroupCog,
    group_name="maintenance",
    group_description="Silence alerts while you work on a site.",
):
    @app_commands.command(name="start", description="Maintenance from now on.")
    @app_commands.describe(
        monitor="Only this site, not all of them.",
        length="For how long, such as 30m, 2h or 1d; by default 1 h.",
        reason="The reason, shown in the list.",
        tag="Only sites with this tag.",
        announce="Also post it where the alerts go.",
    )
    @app_commands.rename(length="for")
    async def start(
        self,
        interaction: Interaction,
        monitor: ManagedMonitor | None = None,
        length: Duration | None = None,
        *,
        reason: str | None = None,
        tag: Tag | None = None,
        announce: bool = False,
    ) -> None:
        work = self._services.maintenance.start(
            interaction.guild_id or 0,
            None if monitor is None else monitor.id,
            for_s=length or _USUAL_S,
            reason=reason,
            by=interaction.user.id,
            tag=tag,
        )
        begun = await defer_if_slow(interaction, work)
        other = self._services.maintenance.beside(begun)
        text = started_text(interaction, begun, other)
        await self._answer(interaction, text, begun, announce=announce)

    async def _answer(
        self, interaction: Interaction, text: str, window: WindowStatus, *, announce: bool
    ) -> None:
        if announce:
            text += "\n" + await self._announce(interaction, window)
        self._services.boards.wake()
        await respond(interaction, text)

    async def _announce(self, interaction: Interaction, window: WindowStatus) -> str:
        """Post it where the alerts of its sites go, in the server's language."""
        settings = self._services.guilds.settings(interaction.guild_id or 0)
        words = translator_of(interaction)
        text = announcement(guild_translator(interaction), window, settings.timezone)
        work = self._services.maintenance.announce(window, text)
        channels = await defer_if_slow(interaction, work)
        self._services.delivery.wake()
        if not channels:
            return words.text("It is announced nowhere: no alert channel is set.")
        named = words.list([f"<#{one}>" for one in channels])
        return words.text("Announced in {channels}.", channels=named)

    @app_commands.command(name="schedule", description="Plan maintenance, once or every week.")
    @app_commands.describe(
        days="Every week on these days, such as mon,wed or daily, or one date: 2027-03-28.",
        begins="When it begins, such as 02:30.",
        ends="When it ends, such as 04:00; the next day if that is earlier.",
        length="Its duration instead, such as 2h.",
        monitor="Only this site, not all of them.",
        timezone="The time zone, such as Europe/Paris. I remember it.",
        reason="The reason, shown in the list.",
        tag="Only sites with this tag.",
        announce="Also post it where the alerts go.",
    )
    @app_commands.rename(begins="from", ends="to", length="for")
    @app_commands.autocomplete(days=autocomplete_days, timezone=autocomplete_zones)
    async def schedule(
        self,
        interaction: Interaction,
        *,
        days: str,
        begins: TimeOfDay,
        ends: TimeOfDay | None = None,
        length: Duration | None = None,
        monitor: ManagedMonitor | None = None,
        timezone: str | None = None,
        reason: str | None = None,
        tag: Tag | None = None,
        announce: bool = False,
    ) -> None:
        if (ends is None) == (length is None):
            raise UserError("Set its end with “to” or with “for”, one of the two.")
        guild_id = interaction.guild_id or 0
        usual = self._services.guilds.settings(guild_id).timezone
        zone = usual if timezone is None else recurrence.zone_name(timezone)
        today = wall_time(self._services.clock.now_ms(), zone).date()
        meant = parse_days(days, today, month_first=month_first(interaction))
        wanted = NewWindow(
            days=() if isinstance(meant, date) else meant,
            date=meant if isinstance(meant, date) else None,
            begins=begins,
            ends=ends,
            length_s=length,
            monitor_id=None if monitor is None else monitor.id,
            timezone=zone,
            reason=reason,
            tag=tag,
        )
        work = self._services.maintenance.schedule(guild_id, wanted, interaction.user.id)
        planned = await defer_if_slow(interaction, work)
        hint = timezone is None and zone == UTC
        cancel = self._client.commands_tree.mention("maintenance cancel")
        text = planned_text(translator_of(interaction), planned, cancel, hint=hint)
        await self._answer(interaction, text, planned, announce=announce)

    @app_commands.command(name="list", description="Show the maintenance windows of this server.")
    async def list(self, interaction: Interaction) -> None:
        words = translator_of(interaction)
        found = self._services.maintenance.of_guild(interaction.guild_id or 0)
        if found:
            await respond(interaction, embed=list_embed(words, found))
            return
        command = self._client.commands_tree.mention("maintenance schedule")
        text = words.text("No maintenance is planned. Try {command}", command=command)
        await respond(interaction, text)

    @app_commands.command(name="cancel", description="Cancel a maintenance window, or end it now.")
    @app_commands.describe(window="Which site.")
    @app_commands.autocomplete(window=autocomplete_windows)
    async def cancel(self, interaction: Interaction, window: str) -> None:
        guild_id = interaction.guild_id or 0
        found = self._services.maintenance.find(guild_id, window)
        work = self._services.maintenance.cancel(guild_id, found.window.id, interaction.user.id)
        cancelled = await defer_if_slow(interaction, work)
        self._services.boards.wake()
        await respond(interaction, cancelled_text(translator_of(interaction), cancelled))


setup = extension(Maintenance)
