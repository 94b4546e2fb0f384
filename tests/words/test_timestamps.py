"""Moments as Discord shows them."""

from bot.words.phrases import stamp


def test_a_moment_is_whole_seconds_and_relative_unless_asked() -> None:
    assert stamp(1_478_570_400_999) == "<t:1478570400:R>"
    assert stamp(1_478_570_400_000, "t") == "<t:1478570400:t>"
