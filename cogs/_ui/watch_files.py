"""Answers of ``/watch import`` and ``/watch export``: progress, and a report row by row."""

import io
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import discord

from bot.discord.channels import Channels, meant_one
from bot.discord.client import Interaction
from bot.discord.command_tree import NETWORK_ERRORS, harmless, translator_of
from bot.errors import UserError
from bot.models import Monitor
from bot.services.bulk import Outcome, RowState
from bot.services.transfer.files import SIZE_LIMIT, Item, Listing
from bot.services.transfer.server_entries import Problems, read_export, references
from bot.services.transfer.servers import ServerPlan
from bot.services.transfer.settings import Reference
from bot.words.escaping import host, markdown, plain
from bot.words.incident_text import fitting_lines
from bot.words.phrases import every
from bot.words.translator import N_, NN_, Translator
from cogs._ui.audit_log import change_text
from cogs._ui.options import ALERT_CHANNEL_TYPES

EXPORT_NAME, _REPORT_NAME = "vigie-monitors.json", "vigie-import.txt"
# A file may name anything; so many channels that we do not know are asked for.
_MOST_ASKED = 25
_NO_CHANNEL = N_("its channel is not on this server: the server's own is used")
_NO_ROLE = N_("its role is not on this server: the server's own is used")
_NEEDS_MANAGER = N_("Settings are only imported for people with “Manage Server”.")
_TOO_LARGE = N_("The file is too large: at most 1 MiB.")
_FETCH_S = 15
_SHOWN = 12  # rows of each kind
_ROOM = 3_900
_VALUE_LIMIT = 100
_NAME_LIMIT, _LINE_LIMIT = 60, 240
# Seconds between two pictures of the progress: Discord allows five in five seconds.
_APART_S = 1.5
_MANY = 1_000  # rows that take long enough for a first word at once


_COUNTED = {
    RowState.ADDED: NN_("{n} new", "{n} new"),
    RowState.CHANGED: NN_("{n} changed", "{n} changed"),
    RowState.SAME: NN_("{n} unchanged", "{n} unchanged"),
    RowState.REFUSED: NN_("{n} not imported", "{n} not imported"),
}


def export_text(interaction: Interaction, found: Sequence[Monitor]) -> str:
    words = translator_of(interaction)
    lines = [words.plural("{n} site watched", "{n} sites watched", len(found))]
    if any(one.target.headers for one in found):
        secret = N_("Request headers are listed by name only: their values may be secret.")
        lines.append(words.text(secret))
    if any(one.is_push for one in found):
        lines.append(words.text("Secret addresses stay here: an import makes new ones."))
    lines.append(words.text("The settings of this server are in it too."))
    command = interaction.client.commands_tree.mention("watch import")
    lines.append(words.text("{command} imports it again.", command=command))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ServerChange:
    """What a file would change of its server besides the sites, and what of it cannot be."""

    plan: ServerPlan
    problems: Problems

    @property
    def pages(self) -> set[str]:
        return {one.address for one in self.plan.pages}


async def settings_of(
    interaction: Interaction, listing: Listing, items: Sequence[Item]
) -> ServerChange:
    """Nothing changes yet. Settings are changed by people with Manage Server alone.

    Discord may let others import, who may not change who calls themselves a manager.
    """
    servers, guild_id = interaction.client.services.servers, interaction.guild_id or 0
    problems = Problems(lenient=True)
    entry = read_export(listing.server or {}, problems)
    if not interaction.permissions.manage_guild and entry.line_of:
        problems.found = [("vigie", UserError(_NEEDS_MANAGER))]
        entry = read_export({}, problems)
    names = {str(one.typed.get("name") or "").casefold() for one in items}
    here = await _here(interaction, (one.id for one in references(entry)))
    plan = await servers.plan(
        guild_id, entry, here, problems, by=interaction.user.id, to_be=names - {""}
    )
    return ServerChange(plan, problems)


class _Here:
    """Channels for alerts and roles of one server, by their ids or names."""

    complete = True

    def __init__(self, guild: discord.Guild | None, known: Channels) -> None:
        self._guild = guild
        self._known = known

    def find(self, kind: str, _guild_id: int, wanted: Reference) -> int | None:
        if self._guild is None:
            return None
        if kind == "role":
            number = meant_one(self._guild.roles, wanted)
            return None if number == self._guild.id else number  # that is @everyone
        # A thread that sleeps is no channel of the list, but may be known by its id.
        number = wanted.id or meant_one(self._guild.channels, wanted)
        return number if number is not None and self.is_channel(number) else None

    def is_channel(self, channel_id: int) -> bool:
        channel = None if self._guild is None else self._known.find(self._guild, channel_id)
        return channel is not None and channel.type in ALERT_CHANNEL_TYPES


async def _here(interaction: Interaction, channel_ids: Iterable[int | None]) -> _Here:
    known, guild = interaction.client.known_channels, interaction.guild
    await known.look_up(guild, [one for one in channel_ids if one][:_MOST_ASKED])
    return _Here(guild, known)


async def at_home(interaction: Interaction, items: Sequence[Item]) -> list[Item]:
    """Without channels and roles of other servers, or that are gone: no place for alerts."""
    here = await _here(interaction, (one.typed.get("channel") for one in items))
    return [_at_home(item, here) for item in items]


def _at_home(item: Item, here: _Here) -> Item:
    for name, remark in (("channel", _NO_CHANNEL), ("role", _NO_ROLE)):
        number = item.typed.get(name)
        if number and here.find(name, 0, Reference(0, number, kind=name)) is None:
            item = replace(item, typed={**item.typed, name: None}).remarked(remark)
    return item


async def fetched(file: discord.Attachment) -> bytes:
    """The bytes of an attachment. Raises UserError when it is too large or cannot be had."""
    if file.size > SIZE_LIMIT:
        raise UserError(_TOO_LARGE)
    try:
        return await read_at_most(file.url, SIZE_LIMIT)
    except NETWORK_ERRORS as error:
        raise UserError("I could not fetch the file from Discord. Please try again.") from error


async def read_at_most(url: str, limit: int) -> bytes:
    """Fetches an address, whatever size was announced. Raises UserError beyond the limit.

    ``discord.Attachment.read`` takes whatever comes.
    """
    data = bytearray()
    timeout = aiohttp.ClientTimeout(total=_FETCH_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
        answer.raise_for_status()
        async for part in answer.content.iter_chunked(1 << 16):
            data += part
            if len(data) > limit:
                raise UserError(_TOO_LARGE)
    return bytes(data)


class ProgressLine:
    """``120 of 500 …`` in the deferred answer, now and then."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction
        self._shown = time.monotonic()

    async def begin(self, of: int) -> None:
        """Say at once how much there is, when it will take a while."""
        if of > _MANY:
            await self._show(0, of)

    async def __call__(self, done: int, of: int) -> None:
        if done != of and time.monotonic() - self._shown >= _APART_S:
            await self._show(done, of)

    async def _show(self, done: int, of: int) -> None:
        words = translator_of(self._interaction)
        text = words.text("{n} of {of} lines read …", n=done, of=of)
        # Progress is a courtesy: the import goes on without it.
        try:
            await self._interaction.edit_original_response(content=text)
        except NETWORK_ERRORS:
            self._shown += 60
        else:
            self._shown = time.monotonic()


def report(
    words: Translator,
    outcomes: Sequence[Outcome],
    server: ServerChange | None = None,
    *,
    notes: Iterable[str] = (),
    preview: bool = False,
) -> tuple[str, discord.Embed, discord.File]:
    """How many, the first of each kind, and a file with every row."""
    text = NN_(
        "{taken} of {n} site is watched from now on.",
        "{taken} of {n} sites are watched from now on.",
    )
    if preview:
        text = NN_(
            "Preview, nothing was added: {taken} of {n} site would be watched.",
            "Preview, nothing was added: {taken} of {n} sites would be watched.",
        )
    taken = sum(one.monitor is not None for one in outcomes)
    said = [_counts(words, outcomes), *(words.text(note) for note in notes)]
    settings = [] if server is None else _settings(words, server)
    if settings:
        said.append(f"**{words.text('This server')}**")
    said += fitting_lines(words, settings, _ROOM // 2, most=2 * _SHOWN)
    embed = discord.Embed(description="\n".join(_sections(words, outcomes, said)))
    embed.set_footer(text=words.text("The file has a line for each."))
    whole = "\n".join([*settings, *(_line(words, one) for one in outcomes)]) + "\n"
    file = discord.File(io.BytesIO(whole.encode()), filename=_REPORT_NAME)
    return words.plural(*text, len(outcomes), taken=taken), embed, file


def _settings(words: Translator, server: ServerChange) -> list[str]:
    """What becomes of the server itself, a line each."""
    lines = []
    for one in server.plan.changes:
        tag = one.window.tag if one.window is not None else None
        about = one.name or (f"#{tag}" if tag else "")
        said = change_text(words, one, _VALUE_LIMIT)
        lines.append(f"{said} · {markdown(about, _NAME_LIMIT)}" if about else said)
    for key, error in server.problems.found:
        lines.append(f"⚠ {markdown(key, _NAME_LIMIT)} · {_why(words, error)}")
    return lines


def _counts(words: Translator, outcomes: Sequence[Outcome]) -> str:
    """``3 new · 1 changed · 2 not taken``."""
    n = Counter(one.state for one in outcomes)
    return " · ".join(words.plural(*text, n[state]) for state, text in _COUNTED.items() if n[state])


def _sections(words: Translator, outcomes: Sequence[Outcome], said: Sequence[str]) -> list[str]:
    """Rows under a heading each, what matters most first, as many as fit below the rest."""
    taken = [one for one in outcomes if one.monitor is not None]
    parts = (
        (N_("Not imported: {n}"), [one for one in outcomes if one.monitor is None]),
        (N_("With a remark: {n}"), [one for one in taken if one.item.remarks]),
        (N_("Imported: {n}"), [one for one in taken if not one.item.remarks]),
    )
    shown = list(said)
    for heading, found in parts:
        room = _ROOM - sum(len(line) + 1 for line in shown)
        if not found or room < _LINE_LIMIT:
            continue
        shown.append(f"**{words.text(heading, n=len(found))}**")
        # A list of ten thousand is not made ready to show twelve.
        lines = [markdown(_line(words, one), _LINE_LIMIT) for one in found[:_SHOWN]]
        lines += [""] * (len(found) - len(lines))
        shown += fitting_lines(words, lines, room - len(shown[-1]) - 1, most=_SHOWN)
    return shown


def _line(words: Translator, outcome: Outcome) -> str:
    """``3 ✔ Shop · shop.example.com · every 60 s``, ``4 ✖ Blog · why not``."""
    item, monitor = outcome.item, outcome.monitor
    head = f"{item.number} {'✖' if monitor is None else '✔'} {plain(item.label, _NAME_LIMIT)}"
    if monitor is None:
        return f"{head} · {_why(words, outcome.error)}"
    said = [head if monitor.is_push else f"{head} · {host(monitor.target.url)}"]
    said.append(every(words, monitor.interval_s))
    if monitor.paused:
        said.append(words.text("paused"))
    if outcome.state is RowState.SAME:
        said.append(words.text("unchanged"))
    if outcome.state is RowState.CHANGED:
        fields = [words.text(one) for one in outcome.changed]
        said.append(words.text("changed: {fields}", fields=", ".join(fields)))
    said += [words.text(text, **_plainly(words, values)) for text, values in item.remarks]
    return " · ".join(said)


def _why(words: Translator, error: UserError | None) -> str:
    errors = () if error is None else error.each
    said = (words.text(one.message, **_plainly(words, one.values)) for one in errors)
    return " ".join(said) or "?"


def _plainly(words: Translator, values: Mapping[str, object]) -> dict[str, Any]:
    """Values are what somebody wrote into the file."""
    return harmless(words, values, lambda text: plain(text, _VALUE_LIMIT))
