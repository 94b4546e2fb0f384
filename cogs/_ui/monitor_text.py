"""A monitor's name, address, card and uptime. The whole URL may hold secrets: for managers alone.

The shape of a mark says how the time was, never a colour. Time that was not watched has a shape of
its own, and is neither up nor down in any number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import discord

from bot.charts.ticks import answer_time, run_time
from bot.discord.alert_card import site_link
from bot.discord.states import colour_of, state_word
from bot.models import PUSH_URL, CheckResult, Ending, Incident, Monitor
from bot.services.history.monitor_report import BAR_DAYS, BLOCK_DAYS, MonitorReport
from bot.services.history.period_report import PeriodReport
from bot.services.history.uptime import Level, Uptime, overlap_ms
from bot.services.status import MonitorStatus
from bot.services.typed_text import is_web, names_its_port
from bot.words.causes import game_text
from bot.words.escaping import code, host, markdown
from bot.words.phrases import every
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
    return words.text(_OVER[one.ending or Ending.RESOLVED], duration=words.duration(one.lasted_s))


# From the best to the worst. A heavy cross would be drawn as an emoji by some, and be too wide.
_MARKS = {
    Level.FINE: ("█", N_("no trouble")),
    Level.SHAKY: ("▅", N_("unstable or briefly down")),
    Level.POOR: ("▂", N_("over 1% down")),
    Level.BAD: ("X", N_("over 10% down")),
    Level.UNWATCHED: ("·", N_("not watched")),
}
_GROUP = 10
# What a late scheduler leaves out is no news; a gap somebody may have noticed is.
_WORTH_A_WORD_S = 300


def block(one: Uptime) -> str:
    return _MARKS[one.level][0]


def bar(words: Translator, blocks: Sequence[Uptime]) -> str:
    """The marks in a block of code, in groups so that a phone breaks the line between two of them.

    Below it: how long a mark is, and what each of those that are there means.
    """
    marks = "".join(block(one) for one in blocks)
    line = " ".join(marks[at : at + _GROUP] for at in range(0, len(marks), _GROUP))
    key = " · ".join(meanings(words, dict(_MARKS.values()), marks))
    head = words.plural(
        "Each mark is {n} day, the newest last:",
        "Each mark is {n} days, the newest last:",
        BLOCK_DAYS,
    )
    return f"```\n{line}\n```\n{head} {key}"


def meanings(words: Translator, of: Mapping[str, str], line: str) -> list[str]:
    """The marks of a line with what each means."""
    return [f"`{mark}` {words.text(text)}" for mark, text in of.items() if mark in line]


def uptime_lines(words: Translator, report: MonitorReport) -> str:
    """A line for each span the monitor is old enough for, and one for all of its short life."""
    spans = {
        words.text("{n} h", n=24) if days == 1 else words.plural("{n} day", "{n} days", days): one
        for days, one in report.spans.items()
    }
    if BAR_DAYS not in report.spans:
        spans[words.text("since it was added")] = report.whole
    lines = [f"**{name}** · {uptime_text(words, one)}" for name, one in spans.items()]
    if report.whole.watched_s and report.whole.unwatched_s >= _WORTH_A_WORD_S:
        text = N_("Not watched for {duration}: counts neither as up nor as down.")
        lines.append(words.text(text, duration=words.duration(report.whole.unwatched_s)))
    return "\n".join(lines)


def uptime_text(words: Translator, one: Uptime) -> str:
    """``99.97% · down 12 min``: all there is to say of a span; 100 % only when nothing happened."""
    if one.watched_s <= 0:
        return words.text("not watched")
    parts = [share(words, one)]
    if one.down_s:
        parts.append(words.text("down {duration}", duration=words.duration(one.down_s)))
    if one.unstable_s:
        parts.append(words.text("unstable {duration}", duration=words.duration(one.unstable_s)))
    return " · ".join(parts)


def share(words: Translator, one: Uptime) -> str:
    """The part of the watched time it was not down; ask only when some was watched.

    100 % is for time without any trouble: a site that was unstable all day was never down.
    """
    if not one.down_s and one.unstable_s:
        return words.text("never down")
    return words.percent(max(0, one.watched_s - one.down_s), one.watched_s)


CELLS = 30  # as many as a phone shows in one line of code
_HEIGHTS = "▁▂▃▄▅▆▇█"
_DOWN, _UNSTABLE, _UNWATCHED = "✖", "▲", "·"
_SIGN_MEANINGS = {_DOWN: N_("down"), _UNSTABLE: N_("unstable"), _UNWATCHED: N_("not watched")}


def sparkline(words: Translator, past: PeriodReport, *, is_job: bool = False) -> str:
    """The line in a block of code, and below it what its signs mean."""
    shown = run_time if is_job else answer_time
    top = max((one.median_ms for one in past.response_times), default=0)
    line = "".join(_signs(past, top))
    key = meanings(words, _SIGN_MEANINGS, line)
    if top and set(line) & set(_HEIGHTS):
        key.insert(0, f"`{_HEIGHTS[-1]}` {shown(words, top)}")
    return f"```\n{line}\n```{' · '.join(key)}"


def _signs(past: PeriodReport, top: int) -> Iterator[str]:
    height, begin, length = _HEIGHTS[0], past.span[0], past.span[1] - past.span[0]
    for n in range(CELLS):
        cell = begin + length * n // CELLS, begin + length * (n + 1) // CELLS
        medians = [
            one.median_ms
            for one in past.response_times
            if one.begin_ms < cell[1] and one.begin_ms + past.step_ms > cell[0]
        ]
        if overlap_ms([cell], past.down):
            yield _DOWN
        elif overlap_ms([cell], past.unstable):
            yield _UNSTABLE
        elif not medians and overlap_ms([cell], past.unwatched):
            yield _UNWATCHED
        else:
            # Of the slowest step in it; the slowest of all is the full block. A site that is
            # checked seldom is as fast as it was when last seen.
            if medians:
                height = _HEIGHTS[max(0, -(-max(medians) * 8 // top) - 1) if top else -1]
            yield height
