"""A monitor's name, address and card. The whole URL may hold secrets: for managers alone."""

from collections.abc import Iterable, Sequence

import discord

from bot.discord.alert_card import site_link
from bot.discord.states import colour_of, state_word
from bot.models import PUSH_URL, CheckResult, Ending, Incident, Monitor
from bot.services.status import MonitorStatus
from bot.services.typed_addresses import is_web, names_its_port
from bot.words.causes import game_text
from bot.words.escaping import code, host, markdown
from bot.words.incident_text import duration
from bot.words.timestamps import every
from bot.words.translator import N_, Translator

NAME_LIMIT, HOST_LIMIT = 80, 200
_URL_LIMIT = 1_000
_NAMED, _SHORT_NAME_LIMIT = 10, 40  # of several
_OVER = {
    Ending.RESOLVED: N_("🟢 over after {duration}"),
    Ending.REMOVED: N_("no longer watched after {duration}"),
    Ending.PAUSED: N_("⚫ paused after {duration}"),
}


def shown_name(monitor: Monitor) -> str:
    return markdown(monitor.name, NAME_LIMIT)


def shown_names(words: Translator, monitors: Sequence[Monitor]) -> str:
    """The one, or the first few and how many more there are."""
    if len(monitors) == 1:
        return shown_name(monitors[0])
    shown = [markdown(one.name, _SHORT_NAME_LIMIT) for one in monitors[:_NAMED]]
    if len(monitors) > _NAMED:
        shown.append(words.text("+{n} more", n=len(monitors) - _NAMED))
    return words.list(shown)


def state_embed(words: Translator, status: MonitorStatus, said: Iterable[str]) -> discord.Embed:
    """Card of one monitor: state, name, lines about it, and its interval."""
    embed = discord.Embed(
        title=f"{state_word(words, status)} · {shown_name(status.monitor)}",
        url=site_link(status.monitor.target.url),
        description="\n".join(said),
        colour=colour_of([status]),
    )
    return embed.set_footer(text=every(words, status.monitor.interval_s))


def add_address(words: Translator, embed: discord.Embed, url: str, *, whole: bool) -> discord.Embed:
    """As a field: the whole URL, or the host alone; nothing of one that is not to be known.

    A push monitor has none.
    """
    if url in {"", PUSH_URL}:
        return embed
    address = code(url, _URL_LIMIT) if whole else shown_host(url)
    return embed.add_field(name=words.text("Address"), value=address, inline=False)


def add_game(embed: discord.Embed, words: Translator, result: CheckResult) -> None:
    """As a field: what a game server said of itself, if it did."""
    said = "" if result.game is None else game_text(words, result.game)
    if said:
        embed.add_field(name=words.text("Game server"), value=said)


def shown_host(url: str, limit: int = HOST_LIMIT) -> str:
    """Host, harmless anywhere in a message; a port or a name says that it is no web site."""
    if url == PUSH_URL:
        return "push"
    said = host(url) if is_web(url) else f"{url.partition('://')[0]}://{host(url)}"
    return markdown(said, limit)


def named_by_host(monitor: Monitor) -> bool:
    return says_host(monitor.name, monitor.target.url)


def says_host(name: str, url: str) -> bool:
    """True if a name says by itself what the address is, or nobody is to know that."""
    if url in {"", PUSH_URL}:
        return True
    name, address = name.casefold(), host(url).casefold()
    if not is_web(url):
        return names_its_port(url) and name == address
    readable = address.partition(" (")[0]  # the xn-- form stands behind it
    return name in {address, readable, readable.partition(":")[0]}


def ending_text(words: Translator, one: Incident) -> str:
    """``🟢 over after 12 min``, or why it was not seen to its end."""
    return words.text(_OVER[one.ending or Ending.RESOLVED], duration=duration(words, one))
