"""Buttons under an alert: acknowledge, mute, details with all sites, follow, me too."""

import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import discord

from bot.discord.alert_card import BUTTON_ID, add_fields, colour_of, hints, site_link
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import NotFound, UserError
from bot.models import PUSH_URL, Cause, Incident
from bot.words.causes import cause_text
from bot.words.escaping import clip, code, code_block, markdown
from bot.words.incident_text import headline, open_first, sentence, site_line
from bot.words.phrases import stamp
from bot.words.translator import N_, Translator
from cogs._ui.buttons import Asked, ListPage, Page, PersistentItem, view_of
from cogs._ui.interactions import (
    defer_if_slow,
    find_visible_incident,
    has_managers_role,
    is_manager,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_text import add_address, shown_host

_MUTE_S = 3600
_NAME_LIMIT, _CHECKS, _BODY_LIMIT, _SEEN_LIMIT = 80, 12, 900, 200
MUTED = N_("Alerts for {name} are muted until {time}.")
UNMUTED = N_("Alerts for {name} are on again. What is still failing is reported now.")
_TAKEN = N_("Acknowledged; the alert now shows your name.")
_CLOSED = N_("This alert is already closed.")


class IncidentButton(PersistentItem, template=BUTTON_ID):
    """One button of one incident."""

    async def pressed(self, interaction: Interaction) -> None:
        await _ACTIONS[self.params["action"]](interaction, self.params["incident"])


async def _open_incidents(interaction: Interaction, public_id: str) -> list[Incident]:
    incidents = interaction.client.services.incidents
    guild_id = interaction.guild_id or 0
    named = [await find_visible_incident(interaction, public_id)]
    if interaction.message is not None:
        named += await incidents.of_message(guild_id, interaction.message.id)
    found = {one.id: one for one in named if one.open}
    if not found:
        raise UserError(_CLOSED)
    return list(found.values())


async def _on_call(interaction: Interaction, public_id: str) -> list[Incident]:
    """Open incidents for whoever may acknowledge and mute them. Raises UserError for others."""
    listed = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    require_on_call(interaction, [one.role_id for one in listed])
    return listed


async def _acknowledge(
    interaction: Interaction, public_id: str, *, take_over: bool = False
) -> None:
    """Once; who presses again can give it back, anybody else take it over."""
    words, by = translator_of(interaction), interaction.user.id
    listed = await _on_call(interaction, public_id)
    # The button of a card is there for all: whoever has it already takes nothing over.
    take_over = take_over and any(one.acknowledged_by != by for one in listed)
    work = interaction.client.services.incidents.acknowledge(
        interaction.guild_id or 0, public_id, by, take_over=take_over
    )
    done = await defer_if_slow(interaction, work)
    others = [
        one.acknowledged_by for one in done.incidents if one.acknowledged_by not in {None, by}
    ]
    button = None
    if done.first or take_over:
        text = words.text(_TAKEN)
    elif others:
        text = words.text("{user} has already acknowledged it.", user=f"<@{others[0]}>")
        button = IncidentButton.button(f"v1:take:{public_id}", words.text("Take over"))
    else:
        text = words.text("You already took this one.")
        button = IncidentButton.button(f"v1:release:{public_id}", words.text("Give it back"))
    view = None if button is None else view_of([button])
    await respond_or_edit(interaction, content=text, view=view)


async def _release(interaction: Interaction, public_id: str) -> None:
    await _on_call(interaction, public_id)
    work = interaction.client.services.incidents.release(
        interaction.guild_id or 0, public_id, interaction.user.id
    )
    await defer_if_slow(interaction, work)
    text = translator_of(interaction).text("Given back: nobody is on it now.")
    await respond_or_edit(interaction, content=text, view=None)


async def _mute(interaction: Interaction, public_id: str) -> None:
    listed = await _on_call(interaction, public_id)
    ids, guild_id = [one.monitor_id for one in listed], interaction.guild_id or 0
    silences, by = interaction.client.services.silences, interaction.user.id
    work = silences.mute(guild_id, ids, by=by, for_s=_MUTE_S)
    muted = await defer_if_slow(interaction, work)
    all_of_them = N_("All {n} sites of this alert are muted until {time}.")
    until = stamp(muted[0].muted_until_ms or 0, "f")
    await _say_silenced(interaction, listed, MUTED, all_of_them, until)


async def _unmute(interaction: Interaction, public_id: str) -> None:
    listed = await _on_call(interaction, public_id)
    silences, by = interaction.client.services.silences, interaction.user.id
    for one in listed:
        await defer_if_slow(interaction, silences.unmute(one.guild_id, one.monitor_id, by))
    all_of_them = N_("Alerts for all {n} sites of this alert are on again.")
    await _say_silenced(interaction, listed, UNMUTED, all_of_them)


async def _say_silenced(
    interaction: Interaction, listed: Sequence[Incident], one: str, several: str, until: str = ""
) -> None:
    name, n = markdown(listed[0].name, _NAME_LIMIT), len(listed)
    text = translator_of(interaction).text(one if n == 1 else several, name=name, n=n, time=until)
    await respond(interaction, text)


async def _follow_incident(interaction: Interaction, public_id: str) -> None:
    """The second press takes the first one back."""
    words = translator_of(interaction)
    listed = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    incidents, by = interaction.client.services.incidents, interaction.user.id
    new = False
    for one in listed:
        work = incidents.follow(one.guild_id, one.public_id, by, "tell_me")
        new = (await defer_if_slow(interaction, work)).new or new
    if new:
        await respond(interaction, words.text("I will mention you here when it is over."))
        return
    for one in listed:
        await incidents.unfollow(one.guild_id, one.public_id, by, "tell_me")
    await respond(interaction, words.text("Taken back: I will not mention you."))


async def _me_too(interaction: Interaction, public_id: str) -> None:
    words = translator_of(interaction)
    first, *_ = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    incidents, by = interaction.client.services.incidents, interaction.user.id
    work = incidents.follow(first.guild_id, first.public_id, by, "me_too")
    followed = await defer_if_slow(interaction, work)
    if followed.new:
        interaction.client.services.monitors.nudge(first.guild_id, first.monitor_id)
        text = words.plural(
            "Noted: {n} person sees the same.", "Noted: {n} people see the same.", followed.count
        )
    else:
        await incidents.unfollow(first.guild_id, first.public_id, by, "me_too")
        text = words.text("Taken back: you are not counted any more.")
    await respond(interaction, text)


def require_on_call(interaction: Interaction, role_ids: Iterable[int | None]) -> None:
    """Read anew at every click. Raises UserError."""
    granted = interaction.permissions
    if granted.manage_messages or granted.administrator or has_managers_role(interaction):
        return
    user = interaction.user
    mine = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    if not mine.intersection(role_ids):
        raise UserError("You need “Manage Messages” or the role of this alert for this.")


class SitesPage(
    ListPage,
    template=r"v1:sites:(?P<way>prev|next):(?P<incident>\w{1,12}):(?P<page>\d{1,6})",
):
    """The list that an incident belongs to."""

    surface = "sites"
    size = 15

    @classmethod
    async def entries(cls, asked: Asked) -> list[Incident]:
        (public_id,) = asked.about
        await find_visible_incident(asked.interaction, public_id)
        incidents = asked.interaction.client.services.incidents
        return open_first(await incidents.together(asked.guild_id, public_id))

    @classmethod
    async def page(cls, asked: Asked, found: Sequence[Incident], shown: Sequence[Incident]) -> Page:
        lines = (
            f"{site_line(asked.words, one)} · {shown_host(one.url)} · {stamp(one.since_ms)}"
            for one in shown
        )
        title = asked.words.text("All {n} sites of this alert", n=len(found))
        return Page(None, discord.Embed(title=title, description=clip("\n".join(lines), 4000)))


async def _details(interaction: Interaction, public_id: str) -> None:
    """Answer with the incident's card, its site and its newest checks, or with all its sites."""
    asked = Asked(interaction, (public_id,))
    listed = await defer_if_slow(interaction, SitesPage.entries(asked))
    if len(listed) > 1:
        await SitesPage.show(asked, found=listed)
        return
    (incident,), words = listed, asked.words
    work = interaction.client.services.incidents.checks(asked.guild_id, public_id, _CHECKS)
    newest = await defer_if_slow(interaction, work)
    embed = discord.Embed(
        title=headline(words, incident),
        url=site_link(incident.url),
        description="\n".join([sentence(words, incident), *hints(incident)]),
        colour=colour_of([incident]),
    )
    add_fields(embed, words, [incident])
    add_address(words, embed, incident.url, whole=is_manager(interaction))
    if newest:
        lines = "\n".join(_check_line(words, one.at_ms, one.ms, one.cause) for one in newest)
        embed.add_field(name=words.text("Latest checks"), value=clip(lines, 1024), inline=False)
    embed.set_footer(text=f"#{public_id}")
    files = []
    if is_manager(interaction):
        _add_seen(asked, embed, incident)
        if incident.url == PUSH_URL:
            files = await _add_body(asked, embed, incident)
    await respond(interaction, embed=embed, files=files)


def _add_seen(asked: Asked, embed: discord.Embed, incident: Incident) -> None:
    """What the newest check found in place of what a condition expects."""
    status = asked.interaction.client.services.status
    with suppress(NotFound):  # it was removed meanwhile
        newest = status.one(incident.guild_id, incident.monitor_id).latest
        if incident.open and newest is not None and newest.seen is not None:
            value = f"{stamp(newest.at_ms, 'T')} · {code(newest.seen, _SEEN_LIMIT)}"
            embed.add_field(name=asked.words.text("Seen instead"), value=value, inline=False)


async def _add_body(asked: Asked, embed: discord.Embed, incident: Incident) -> list[discord.File]:
    """What the job said last: its beginning as a field, and the whole as a file if it is longer."""
    pushes = asked.interaction.client.services.pushes
    found = await pushes.body(incident.guild_id, incident.monitor_id)
    if found is None:
        return []
    text, at_ms = found
    name = asked.words.text("What the job said last")
    value = f"{stamp(at_ms)}\n{code_block(text, _BODY_LIMIT)}"
    embed.add_field(name=name, value=value, inline=False)
    whole = discord.File(io.BytesIO(text.encode()), filename="job.txt")
    return [whole] if len(text) > _BODY_LIMIT else []


def _check_line(words: Translator, at_ms: int, ms: int, cause: str | None) -> str:
    """``14:03:10 · 182 ms · HTTP 503 (Service Unavailable)``; ``cause`` None: it was fine."""
    found = None if cause is None else Cause.parse(cause)
    seen = words.text("OK") if found is None else cause_text(words, found, named=True)
    took = f"{ms} ms · " if ms else ""  # a beat takes no time
    return f"{stamp(at_ms, 'T')} · {took}{seen}"


_ACTIONS: dict[str, Callable[[Interaction, str], Awaitable[None]]] = {
    "ack": _acknowledge,
    "take": partial(_acknowledge, take_over=True),
    "release": _release,
    "mute": _mute,
    "unmute": _unmute,
    "details": _details,
    "tell": _follow_incident,
    "metoo": _me_too,
}
