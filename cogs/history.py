"""``/history``: how a monitor fared over a day, a week, a month or three, for everybody."""

import io

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.services.history.period_report import Period
from bot.words.translator import N_
from cogs._ui.history_page import (
    NO_FILES,
    NOT_DRAWN,
    STILL_DRAWN,
    Asked,
    alt_text,
    history_embed,
    nothing_yet,
    picture,
    worth_drawing,
)
from cogs._ui.interactions import defer_if_slow, respond
from cogs._ui.monitor_option import VisibleMonitor

_PERIODS = [
    app_commands.Choice(name=N_("24 hours"), value=Period.DAY.value),
    app_commands.Choice(name=N_("7 days"), value=Period.WEEK.value),
    app_commands.Choice(name=N_("30 days"), value=Period.MONTH.value),
    app_commands.Choice(name=N_("90 days"), value=Period.QUARTER.value),
]
_FILE = "history.png"


class History(commands.Cog):
    """Answers the one who asks alone: with a picture where files may be attached."""

    def __init__(self, client: VigieClient) -> None:
        self._services = client.services
        self._drawing: set[int] = set()  # for whom; one picture at a time, others wait too

    @app_commands.guild_only()
    @app_commands.command(name="history", description="Show a site's history as a picture.")
    @app_commands.describe(
        monitor="Which site to show.", period="How far back; by default 24 hours."
    )
    @app_commands.choices(period=_PERIODS)
    async def history(
        self, interaction: Interaction, monitor: VisibleMonitor, period: str = Period.DAY.value
    ) -> None:
        found = monitor.monitor
        work = self._services.history.report(found.guild_id, found.id, Period(period))
        asked = Asked(monitor, Period(period), await defer_if_slow(interaction, work))
        words = translator_of(interaction)
        if asked.past.empty:
            await respond(interaction, nothing_yet(words, asked))
        elif not worth_drawing(asked.past):
            await respond(interaction, embed=history_embed(words, asked))
        elif not interaction.app_permissions.attach_files:
            await respond(interaction, embed=history_embed(words, asked, instead=NO_FILES))
        elif interaction.user.id in self._drawing:
            await respond(interaction, embed=history_embed(words, asked, instead=STILL_DRAWN))
        else:
            await self._drawn(interaction, asked)

    async def _drawn(self, interaction: Interaction, asked: Asked) -> None:
        words = translator_of(interaction)
        timezone = self._services.guilds.settings(asked.status.monitor.guild_id).timezone
        drawing = self._services.painter.paint(picture(words, asked.past, timezone))
        self._drawing.add(interaction.user.id)
        try:
            png = await defer_if_slow(interaction, drawing, after_s=0)
        finally:
            self._drawing.discard(interaction.user.id)
        if png is None:
            await respond(interaction, embed=history_embed(words, asked, instead=NOT_DRAWN))
            return
        # Beside the embed, not in it: an image of an embed takes no alternative text.
        shown = discord.File(io.BytesIO(png), _FILE, description=alt_text(words, asked))
        await respond(interaction, embed=history_embed(words, asked), file=shown)


async def setup(client: VigieClient) -> None:
    await client.add_cog(History(client))
