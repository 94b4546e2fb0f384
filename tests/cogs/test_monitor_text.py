"""The bar of the last 90 days and the lines of uptime: shapes, honest rounding, both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.history.monitor_report import BAR_DAYS, MonitorReport
from bot.services.history.uptime import Uptime
from bot.words.translator import translator_for
from cogs._ui.monitor_text import bar, block, uptime_lines, uptime_text

DAY_S = 86_400
EN, FR = translator_for("en"), translator_for("fr")


def span(watched: int = 3 * DAY_S, down: int = 0, unstable: int = 0, of: int = 3 * DAY_S) -> Uptime:
    return Uptime(of, watched, down, unstable, count=0)


def report(spans: dict[int, Uptime], whole: Uptime) -> MonitorReport:
    return MonitorReport(spans, whole, (), None, None, ())


@pytest.mark.parametrize(
    ("one", "mark"),
    [
        (span(), "█"),
        (span(watched=1), "█"),
        (span(unstable=DAY_S), "▅"),
        (span(down=1), "▅"),
        (span(down=3 * DAY_S // 100 - 1), "▅"),
        (span(down=3 * DAY_S // 100), "▂"),
        (span(down=3 * DAY_S // 10 - 1), "▂"),
        (span(down=3 * DAY_S // 10), "X"),
        (span(watched=60, down=60), "X"),
        (span(watched=0), "·"),
        (span(watched=0, of=0), "·"),
    ],
)
def test_the_shape_of_a_block_says_how_the_watched_time_was(one: Uptime, mark: str) -> None:
    assert block(one) == mark


def test_the_bar_is_narrow_and_its_key_explains_only_what_is_there() -> None:
    drawn = bar(EN, [span()] * 12 + [span(watched=0)] * 17 + [span(down=DAY_S)])
    fence, line, end, key = drawn.split("\n")
    assert (fence, end) == ("```", "```")
    assert line == "██████████ ██········ ·········X"
    assert max(map(len, line.split())) <= 10, "a phone breaks the line between groups"
    assert key == (
        "Each mark is 3 days, the newest last: `█` no trouble · `X` over 10% down · `·` not watched"
    )


def test_every_mark_of_the_bar_is_plain_text_and_not_an_emoji() -> None:
    """Some clients draw ✖ in colour and twice as wide, which would break the line."""
    marks = {block(span(watched=w, down=d)) for w in (0, DAY_S) for d in (0, 1, 1_000, DAY_S)}
    assert len(marks) == 5
    assert not re.search("[\u2600-\u27bf\U0001f000-\U0001faff]", "".join(marks))


def test_all_is_said_only_of_time_without_trouble() -> None:
    assert uptime_text(EN, span()) == "100%"
    assert uptime_text(EN, span(90 * DAY_S, down=1)) == "99.99% · down 1 s"
    assert uptime_text(EN, span(unstable=7_200)) == "never down · unstable 2 h"
    assert uptime_text(EN, span(down=3_600, unstable=60)) == "98.61% · down 1 h · unstable 1 min"


def test_down_all_the_time_is_nought_and_almost_all_of_it_is_not() -> None:
    assert uptime_text(EN, span(60, down=60)) == "0% · down 1 min"
    assert uptime_text(EN, span(90 * DAY_S, down=90 * DAY_S - 60)).startswith("0.01%")


def test_what_was_not_watched_is_neither_up_nor_down() -> None:
    assert uptime_text(EN, span(watched=0)) == "not watched"
    half = span(watched=DAY_S, down=DAY_S // 2, of=2 * DAY_S)
    assert uptime_text(EN, half).startswith("50%")


def test_french_numbers_and_lengths_are_french() -> None:
    said = uptime_text(FR, span(90 * DAY_S, down=3_600)).replace("\u202f", "~")
    assert said == "99,95\u00a0% · en panne 1~h"
    assert bar(FR, [span()]).split("\n")[3].startswith("Chaque marque vaut 3\u202fjours")


@given(st.integers(1, BAR_DAYS * DAY_S), st.integers(0, BAR_DAYS * DAY_S))
def test_a_share_is_never_rounded_to_all_or_nothing(watched: int, down: int) -> None:
    down = min(down, watched)
    said = uptime_text(EN, span(watched, down=down)).split(" · ")[0]
    assert (said == "100%") is (down == 0)
    assert (said == "0%") is (down == watched)
    exact = 100 * (watched - down) / watched
    assert abs(float(said.rstrip("%")) - exact) <= 0.01 + 1e-9


def test_a_young_monitor_has_the_spans_of_its_age_and_one_of_its_life() -> None:
    whole = span(40 * 3_600, down=60, of=40 * 3_600)
    lines = uptime_lines(EN, report({1: span(DAY_S, of=DAY_S)}, whole)).splitlines()
    assert lines == ["**24 h** · 100%", "**since it was added** · 99.95% · down 1 min"]


def test_an_old_monitor_has_four_lines_and_a_word_on_what_nobody_saw() -> None:
    quarter = span(80 * DAY_S, of=90 * DAY_S)
    spans = dict.fromkeys((1, 7, 30), span(DAY_S, of=DAY_S)) | {90: quarter}
    lines = uptime_lines(EN, report(spans, quarter)).splitlines()
    assert [line.split(" · ")[0] for line in lines[:4]] == [
        "**24 h**",
        "**7 days**",
        "**30 days**",
        "**90 days**",
    ]
    assert lines[4] == "Not watched for 10 days: counts neither as up nor as down."


def test_a_scheduler_s_jitter_is_no_gap_worth_a_word() -> None:
    whole = span(DAY_S - 200, of=DAY_S)
    assert "Not watched" not in uptime_lines(EN, report({1: whole}, whole))
