"""The question before ``/watch remove``, and its two buttons: nothing goes by a slip."""

import discord

from bot.discord.command_tree import words_of
from bot.errors import NotFound
from bot.models import Monitor
from bot.services.status import MonitorStatus
from bot.words.translator import N_, Translator
from cogs._ui.addresses import add_address, shown_name
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import Interaction, patiently, say, show

_LABELS = {
    "yes": (N_("Remove"), discord.ButtonStyle.danger),
    "no": (N_("Keep it"), discord.ButtonStyle.secondary),
}


class RemovalButton(PersistentItem, template=r"v1:remove:(?P<choice>yes|no):(?P<monitor>\d{1,18})"):
    """One of the two answers."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        remove = self.about["choice"] == "yes"
        await _answered(interaction, int(self.about["monitor"]), remove=remove)


async def ask_removal(interaction: Interaction, status: MonitorStatus) -> None:
    """Say what would be lost, and wait for a click."""
    words, monitor_id = words_of(interaction), status.monitor.id
    view = view_of(
        RemovalButton.button(f"v1:remove:{choice}:{monitor_id}", words.text(label), style=style)
        for choice, (label, style) in _LABELS.items()
    )
    await say(interaction, embed=_question(words, interaction, status), view=view)


def _question(words: Translator, interaction: Interaction, status: MonitorStatus) -> discord.Embed:
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
    embed = discord.Embed(title=title, description="\n".join(said))
    return add_address(words, embed, monitor.target.url, whole=True)


def _losses(words: Translator, status: MonitorStatus, planned: int) -> list[str]:
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
    await show(interaction, in_place=True, embed=embed, view=None)


def _removed(words: Translator, interaction: Interaction, monitor: Monitor) -> discord.Embed:
    """Says what is gone and how to have it back."""
    text = words.text(
        "I no longer watch {name}. Its past incidents stay in {incidents}."
        " To begin anew: {command}",
        name=shown_name(monitor),
        incidents=interaction.client.commands_tree.mention("incidents"),
        command=interaction.client.commands_tree.mention("watch add"),
    )
    return add_address(words, discord.Embed(description=text), monitor.target.url, whole=True)


def _kept(words: Translator, monitor: Monitor) -> discord.Embed:
    text = words.text("Nothing has changed: I go on watching {name}.", name=shown_name(monitor))
    return discord.Embed(description=text)
