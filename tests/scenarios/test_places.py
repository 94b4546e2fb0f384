"""The promises of several places, through ``vigie replay``."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bot.cli import replay
from bot.services.simulation import SimulatedMessage
from tests.scenarios.kinds import make
from tests.scenarios.playing import play

Seen = tuple[str, Mapping[str, str | None]]  # at home, and in the other places
CALM: Seen = ("ok", {})
NEAR: Seen = ("timeout", {"paris": "ok", "oslo": "ok"})
DOWN: Seen = ("timeout", {"paris": "timeout", "oslo": "conn_refused"})
LENGTH = 40


def played(
    sites: Mapping[str, Callable[[int], Seen]], length: int = LENGTH
) -> list[SimulatedMessage]:
    """Each site by its number of minutes."""
    rows = []
    for minute in range(length):
        for site, seen in sites.items():
            outcome, places = seen(minute)
            row = {"t": 60 * minute, "site": site, "outcome": outcome, "ms": 10_000, "retry": None}
            rows.append(json.dumps(row | {"retry": [outcome, outcome], "places": places}))
    return replay.play(replay.read(rows, "shop"))


def during(first: int, last: int, trouble: Seen) -> Callable[[int], Seen]:
    return lambda minute: trouble if first <= minute <= last else CALM


def calm(_: int) -> Seen:
    return CALM


def test_trouble_on_the_way_to_a_third_of_the_sites_says_nothing() -> None:
    sites = {f"site-{n}": during(10, 18, NEAR) if n < 6 else calm for n in range(20)}
    assert played(sites) == []


def test_a_real_outage_is_reported_in_the_same_minute_as_from_one_place() -> None:
    [alone, *_] = played({"shop": during(10, 20, ("timeout", {}))})
    [line, *_] = played({"shop": during(10, 20, DOWN)})
    assert (line.t, line.action, line.kind) == (alone.t, "post", "down")
    assert line.content.endswith("(4 of 4 checks, 3 of 3 places)")
    assert alone.content.endswith("(4 of 4 checks)")


def test_places_that_do_not_answer_hold_back_nothing() -> None:
    [alone, *_] = played({"shop": during(10, 20, ("timeout", {}))})
    [line, *_] = played({"shop": during(10, 20, ("timeout", {"paris": None, "oslo": None}))})
    assert (line.t, line.content) == (alone.t, alone.content)


def test_what_only_home_does_not_reach_is_partly_after_ten_rounds() -> None:
    lines = played({"shop": during(10, 25, NEAR), "wiki": calm, "blog": calm, "mail": calm})
    [opening, *_, over] = lines
    assert (opening.action, opening.kind) == ("post", "partly")
    assert opening.t == 60 * 19 + 30
    assert opening.content == ("🟡 PARTLY · shop · no answer from home; paris and oslo get through")
    assert (over.action, over.kind) == ("reply", "up")
    assert [line.action for line in lines].count("post") == 1


def test_partly_that_becomes_an_outage_for_all_is_reported_as_down() -> None:
    lines = played({"shop": lambda m: NEAR if 10 <= m < 25 else DOWN if 25 <= m < 30 else CALM})
    reported = [(line.action, line.kind) for line in lines if line.action != "edit"]
    assert reported == [("post", "partly"), ("reply", "down"), ("reply", "up")]


def test_an_outage_that_others_no_longer_see_is_partly_by_edit() -> None:
    lines = played({"shop": lambda m: DOWN if 10 <= m < 14 else NEAR if m < 20 and m > 9 else CALM})
    reported = [(line.action, line.kind) for line in lines]
    assert reported[0] == ("post", "down")
    assert ("edit", "partly") in reported
    assert [action for action, _ in reported if action != "edit"] == ["post", "reply"]


def test_an_all_clear_waits_for_one_good_answer_elsewhere() -> None:
    refused: Seen = ("ok", {"paris": "timeout", "oslo": "timeout"})
    seen: Seen = ("ok", {"paris": "timeout", "oslo": "ok"})
    lines = played({"shop": lambda m: DOWN if 10 <= m < 14 else refused if m < 24 else seen})
    [over] = [line for line in lines if line.action == "reply"]
    assert over.t == 60 * 24 + 30  # confirmed


def test_half_of_all_sites_failing_here_alone_is_one_note_about_our_own_line() -> None:
    sites = {f"site-{n}": during(10, 34, NEAR) if n < 6 else calm for n in range(10)}
    [note] = played(sites, 60)
    assert (note.action, note.kind, note.monitors) == ("post", "blind", ())
    assert note.content.startswith("⚪ MY CONNECTION · ")


def test_our_own_line_hides_no_outage_that_others_see() -> None:
    sites = {f"site-{n}": during(10, 34, NEAR) if n < 6 else calm for n in range(10)}
    lines = played(sites | {"shop": during(12, 34, DOWN)}, 60)
    assert [(line.kind, line.monitors) for line in lines if line.action == "post"] == [
        ("blind", ()),
        ("down", ("shop",)),
    ] or [line.kind for line in lines if line.action == "post"] == ["down", "blind"]


@pytest.mark.parametrize("seed", range(5))
def test_trouble_on_homes_route_to_three_sites_in_ten_posts_nothing(seed: int) -> None:
    assert play(make("route-trouble", seed)).lines == []


@pytest.mark.parametrize("seed", range(5))
def test_a_region_that_is_cut_off_is_partly_after_ten_rounds(seed: int) -> None:
    result = play(make("region-cut", seed))
    [opening, over] = [line for line in result.lines if line.action != "edit"]
    assert (opening.kind, over.kind) == ("partly", "up")
    first = -(-int(result.troubles[0].start) // 60) * 60
    assert first + 9 * 60 <= opening.t <= first + 10 * 60


@pytest.mark.parametrize("seed", range(5))
def test_an_outage_seen_everywhere_is_reported_as_soon_as_from_one_place(seed: int) -> None:
    scenario = make("seen-everywhere", seed)
    blind = [{k: v for k, v in json.loads(row).items() if k != "places"} for row in scenario.rows]
    alone = play(replace(scenario, rows=[json.dumps(row) for row in blind]))
    result = play(scenario)
    posts = [[line.t for line in one.lines if line.action == "post"] for one in (alone, result)]
    assert posts[0] == posts[1]
    assert result.lines[0].content.endswith("4 of 4 places)")
