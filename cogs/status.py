"""``/status``: what is true now, for everybody, as far as they may see it."""

from discord import app_commands
from discord.ext import commands

from bot.client import VigieClient
from bot.tree import words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction, manages, patiently, say, server_words
from cogs._ui.monitor_option import asked_for, offer_visible
from cogs._ui.status_buttons import PageButton, page_for, page_view
from cogs._ui.status_page import one_monitor

_INCIDENTS = 4  # three past ones and perhaps an open one
_DAYS_90_MS = 90 * 86_400_000


class Status(commands.Cog):
    """Answers from memory, so it never waits for a site or the store."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services

    @app_commands.guild_only()
    @app_commands.command(name="status", description="Show what is up and what is not.")
    @app_commands.describe(
        monitor="Only this one, in detail.", public="Show the answer to everybody here."
    )
    @app_commands.autocomplete(monitor=offer_visible)
    async def status(
        self, interaction: Interaction, monitor: str | None = None, *, public: bool = False
    ) -> None:
        words = server_words(interaction) if public else words_of(interaction)
        if monitor is None:
            await self._overview(interaction, words, public=public)
        else:
            await self._one(interaction, words, monitor, public=public)

    async def _overview(self, interaction: Interaction, words: Words, *, public: bool) -> None:
        page = page_for(interaction, 0, words)
        if page is None:
            command = self._client.commands_tree.mention("watch add")
            text = words.text("Nothing is watched yet. Try {command}", command=command)
            await say(interaction, text, ephemeral=not public)
            return
        view = page_view(page, words)
        await say(interaction, page.content, embed=page.embed, view=view, ephemeral=not public)

    async def _one(
        self, interaction: Interaction, words: Words, wanted: str, *, public: bool
    ) -> None:
        status = asked_for(interaction, wanted)
        found = status.monitor
        since_ms = self._services.clock.now_ms() - _DAYS_90_MS
        work = self._services.incidents.recent(found.guild_id, found.id, since_ms, _INCIDENTS)
        past = await patiently(interaction, work, ephemeral=not public)
        whole_url = manages(interaction) and not public
        embed = one_monitor(words, status, past, whole_url=whole_url)
        await say(interaction, embed=embed, ephemeral=not public)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(PageButton)
    await client.add_cog(Status(client))
