"""Commands about all sites with a tag: what they answer, and what they ask before they act."""

from collections.abc import Sequence

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import error_text, translator_of
from bot.errors import UserError
from bot.models import CheckResult, Monitor
from bot.services.bulk_edits import propose, take
from bot.services.monitor_options import OPTIONS, Typed
from bot.services.monitors import tag_of
from bot.words.causes import result_text
from bot.words.incident_text import fitting_lines
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import defer_if_slow, respond, respond_or_edit
from cogs._ui.monitor_text import shown_name, shown_names
from cogs._ui.offers import offer

_ROOM = 1_500
TESTED_AT_ONCE = 25


def all_tested_embed(
    words: Translator, tested: Sequence[tuple[Monitor, CheckResult]], *, of: int
) -> discord.Embed:
    """The verdict of one check of each, and how many were left out."""
    lines = [
        f"{'✔' if result.ok else '✖'} {shown_name(monitor)}"
        f" · {result_text(words, result, whole=True)}"
        for monitor, result in tested
    ]
    if of > len(tested):
        lines.append(words.text("+{n} more", n=of - len(tested)))
    title = words.plural("{n} site checked just now", "{n} sites checked just now", len(tested))
    return discord.Embed(title=title, description="\n".join(fitting_lines(words, lines)))


async def ask_bulk_edit(interaction: Interaction, found: Sequence[Monitor], typed: Typed) -> None:
    """Say how many sites would change and in what, and wait for a click."""
    words, monitors = translator_of(interaction), interaction.client.services.monitors
    proposal = propose(monitors, interaction.guild_id or 0, found, typed)
    count, refused = len(proposal.changing), _refused(words, proposal.refused)
    if not count:
        await respond(interaction, "\n".join([words.text("Nothing changed."), *refused]))
        return

    async def change(asked: Interaction) -> None:
        work = take(monitors, proposal, asked.user.id)
        changed, left = await defer_if_slow(asked, work, in_place=True)
        done = words.plural("Changed {n} site.", "Changed {n} sites.", len(changed))
        await _say(asked, "\n".join([done, *_refused(words, left)]))

    async def leave(asked: Interaction) -> None:
        await _say(asked, words.text("Nothing changed."))

    labels = words.list([words.text(OPTIONS[name].label) for name in typed])
    lines = [
        words.plural("Change {n} site?", "Change {n} sites?", count),
        words.text("Sites: {list}.", list=shown_names(words, proposal.changing)),
        words.text("Changed: {list}.", list=labels),
        *refused,
    ]
    yes = words.plural("Change {n} site", "Change {n} sites", count)
    buttons = (
        offer(interaction, yes, change),
        offer(interaction, words.text("Cancel"), leave, main=False),
    )
    await respond(interaction, "\n".join(lines), view=view_of(buttons))


async def _say(interaction: Interaction, text: str) -> None:
    """In the place of the question."""
    await respond_or_edit(interaction, in_place=True, content=text, embed=None, view=None)


def _refused(words: Translator, refused: Sequence[tuple[Monitor, UserError]]) -> list[str]:
    lines = [f"⚠ {shown_name(monitor)}: {error_text(words, error)}" for monitor, error in refused]
    return fitting_lines(words, lines, room=_ROOM) if lines else []


class BulkRemovalButton(
    PersistentItem, template=r"v1:bulkremove:(?P<choice>yes|no):(?P<count>\d{1,6}):(?P<tag>.{1,40})"
):
    """Agrees to the removal of all sites with a tag, if they are as many as were asked about."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        words, guild_id = translator_of(interaction), interaction.guild_id or 0
        text = words.text("Nothing changed.")
        if self.params["choice"] == "yes":
            monitors = interaction.client.services.monitors
            found = monitors.matching(guild_id, f"tag:{self.params['tag']}")
            if len(found) != int(self.params["count"]):
                raise UserError("There are {n} of them now: give the command again.", n=len(found))
            for one in found:
                await defer_if_slow(
                    interaction,
                    monitors.remove(guild_id, one.id, interaction.user.id),
                    in_place=True,
                )
            text = words.text("No longer watched: {list}.", list=shown_names(words, found))
        await _say(interaction, text)


async def ask_bulk_removal(interaction: Interaction, monitors: Sequence[Monitor]) -> None:
    """Say how many sites would be lost, and wait for a click."""
    words, count = translator_of(interaction), len(monitors)
    tag = tag_of(str(interaction.namespace.monitor))
    lines = [
        words.plural("Stop watching {n} site?", "Stop watching {n} sites?", count),
        words.text("Sites: {list}.", list=shown_names(words, monitors)),
        words.text("Checks stop and no alerts are sent."),
    ]
    buttons = (
        BulkRemovalButton.button(
            f"v1:bulkremove:yes:{count}:{tag}",
            words.plural("Remove {n} site", "Remove {n} sites", count),
            style=discord.ButtonStyle.danger,
        ),
        BulkRemovalButton.button(f"v1:bulkremove:no:{count}:{tag}", words.text("Keep them")),
    )
    await respond(interaction, "\n".join(lines), view=view_of(buttons))
