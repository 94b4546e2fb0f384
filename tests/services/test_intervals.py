"""Spans are joined, cut and measured."""

from hypothesis import given
from hypothesis import strategies as st

from bot.services.history.uptime import Span, cut, length_ms, merged, overlap_ms, without

SPANS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=15,
)


def test_spans_that_touch_are_one() -> None:
    assert merged([(5, 9), (0, 3), (3, 5), (20, 30), (21, 22)]) == [(0, 9), (20, 30)]
    assert merged([]) == []


def test_holes_are_cut_out() -> None:
    assert without([(0, 10), (20, 30)], [(5, 22), (28, 29)]) == [(0, 5), (22, 28), (29, 30)]
    assert without([(0, 10)], [(0, 10)]) == []


@given(SPANS, SPANS)
def test_cutting_is_what_the_slow_way_does(spans: list[Span], holes: list[Span]) -> None:
    whole, gaps = merged(spans), merged(holes)
    parts = cut(whole, gaps)
    assert [piece for part in parts for piece in part] == without(whole, gaps)
    assert len(parts) == len(whole)


def test_overlaps_and_lengths_add_up() -> None:
    assert overlap_ms([(0, 10), (20, 30)], [(5, 25)]) == 10
    assert length_ms([(0, 10), (20, 30)]) == 20
