"""Plays scenarios through ``vigie replay`` and keeps what it said with its score."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.cli import replay
from bot.services.simulation import SimulatedMessage
from tests.scenarios.kinds import Scenario, Trouble
from tests.scenarios.scoring import Score, score


@dataclass(frozen=True)
class ScenarioResult:
    """One scenario that was played."""

    name: str
    max_messages: int
    troubles: tuple[Trouble, ...]
    lines: list[SimulatedMessage]
    score: Score


def play(scenario: Scenario) -> ScenarioResult:
    lines = replay.play(replay.read(scenario.rows, scenario.name))
    length_s = json.loads(scenario.rows[-1])["t"]
    scored = score(scenario.name, lines, scenario.troubles, length_s)
    return ScenarioResult(scenario.name, scenario.max_messages, scenario.troubles, lines, scored)


def first_post_after_s(played: ScenarioResult) -> float | None:
    """Seconds from the start of the first trouble to the first post."""
    openings = [line.t for line in played.lines if line.action == "post"]
    return openings[0] - played.troubles[0].start if openings and played.troubles else None


def table(results: Iterable[ScenarioResult]) -> str:
    """A line a name: means per scenario, in brackets the most of any.

    ``untrue``: minutes in all, over all sites; ``each``: per incident.
    """
    by_name: dict[str, list[ScenarioResult]] = {}
    for played in results:
        by_name.setdefault(played.name, []).append(played)
    head = (
        f"{'scenario':28} {'limit':>5} {'posts':>12} {'early':>6} {'false':>6} {'missed':>6}"
        f" {'untrue':>7} {'each':>6}"
    )
    return "\n".join([head, *(_row(name, found) for name, found in by_name.items())])


def _row(name: str, found: list[ScenarioResult]) -> str:
    total = sum((one.score for one in found), Score())
    count, most = len(found), max(one.score.posts for one in found)
    over = "  over the limit" if total.posts > count * found[0].max_messages else ""
    posts = f"{total.posts / count:.2f} ({most})"
    return (
        f"{name:28} {found[0].max_messages:5} {posts:>12} {total.early / count:6.2f}"
        f" {total.false:6} {total.missed:6} {total.untrue:7} {total.untrue_each:6.1f}{over}"
    )
