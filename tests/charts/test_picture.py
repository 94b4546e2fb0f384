"""What goes to the drawing child: a picture and nothing else, and no outage too thin to be seen."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts.picture import Picture, Span, apart, broad
from tests.charts.pictures import ENGLISH, a_picture

WITHIN = (0, 1_000)


def test_a_picture_survives_the_way_to_the_child() -> None:
    odd = replace(ENGLISH, down="$\\frac{1}{0}$ en panne", zone="Saint-Domingue \u202f–")
    assert Picture.from_json(a_picture(odd).to_json().encode()) == a_picture(odd)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"span": [1]}', "null"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Picture.from_json(text)


def test_it_holds_no_name_of_a_site() -> None:
    assert set(json.loads(a_picture().to_json())) == {
        *("span", "top_ms", "runs", "down", "unstable", "unwatched"),
        *("time_ticks", "ms_ticks", "labels", "players"),
    }


def test_a_short_outage_is_made_wide_enough_to_be_seen() -> None:
    assert broad(((500, 501),), 10, WITHIN) == [(496, 506)]
    assert broad(((500, 600),), 10, WITHIN) == [(500, 600)]
    assert broad(((0, 1),), 10, WITHIN) == [(0, 10)]
    assert broad(((999, 1_000),), 10, WITHIN) == [(990, 1_000)]


def test_what_touches_when_wide_is_one() -> None:
    assert broad(((100, 101), (105, 106), (300, 301)), 10, WITHIN) == [(96, 111), (296, 306)]


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(1, 50)), max_size=40))
def test_no_outage_is_lost_and_none_leaves_the_picture(raw: list[Span]) -> None:
    spans = tuple(sorted((a, min(a + length, 1_000)) for a, length in raw))
    shown = broad(spans, 10, WITHIN)
    assert all(any(a <= begin and end <= b for a, b in shown) for begin, end in spans)
    assert all(WITHIN[0] <= a < b <= WITHIN[1] and b - a >= 10 for a, b in shown)
    assert shown == sorted(shown)


def test_marks_that_would_lie_on_each_other_are_one() -> None:
    assert apart([(0, 10), (12, 20), (100, 110)], 50) == [5, 105]
    assert apart([], 50) == []
