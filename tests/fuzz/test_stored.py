"""What the database gives back may have rotted: it is read, or left out, and nothing stops."""

import asyncio
import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.db.results import Packer, unpack
from bot.engine.certificates import CertificateHistory, observe, warning_due
from bot.engine.judge import judge
from bot.engine.judge_state import Check, JudgeState, Policy, judged_anew, may_recover, without_run
from bot.models import Cause, Kind, Reason, Rule
from tests.fuzz.effort import as_json, examples, fields, json_values, mutated
from tests.services.services_fixture import services_fixture

HOUR_MS = 472_222 * 3_600_000


def packed(*checks_of_hour: tuple[int, int, str | None]) -> bytes:
    packer = Packer(HOUR_MS)
    for offset, ms, cause in checks_of_hour:
        packer.add(HOUR_MS + offset, ms, cause)
    return packer.packed()


BLOBS = [
    packed(),
    packed(*((minute * 60_000, 180, None) for minute in range(60))),
    packed((0, 10_000, "timeout:10"), (60_000, 20, "http:503"), (3_599_999, 1, None)),
]


@examples(400)
@given(mutated(BLOBS, [b"\xff" * 12, b"\x80", b"\x01\x04http"]) | st.binary(max_size=40))
@example(b"\xff" * 100_000)
@example(b"\x00" + b"\x80" * 50_000 + b"\x01")
def test_packed_checks(blob: bytes) -> None:
    for row in unpack(7, HOUR_MS, blob):
        assert 0 <= row.at_ms - HOUR_MS < 3_600_000
        assert 0 <= row.ms < 3_600_000


NUMBER = st.none() | st.integers(0, 70)
MEMORIES = fields(
    {
        **{
            name: st.integers(0, 70)
            for name, value in asdict(JudgeState()).items()
            if value is None or type(value) is int
        },
        "rounds": st.text("OPFopf", max_size=60),
        "judged": st.booleans(),
        "mode": st.sampled_from(Kind),
        "kind": st.sampled_from(Kind),
        "rule": st.sampled_from(Rule),
        "bad_slots": st.lists(st.integers(0, 10**13), max_size=12),
        "recovered": st.booleans(),
        "told_down": st.booleans(),
        "closed": st.booleans(),
    }
)
CHECKS = st.lists(
    st.tuples(
        st.sampled_from([None, Cause(Reason.HTTP, 403), Cause(Reason.DNS)]), st.integers(0, 2)
    ),
    max_size=6,
)


@examples(300)
@given(
    MEMORIES.map(lambda raw: as_json(raw).decode()) | json_values(["rounds"]).map(json.dumps),
    CHECKS,
)
@example("[" * 100_000, [])
def test_the_judge_s_memory(text: str, rounds: list[tuple[Cause | None, int]]) -> None:
    with suppress(ValueError):
        judge_state = JudgeState.load(text)
        assert JudgeState.load(judge_state.dump()) == judge_state
        without_run(judged_anew(judge_state))
        judged(judge_state, rounds)


def judged(judge_state: JudgeState, rounds: list[tuple[Cause | None, int]]) -> None:
    """A memory that can be read can be judged on."""
    for index, (cause, number) in enumerate(rounds):
        check = Check(10**13 + index * 60_000, number, cause, 100.0)
        judge_state = judge(judge_state, check, Policy(60, 500)).state
        assert judge_state.monitor_state
        may_recover(judge_state)


@examples(200)
@given(
    fields({"url": st.just("u"), "known_ms": NUMBER, "told": st.lists(st.tuples(NUMBER, NUMBER))})
    | json_values(["url", "known_ms", "told"])
)
def test_sightings_of_certificates(raw: Any) -> None:
    with suppress(ValueError):
        before = CertificateHistory.load(json.dumps(raw))
        now = observe(before, 10**12, 10**12 + 86_400_000)
        warning_due(now, 10**12)
        assert CertificateHistory.load(now.dump()).known_ms == now.known_ms


def test_one_rotten_row_keeps_nobody_else_from_being_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as before:
            for name in ("shop", "blog"):
                await before.watch(name)
            await before.play({"shop": "OOF", "blog": "OOF"})
            await before.recorder.flush()
        with sqlite3.connect(tmp_path / "vigie.db") as conn:
            conn.execute("UPDATE judge_state SET state = '{\"rounds\": 5' WHERE monitor_id = 1")
        conn.close()
        async with services_fixture(tmp_path, clock=before.clock) as after:
            assert after.entry("shop").judge_state == JudgeState()
            assert after.entry("blog").judge_state.rounds.endswith("F")
            await after.play({"shop": "OO", "blog": "OO"})

    asyncio.run(scenario())
