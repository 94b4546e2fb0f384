"""The scores themselves: what counts as a post, false, missed and early."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.services.simulation import SimulatedMessage
from tests.scenarios import scoring
from tests.scenarios.kinds import Trouble
from tests.scenarios.scoring import Score

TROUBLE = Trouble(1000, 2000)


def score(name: str, lines: Sequence[SimulatedMessage], troubles: Sequence[Trouble]) -> Score:
    """The score but for untrue minutes, which have tests of their own."""
    return replace(scoring.score(name, lines, troubles, 0), untrue=0, incidents=0)


def untrue(lines: Sequence[SimulatedMessage], *troubles: Trouble) -> int:
    return scoring.score("shop", lines, troubles, 3000).untrue


def down(t: int, *sites: str, action: str = "post") -> SimulatedMessage:
    return SimulatedMessage(t, action, "down", sites or ("shop",), "")


def up(t: int, *sites: str, action: str = "reply") -> SimulatedMessage:
    return SimulatedMessage(t, action, "up", sites or ("shop",), "")


def test_an_outage_sent_in_time_and_its_end_cost_two_posts_and_edits_none() -> None:
    lines = [down(1060), down(1500, action="edit"), up(2060, action="edit"), up(2060)]
    assert score("shop", lines, [TROUBLE]) == Score(posts=2)


def test_an_opening_outside_every_incident_is_false() -> None:
    assert score("shop", [down(939), up(2301)], [TROUBLE]) == Score(posts=2, false=1)
    assert score("shop", [down(940), up(2000), down(2300)], [TROUBLE]).false == 0
    assert score("shop", [down(2301)], [TROUBLE]) == Score(posts=1, false=1, missed=1)
    assert score("shop", [down(1500)], [Trouble(1000, 2000, site="other")]).false == 1


def test_an_incident_is_missed_when_nothing_of_its_site_was_open() -> None:
    assert score("shop", [], [TROUBLE]).missed == 1
    assert score("shop", [], [Trouble(1000, 2000, optional=True)]).missed == 0
    assert score("shop", [down(10), up(900)], [TROUBLE, Trouble(10, 20)]).missed == 1
    assert score("shop", [down(10)], [Trouble(10, 20), TROUBLE]).missed == 0


def test_an_all_clear_inside_an_incident_is_early() -> None:
    assert score("shop", [down(1000), up(1939)], [TROUBLE]).early == 1
    assert score("shop", [down(1000), up(1940)], [TROUBLE]).early == 0


def test_a_site_edited_into_a_list_counts_as_reported_once() -> None:
    lines = [
        down(1000, "a", "b", "c"),
        down(1100, "a", "b", "c", "d", action="edit"),
        up(1500, "a"),
        down(1500, "b", "c", "d", action="edit"),
    ]
    troubles = [Trouble(1000, 2000, site) for site in "abcd"]
    assert score("", lines, troubles) == Score(posts=2, early=1)
    assert score("", lines, troubles[:3]).false == 1


def test_a_site_that_fell_again_stays_open_when_its_first_list_is_over() -> None:
    lines = [
        down(1000, "a", "b"),
        up(1500, "a"),
        down(1600, "a"),
        up(1700, "b"),
        up(1700, "a", "b", action="edit"),
    ]
    troubles = [Trouble(1000, 1500, "a"), Trouble(1600, 2000, "a"), Trouble(1000, 1700, "b")]
    assert score("", lines, troubles) == Score(posts=4)


def test_a_time_offline_is_no_opening() -> None:
    assert score("", [SimulatedMessage(10, "post", "blind", (), "")], []) == Score(posts=1)


def recovering(t: int) -> SimulatedMessage:
    return SimulatedMessage(t, "edit", "recovering", ("shop",), "")


@pytest.mark.parametrize(
    ("lines", "minutes"),
    [
        ([], 15),  # silence from 1140 to 1980
        ([down(1060), up(2100)], 0),
        ([down(1260), up(2100)], 2),  # 1140 and 1200
        ([down(1060), up(2400)], 3),  # still down at 2220, 2280 and 2340
        ([down(1060), recovering(2180), up(2900)], 0),
        ([down(1060), up(1500), down(1620), up(2100)], 2),  # 1500 and 1560
        ([down(1060), recovering(1500), down(1620, action="edit"), up(2100)], 0),
    ],
)
def test_minutes_count_in_which_the_channel_says_what_is_not(
    lines: list[SimulatedMessage], minutes: int
) -> None:
    assert untrue(lines, TROUBLE) == minutes


def test_an_alarm_without_an_incident_is_untrue_all_the_time() -> None:
    assert untrue([down(0), up(570)]) == 10
    assert untrue([down(0), up(570)], Trouble(0, 600, optional=True)) == 0


def test_untrue_minutes_are_shared_out_among_the_incidents_that_had_to_be_reported() -> None:
    troubles = [TROUBLE, Trouble(2100, 2500), Trouble(0, 300, optional=True)]
    scored = scoring.score("shop", [], troubles, 3000)
    assert (scored.untrue, scored.incidents, scored.untrue_each) == (19, 2, 9.5)
