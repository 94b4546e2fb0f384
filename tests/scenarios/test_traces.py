"""Real status histories: few posts for each real outage, and the short cut changes nothing."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Cause
from bot.services.simulation import ScriptedRound, SimulatedMessage, simulation
from tests.scenarios import traces
from tests.scenarios.files import EVENTS
from tests.scenarios.traces import FINE, TIMEOUT, History, Outage, histories

REPOSITORY = "11vyo/status"


def event(site: str, ts: str, change: str, code: int = 200) -> dict[str, object]:
    before, after = change.split(">")
    stamp = f"2024-01-01T{ts}Z"
    return {"repo": "r", "site": site, "ts": stamp, "from": before, "to": after, "code": code}


def test_events_become_outages_and_those_of_one_run_begin_together(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    rows = [
        event("a", "00:10:50", "up>down", 503),
        event("b", "00:11:20", "up>down", 0),
        event("b", "00:31:00", "down>up"),
        event("a", "00:51:00", "down>up"),
        event("a", "02:00:00", "up>degraded"),
    ]
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    found = histories(file)["r"].sites
    [first], [second] = found["a"], found["b"]
    assert first.start == second.start
    assert (first.end - first.start, second.end - second.start) == (41, 21)
    assert str(first.causes[0]) == "http:503"
    assert second.causes == TIMEOUT


async def _every_minute(history: History, minutes: int) -> list[SimulatedMessage]:
    async with simulation(history.sites) as stage:
        for minute in range(minutes):
            at = [
                ScriptedRound(minute * 60, site, _seen(outages, minute), 100.0)
                for site, outages in history.sites.items()
            ]
            await stage.play(at)
        await stage.end()
        return stage.lines


def _seen(outages: list[Outage], minute: int) -> tuple[Cause | None, ...]:
    return next((one.causes for one in outages if one.start <= minute < one.end), FINE)


LENGTHS = st.lists(
    st.tuples(st.integers(2, 200), st.sampled_from([1, 2, 5, 40, 130, 300])), max_size=3
)


@given(st.lists(LENGTHS, min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_leaving_out_calm_times_leaves_out_no_post(
    sites: list[list[tuple[int, int]]],
) -> None:
    history = History()
    for number, pauses in enumerate(sites):
        outages, minute = [], 0
        for pause, length in pauses:
            outages.append(Outage(minute + pause, minute + pause + length, TIMEOUT))
            minute += pause + length
        history.sites[f"s{number}"] = outages
    ends = [one.end for outages in history.sites.values() for one in outages]
    whole = asyncio.run(_every_minute(history, max(ends, default=0) + 200))
    assert traces.replay(history) == [line for line in whole if line.action != "edit"]


@pytest.mark.skipif(not EVENTS.is_file(), reason="the real events are not on this machine")
def test_a_real_repository_gets_less_than_eight_posts_for_ten_outages() -> None:
    history = histories(EVENTS)[REPOSITORY]
    assert history.count == 200
    assert len(traces.replay(history)) <= 0.8 * history.count
