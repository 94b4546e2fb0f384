"""``/incidents``: what happened, newest first, in pages of ten."""

from collections.abc import Sequence

import discord

from bot.models import Ending, Incident
from bot.words.catalogue import N_, Words
from bot.words.causes import cause_text
from bot.words.safe import markdown
from bot.words.times import stamp
from cogs._ui.addresses import says_host, shown_host
from cogs._ui.incident_text import NAME_LIMIT, colour_of, lasted
from cogs._ui.states import kind_word

PAGE = 10
# As many as are read for one answer; what is older is reached by naming a monitor or fewer days.
MOST = 500
_LINE_LIMIT = 390  # ten of them fit into a description
_OVER = {
    Ending.RESOLVED: N_("✔ over after {duration}"),
    Ending.REMOVED: N_("no longer watched after {duration}"),
    Ending.PAUSED: N_("‖ paused after {duration}"),
}


def pages_of(found: Sequence[Incident]) -> int:
    return max(1, -(-len(found) // PAGE))


def timeline(
    words: Words, found: Sequence[Incident], number: int, *, days: int, causes: bool
) -> discord.Embed:
    """One page; ``causes``: with what the probe saw, which is not for everybody."""
    shown = found[number * PAGE : (number + 1) * PAGE]
    going_on = sum(one.open for one in found)
    said = words.plural("{n} incident", "{n} incidents", len(found))
    if going_on:
        said = f"{said} · {words.text('{n} open', n=going_on)}"
    span = words.plural("in the last {n} day", "in the last {n} days", days)
    embed = discord.Embed(
        title=f"{said} {span}",
        description="\n".join(_line(words, one, causes=causes) for one in shown),
        colour=colour_of(shown),
    )
    if pages_of(found) > 1:
        footer = words.text("Page {n} of {pages}", n=number + 1, pages=pages_of(found))
        embed.set_footer(text=footer)
    return embed


def _line(words: Words, one: Incident, *, causes: bool) -> str:
    """``<time> · ✖ DOWN · Shop · shop.example.com · over after 12 min``."""
    parts = [stamp(one.since_ms, "f"), f"**{kind_word(words, one.kind)}**"]
    parts.append(markdown(one.name, NAME_LIMIT))
    if not says_host(one.name, one.url):
        parts.append(shown_host(one.url))
    if causes and one.cause is not None:
        parts.append(cause_text(words, one.cause))
    if one.open:
        parts.append(words.text("still going on"))
    else:
        parts.append(ended(words, one))
    return " · ".join(parts)


def ended(words: Words, one: Incident) -> str:
    """``✔ over after 12 min``, or why it was not seen to its end."""
    return words.text(_OVER[one.ending or Ending.RESOLVED], duration=lasted(words, one))
