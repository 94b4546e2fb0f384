"""The question before ``/watch remove``, and its two buttons: nothing goes by a slip.

The buttons keep no state but the monitor's id, so they work after a restart. What is true, and
the right to press, are read anew at the click.
"""

import re
from typing import Any

import discord
from discord import ui

from bot.errors import NotFound
from bot.models import Monitor
from bot.services.status import MonitorStatus
from bot.tree import words_of
from bot.words.catalogue import N_, Words
from bot.words.safe import code
from cogs._ui.asking import Interaction, answering, managing, patiently, say
from cogs._ui.watch_answers import shown_name

_LABELS = {
    "yes": (N_("Remove"), discord.ButtonStyle.danger),
    "no": (N_("Keep it"), discord.ButtonStyle.secondary),
}
_URL_LIMIT = 1000


class RemovalButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:remove:(?P<choice>yes|no):(?P<monitor>\d{1,18})",
):
    """One of the two answers."""

    def __init__(self, choice: str, monitor_id: int, words: Words) -> None:
        label, style = _LABELS[choice]
        custom_id = f"v1:remove:{choice}:{monitor_id}"
        super().__init__(ui.Button(label=words.text(label), style=style, custom_id=custom_id))
        self.choice = choice
        self.monitor_id = monitor_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "RemovalButton":
        del item
        return cls(match["choice"], int(match["monitor"]), words_of(interaction))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await managing(interaction):
                await _answered(interaction, self.monitor_id, remove=self.choice == "yes")


async def ask_removal(interaction: Interaction, status: MonitorStatus) -> None:
    """Say what would be lost, and wait for a click."""
    words = words_of(interaction)
    view = ui.View(timeout=None)
    for choice in _LABELS:
        view.add_item(RemovalButton(choice, status.monitor.id, words))
    await say(interaction, embed=_question(words, interaction, status), view=view)


def _question(words: Words, interaction: Interaction, status: MonitorStatus) -> discord.Embed:
    services, tree = interaction.client.services, interaction.client.commands_tree
    monitor = status.monitor
    planned = [
        one
        for one in services.maintenance.of_guild(monitor.guild_id)
        if one.window.monitor_id == monitor.id
    ]
    said = [
        words.text("It is checked no more, and nobody is told when it fails."),
        words.text(
            "Its settings are lost. Its past incidents stay in the list of incidents, but added"
            " again it begins anew."
        ),
        *_losses(words, status, len(planned)),
        words.text(
            "To keep everything and only rest: {command}", command=tree.mention("watch pause")
        ),
    ]
    title = words.text("Stop watching {name}?", name=shown_name(monitor))
    return _addressed(words, monitor, discord.Embed(title=title, description="\n".join(said)))


def _losses(words: Words, status: MonitorStatus, planned: int) -> list[str]:
    """What not every monitor has."""
    said = []
    if status.monitor.target.headers:
        said.append(words.text("The values of its request headers are nowhere else."))
    if planned:
        said.append(
            words.plural(
                "With it goes {n} maintenance window.",
                "With it go {n} maintenance windows.",
                planned,
            )
        )
    if status.incident is not None and not status.incident.withheld:
        said.append(words.text("Its open alert is closed as “no longer watched”."))
    return said


async def _answered(interaction: Interaction, monitor_id: int, *, remove: bool) -> None:
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    words = words_of(interaction)
    try:
        monitor = services.monitors.get(guild_id, monitor_id)
        if remove:
            work = services.monitors.remove(guild_id, monitor_id, interaction.user.id)
            monitor = await patiently(interaction, work, in_place=True)
    except NotFound as error:
        raise NotFound("It is no longer watched: somebody has removed it already.") from error
    embed = _removed(words, interaction, monitor) if remove else _kept(words, monitor)
    if interaction.response.is_done():
        await interaction.edit_original_response(embed=embed, view=None)
    else:
        await interaction.response.edit_message(embed=embed, view=None)


def _removed(words: Words, interaction: Interaction, monitor: Monitor) -> discord.Embed:
    """Says what is gone and how to have it back."""
    text = words.text(
        "I no longer watch {name}. Its past incidents stay in {incidents}."
        " To begin anew: {command}",
        name=shown_name(monitor),
        incidents=interaction.client.commands_tree.mention("incidents"),
        command=interaction.client.commands_tree.mention("watch add"),
    )
    return _addressed(words, monitor, discord.Embed(description=text))


def _kept(words: Words, monitor: Monitor) -> discord.Embed:
    text = words.text("Nothing has changed: I go on watching {name}.", name=shown_name(monitor))
    return discord.Embed(description=text)


def _addressed(words: Words, monitor: Monitor, embed: discord.Embed) -> discord.Embed:
    url = code(monitor.target.url, _URL_LIMIT)
    return embed.add_field(name=words.text("Address"), value=url, inline=False)
