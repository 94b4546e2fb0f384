"""When the end of a certificate is reported: once at each threshold, whatever is seen."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import DAY_MS
from bot.engine.certificates import (
    KEPT,
    NEEDED,
    THRESHOLDS,
    CertificateHistory,
    Warned,
    observe,
    warning_due,
)

URL = "https://example.com/"
MINUTE_MS = 60_000
START_MS = 1_800_000_000_000


class Site:
    """One watched site: what its checks saw, and what was said of it."""

    def __init__(self) -> None:
        self.now = CertificateHistory(URL)
        self.at_ms = START_MS
        self.said: list[int] = []
        self.reported: list[Warned] = []

    def see(self, ends_in_days: float, times: int = 1, every_ms: int = MINUTE_MS) -> None:
        """Checks that see a certificate with so many days left at the first of them."""
        self.see_end(self.at_ms + round(ends_in_days * DAY_MS), times, every_ms)

    def see_end(self, ends_ms: int, times: int = 1, every_ms: int = MINUTE_MS) -> None:
        for _ in range(times):
            self.now = observe(self.now, self.at_ms, ends_ms)
            expiry = warning_due(self.now, self.at_ms)
            if expiry is not None:
                self.now = expiry.then
                self.said.append(expiry.days)
                self.reported.append(expiry.then.warned[-1])
            self.at_ms += every_ms

    def wait(self, days: float) -> None:
        self.at_ms += round(days * DAY_MS)

    def restart(self) -> None:
        self.now = CertificateHistory.load(self.now.dump())


def test_a_certificate_with_time_left_is_not_spoken_of() -> None:
    site = Site()
    site.see(14.5, times=600)
    assert site.said == []


def test_each_threshold_is_reported_once_on_the_way_to_the_end() -> None:
    site = Site()
    site.see(20, times=20 * 24, every_ms=3_600_000)
    assert site.said == [14, 7, 3, 1]
    site.see_end(site.at_ms, times=10)
    assert site.said == [14, 7, 3, 1]


def test_a_site_first_seen_late_hears_the_threshold_it_has_reached_and_no_earlier_one() -> None:
    site = Site()
    site.see(5.2, times=10)
    assert site.said == [5]
    site.wait(2.5)
    site.see(2.7, times=10)
    assert site.said == [5, 3]


def test_the_same_number_of_days_is_not_said_twice() -> None:
    site = Site()
    site.see(7.3, times=24, every_ms=3_600_000)
    assert site.said == [7]


def test_one_sighting_alone_says_nothing() -> None:
    site = Site()
    site.see(2, times=NEEDED - 1)
    assert site.said == []
    site.see(2)
    assert site.said == [2]


def test_what_ends_within_hours_is_said_to_end_today_and_what_has_ended_is_not_said() -> None:
    site = Site()
    site.see(0.3, times=5)
    assert site.said == [0]
    late = Site()
    late.see(-0.1, times=5)
    assert late.said == []


def test_a_renewed_certificate_seen_once_does_not_arm_the_old_one_again() -> None:
    site = Site()
    old_ms, new_ms = site.at_ms + 6 * DAY_MS, site.at_ms + 90 * DAY_MS
    site.see_end(old_ms, times=20)
    site.see_end(new_ms)
    site.see_end(old_ms, times=60)
    assert site.said == [6]
    site.restart()
    site.see_end(old_ms, times=60)
    assert site.said == [6]


def test_an_old_certificate_seen_again_after_the_renewal_repeats_nothing() -> None:
    site = Site()
    old_ms, new_ms = site.at_ms + 8 * DAY_MS, site.at_ms + 90 * DAY_MS
    site.see_end(old_ms, times=20)
    site.see_end(new_ms, times=60)
    site.wait(1.5)
    for _ in range(200):
        site.see_end(new_ms, times=3)
        site.see_end(old_ms)
    assert site.said == [8]


def test_nodes_that_alternate_say_nothing_while_some_are_renewed() -> None:
    site = Site()
    old_ms, new_ms = site.at_ms + 2 * DAY_MS, site.at_ms + 80 * DAY_MS
    for _ in range(500):
        site.see_end(old_ms)
        site.see_end(new_ms)
    assert site.said == []


def test_nodes_whose_certificates_end_within_a_day_of_each_other_are_reported_as_one() -> None:
    site = Site()
    first_ms = site.at_ms + 7 * DAY_MS
    for index in range(90):
        site.see_end(first_ms + index % 3 * 3_600_000, times=index % 2 + 1)
    assert site.said == [7]


def test_nodes_that_all_end_soon_are_reported_by_the_last_of_them() -> None:
    site = Site()
    ends_ms = [site.at_ms + days * DAY_MS for days in (4, 6, 9)]
    for index in range(100):
        site.see_end(ends_ms[index % 3])
    assert site.said == [9]


def test_a_renewal_resets_quietly_and_is_warned_of_in_its_own_time() -> None:
    site = Site()
    site.see(2.5, times=20)
    site.see(90, times=60)
    assert site.said == [2]
    site.wait(76.5)
    site.see(13, times=20)
    assert site.said == [2, 13]


def test_a_short_lived_certificate_is_not_announced_at_every_renewal() -> None:
    site = Site()
    for _ in range(10):
        site.see(6.6, times=20)
        site.wait(3.2)
    assert site.said == [7]


def test_a_certificate_that_ends_sooner_than_the_one_before_is_news() -> None:
    site = Site()
    site.see(60, times=60)
    site.see(5, times=KEPT - 1)
    assert site.said == []
    site.see(5)
    assert site.said == [5]


def test_a_site_seen_once_a_day_is_believed_to_be_renewed_after_three_days() -> None:
    site = Site()
    site.see(5, times=4, every_ms=DAY_MS)
    assert site.said == [3]
    site.see(40, times=20, every_ms=DAY_MS)
    assert site.said == [3]


def test_what_was_reported_survives_a_restart() -> None:
    site = Site()
    site.see(6, times=5)
    site.restart()
    site.see(6, times=5)
    assert site.said == [6]


sequences = st.lists(
    st.tuples(st.integers(0, 20 * 24), st.integers(0, 2_000), st.integers(1, 20)), max_size=60
)


@settings(deadline=None)
@given(sequences, st.booleans())
def test_no_end_is_reported_twice_at_one_threshold_whatever_is_seen(
    sequence: list[tuple[int, int, int]], restarting: bool
) -> None:
    site = Site()
    for ends_in_h, wait_min, times in sequence:
        site.see_end(START_MS + ends_in_h * 3_600_000, times=times)
        site.at_ms += wait_min * MINUTE_MS
        if restarting:
            site.restart()
        assert len(site.now.recent) <= KEPT
        assert len(site.now.warned) <= 4 * 17
    assert len(set(site.reported)) == len(site.reported)
    assert all(0 <= days <= THRESHOLDS[0] for days in site.said)


@settings(deadline=None)
@given(
    st.integers(15, 40),
    st.lists(st.floats(0.05, 0.4), min_size=1, max_size=20),
    st.integers(3, 8),
)
def test_a_steady_approach_says_all_four_in_order(
    days: int, waits: list[float], checks: int
) -> None:
    site = Site()
    ends_ms = site.at_ms + days * DAY_MS
    index = 0
    while site.at_ms < ends_ms:
        site.see_end(ends_ms, times=checks)
        site.wait(waits[index % len(waits)])
        index += 1
    assert [one.days for one in site.reported] == list(THRESHOLDS)
    assert all(a > b for a, b in pairwise(site.said))
