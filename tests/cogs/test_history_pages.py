"""The picture's description and the line of text, from a past made by hand."""

from dataclasses import replace

from bot.models import Monitor, State, Target
from bot.services.history.period_report import Period, PeriodReport, ResponseTimes
from bot.services.history.uptime import Uptime
from bot.services.status import MonitorStatus
from bot.words.translator import translator_for
from cogs._ui.monitor_text import CELLS, sparkline
from cogs.history import MonitorHistory, history_embed, picture, top_ms, worth_drawing

EN, FR = translator_for("en"), translator_for("fr")
HOUR_MS = 3_600_000
BEGIN_MS = 1_699_920_000_000
SPAN = (BEGIN_MS, BEGIN_MS + CELLS * HOUR_MS)


def at(hour: float) -> int:
    return BEGIN_MS + round(hour * HOUR_MS)


def pace(hour: int, median: int = 100, p95: int = 200) -> ResponseTimes:
    return ResponseTimes(at(hour), 60, median, p95)


CALM = PeriodReport(
    span=SPAN,
    step_ms=HOUR_MS,
    response_times=tuple(pace(n) for n in range(CELLS)),
    down=(),
    unstable=(),
    unwatched=(),
    outages=0,
    shaky=0,
    uptime=Uptime(CELLS * 3600, CELLS * 3600, 0, 0, CELLS * 60),
    median_ms=100,
    p95_ms=200,
    exact=False,
)


def line(past: PeriodReport) -> str:
    return sparkline(EN, past).split("```")[1].strip()


def test_each_sign_of_the_line_stands_for_one_thing() -> None:
    response_times = tuple(pace(n, median=(n + 1) * 100) for n in range(8))
    past = replace(
        CALM,
        response_times=(*response_times, *(pace(n, 800) for n in range(11, CELLS))),
        down=((at(8), at(9)), (at(20.5), at(20.6))),
        unstable=((at(9), at(10)),),
        unwatched=((at(10), at(11)),),
    )
    assert line(past) == "▁▂▃▄▅▆▇█✖▲·" + "█" * 9 + "✖" + "█" * 9
    key = sparkline(EN, past).split("```")[2]
    assert key == "`█` 800 ms · `✖` down · `▲` unstable · `·` not watched"
    assert sparkline(FR, CALM).endswith("`█` 100\u202fms")


def test_a_gap_of_no_whole_second_is_none() -> None:
    monitor = Monitor(1, 1, "Shop", Target("https://shop.example/"), 60, created_ms=BEGIN_MS)
    past = replace(CALM, unwatched=((at(0), at(0) + 400),))
    status = MonitorStatus(monitor, State.UP, None, None, None, None)
    page = history_embed(EN, MonitorHistory(status, Period.MONTH, past))
    assert {"Not watched": "never"}.items() <= {one.name: one.value for one in page.fields}.items()


def test_a_site_that_is_checked_seldom_is_no_gap() -> None:
    past = replace(CALM, response_times=(pace(0), pace(12, 50)))
    assert line(past) == "█" * 12 + "▄" * 18


def test_a_site_that_never_answered_has_signs_all_the_same() -> None:
    past = replace(CALM, response_times=(), down=(SPAN,), median_ms=None, p95_ms=None)
    assert line(past) == "✖" * CELLS
    assert "ms" not in sparkline(EN, past)
    assert worth_drawing(past)
    assert picture(EN, past, "UTC").runs == ()


def test_the_line_of_the_picture_is_broken_by_outages_and_gaps_alone() -> None:
    past = replace(
        CALM,
        response_times=tuple(pace(n) for n in (0, 1, 5, 9, 12, 13)),
        down=((at(6), at(7)),),
        unwatched=((at(10), at(11)), (at(13.2), at(13.3))),
        unstable=((at(2), at(4)),),
    )
    runs = picture(EN, past, "UTC").runs
    hours = [[(one.at_ms - BEGIN_MS) / HOUR_MS - 0.5 for one in run] for run in runs]
    assert hours == [[0, 1, 5], [9], [12, 13]]


def test_steps_at_the_ends_stand_inside_the_picture() -> None:
    past = replace(CALM, span=(at(0.5), at(29.25)))
    points = picture(EN, past, "UTC").runs[0]
    assert points[0].at_ms == at(0.75)
    assert points[-1].at_ms == at(29.125)


def test_a_far_peak_does_not_press_the_rest_flat() -> None:
    peak = replace(CALM, response_times=(*CALM.response_times[:-1], pace(29, p95=9_000)))
    assert top_ms(peak) == 550
    slow = replace(
        CALM, response_times=(*CALM.response_times[:-1], pace(29, median=8_000, p95=9_000))
    )
    assert top_ms(slow) == 8_800, "a median is never cut off"
    assert top_ms(replace(CALM, response_times=())) == 11


def test_one_answer_is_not_worth_a_picture() -> None:
    assert not worth_drawing(replace(CALM, response_times=(pace(3),)))
    assert worth_drawing(replace(CALM, response_times=(pace(3), pace(4))))


def test_the_words_of_the_picture_are_the_readers() -> None:
    labels = picture(FR, CALM, "America/Argentina/Buenos_Aires").labels
    assert labels.zone == "Buenos Aires"
    assert (labels.median, labels.spread) == ("médiane", "95e centile")
    assert (labels.down, labels.unstable) == ("✖ en panne", "▲ instable")
