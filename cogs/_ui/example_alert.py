"""The card of a test alert: an invented site, so that nobody takes it for one of theirs."""

import discord

from bot.models import Cause, Incident, Kind, Reason
from bot.words.translator import Translator
from cogs._ui.incident_text import add_fields, headline, sentence
from cogs._ui.lines import GREY

_CHECKS, _EVERY_S = 4, 60  # four failed tries over a minute, as for a real one


def sample_embed(words: Translator) -> discord.Embed:
    """As a real one, but grey, without buttons, and saying what it is."""
    now_ms = round(discord.utils.utcnow().timestamp() * 1000)
    invented = _invented(words.text("Example"), now_ms)
    said = words.text(
        "This is a test; nothing is wrong. A real alert has this shape, with five buttons below it."
    )
    embed = discord.Embed(
        title=words.text("TEST · {title}", title=headline(words, invented)),
        description=f"{sentence(words, invented)}\n{said}",
        colour=GREY,
    )
    add_fields(embed, words, [invented])
    every = words.text("every {n} s", n=_EVERY_S)
    return embed.set_footer(text=f"{words.text('TEST')} · {every}")


def _invented(name: str, now_ms: int) -> Incident:
    since_ms = now_ms - _EVERY_S * 1000
    return Incident(
        id=0,
        public_id="TEST",
        guild_id=0,
        monitor_id=0,
        name=name,
        url="https://example.com/",
        interval_s=_EVERY_S,
        kind=Kind.DOWN,
        cause=Cause(Reason.HTTP, 503),
        since_ms=since_ms,
        opened_ms=now_ms,
        failed=_CHECKS,
        last_ok_ms=since_ms - _EVERY_S * 1000,
        told_down=True,
    )
