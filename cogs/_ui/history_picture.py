"""The past as the description of a picture, its words in the reader's language."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from bot.charts.picture import Labels, Picture, Point
from bot.charts.ticks import ms_ticks, time_ticks
from bot.services.history.coverage import Span, merged
from bot.services.history.period_report import PeriodReport, ResponseTimes
from bot.services.recurrence import zone_of
from bot.words.escaping import plain
from bot.words.translator import Translator

_ZONE_LIMIT = 16
_LEAST_TOP_MS = 10
# A few peaks must not press the rest flat: what is far above nine tenths of them is cut off.
_ORDINARY, _ABOVE = 0.9, 2.5
_HEADROOM = 1.1


def picture(words: Translator, past: PeriodReport, timezone: str) -> Picture:
    """``timezone``: whose clock the axis shows."""
    zone, top = zone_of(timezone), top_ms(past)
    return Picture(
        span=past.span,
        top_ms=top,
        runs=tuple(tuple(_point(past, one) for one in run) for run in _runs(past)),
        down=past.down,
        unstable=past.unstable,
        unwatched=past.unwatched,
        time_ticks=time_ticks(words, past.span, zone),
        ms_ticks=ms_ticks(words, top),
        labels=Labels(
            median=words.text("median"),
            spread=words.text("95th percentile"),
            down=f"✖ {words.text('down')}",
            unstable=f"▲ {words.text('unstable')}",
            unwatched=words.text("not watched"),
            zone=plain(timezone.rpartition("/")[2].replace("_", " "), _ZONE_LIMIT),
        ),
    )


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
    """Whether one of the breaks lies in the time between two steps."""
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
