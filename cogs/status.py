"""``/status``: what is true now, for everybody, as far as they may see it."""

from dataclasses import replace

from discord import app_commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.services.status import MonitorStatus, incident_outline
from cogs._ui import visibility
from cogs._ui.audit_log import audit_log_button
from cogs._ui.buttons import Asked, view_of
from cogs._ui.interactions import VigieCog, defer_if_slow, extension, is_manager, respond
from cogs._ui.monitor_option import KnownMonitor, Tag
from cogs._ui.monitor_status import monitor_embed
from cogs._ui.status_page import NONE_MATCH, STATES, StatusPage, filter_of


class Status(VigieCog):
    """States come from memory, so it never waits for a site; numbers from the store."""

    @app_commands.command(name="status", description="Show which sites are up and which are not.")
    @app_commands.describe(
        monitor="Only this site, in detail.",
        public="Show the answer to everyone here.",
        text="Only those with this text in name or host.",
        state="Only those in this state.",
        tag="Only those with this tag.",
    )
    @app_commands.choices(state=STATES)
    async def status(
        self,
        interaction: Interaction,
        monitor: KnownMonitor | None = None,
        *,
        public: bool = False,
        text: str | None = None,
        state: str | None = None,
        tag: Tag | None = None,
    ) -> None:
        if monitor is None:
            await self._overview(Asked(interaction, filter_of(text, state, tag), public))
        else:
            await self._one(interaction, monitor, public=public)

    async def _overview(self, asked: Asked) -> None:
        interaction = asked.interaction
        private = Asked(interaction, asked.about)
        mine = await StatusPage.entries(private)
        found = await StatusPage.entries(asked) if asked.public else mine
        if not mine:
            await respond(interaction, self._nothing(asked), ephemeral=not asked.public)
            return
        await StatusPage.show(asked if found else private, found=found or mine)
        if len(found) < len(mine):
            await self._explain(interaction, len(mine) - len(found))

    def _nothing(self, asked: Asked) -> str:
        """Nobody is sent to a command that is not theirs."""
        if asked.about and self._services.monitors.of_guild(asked.guild_id):
            return asked.words.text(NONE_MATCH)
        if not is_manager(asked.interaction):
            return asked.words.text("Nothing is watched yet.")
        command = self._client.commands_tree.mention("watch add")
        return asked.words.text("Nothing is watched yet. Try {command}", command=command)

    async def _one(self, interaction: Interaction, status: MonitorStatus, *, public: bool) -> None:
        """One that not all readers may see is shown to them as far as it is public."""
        whole = self._services.status.one(status.monitor.guild_id, status.monitor.id)
        shared = visibility.public_monitors(interaction, [whole]) if public else [status]
        await self._show(
            Asked(interaction, public=public and bool(shared)), (shared or [status])[0]
        )
        if not shared:
            await self._explain(interaction, 1)

    async def _show(self, asked: Asked, status: MonitorStatus) -> None:
        interaction, public, found = asked.interaction, asked.public, status.monitor
        work = self._services.status.report(found.guild_id, found.id)
        report = await defer_if_slow(interaction, work, ephemeral=not public)
        outlined = not found.target.url
        if outlined:
            report = replace(report, certificate_ms=None)
        places = {one.channel_id for one in report.past}
        open_to = visibility.visible_channels(interaction, places)
        if public:
            open_to &= visibility.public_channels(interaction, places)
        past = [
            one if one.channel_id in open_to and not outlined else incident_outline(one)
            for one in report.past
            if one.channel_id in open_to or found.public
        ]
        whole = is_manager(interaction) and not public and not outlined
        embed = monitor_embed(asked, status, report, past, whole_url=whole)
        view = view_of([audit_log_button(asked.words, found.id)] if whole else ())
        await respond(interaction, embed=embed, view=view, ephemeral=not public)

    async def _explain(self, interaction: Interaction, hidden: int) -> None:
        """Why the public answer says less than its asker sees; only they see it."""
        text = translator_of(interaction).plural(
            "{n} site hidden: not everyone here can see its alert channel.",
            "{n} sites hidden: not everyone here can see their alert channel.",
            hidden,
        )
        await respond(interaction, text)


setup = extension(Status, StatusPage)
