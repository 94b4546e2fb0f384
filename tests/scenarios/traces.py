"""Real status histories through the product's own path: ``python -m tests.scenarios.traces FILE``.

The file has one status event a line (repository, site, time, from, to, code). A repository is a
channel. All events of one run of its checks count as of one moment; a site whose event says
``down`` then fails one round a minute, first try and confirm checks, until the next event.

Quiet stretches are left out, which changes nothing: a monitor without trouble, none of whose
kept rounds is bad, is reported nothing new by one more good round, and neither is one that has
failed so long that all it keeps are failures. Both are played as long as they can matter.
"""

import asyncio
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.engine.judge_state import KEPT_BAD_ROUNDS, KEPT_ROUNDS, count_bad
from bot.models import Cause, Reason
from bot.services.simulation import ScriptedRound, SimulatedMessage, Simulation, simulation
from bot.services.watchlist import Entry

MINUTE = 60
SAME_RUN_S = 120  # events of one run follow each other within seconds, runs within minutes
HOME_LINE = "4fx/upptime"  # left out of the published figures: one home connection, 7,233 outages
# So much of an outage's beginning and end is played; in between every round kept is a failure.
HEAD, TAIL = 2 * KEPT_ROUNDS, KEPT_BAD_ROUNDS + 1
TIMEOUT = (Cause(Reason.TIMEOUT, 10),)
FINE = (None,)


@dataclass(frozen=True)
class Outage:
    """Minutes from … until …, and what its checks see."""

    start: int
    end: int
    causes: tuple[Cause | None, ...]


@dataclass
class History:
    """The outages of a repository's sites, in the order of time."""

    sites: dict[str, list[Outage]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(len(outages) for outages in self.sites.values())


def histories(file: Path) -> dict[str, History]:
    """By repository; outages that no event ends, or that the first event finds, are left out."""
    by_repo: dict[str, list[dict[str, str]]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for text in lines:
            row = json.loads(text)
            by_repo.setdefault(row["repo"], []).append(row)
    return {repo: _history(rows) for repo, rows in by_repo.items()}


def _history(rows: list[dict[str, str]]) -> History:
    found = History()
    down: dict[str, tuple[int, tuple[Cause | None, ...]]] = {}
    for minute, row in _in_runs(rows):
        site = row["site"]
        outages = found.sites.setdefault(site, [])
        if row["from"] == "down" and site in down:
            start, causes = down.pop(site)
            outages.append(Outage(start, max(minute, start + 1), causes))
        if row["to"] == "down" and row["from"] in {"up", "degraded"}:
            down[site] = minute, _causes(int(row["code"] or 0))
    return found


def _in_runs(rows: list[dict[str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each event with the minute in which its run began."""
    timed = sorted(((_seconds(row["ts"]), row) for row in rows), key=lambda one: one[0])
    minute, last = 0, float("-inf")
    for seconds, row in timed:
        if seconds - last > SAME_RUN_S:
            minute = max(minute + 1, int(seconds // MINUTE))
        last = seconds
        yield minute, row


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _causes(code: int) -> tuple[Cause | None, ...]:
    return (Cause(Reason.HTTP, code),) if code else TIMEOUT


def replay(history: History) -> list[SimulatedMessage]:
    """The posts and replies the history makes."""
    return asyncio.run(_replay(history))


async def _replay(history: History) -> list[SimulatedMessage]:
    async with simulation(site for site, outages in history.sites.items() if outages) as stage:
        player = Player(stage, history)
        minute: int | None = player.first()
        while minute is not None:
            await stage.play(player.moments(minute))
            minute = player.after(minute)
        await stage.end()
        return [line for line in stage.lines if line.action != "edit"]


class Player:
    """Says which sites are to be played in a minute, and which minute comes next."""

    def __init__(self, stage: Simulation, history: History) -> None:
        self._entries = stage.entries
        self._left = {site: outages[::-1] for site, outages in history.sites.items() if outages}
        self._restless: set[str] = set()

    def first(self) -> int | None:
        return min((left[-1].start for left in self._left.values()), default=None)

    def moments(self, minute: int) -> list[ScriptedRound]:
        t = minute * MINUTE
        found = []
        for site, left in self._left.items():
            while left and left[-1].end <= minute:
                left.pop()
            if left and left[-1].start <= minute:
                self._restless.add(site)
                found.append(ScriptedRound(t, site, left[-1].causes, 100.0))
            elif site in self._restless:
                found.append(ScriptedRound(t, site, FINE, 100.0))
        return found

    def after(self, minute: int) -> int | None:
        """The next minute in which a round of any site can matter."""
        self._restless = {s for s in self._restless if not _rests(self._entries[s])}
        wanted = [self._wanted(site, minute + 1) for site in self._left]
        return min((one for one in wanted if one is not None), default=None)

    def _wanted(self, site: str, minute: int) -> int | None:
        left = self._left[site]
        outage = next((one for one in reversed(left) if one.end > minute), None)
        if outage is None or outage.start > minute:
            if site in self._restless:
                return minute
            return None if outage is None else outage.start
        if outage.start + HEAD <= minute < outage.end - TAIL:
            return outage.end - TAIL
        return minute


def _rests(entry: Entry) -> bool:
    judge_state = entry.judge_state
    return (
        judge_state.mode is None
        and not judge_state.failed_checks
        and count_bad(judge_state.rounds) == 0
    )


def main() -> int:
    found = histories(Path(sys.argv[1]))
    started = time.monotonic()
    said, real = Counter[str](), Counter[str]()
    for repo, history in sorted(found.items()):
        if history.count:
            real[repo], said[repo] = history.count, len(replay(history))
            print(f"{repo:40} {real[repo]:6} outages {said[repo]:6} posts", flush=True)
    print(f"{time.monotonic() - started:.0f} s")
    for name, left_out in _GROUPS.items():
        _print_sum(name, said, real, left_out)
    return 0


_GROUPS: dict[str, tuple[str, ...]] = {
    "all": (),
    "without the home line": (HOME_LINE,),
    "without it and the noisiest repository": (HOME_LINE, "pyleglise/upptimeMonitor"),
}


def _print_sum(name: str, said: Counter[str], real: Counter[str], left_out: Iterable[str]) -> None:
    counted = real.keys() - set(left_out)
    outages, posts = sum(real[repo] for repo in counted), sum(said[repo] for repo in counted)
    print(f"{name}: {outages} outages, {posts} posts, {posts / outages:.3f} posts per outage")


if __name__ == "__main__":
    sys.exit(main())
