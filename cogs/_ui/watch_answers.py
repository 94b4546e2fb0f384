"""Answers of ``/watch``, and its questions before it acts: of one site, or of all with a tag."""

from collections.abc import Awaitable, Callable, Sequence

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import error_text, translator_of
from bot.errors import NotFound, UserError
from bot.models import CheckResult, Monitor
from bot.services.bulk import propose, take
from bot.services.monitor_options import OPTIONS, Typed
from bot.services.monitor_rules import Added
from bot.services.monitors import tag_of
from bot.services.status import MonitorStatus
from bot.words.causes import cause_sentence, result_text
from bot.words.escaping import code, markdown
from bot.words.incident_text import fitting_lines
from bot.words.phrases import every, stamp
from bot.words.translator import N_, NN_, Translator
from cogs._ui.alert_settings import goes_to
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.forms import OfferButton, offer, offers_without_tls
from cogs._ui.interactions import defer_if_slow, respond, respond_or_edit
from cogs._ui.monitor_settings import EditButton, asked_address
from cogs._ui.monitor_text import (
    add_address,
    add_game,
    named_by_host,
    shown_host,
    shown_name,
    shown_names,
)

ShowAdded = Callable[[Interaction, Added], Awaitable[None]]


def added_text(words: Translator, added: Added) -> str:
    """Host, interval, and what the first check saw: when it failed, so that it looks like it."""
    monitor = added.monitor
    text = words.text(
        "Watching {host} {every}. First check: {result}.",
        host=shown_host(monitor.target.url),
        every=every(words, monitor.interval_s),
        result=result_text(words, added.first, whole=True),
    )
    lines = [text]
    if not added.first.ok:
        mend = N_(
            "Is the address right? Keep it if the site is only down just now; otherwise correct it."
        )
        lines = [f"⚠ {text}", words.text(mend)]
    if not named_by_host(monitor):
        lines.append(words.text("Name: {name}", name=shown_name(monitor)))
    if added.twin is not None:
        name = shown_name(added.twin)
        address = markdown(added.twin.target.url.removesuffix("/"), _TWIN_LIMIT)
        lines.append(
            words.text("You watch {address} already, as {name}.", address=address, name=name)
        )
    return "\n".join(lines)


def mending_buttons(
    interaction: Interaction, added: Added, show: ShowAdded
) -> list[PersistentItem]:
    """Change, undo or keep what does not answer; none where it does."""
    if added.first.ok:
        return []
    words, monitor_id = translator_of(interaction), added.monitor.id
    return [
        *scheme_offers(interaction, added, show),
        EditButton.button(f"v1:edit:address:{monitor_id}", words.text("Edit")),
        RemovalButton.button(f"v1:remove:yes:{monitor_id}", words.text("Undo")),
        RemovalButton.button(f"v1:remove:no:{monitor_id}", words.text("Keep it")),
    ]


def scheme_offers(interaction: Interaction, added: Added, show: ShowAdded) -> list[OfferButton]:
    """Other addresses for the new monitor; ``show`` answers with what came of it."""
    monitor, monitors = added.monitor, interaction.client.services.monitors

    async def take(asked: Interaction, change: Typed) -> None:
        work = monitors.edit(monitor.guild_id, monitor.id, change, asked.user.id)
        edited = await defer_if_slow(asked, work)
        await show(asked, Added(edited.after, edited.first or added.first))

    return offers_without_tls(interaction, monitor, added.first, take)


def place_text(
    interaction: Interaction,
    channel_id: int | None,
    role_id: int | None,
    problem: str,
    *,
    is_new: bool,
) -> str:
    """Where alerts go; ``problem``: why they could not go to the channel of the command."""
    if not is_new:
        problem = problem if channel_id is None else ""
        return f"{goes_to(interaction, channel_id, role_id)} {problem}".rstrip()
    return translator_of(interaction).text(
        "Alerts go to this channel, {channel}. Another one: {command}",
        channel=f"<#{channel_id}>",
        command=interaction.client.commands_tree.mention("alerts channel"),
    )


def paused_text(words: Translator, paused: Sequence[Monitor]) -> str:
    names, resume_ms = shown_names(words, paused), paused[0].resume_ms
    if resume_ms is None:
        one = N_("{name} is paused until somebody resumes it.")
        several = N_("Paused until somebody resumes them: {list}.")
    else:
        one, several = N_("{name} is paused until {time}."), N_("Paused until {time}: {list}.")
    text = one if len(paused) == 1 else several
    return words.text(text, name=names, list=names, time=stamp(resume_ms or 0, "f"))


def resumed_text(words: Translator, before: Sequence[Monitor]) -> str:
    """``before``: as they were."""
    resumed = [one for one in before if one.paused]
    if len(before) == 1:
        sentence = N_("Checks of {name} have resumed.") if resumed else N_("{name} was not paused.")
        return words.text(sentence, name=shown_name(before[0]))
    if not resumed:
        return words.text("None of them was paused.")
    return words.text("Checks have resumed: {list}.", list=shown_names(words, resumed))


_URL_LIMIT, _TWIN_LIMIT = 900, 100
_PHASES = (
    (N_("Name lookup"), "dns"),
    (N_("Connection"), "connect"),
    (N_("Encryption"), "tls"),
    (N_("First byte"), "first_byte"),
    (N_("Total"), "total"),
)


def _verdict(words: Translator, monitor: Monitor, result: CheckResult) -> str:
    mark = "✔" if result.ok else "✖"
    return f"{mark} {shown_name(monitor)} · {result_text(words, result, whole=True)}"


def probe_embed(words: Translator, monitor: Monitor, result: CheckResult) -> discord.Embed:
    """The verdict of this one check, and everything it measured."""
    seen = "" if result.cause is None else f"{cause_sentence(words, result.cause)}\n"
    embed = discord.Embed(
        title=_verdict(words, monitor, result),
        description=seen + words.text("One check just now. It changes nothing and is not stored."),
    )
    address = asked_address(monitor.target, _URL_LIMIT)
    embed.add_field(name=words.text("Address"), value=address, inline=False)
    for name, phase in _PHASES:
        ms = getattr(result.phases, phase)
        if ms is not None:
            embed.add_field(name=words.text(name), value=words.text("{ms} ms", ms=round(ms)))
    if result.status is not None:
        embed.add_field(name=words.text("Answer"), value=f"HTTP {result.status}")
    add_game(embed, words, result)
    if result.certificate_expires_ms is not None:
        ends = stamp(result.certificate_expires_ms, "f")
        embed.add_field(name=words.text("Certificate valid until"), value=ends)
    if result.final_url and result.final_url != monitor.target.url:
        final = code(result.final_url, _URL_LIMIT)
        embed.add_field(name=words.text("Redirected to"), value=final, inline=False)
    return embed


_LABELS = {
    "yes": (N_("Remove"), discord.ButtonStyle.danger),
    "no": (N_("Keep it"), discord.ButtonStyle.secondary),
}


class RemovalButton(PersistentItem, template=r"v1:remove:(?P<choice>yes|no):(?P<monitor>\d{1,18})"):
    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors, words = interaction.client.services.monitors, translator_of(interaction)
        guild_id, monitor_id = interaction.guild_id or 0, int(self.params["monitor"])
        try:
            monitor = monitors.get(guild_id, monitor_id)
            text = N_("Nothing has changed: I keep watching {name}.")
            embed = discord.Embed(description=words.text(text, name=shown_name(monitor)))
            if self.params["choice"] == "yes":
                work = monitors.remove(guild_id, monitor_id, interaction.user.id)
                embed = _removed(words, interaction, await defer_if_slow(interaction, work))
        except NotFound as error:
            raise NotFound("It is no longer watched: somebody has already removed it.") from error
        await respond_or_edit(interaction, content=None, embed=embed, view=None)


async def ask_removal(interaction: Interaction, status: MonitorStatus) -> None:
    words, monitor = translator_of(interaction), status.monitor
    pause = interaction.client.commands_tree.mention("watch pause")
    said = [
        words.text("Checks stop and no alerts are sent."),
        words.text(
            "Its settings are lost. Its past incidents stay in the list of incidents,"
            " but if added again it starts from scratch."
        ),
        *_losses(words, interaction, status),
        words.text("To stop checks without losing anything: {command}", command=pause),
    ]
    title = words.text("Stop watching {name}?", name=shown_name(monitor))
    embed = discord.Embed(title=title, description="\n".join(said))
    add_address(words, embed, monitor.target.url, whole=True)
    view = view_of(
        RemovalButton.button(f"v1:remove:{choice}:{monitor.id}", words.text(label), style=style)
        for choice, (label, style) in _LABELS.items()
    )
    await respond(interaction, embed=embed, view=view)


def _losses(words: Translator, interaction: Interaction, status: MonitorStatus) -> list[str]:
    monitor, said = status.monitor, []
    if monitor.target.headers:
        said.append(words.text("The values of its request headers are stored nowhere else."))
    windows = interaction.client.services.maintenance.of_guild(monitor.guild_id)
    if planned := sum(one.window.monitor_id == monitor.id for one in windows):
        lost = NN_(
            "{n} maintenance window is removed with it.",
            "{n} maintenance windows are removed with it.",
        )
        said.append(words.plural(*lost, planned))
    if status.incident is not None and not status.incident.silenced:
        said.append(words.text("Its open alert is closed as “no longer watched”."))
    return said


def _removed(words: Translator, interaction: Interaction, monitor: Monitor) -> discord.Embed:
    text = words.text(
        "I no longer watch {name}. Its past incidents stay in {incidents}. To start"
        " again: {command}",
        name=shown_name(monitor),
        incidents=interaction.client.commands_tree.mention("incidents"),
        command=interaction.client.commands_tree.mention("watch add"),
    )
    return add_address(words, discord.Embed(description=text), monitor.target.url, whole=True)


_ROOM = 1_500
TESTED_AT_ONCE = 25


def all_tested_embed(
    words: Translator, tested: Sequence[tuple[Monitor, CheckResult]], *, of: int
) -> discord.Embed:
    """The verdict of one check of each, and how many were left out."""
    lines = [_verdict(words, monitor, result) for monitor, result in tested]
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
        changed, left = await defer_if_slow(asked, work)
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
    yes = offer(interaction, words.plural("Change {n} site", "Change {n} sites", count), change)
    no = offer(interaction, words.text("Cancel"), leave, main=False)
    await respond(interaction, "\n".join(lines), view=view_of([yes, no]))


async def _say(interaction: Interaction, text: str) -> None:
    """In the place of the question."""
    await respond_or_edit(interaction, content=text, embed=None, view=None)


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
                work = monitors.remove(guild_id, one.id, interaction.user.id)
                await defer_if_slow(interaction, work)
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
    label, style = words.plural("Remove {n} site", "Remove {n} sites", count), discord.ButtonStyle
    yes = BulkRemovalButton.button(f"v1:bulkremove:yes:{count}:{tag}", label, style=style.danger)
    no = BulkRemovalButton.button(f"v1:bulkremove:no:{count}:{tag}", words.text("Keep them"))
    await respond(interaction, "\n".join(lines), view=view_of([yes, no]))
