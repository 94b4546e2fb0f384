"""What ``/history`` answers: the numbers, and the same as a picture or as a line of text."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.services.history.period_report import Period, PeriodReport
from bot.services.status import MonitorStatus
from bot.words.escaping import clip, plain
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator
from cogs._ui.history_picture import top_ms
from cogs._ui.monitor_text import NAME_LIMIT, shown_name, state_embed
from cogs._ui.uptime_text import share, sparkline

_ALT_LIMIT = 1_024  # Discord's for the description of an attachment
NO_FILES = N_("I can't attach files in this channel, so here it is in one line:")
STILL_DRAWN = N_("I am still drawing another picture for you, so here it is in one line:")
NOT_DRAWN = N_("The picture could not be drawn this time, so here it is in one line:")


@dataclass(frozen=True, slots=True)
class Asked:
    """One monitor, how far back it was asked for, and what there is to say."""

    status: MonitorStatus
    period: Period
    past: PeriodReport

    @property
    def young(self) -> bool:
        """Whether it was added within the period."""
        return self.past.span[0] == self.status.monitor.created_ms


def history_embed(words: Translator, asked: Asked, *, instead: str | None = None) -> discord.Embed:
    """The numbers; ``instead`` says why a line of text stands for the picture."""
    said = [f"**{_period_name(words, asked.period)}**"]
    if asked.young:
        said.append(words.text("Watched since {time}.", time=stamp(asked.past.span[0], "f")))
    if instead is not None:
        said += [words.text(instead), sparkline(words, asked.past)]
    embed = state_embed(words, asked.status, said)
    for name, value in _rows(words, asked.past):
        embed.add_field(name=name, value=value)
    return embed


def alt_text(words: Translator, asked: Asked) -> str:
    """What the picture shows, for those who cannot see it: the same numbers."""
    name = plain(asked.status.monitor.name, NAME_LIMIT)
    said = [f"{name}, {_period_name(words, asked.period)}"]
    said += [words.text("{name}: {value}", name=n, value=v) for n, v in _rows(words, asked.past)]
    return clip(". ".join(said), _ALT_LIMIT)


def nothing_yet(words: Translator, asked: Asked) -> str:
    """There is neither speed nor trouble to show."""
    name = shown_name(asked.status.monitor)
    if asked.status.paused or not asked.young:
        return words.text("I did not watch {name} during this time.", name=name)
    return words.text("Nothing to show for {name} yet: its first checks are under way.", name=name)


def _period_name(words: Translator, period: Period) -> str:
    if period is Period.DAY:
        return words.text("Last 24 hours")
    return words.plural("Last {n} day", "Last {n} days", period.days)


def _rows(words: Translator, past: PeriodReport) -> Sequence[tuple[str, str]]:
    """Each number with its name, as fields and as a sentence."""
    uptime = past.uptime
    never = words.text("never")
    up = share(words, uptime) if uptime.watched_s > 0 else words.text("not watched")
    unwatched = words.duration(uptime.unwatched_s) if uptime.unwatched_s else never
    return (
        (words.text("Uptime"), up),
        (words.text("Down"), _times(words, past.outages, uptime.down_s)),
        (words.text("Unstable"), _times(words, past.shaky, uptime.unstable_s)),
        (_speed_name(words, past), _speed(words, past)),
        (words.text("Not watched"), unwatched),
    )


def _times(words: Translator, count: int, seconds: int) -> str:
    if not count:
        return words.text("never")
    times = words.plural("{n} time", "{n} times", count)
    return f"{times} · {words.duration(seconds)}"


def _speed_name(words: Translator, past: PeriodReport) -> str:
    return words.text("Response time") if past.exact else words.text("Response time, typical")


def _speed(words: Translator, past: PeriodReport) -> str:
    if past.median_ms is None or past.p95_ms is None:
        return words.text("no answer")
    said = [
        words.text("median {ms} ms", ms=words.number(past.median_ms)),
        words.text("95% within {ms} ms", ms=words.number(past.p95_ms)),
    ]
    highest = max(one.p95_ms for one in past.response_times)
    if highest > top_ms(past):
        said.append(words.text("peaks up to {ms} ms", ms=words.number(highest)))
    return " · ".join(said)
