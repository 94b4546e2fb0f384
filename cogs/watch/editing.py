"""``/watch edit``: one option for each setting, or a card with forms when none is given."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.services.wishes import MAX_INTERVAL_S, SLOWEST_MS, Change
from cogs._ui.channel_options import AlertChannel, AlertRole
from cogs._ui.edit_buttons import card, take_change, take_edited
from cogs._ui.forms import take_form
from cogs._ui.interactions import defer_if_slow, respond
from cogs._ui.monitor_forms import FORM
from cogs._ui.monitor_option import ManagedMonitor

# What is typed to take a setting away: an option cannot be sent empty.
_NOTHING = "-"


class Editing(commands.Cog):
    """The part of ``/watch`` that changes what is watched already."""

    _client: VigieClient

    @app_commands.command(name="edit", description="Show or change the settings of a site.")
    @app_commands.describe(
        monitor="Which site. Without other options: a card with forms.",
        url="Another address: it starts from scratch.",
        name="Its name here.",
        every="Seconds from one check to the next.",
        channel="Where its alerts go, from the next one on.",
        role="Which role to ping when it fails.",
        expect_status="Accepted HTTP codes, such as 200 or 2xx; - for any below 400.",
        contains="A text that must be on the page; - for none.",
        slow_ms="Alert when responses take longer than this many milliseconds; 0 for never.",
        not_contains="A text that must not be on the page; - for none.",
        method="GET reads the page, HEAD only its headers.",
        headers="Request headers: Name: value | Name: value; - for none.",
    )
    async def edit(
        self,
        interaction: Interaction,
        monitor: ManagedMonitor,
        *,
        url: str | None = None,
        name: str | None = None,
        every: app_commands.Range[int, 1, MAX_INTERVAL_S] | None = None,
        channel: AlertChannel | None = None,
        role: AlertRole | None = None,
        expect_status: str | None = None,
        contains: str | None = None,
        slow_ms: app_commands.Range[int, 0, SLOWEST_MS] | None = None,
        not_contains: str | None = None,
        method: Literal["GET", "HEAD"] | None = None,
        headers: str | None = None,
    ) -> None:
        change = Change(
            url=url,
            name=name,
            every_s=every,
            channel_id=None if channel is None else channel.id,
            role_id=None if role is None else role.id,
            expect_status=_emptied(expect_status),
            contains=_emptied(contains),
            not_contains=_emptied(not_contains),
            slow_ms=slow_ms,
            method=method,
            headers=_emptied(headers),
        )
        if change == Change():
            embed, view = await defer_if_slow(interaction, card(interaction, monitor))
            await respond(interaction, embed=embed, view=view)
            return
        await take_change(interaction, monitor.id, change)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Forms come back here."""
        await take_form(interaction, FORM, take_edited)


def _emptied(text: str | None) -> str | None:
    return "" if text is not None and text.strip() == _NOTHING else text
