"""When a channel may be tried again: the waiting times alone, without a store or Discord."""

import random
from itertools import pairwise

import pytest

from bot.services.delivery.throttle import CircuitBreaker, Throttle, backoff_s

A, B, C, D = 1, 2, 3, 4
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


class Longest(random.Random):
    """Chance always draws the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Shortest(random.Random):
    """Chance always draws the lower end."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


@pytest.fixture
def throttle() -> Throttle:
    return Throttle(Longest())


def _down(throttle: Throttle, now_ms: int = 0) -> None:
    """Five failures over three channels."""
    for channel_id in (A, B, C, A, B):
        throttle.failed(channel_id, 1, 0, now_ms)


def test_the_wait_doubles_from_one_second_to_ten_while_somebody_waits_for_it() -> None:
    waits = [backoff_s(attempts, 119_999, Longest()) for attempts in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]


def test_after_two_minutes_the_wait_grows_to_five_minutes_and_no_further() -> None:
    waits = [backoff_s(attempts, 120_000, Longest()) for attempts in (1, 8, 9, 10, 10_000)]
    assert waits == [1, 128, 256, 300, 300]


def test_the_wait_is_full_jitter_but_never_nothing() -> None:
    assert backoff_s(1, 0, Shortest()) == 0.05
    rng = random.Random(1)
    waits = [backoff_s(4, 0, rng) for _ in range(400)]
    assert min(waits) < 0.5
    assert max(waits) > 7.5


def test_a_failure_closes_one_channel_and_a_success_opens_it(throttle: Throttle) -> None:
    throttle.failed(A, 2, 0, 5000)
    assert throttle.opens_at(A) == 7000
    assert throttle.opens_at(B) == 0
    assert throttle.ready({A: 0, B: 0}, (), 6999) == [B]
    assert throttle.ready({A: 0, B: 0}, (), 7000) == [A, B]
    throttle.succeeded(A, posted=True)
    assert throttle.opens_at(A) == 0


def test_what_is_not_due_or_already_under_way_is_not_ready(throttle: Throttle) -> None:
    assert throttle.ready({A: 10, B: 11, C: 0}, {C: "a task"}, 10) == [A]
    assert throttle.next_ms({A: 20, B: 11, C: 0}, {C: "a task"}) == 11
    assert throttle.next_ms({}, ()) is None


def test_a_time_that_discord_names_for_a_channel_holds_until_something_was_sent(
    throttle: Throttle,
) -> None:
    throttle.wait(A, 9000)
    assert throttle.opens_at(A) == 9000
    throttle.succeeded(B, posted=True)
    assert throttle.opens_at(A) == 9000
    throttle.succeeded(A, posted=True)
    assert throttle.opens_at(A) == 0


def test_a_pause_holds_every_channel_and_a_shorter_one_does_not_cut_it(throttle: Throttle) -> None:
    throttle.wait_all(9000)
    throttle.wait_all(2000)
    assert (throttle.opens_at(A), throttle.opens_at(B)) == (9000, 9000)


def test_the_halts_are_ten_minutes_then_twice_as_long_each_time_up_to_six_hours(
    throttle: Throttle,
) -> None:
    now_ms, minutes = 0, []
    for _ in range(8):
        throttle.halt(now_ms)
        minutes.append((throttle.opens_at(A) - now_ms) / MINUTE)
        now_ms = throttle.opens_at(A)
    assert minutes == [10, 20, 40, 80, 160, 320, 360, 360]


def test_answers_to_requests_already_under_way_do_not_lengthen_a_halt(throttle: Throttle) -> None:
    throttle.halt(0)
    throttle.halt(1)
    assert throttle.opens_at(A) == 10 * MINUTE
    throttle.halt(10 * MINUTE)
    assert throttle.opens_at(A) == 30 * MINUTE


def test_after_a_success_halts_begin_with_ten_minutes_again(throttle: Throttle) -> None:
    throttle.halt(0)
    throttle.succeeded(A, posted=True)
    throttle.halt(HOUR)
    assert throttle.opens_at(A) == HOUR + 10 * MINUTE


def test_edits_have_a_gate_of_their_own(throttle: Throttle) -> None:
    throttle.wait_edits(A, 9000)
    assert throttle.opens_at(A) == 0
    assert not throttle.edits_open(A, 8999)
    assert throttle.edits_open(A, 9000)
    assert throttle.edits_open(B, 0)
    throttle.succeeded(A, posted=True)
    assert not throttle.edits_open(A, 8999)


def test_a_sleeping_thread_takes_edits_again_after_a_new_message_alone(throttle: Throttle) -> None:
    throttle.wait_edits(A, HOUR, archived=True)
    throttle.succeeded(A, posted=False)
    throttle.succeeded(B, posted=True)
    assert not throttle.edits_open(A, HOUR - 1)
    throttle.succeeded(A, posted=True)
    assert throttle.edits_open(A, 0)
    throttle.wait_edits(A, HOUR)
    throttle.succeeded(A, posted=True)
    assert not throttle.edits_open(A, 0)


def test_work_that_cannot_be_done_rests_a_second_or_until_edits_are_taken(
    throttle: Throttle,
) -> None:
    throttle.nothing_to_do(A, 5000, idle=True)
    assert throttle.opens_at(A) == 6000
    throttle.wait_edits(A, 9000)
    throttle.nothing_to_do(A, 5000, idle=True)
    assert throttle.opens_at(A) == 9000
    throttle.look_again()
    assert throttle.opens_at(A) == 0


def test_our_own_faults_wait_longer_each_time_and_from_the_eleventh_on_minutes(
    throttle: Throttle,
) -> None:
    waits = []
    for _ in range(11):
        throttle.internal_error(A, 0)
        waits.append(throttle.opens_at(A))
    assert waits == [1000, 2000, 4000, 8000, *[10_000] * 6, 300_000]
    assert not throttle.breaker.down
    throttle.succeeded(A, posted=True)
    throttle.internal_error(A, 0)
    assert throttle.opens_at(A) == 1000


def test_while_discord_is_down_the_channel_that_waited_longest_speaks_for_all(
    throttle: Throttle,
) -> None:
    _down(throttle)
    throttle.failed(A, 4, 0, 0)
    due = {A: 0, B: 0, C: 0}
    assert throttle.ready(due, (), 9999) == []
    assert throttle.ready(due, (), 10_000) == [B]
    assert throttle.ready(due, {B: "a task"}, 10_000) == []
    assert throttle.next_ms(due, ()) == 10_000
    assert throttle.next_ms(due, {B: "a task"}) is None


def test_when_discord_is_back_nobody_waits_any_longer(throttle: Throttle) -> None:
    _down(throttle)
    throttle.succeeded(A, posted=True)
    assert throttle.ready({A: 0, B: 0, C: 0}, (), 0) == [A, B, C]


def test_a_time_that_discord_named_holds_while_it_is_down(throttle: Throttle) -> None:
    _down(throttle)
    throttle.wait(A, HOUR)
    assert throttle.opens_at(A) == HOUR
    assert throttle.opens_at(B) == 10_000


def test_a_refused_token_shuts_everything(throttle: Throttle) -> None:
    throttle.stopped = True
    assert throttle.ready({A: 0}, (), 0) == []
    assert throttle.next_ms({A: 0}, ()) is None


@pytest.mark.parametrize(
    ("channels", "down"),
    [((A, A, A, B, C), True), ((A, B, C, A), False), ((A, B, A, B, A, B), False)],
)
def test_discord_is_down_after_five_failures_over_three_channels(
    channels: tuple[int, ...], *, down: bool
) -> None:
    breaker = CircuitBreaker()
    for channel_id in channels:
        breaker.failed(channel_id, 0)
    assert breaker.down is down
    assert breaker.succeeded() is down
    assert not breaker.down


def test_a_success_between_failures_starts_the_count_anew() -> None:
    breaker = CircuitBreaker()
    for channel_id in (A, B, C, D):
        breaker.failed(channel_id, 0)
    assert not breaker.succeeded()
    for channel_id in (A, B, A, B, A):
        breaker.failed(channel_id, 0)
    assert not breaker.down
    breaker.succeeded()
    for channel_id in (A, B, C, A):
        breaker.failed(channel_id, 0)
    assert not breaker.down


def test_trials_come_every_ten_seconds_for_two_minutes_and_then_every_thirty() -> None:
    breaker = CircuitBreaker()
    for channel_id in (A, B, C, A, B):
        breaker.failed(channel_id, 0)
    trials = [breaker.next_trial_ms]
    for _ in range(13):
        breaker.failed(A, trials[-1])
        trials.append(breaker.next_trial_ms)
    steps = [after - before for before, after in pairwise(trials)]
    assert steps == [*[10 * SECOND] * 11, *[30 * SECOND] * 2]


def test_while_discord_is_down_one_channel_alone_has_the_trial(throttle: Throttle) -> None:
    assert throttle.take(A, 0)
    assert throttle.take(B, 0)
    _down(throttle)
    assert not throttle.take(A, 9999)
    assert throttle.take(A, 10_000)
    assert not throttle.take(B, 10_000)  # it waited for its turn meanwhile
    throttle.failed(A, 1, 0, 10_000)
    assert not throttle.take(B, 10_001)
    assert throttle.take(B, 20_000)
    throttle.breaker.give_back(B)
    assert throttle.take(C, 20_000)
    throttle.succeeded(C, posted=True)
    assert throttle.take(B, 20_000)
