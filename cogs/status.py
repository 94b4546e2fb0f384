"""``/status``: what is true now, for everybody, as far as they may see it."""

from collections.abc import Sequence

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.services.status import MonitorStatus
from bot.words.translator import Translator
from cogs._ui import visibility
from cogs._ui.audit_log import audit_log_view
from cogs._ui.interactions import defer_if_slow, guild_translator, is_manager, respond
from cogs._ui.monitor_option import VisibleMonitor
from cogs._ui.monitor_status import Asked, monitor_embed
from cogs._ui.status_page import PageButton, page_for, page_view


class Status(commands.Cog):
    """States come from memory, so it never waits for a site; numbers from the store."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services

    @app_commands.guild_only()
    @app_commands.command(name="status", description="Show which sites are up and which are not.")
    @app_commands.describe(
        monitor="Only this site, in detail.", public="Show the answer to everyone here."
    )
    async def status(
        self,
        interaction: Interaction,
        monitor: VisibleMonitor | None = None,
        *,
        public: bool = False,
    ) -> None:
        if monitor is None:
            await self._overview(interaction, shared=public)
        else:
            await self._one(interaction, monitor, shared=public)

    async def _overview(self, interaction: Interaction, *, shared: bool) -> None:
        everything = self._services.status.overview(interaction.guild_id or 0)
        mine = visibility.visible_monitors(interaction, everything)
        found = visibility.public_monitors(interaction, everything) if shared else mine
        if not mine:
            words = _words(interaction, shared=shared)
            command = self._client.commands_tree.mention("watch add")
            text = words.text("Nothing is watched yet. Try {command}", command=command)
            await respond(interaction, text, ephemeral=not shared)
            return
        await self._list(interaction, found or mine, shared=shared and bool(found))
        if len(found) < len(mine):
            await self._explain(interaction, len(mine) - len(found))

    async def _list(
        self, interaction: Interaction, found: Sequence[MonitorStatus], *, shared: bool
    ) -> None:
        words = _words(interaction, shared=shared)
        work = page_for(interaction, found, 0, words)
        page = await defer_if_slow(interaction, work, ephemeral=not shared)
        view = page_view(page, words)
        await respond(interaction, page.content, embed=page.embed, view=view, ephemeral=not shared)

    async def _one(self, interaction: Interaction, status: MonitorStatus, *, shared: bool) -> None:
        hidden = shared and not visibility.public_monitors(interaction, [status])
        await self._show(interaction, status, shared=shared and not hidden)
        if hidden:
            await self._explain(interaction, 1)

    async def _show(self, interaction: Interaction, status: MonitorStatus, *, shared: bool) -> None:
        found = status.monitor
        work = self._services.status.report(found.guild_id, found.id)
        report = await defer_if_slow(interaction, work, ephemeral=not shared)
        places = {one.channel_id for one in report.past}
        open_to = visibility.public_channels(interaction, places) if shared else places
        open_to &= visibility.visible_channels(interaction, places)
        embed = monitor_embed(
            _words(interaction, shared=shared),
            status,
            report,
            [one for one in report.past if one.channel_id in open_to],
            Asked(
                now_ms=self._services.clock.now_ms(),
                offline_ms=self._services.why.offline_since_ms,
                whole=is_manager(interaction) and not shared,
                more=self._client.commands_tree.mention("incidents"),
            ),
        )
        view = None if shared else audit_log_view(interaction, found.id)
        await respond(interaction, embed=embed, view=view, ephemeral=not shared)

    async def _explain(self, interaction: Interaction, hidden: int) -> None:
        """Why the public answer says less than its asker sees; only they see it."""
        text = translator_of(interaction).plural(
            "{n} site hidden: not everyone here can see its alert channel.",
            "{n} sites hidden: not everyone here can see their alert channel.",
            hidden,
        )
        await respond(interaction, text)


def _words(interaction: Interaction, *, shared: bool) -> Translator:
    return guild_translator(interaction) if shared else translator_of(interaction)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(PageButton)
    await client.add_cog(Status(client))
