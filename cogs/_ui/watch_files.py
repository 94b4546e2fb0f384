"""What ``/watch import`` and ``/watch export`` show: progress, and a report line by line."""

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.errors import UserError
from bot.services.imports import SIZE_LIMIT, Item
from bot.services.intake import Outcome
from bot.tree import NETWORK_ERRORS, words_of
from bot.words.catalogue import Words
from bot.words.safe import host, markdown, plain
from cogs._ui.asking import Interaction
from cogs._ui.lines import fitting

EXPORT_NAME, _REPORT_NAME = "vigie-monitors.json", "vigie-import.txt"
_SHOWN = 15
_VALUE_LIMIT = 100
_NAME_LIMIT, _LINE_LIMIT = 60, 240
# Seconds between two pictures of the progress: Discord allows five in five seconds.
_APART_S = 1.5


async def fetched(file: discord.Attachment) -> bytes:
    """The bytes of an attachment. Raises UserError when it is too large or cannot be had."""
    if file.size > SIZE_LIMIT:
        raise UserError("The file is too large: at most 1 MiB.")
    try:
        return await file.read()
    except NETWORK_ERRORS as error:
        raise UserError("I could not fetch the file from Discord. Please try again.") from error


class ProgressLine:
    """``120 of 500 …`` in the deferred answer, now and then."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction
        self._shown = time.monotonic()

    async def __call__(self, done: int, of: int) -> None:
        if done == of or time.monotonic() - self._shown < _APART_S:
            return
        self._shown = time.monotonic()
        words = words_of(self._interaction)
        text = words.text("{n} of {of} lines read …", n=done, of=of)
        # Progress is a courtesy: the import goes on without it.
        try:
            await self._interaction.edit_original_response(content=text)
        except NETWORK_ERRORS:
            self._shown += 60


def report(words: Words, outcomes: Sequence[Outcome]) -> tuple[str, discord.Embed, discord.File]:
    """How many, the first that were not taken, and a file with every line."""
    taken = sum(one.monitor is not None for one in outcomes)
    text = words.plural(
        "{taken} of {n} site is watched from now on.",
        "{taken} of {n} sites are watched from now on.",
        len(outcomes),
        taken=taken,
    )
    told = [one for one in outcomes if one.error or one.item.remarks]
    lines = fitting(words, [markdown(_line(words, one), _LINE_LIMIT) for one in told], most=_SHOWN)
    embed = discord.Embed(description="\n".join(lines) or None)
    embed.set_footer(text=words.text("The file has a line for each."))
    whole = "\n".join(_line(words, one) for one in outcomes) + "\n"
    return text, embed, discord.File(io.BytesIO(whole.encode()), filename=_REPORT_NAME)


def _line(words: Words, outcome: Outcome) -> str:
    """``3 ✔ Shop · shop.example.com · every 60 s``, ``4 ✖ Blog · why not``."""
    item, monitor = outcome.item, outcome.monitor
    head = f"{item.number} {'✖' if monitor is None else '✔'} {plain(item.label, _NAME_LIMIT)}"
    if monitor is None:
        return f"{head} · {_why(words, outcome.error)}"
    every = words.text("every {n} s", n=monitor.interval_s)
    said = [f"{head} · {host(monitor.target.url)} · {every}", *_remarks(words, item)]
    return " · ".join(said)


def _why(words: Words, error: UserError | None) -> str:
    if error is None:
        return "?"
    return words.text(error.message, **_plainly(error.values))


def _remarks(words: Words, item: Item) -> list[str]:
    return [words.text(text, **_plainly(values)) for text, values in item.remarks]


def _plainly(values: Mapping[str, object]) -> dict[str, Any]:
    """Values are what somebody wrote into the file."""
    return {k: plain(v, _VALUE_LIMIT) if isinstance(v, str) else v for k, v in values.items()}
