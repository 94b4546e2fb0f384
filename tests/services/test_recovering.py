"""What works again while its all-clear is held: everything says RECOVERING, until it fails."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import replay
from bot.errors import DeliveryError
from bot.models import State
from bot.services.explanation import HOLD_FAST, Why
from bot.services.simulation import SimulatedMessage
from tests.services.delivery.delivery_fixture import UNREACHABLE
from tests.services.services_fixture import GUILD, ServicesFixture, play, services_fixture

FAN, LATE_FAN = 71, 72
RELAPSE = "OFF" + "OOO" + "OFF"  # within 90 minutes of an all-clear: 60 good rounds are needed


def line(s: ServicesFixture) -> str:
    """Of the newest post that was not a reply."""
    posts = [one for one in s.transport.of() if one.reply_to is None]
    return posts[-1].alert.content


def state(s: ServicesFixture) -> State:
    return s.status.one(GUILD, s.entry("shop").monitor.id).state


def test_three_good_rounds_after_down_and_it_is_no_longer_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE + "OO"})
            assert (state(s), line(s).partition(" · ")[0]) == (State.DOWN, "🔴 DOWN")
            await s.play({"shop": "O"})
            assert state(s) is State.RECOVERING
            assert line(s) == "🟡 RECOVERING · shop · answers again"
            incident = s.entry("shop").incident
            assert incident is not None
            assert (incident.good_rounds, incident.good_needed) == (3, 60)
            await s.play({"shop": "F"})
            assert state(s) is State.UNSTABLE
            assert line(s).startswith("🟡 UNSTABLE · shop · ")
            await s.play({"shop": "O" * 4})
            assert state(s) is State.UNSTABLE
            await s.play({"shop": "O"})
            assert state(s) is State.RECOVERING

    play(scenario())


def test_the_all_clear_comes_when_the_card_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE + "OOO"})
            incident = s.entry("shop").incident
            assert incident is not None
            until_ms = incident.clear_by_ms
            await s.play({"shop": "O" * 56})
            incident = s.entry("shop").incident
            assert incident is not None
            assert incident.recovering
            assert incident.clear_by_ms == until_ms
            at_ms = s.clock.now_ms()
            await s.play({"shop": "O"})
            assert s.entry("shop").incident is None
            assert until_ms is not None
            assert at_ms <= until_ms <= at_ms + 180_000

    play(scenario())


def test_the_card_never_needs_fewer_rounds_than_it_has(tmp_path: Path) -> None:
    """After many bad rounds it waits until few of the last thirty are bad."""

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "O" + "F" * 12 + "OF"})
            for has in range(1, 26):
                await s.play({"shop": "O"})
                incident = s.entry("shop").incident
                assert incident is not None
                assert (incident.good_rounds, incident.good_needed) == (has, 26)
            await s.play({"shop": "O"})
            assert s.entry("shop").incident is None

    play(scenario())


def test_details_have_the_numbers_of_the_last_round(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE + "O" * 3})
            incident = s.entry("shop").incident
            assert incident is not None
            await s.incidents.acknowledge(GUILD, incident.public_id, FAN)
            await s.play({"shop": "O"})
            found = await s.incidents.by_public_id(GUILD, incident.public_id)
            assert (found.good_rounds, found.acknowledged_by) == (4, FAN)

    play(scenario())


def test_a_restart_changes_nothing_of_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            clock = s.clock
            await s.watch("shop")
            await s.play({"shop": RELAPSE + "OOO"})
            before = s.entry("shop").incident
            await s.recorder.flush()
        async with services_fixture(tmp_path, clock=clock) as s:
            assert state(s) is State.RECOVERING
            assert s.entry("shop").incident == before
            await s.play({"shop": "F"})
            assert state(s) is State.UNSTABLE

    play(scenario())


def test_a_plain_recovery_is_one_edit_and_one_reply_with_no_word_between(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFFFOOO"})
            said = [call.alert.content.partition(" · ")[0] for call in s.transport.calls]
            assert "🟡 RECOVERING" not in said
            assert said[-2:] in (["🟢 RESOLVED", "🟢 UP"], ["🟢 UP", "🟢 RESOLVED"])

    play(scenario())


async def press(s: ServicesFixture, user_id: int) -> None:
    """Tell me when it is back."""
    incident = s.entry("shop").incident
    assert incident is not None
    await s.incidents.follow(GUILD, incident.public_id, user_id, "tell_me")


def replies(s: ServicesFixture, since: int) -> list[tuple[str, tuple[int, ...], bool]]:
    """Line, mentions and silence of the replies after the first so many messages."""
    found = [one for one in s.transport.of()[since:] if one.reply_to is not None]
    return [(one.alert.content, one.alert.user_ids, one.alert.silent) for one in found]


def test_who_asked_is_notified_after_ten_good_rounds_and_the_all_clear_is_an_edit(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            await press(s, FAN)
            before = len(s.transport.of())
            await s.play({"shop": "O" * 9})
            assert replies(s, before) == []
            await s.play({"shop": "O"})
            said = "🟢 ANSWERS AGAIN · shop · fell again 1 time in 24 h; I keep watching"
            assert replies(s, before) == [(said, (FAN,), False)]
            await s.play({"shop": "O" * 50})
            assert s.entry("shop").incident is None
            assert len(replies(s, before)) == 1
            assert line(s).startswith("🟢 RESOLVED · shop")

    play(scenario())


def test_others_see_the_one_silent_reply_of_the_all_clear(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            before = len(s.transport.of())
            await s.play({"shop": "O" * 60})
            [(said, users, silent)] = replies(s, before)
            assert said.startswith("🟢 UP · shop · back after")
            assert (users, silent) == ((), True)

    play(scenario())


def test_who_asks_later_is_notified_by_the_all_clear(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            await press(s, FAN)
            before = len(s.transport.of())
            await s.play({"shop": "O" * 20})
            await press(s, LATE_FAN)
            await s.play({"shop": "O" * 40})
            assert [users for _, users, _ in replies(s, before)] == [(FAN,), (LATE_FAN,)]

    play(scenario())


def test_who_asks_when_it_has_answered_for_long_is_notified_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            before = len(s.transport.of())
            await s.play({"shop": "O" * 14})
            assert replies(s, before) == []
            await press(s, FAN)
            await s.delivery.deliver_due()
            [(said, users, _)] = replies(s, before)
            assert said.startswith("🟢 ANSWERS AGAIN · shop")
            assert users == (FAN,)

    play(scenario())


def test_who_was_notified_and_saw_it_fall_again_is_notified_by_the_all_clear(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            await press(s, FAN)
            before = len(s.transport.of())
            await s.play({"shop": "O" * 12 + "F" + "O" * 40})
            assert len(replies(s, before)) == 1, "once before the all-clear"
            await s.play({"shop": "O" * 20})
            assert [users for _, users, _ in replies(s, before)] == [(FAN,), (FAN,)]
            assert replies(s, before)[-1][0].startswith("🟢 UP")

    play(scenario())


def test_what_fails_again_before_it_could_be_said_is_not_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": RELAPSE})
            await press(s, FAN)
            before = len(s.transport.of())
            s.transport.before = lambda _: DeliveryError("away", UNREACHABLE)
            await s.play({"shop": "O" * 10 + "F"})
            s.transport.before = lambda _: None
            await s.clock.advance(3600)
            await s.delivery.deliver_due()
            assert replies(s, before) == []

    play(scenario())


def test_sites_of_one_post_share_one_reply(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            names = ("shop", "wiki", "blog")
            for name in names:
                await s.watch(name)
            await s.play(dict.fromkeys(names, "OFF" + "OOO" + "OFF"))
            for name in names:
                incident = s.entry(name).incident
                assert incident is not None
                await s.incidents.follow(GUILD, incident.public_id, FAN, "tell_me")
            before = len(s.transport.of())
            await s.play(dict.fromkeys(names, "O" * 11))
            [(said, users, _)] = replies(s, before)
            assert said.startswith("🟢 ANSWER AGAIN · 3 sites: ")
            assert users == (FAN,)

    play(scenario())


def played(letters: str) -> list[SimulatedMessage]:
    """A minute each: o is good, x fails, s is slow."""
    outcomes = {"o": ("ok", 100), "s": ("ok", 10_000), "x": ("http_500", 100), "b": ("http_403", 9)}
    rows = []
    for minute, letter in enumerate(letters):
        outcome, ms = outcomes[letter]
        row = {"t": 60 * minute, "outcome": outcome, "ms": ms, "slow_ms": 200}
        rows.append(json.dumps(row))
    return replay.play(replay.read(rows, "shop"))


@pytest.mark.parametrize(("letters", "good"), [("oxx" + "ox", 5), ("obb" + "ob", 5)])
def test_what_is_unstable_or_refuses_needs_five_good_rounds(letters: str, good: int) -> None:
    def kinds(lines: list[SimulatedMessage]) -> list[str]:
        return [one.kind for one in lines if one.action == "edit"]

    assert "recovering" not in kinds(played(letters + "o" * (good - 1)))
    assert kinds(played(letters + "o" * good))[-1] == "recovering"
    assert kinds(played(letters + "o" * good + "x"))[-1] in {"unstable", "blocked"}


def test_a_slow_site_is_slow_since_its_first_slow_round_and_fast_again_at_the_end() -> None:
    lines = played("o" * 10 + "s" * 60 + "o" * 10)
    assert [(line.action, line.kind) for line in lines if line.action != "edit"] == [
        ("post", "slow"),
        ("reply", "fast"),
    ]
    assert lines[0].content == "🟡 SLOW · shop · 10000 ms, limit 200 ms"
    assert lines[-1].content == "🟢 FAST AGAIN · shop · was slow for 1 h"
    [*_, recovering, resolved, _reply] = lines
    assert (recovering.kind, recovering.content) == (
        "recovering",
        "🟡 RECOVERING · shop · fast again",
    )
    assert resolved.content == "🟢 RESOLVED · shop · lasted 1 h"
    assert {line.kind for line in lines} == {"slow", "recovering", "fast"}


def test_a_slow_hour_is_an_hour_in_incidents_and_in_the_uptime(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor, begun_ms = await s.watch("shop"), s.clock.now_ms()
            entry = s.entry("shop")
            await s.play({"shop": "O" * 10})
            since_ms = s.clock.now_ms()
            entry.monitor = replace(entry.monitor, slow_ms=40)  # every check takes 50
            await s.play({"shop": "O" * 60})
            assert state(s) is State.UNSTABLE
            why = Why(s.clock, s.watchlist, s.connectivity, s.pushes)
            facts = why.of(GUILD, monitor.id).facts
            hold = [fact.values for fact in facts if fact.sentence == HOLD_FAST]
            assert hold == [{"needs": 10, "has": 0}], "slow rounds are no good ones"
            entry.monitor = replace(entry.monitor, slow_ms=100)
            await s.play({"shop": "O" * 11})
            [incident] = await s.incidents.recent(GUILD, monitor.id, begun_ms, 5)
            assert incident.since_ms - since_ms < 1000
            assert incident.ended_ms is not None
            assert abs(incident.ended_ms - incident.since_ms - 3_600_000) < 1000
            uptime = await s.uptime(monitor, begun_ms)
            assert abs(uptime.unstable_s - 3600) <= 1
            assert uptime.down_s == 0

    play(scenario())
