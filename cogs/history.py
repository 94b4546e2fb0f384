"""``/history``: how a site fared over some time: the numbers, and a picture or a line of text."""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord
from discord import app_commands

from bot.charts.picture import Labels, Picture, Point
from bot.charts.ticks import answer_time, ms_ticks, run_ticks, run_time, time_ticks
from bot.clock import HOUR_MS
from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.services.history.period_report import Period, PeriodReport, ResponseTimes
from bot.services.history.uptime import Span, merged
from bot.services.recurrence import zone_of
from bot.services.status import MonitorStatus
from bot.words.escaping import clip, plain
from bot.words.phrases import stamp
from bot.words.translator import N_, Translator
from cogs._ui.interactions import VigieCog, defer_if_slow, extension, respond
from cogs._ui.monitor_option import KnownMonitor
from cogs._ui.monitor_text import NAME_LIMIT, share, shown_name, sparkline, state_embed

_ALT_LIMIT = 1_024  # Discord's for the description of an attachment
_NO_FILES = N_("I can't attach files in this channel, so here it is in one line:")
_STILL_DRAWN = N_("I am still drawing another picture for you, so here it is in one line:")
_NOT_DRAWN = N_("The picture could not be drawn this time, so here it is in one line:")
_NO_RUNS = N_("no run times: the job does not call /start")


@dataclass(frozen=True, slots=True)
class MonitorHistory:
    """One monitor's past, as far back as it was asked for."""

    status: MonitorStatus
    period: Period
    past: PeriodReport

    @property
    def is_job(self) -> bool:
        """Its times are how long it ran, where it says when it starts."""
        return self.status.monitor.is_push

    @property
    def empty(self) -> bool:
        """Nothing was seen of it. A job that is fine may have no times."""
        has_beaten = bool(self.status.latest or self.past.uptime.watched_s)
        return self.past.empty and not (self.is_job and has_beaten)

    @property
    def young(self) -> bool:
        """It was added within the period."""
        return self.past.span[0] == self.status.monitor.created_ms


def history_embed(
    words: Translator, asked: MonitorHistory, *, instead: str | None = None
) -> discord.Embed:
    """The numbers; ``instead`` says why a line of text stands for the picture."""
    said = [f"**{_period_name(words, asked.period)}**"]
    if asked.young:
        said.append(words.text("Watched since {time}.", time=stamp(asked.past.span[0], "f")))
    if instead is not None:
        said += [words.text(instead), sparkline(words, asked.past, is_job=asked.is_job)]
    embed = state_embed(words, asked.status, said)
    for name, value in _rows(words, asked):
        embed.add_field(name=name, value=value)
    return embed


def alt_text(words: Translator, asked: MonitorHistory) -> str:
    """What the picture shows, for those who cannot see it: the same numbers."""
    name = plain(asked.status.monitor.name, NAME_LIMIT)
    said = [f"{name}, {_period_name(words, asked.period)}"]
    said += [words.text("{name}: {value}", name=n, value=v) for n, v in _rows(words, asked)]
    return clip(". ".join(said), _ALT_LIMIT)


def _nothing_yet(words: Translator, asked: MonitorHistory) -> str:
    name = shown_name(asked.status.monitor)
    if asked.status.paused or not asked.young:
        return words.text("I did not watch {name} during this time.", name=name)
    return words.text("Nothing to show for {name} yet: its first checks are under way.", name=name)


def _period_name(words: Translator, period: Period) -> str:
    if period is Period.DAY:
        return words.text("Last 24 hours")
    return words.plural("Last {n} day", "Last {n} days", period.days)


def _rows(words: Translator, asked: MonitorHistory) -> Sequence[tuple[str, str]]:
    past, uptime = asked.past, asked.past.uptime
    never = words.text("never")
    up = share(words, uptime) if uptime.watched_s > 0 else words.text("not watched")
    unwatched = words.duration(uptime.unwatched_s) if uptime.unwatched_s else never
    return (
        (words.text("Uptime"), up),
        (words.text("Down"), _times(words, past.outages, uptime.down_s)),
        (words.text("Unstable"), _times(words, past.shaky, uptime.unstable_s)),
        (_speed_name(words, asked), _speed(words, asked)),
        (words.text("Not watched"), unwatched),
        *_players(words, past),
    )


def _players(words: Translator, past: PeriodReport) -> Sequence[tuple[str, str]]:
    """Nothing where they are not kept."""
    if not past.players:
        return ()
    mean = round(sum(one.mean for one in past.players) / len(past.players))
    said = words.text(
        "{n} on average · {most} at most", n=mean, most=max(one.most for one in past.players)
    )
    return ((words.text("Players"), said),)


def _times(words: Translator, count: int, seconds: int) -> str:
    if not count:
        return words.text("never")
    times = words.plural("{n} time", "{n} times", count)
    return f"{times} · {words.duration(seconds)}"


def _speed_name(words: Translator, asked: MonitorHistory) -> str:
    """Of a job how long it ran."""
    name, typical = N_("Response time"), N_("Response time, typical")
    if asked.is_job:
        name, typical = N_("Run time"), N_("Run time, typical")
    return words.text(name if asked.past.exact else typical)


def _speed(words: Translator, asked: MonitorHistory) -> str:
    past, shown = asked.past, run_time if asked.is_job else answer_time
    if past.median_ms is None or past.p95_ms is None:
        return words.text(_NO_RUNS) if asked.is_job else words.text("no answer")
    said = [
        words.text("median {time}", time=shown(words, past.median_ms)),
        words.text("95% within {time}", time=shown(words, past.p95_ms)),
    ]
    highest = max(one.p95_ms for one in past.response_times)
    if highest > top_ms(past):
        said.append(words.text("peaks up to {time}", time=shown(words, highest)))
    return " · ".join(said)


_ZONE_LIMIT = 16
_LEAST_TOP_MS = 10
# A few peaks must not press the rest flat: what is far above nine tenths of them is cut off.
_ORDINARY, _ABOVE = 0.9, 2.5
_HEADROOM = 1.1


def picture(
    words: Translator, past: PeriodReport, timezone: str, *, is_job: bool = False
) -> Picture:
    """``timezone``: whose clock the axis shows."""
    zone, top = zone_of(timezone), top_ms(past)
    ticks = run_ticks if is_job else ms_ticks
    has_times = bool(past.response_times) or not is_job
    return Picture(
        span=past.span,
        top_ms=top,
        runs=tuple(tuple(_point(past, one) for one in run) for run in _runs(past)),
        down=past.down,
        unstable=past.unstable,
        unwatched=past.unwatched,
        time_ticks=time_ticks(words, past.span, zone),
        ms_ticks=ticks(words, top) if has_times else (),
        labels=Labels(
            median=words.text("run time, median") if is_job else words.text("median"),
            spread=words.text("95th percentile"),
            down=f"✖ {words.text('down')}",
            unstable=f"▲ {words.text('unstable')}",
            unwatched=words.text("not watched"),
            zone=plain(timezone.rpartition("/")[2].replace("_", " "), _ZONE_LIMIT),
            players=words.text("players"),
            nothing="" if has_times else words.text(_NO_RUNS),
        ),
        players=tuple(_counts(past)),
    )


def _counts(past: PeriodReport) -> Iterator[tuple[int, int]]:
    """In the middle of each step, as far as that lies in the picture."""
    step_ms = max(past.step_ms, HOUR_MS)
    for one in past.players:
        begin, end = max(one.begin_ms, past.span[0]), min(one.begin_ms + step_ms, past.span[1])
        yield (begin + end) // 2, one.mean


def worth_drawing(past: PeriodReport) -> bool:
    """A single dot says less than its number."""
    return len(past.response_times) > 1 or bool(past.down or past.unstable)


def top_ms(past: PeriodReport) -> int:
    """The upper end of the axis. All medians are below it, and all but a few far peaks."""
    highest = sorted(one.p95_ms for one in past.response_times) or [0]
    ordinary = highest[int((len(highest) - 1) * _ORDINARY)]
    medians = max((one.median_ms for one in past.response_times), default=0)
    top = max(medians, min(highest[-1], ordinary * _ABOVE), _LEAST_TOP_MS)
    return round(top * _HEADROOM)


def _runs(past: PeriodReport) -> Iterator[list[ResponseTimes]]:
    """Steps between which the site was neither down nor out of our sight."""
    breaks = merged([*past.down, *past.unwatched])
    run: list[ResponseTimes] = []
    for one in past.response_times:
        if run and _breaks(breaks, run[-1].begin_ms + past.step_ms, one.begin_ms):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _breaks(breaks: Sequence[Span], end_ms: int, begin_ms: int) -> bool:
    if begin_ms <= end_ms:
        return False
    after = bisect_right(breaks, (end_ms, 0))
    near = breaks[max(0, after - 1) : after + 1]
    return any(a < begin_ms and b > end_ms for a, b in near)


def _point(past: PeriodReport, one: ResponseTimes) -> Point:
    """In the middle of its step, as far as that lies in the picture."""
    begin = max(one.begin_ms, past.span[0])
    end = min(one.begin_ms + past.step_ms, past.span[1])
    return Point((begin + end) // 2, one.median_ms, one.p95_ms)


_PERIODS = [
    app_commands.Choice(name=N_("24 hours"), value=Period.DAY.value),
    app_commands.Choice(name=N_("7 days"), value=Period.WEEK.value),
    app_commands.Choice(name=N_("30 days"), value=Period.MONTH.value),
    app_commands.Choice(name=N_("90 days"), value=Period.QUARTER.value),
]
_FILE = "history.png"
_TOO_EARLY = N_(
    "No picture yet: it has a point for every {duration}, and there is only one so far."
)


class History(VigieCog):
    """Answers the one who asks alone: with a picture where files may be attached."""

    def __init__(self, client: VigieClient) -> None:
        super().__init__(client)
        self._drawing: set[int] = set()  # for whom; one picture at a time, others wait too

    @app_commands.command(name="history", description="Show a site's history as a picture.")
    @app_commands.describe(
        monitor="Which site to show.", period="How far back; by default 24 hours."
    )
    @app_commands.choices(period=_PERIODS)
    async def history(
        self, interaction: Interaction, monitor: KnownMonitor, period: str = Period.DAY.value
    ) -> None:
        found = monitor.monitor
        work = self._services.history.report(found.guild_id, found.id, Period(period))
        asked = MonitorHistory(monitor, Period(period), await defer_if_slow(interaction, work))
        words = translator_of(interaction)
        if asked.empty:
            await respond(interaction, _nothing_yet(words, asked))
            return
        if not worth_drawing(asked.past):
            text = words.text(_TOO_EARLY, duration=words.duration(asked.past.step_ms // 1000))
            said = None if asked.is_job else text
            await respond(interaction, said, embed=history_embed(words, asked))
            return
        instead = None if interaction.app_permissions.attach_files else _NO_FILES
        if instead is None and interaction.user.id in self._drawing:
            instead = _STILL_DRAWN
        instead = instead or await self._draw(interaction, asked)
        if instead is not None:
            await respond(interaction, embed=history_embed(words, asked, instead=instead))

    async def _draw(self, interaction: Interaction, asked: MonitorHistory) -> str | None:
        """Answer with a picture, or return why there is none."""
        words = translator_of(interaction)
        timezone = self._services.guilds.settings(asked.status.monitor.guild_id).timezone
        shown = picture(words, asked.past, timezone, is_job=asked.is_job)
        drawing = self._services.painter.paint(shown)
        self._drawing.add(interaction.user.id)
        try:
            png = await defer_if_slow(interaction, drawing, after_s=0)
        finally:
            self._drawing.discard(interaction.user.id)
        if png is None:
            return _NOT_DRAWN
        # Beside the embed, not in it: an image of an embed takes no alternative text.
        file = discord.File(io.BytesIO(png), _FILE, description=alt_text(words, asked))
        await respond(interaction, embed=history_embed(words, asked), files=[file])
        return None


setup = extension(History)
