"""``/why``: the facts the judge's rule looks at, as sentences with numbers people can recount."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.engine.judge_state import (
    BAD_OF_10,
    BAD_OF_60,
    FOR_GOOD_ROUNDS,
    HOLD_RELAPSE,
    LEAVE_BAD_OF_30,
    LEAVE_SLOW_OF_10,
    RELAPSE_MEMORY_MS,
    RELAPSE_MS,
    SLOW_OF_10,
    JudgeState,
    Policy,
    count_bad,
    count_slow,
    down_after_ms,
)
from bot.models import CheckResult, Kind, Rule, SeenFrom
from bot.services.connectivity import ConnectivityMonitor
from bot.services.pushes import Pushes, PushMemory, due_ms
from bot.services.watchlist import Entry, Watchlist
from bot.words.translator import N_, NN_

# No incident is open: what would open one.
BAD_ROUNDS = NN_(
    "{n} of the last {of} rounds was bad; {opens} open an incident.",
    "{n} of the last {of} rounds were bad; {opens} open an incident.",
)
SLOW_ROUNDS = NN_(
    "{n} of the last {of} rounds was slower than {limit} ms; {opens} open an incident.",
    "{n} of the last {of} rounds were slower than {limit} ms; {opens} open an incident.",
)
FAILED_RUN = NN_(
    "{n} round failed completely. If a first check fails at {opens} or later too, that opens an"
    " incident.",
    "{n} rounds in a row failed completely. If a first check fails at {opens} or later too, that"
    " opens an incident.",
)
# An incident is open: how it began, what it has become, what its all-clear still needs.
OPENED = {
    Rule.FAILED_RUN: N_("Opened {opened}: from {since} on, every round failed."),
    Rule.BAD_OF_10: N_("Opened {opened}: 4 of 10 rounds were bad, the first {since}."),
    Rule.BAD_OF_60: N_("Opened {opened}: 12 of 60 rounds were bad, the first {since}."),
    Rule.SLOW_OF_10: N_("Opened {opened}: 6 of 10 rounds were slow, the first {since}."),
    Rule.BEAT: N_(
        "Opened {opened}: the beat of {since} did not come, or said that the job failed."
    ),
    Rule.PARTLY: N_("Opened {opened}: from {since} on 10 rounds failed here, but not elsewhere."),
}
BECAME = {
    Kind.DOWN: N_("Since then every round has failed, so it counts as down."),
    Kind.UNSTABLE: N_("Since then some checks worked and some failed, so it counts as unstable."),
    Kind.PARTLY: N_("Since then other places get through, so it is no longer down everywhere."),
}
SLOW_SHARE = N_("{slow} of the last {of} rounds took over {limit} ms.")
SHARE = N_("The first check succeeded in {ok} of the last {of} rounds.")
HOLD = N_("The all-clear needs {needs} good rounds in a row and has {has}.")
HOLD_FAST = N_("The all-clear needs {needs} fast rounds and has {has}.")
RECOVERING = N_("It works again since {since}; if nothing fails, the all-clear comes by {until}.")
HOLD_AGAIN = N_("It needs that many because the site failed again after it had recovered.")
STILL_BAD = N_("It also needs at most {most} bad rounds among the last {of}; it has {has}.")
STILL_SLOW = N_("It also needs at most {most} slow rounds among the last {of}; it has {has}.")
DENIED = N_("It works here, but in no other place that was asked: the all-clear waits for one.")
ALL_CLEAR_DUE = N_(
    "It has been due since {since} and waits up to a minute to share a message with other sites."
)
FOR_GOOD = NN_(
    "{n} round has failed completely; after {needs} in a row a second alert is posted, as down.",
    "{n} rounds in a row have failed completely; after {needs} a second alert is posted, as down.",
)
# Of a push monitor.
EXPECTED = N_("A beat is expected every {every} s, and is late {grace} s after that.")
LAST_BEAT = N_("The last one came {beat}.")
NO_BEAT = N_("None has arrived so far.")
RUNNING = N_("The job reported its start {start}; it has the grace period to finish.")
NEXT_BEAT = N_("Without a beat it is down from {due} on.")
AFTER_A_BEAT = N_("It is up again with the next beat that does not report a failure.")
# What earlier incidents mean for this one, or the next.
RELAPSED = N_(
    "It failed again {at}, within 90 minutes of recovering, so until {until} an"
    " all-clear needs {needs} good rounds in a row."
)
WATCHFUL = N_("It recovered recently: a failure that begins before {until} counts as a relapse.")


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence to be translated (two: singular and plural of ``n``) and the values in it.

    A value whose name ends in ``_ms`` is a moment; the sentence names it without that.
    """

    sentence: str | tuple[str, str]
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """``rounds``: the last ones, newest last, a letter each as in :mod:`bot.engine.judge_state`.

    ``checks`` are those of the newest round, oldest first.
    """

    rounds: str
    facts: tuple[Fact, ...]
    checks: tuple[CheckResult, ...]
    offline_since_ms: int | None
    place: str | None = None  # the only one that checks it
    places: SeenFrom = field(default_factory=SeenFrom)  # in the newest round that failed
    behind: int | None = None  # the monitor that keeps its alert back


class Why:
    """Answers from memory, so that it never waits for the store."""

    def __init__(
        self, clock: Clock, watchlist: Watchlist, connectivity: ConnectivityMonitor, pushes: Pushes
    ) -> None:
        self._clock, self._watchlist, self._connectivity = clock, watchlist, connectivity
        self._pushes = pushes

    @property
    def offline_since_ms(self) -> int | None:
        """Since when nothing counts, because we are offline ourselves; None while online."""
        return self._connectivity.offline_since_ms

    def of(self, guild_id: int, monitor_id: int) -> Evidence:
        """Raises NotFound."""
        entry = self._watchlist.get(guild_id, monitor_id)
        if entry.monitor.is_push:
            mine = _beats(entry, self._pushes.of(entry.monitor))
        else:
            mine = facts(entry.judge_state, entry.policy, self._clock.now_ms())
        behind = self._watchlist.behind(entry)
        found = [*_opened(entry), *mine]
        incident = entry.incident
        if incident is not None and incident.clear_by_ms and entry.due_ms is None:
            since_ms, until_ms = incident.answering_since_ms, incident.clear_by_ms
            found.append(_fact(RECOVERING, since_ms=since_ms or 0, until_ms=until_ms or 0))
        if entry.due_ms is not None:
            found.append(_fact(ALL_CLEAR_DUE, since_ms=entry.due_ms))
        return Evidence(
            entry.judge_state.rounds,
            tuple(found),
            entry.round_results,
            self.offline_since_ms,
            entry.monitor.place,
            entry.places,
            None if behind is None else behind.monitor.id,
        )


def facts(state: JudgeState, policy: Policy, now_ms: int) -> list[Fact]:
    """The numbers of the rule, from the judge's state alone."""
    found = _closing(state, policy) if state.mode is not None else _opening(state, policy)
    return found + _remembered(state, now_ms)


def _fact(sentence: str | tuple[str, str], **values: int) -> Fact:
    return Fact(sentence, values)


def _opened(entry: Entry) -> list[Fact]:
    state, incident = entry.judge_state, entry.incident
    if incident is None or state.rule is None:
        return []
    opened = _fact(OPENED[state.rule], since_ms=incident.since_ms, opened_ms=incident.opened_ms)
    if state.mode is None or state.mode is _mode_of(state.rule):
        return [opened]
    return [opened, _fact(BECAME[state.mode])]


def _beats(entry: Entry, memory: PushMemory | None) -> list[Fact]:
    monitor = entry.monitor
    found = [_fact(EXPECTED, every=monitor.interval_s, grace=monitor.grace_s or 0)]
    if memory is None or memory.beat_ms is None:
        found.append(_fact(NO_BEAT))
    else:
        found.append(_fact(LAST_BEAT, beat_ms=memory.beat_ms))
    if memory is not None and memory.started_ms is not None:
        found.append(_fact(RUNNING, start_ms=memory.started_ms))
    if entry.incident is not None:
        found.append(_fact(AFTER_A_BEAT))
    elif memory is not None and not monitor.paused:
        found.append(_fact(NEXT_BEAT, due_ms=due_ms(memory, entry)))
    return found


def _mode_of(rule: Rule) -> Kind:
    if rule in {Rule.SLOW_OF_10, Rule.PARTLY}:
        return Kind.SLOW if rule is Rule.SLOW_OF_10 else Kind.PARTLY
    return Kind.DOWN if rule in {Rule.FAILED_RUN, Rule.BEAT} else Kind.UNSTABLE


def _opening(state: JudgeState, policy: Policy) -> list[Fact]:
    rounds, of_10 = state.rounds, state.rounds[-10:]
    if not rounds:
        return []
    found = [_fact(BAD_ROUNDS, n=count_bad(of_10), of=len(of_10), opens=BAD_OF_10)]
    # Of the same rounds, or of none that was bad, it would say the same once more.
    if len(rounds) > len(of_10) and count_bad(rounds):
        found.append(_fact(BAD_ROUNDS, n=count_bad(rounds), of=len(rounds), opens=BAD_OF_60))
    run = _failed_run(rounds)
    if run and state.run_slot_ms is not None:
        found.append(_fact(FAILED_RUN, n=run, opens_ms=state.run_slot_ms + down_after_ms(policy)))
    if policy.slow_ms is not None:
        slow = count_slow(of_10)
        found.append(
            _fact(SLOW_ROUNDS, n=slow, of=len(of_10), opens=SLOW_OF_10, limit=policy.slow_ms)
        )
    return found


def _closing(state: JudgeState, policy: Policy) -> list[Fact]:
    rounds, found = state.rounds, list[Fact]()
    ok, of = state.share
    if state.mode is Kind.SLOW:
        found.append(_fact(SLOW_SHARE, slow=of - ok, of=of, limit=policy.slow_ms or 0))
        found.append(_fact(HOLD_FAST, needs=state.hold, has=state.good))
        found.append(_fact(STILL_SLOW, most=LEAVE_SLOW_OF_10, of=10, has=count_slow(rounds[-10:])))
    else:
        found.append(_fact(SHARE, ok=ok, of=of))
        found.append(_fact(HOLD, needs=state.hold, has=state.good))
    if state.mode is Kind.UNSTABLE:
        found.append(_fact(STILL_BAD, most=LEAVE_BAD_OF_30, of=30, has=count_bad(rounds[-30:])))
    if state.denied:
        found.append(_fact(DENIED))
    run = _failed_run(rounds)
    if run and not state.sent_as_down and state.kind is not Kind.BLOCKED:
        found.append(_fact(FOR_GOOD, n=run, needs=FOR_GOOD_ROUNDS))
    return found


def _remembered(state: JudgeState, now_ms: int) -> list[Fact]:
    relapsed_ms = state.relapsed_ms
    if relapsed_ms is not None and now_ms - relapsed_ms <= RELAPSE_MEMORY_MS:
        until_ms = relapsed_ms + RELAPSE_MEMORY_MS
        return [_fact(RELAPSED, at_ms=relapsed_ms, until_ms=until_ms, needs=HOLD_RELAPSE)]
    if state.mode is not None:
        return [_fact(HOLD_AGAIN)] if state.hold == HOLD_RELAPSE else []
    if not state.had_incident or state.last_bad_ms is None:
        return []
    until_ms = state.last_bad_ms + RELAPSE_MS
    return [_fact(WATCHFUL, until_ms=until_ms)] if now_ms < until_ms else []


def _failed_run(rounds: str) -> int:
    """Rounds at the end in which every check failed."""
    return len(rounds) - len(rounds.rstrip("Ff"))
