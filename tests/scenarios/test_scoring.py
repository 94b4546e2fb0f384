"""The scores themselves: what counts as a post, false, missed and early."""

from bot.services.simulation import SimulatedMessage
from tests.scenarios.kinds import Trouble
from tests.scenarios.scoring import Score, score

TROUBLE = Trouble(1000, 2000)


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
        down(1500, "a", "b", "c", "d", action="edit"),
    ]
    troubles = [Trouble(1000, 2000, site) for site in "abcd"]
    assert score("", lines, troubles) == Score(posts=2, early=1)
    assert score("", lines, troubles[:3]).false == 1


def test_a_time_offline_is_no_opening() -> None:
    assert score("", [SimulatedMessage(10, "post", "blind", (), "")], []) == Score(posts=1)
