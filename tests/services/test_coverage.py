from bot.services.coverage import length_ms, overlap_ms, reach_ms, watched, without

HOUR = (0, 3_600_000)
MINUTE = 60_000
REACH = reach_ms(60)


def test_tries_a_minute_apart_speak_for_the_whole_hour() -> None:
    assert watched([m * MINUTE for m in range(60)], REACH, HOUR) == [HOUR]


def test_a_missed_round_is_forgiven_and_two_are_a_gap() -> None:
    assert watched([0, 2 * MINUTE], REACH, (0, 3 * MINUTE)) == [(0, 3 * MINUTE)]
    assert watched([0, 4 * MINUTE], REACH, (0, 5 * MINUTE)) == [
        (0, REACH),
        (4 * MINUTE, 5 * MINUTE),
    ]


def test_a_try_of_the_hour_before_reaches_into_this_one() -> None:
    assert watched([-MINUTE], REACH, HOUR) == [(0, REACH - MINUTE)]
    assert watched([-REACH], REACH, HOUR) == []


def test_a_site_checked_once_a_day_is_watched_all_day() -> None:
    assert watched([-20 * 3_600_000], reach_ms(86_400), HOUR) == [HOUR]


def test_holes_are_cut_out() -> None:
    assert without([(0, 10), (20, 30)], [(5, 22), (28, 29)]) == [(0, 5), (22, 28), (29, 30)]
    assert without([(0, 10)], [(0, 10)]) == []


def test_overlaps_and_lengths_add_up() -> None:
    assert overlap_ms([(0, 10), (20, 30)], [(5, 25)]) == 10
    assert length_ms([(0, 10), (20, 30)]) == 20
