"""Beats over HTTP: what is taken, what is refused, and what nobody learns."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import Config, ListenAddress
from bot.models import Cause, Reason, State
from bot.services.liveness import Gateway
from bot.web.door import Beats, Healthz
from tests.harness import Harness
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    services_fixture,
)
from tests.web.rig import HERE, Reply, ask, open_door, play, request
from tests.web.test_door import free_port, health_of

LISTENING = Config(listen=ListenAddress(HERE, 8080), min_interval_s=1)


@contextlib.asynccontextmanager
async def with_a_job(path: Path) -> AsyncIterator[tuple[ServicesFixture, int, str]]:
    """The services, the door's port, and the path of a job called "backup"."""
    async with services_fixture(path, config=LISTENING) as s:
        typed = {"name": "backup", "every": 60, "grace": 10, "channel": CHANNEL}
        _, address = await s.monitors.add_push(GUILD, typed, PERSON)
        health, _ = health_of(s, Gateway(s.clock))
        async with open_door({"healthz": Healthz(health), "beat": Beats(s.pushes)}) as door:
            yield s, door.listener.port, "/beat/" + address.rpartition("/")[2]


def state_of(s: ServicesFixture) -> State:
    return s.entry("backup").judge_state.monitor_state


def test_a_job_calls_starts_fails_and_says_what_happened(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (s, port, path):
            reply = await ask(port, path)
            assert (reply.status, reply.text, state_of(s)) == (200, "ok", State.UP)
            assert reply.headers["cache-control"] == "no-store"
            assert (await ask(port, f"{path}/start", "POST")).text == "ok"
            failed = await ask(port, f"{path}/17", "POST", body=b"caf\xc3\xa9 \xff\0 full\n")
            assert (failed.status, state_of(s)) == (200, State.DOWN)
            incident = s.entry("backup").incident
            assert incident is not None
            assert incident.cause == Cause(Reason.JOB_FAILED, 17)
            found = await s.pushes.body(GUILD, incident.monitor_id)
            assert found is not None
            assert found[0] == "café \ufffd full"
            assert ((await ask(port, f"{path}/0")).status, state_of(s)) == (200, State.UP)
            assert ((await ask(port, f"{path}/fail")).status, state_of(s)) == (200, State.DOWN)
            reply = await ask(port, path)
            assert (reply.status, reply.headers["retry-after"]) == (429, "15")

    play(scenario())


@pytest.mark.parametrize(
    "rest",
    [
        *("/stop", "/256", "/999", "/-1", "/1.5", "/fail/2", "/start/", "//", "/ok", "x", "/00001"),
        *("?secret=1/start", "/../start", "/%73tart", "/FAIL"),
    ],
)
def test_another_ending_is_not_found_and_no_beat(tmp_path: Path, rest: str) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (s, port, path):
            before = dict(s.pushes.taken)
            reply = await ask(port, path + rest)
            if rest in {"/start/", "?secret=1/start"}:
                assert reply.status == 200, "a slash at the end, or a query, changes nothing"
                return
            assert (reply.status, reply.text) == (404, "not found\n")
            assert dict(s.pushes.taken) == before

    play(scenario())


def test_an_unknown_secret_is_answered_as_any_other_path(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (_, port, path):
            replies: list[Reply] = [
                await ask(port, f"/beat/{'0' * 32}"),
                await ask(port, f"/beat/{'0' * 32}/fail", "POST", body=b"x"),
                await ask(port, path[:-1] + ("0" if path[-1] != "0" else "1")),
                await ask(port, "/beat/"),
                await ask(port, "/beat"),
                await ask(port, path.upper()),
                await ask(port, "/nothing"),
            ]
            assert {(one.status, one.text) for one in replies} == {(404, "not found\n")}
            names = [{k: v for k, v in one.headers.items() if k != "date"} for one in replies]
            assert all(one == names[0] for one in names)
            assert (await ask(port, path, "DELETE")).status == 405

    play(scenario())


def test_a_large_body_is_cut_and_the_beat_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (s, port, path):
            assert (await ask(port, path, "POST", body=b"y" * 3_000_000)).status == 200
            found = await s.pushes.body(GUILD, s.entry("backup").monitor.id)
            assert found is not None
            assert found[0] == "y" * 10_000
            assert state_of(s) is State.UP

    play(scenario())


def test_curl_need_not_wait_to_send_a_body(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (s, port, path):
            reader, writer = await asyncio.open_connection(HERE, port)
            head = {"Expect": "100-continue", "Content-Length": "5"}
            writer.write(request(path, "POST", fields=head))
            async with asyncio.timeout(60):
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"hello")
                assert Reply.of(await reader.read()).text == "ok"
            writer.close()
            found = await s.pushes.body(GUILD, s.entry("backup").monitor.id)
            assert found is not None
            assert found[0] == "hello"

    play(scenario())


def test_a_beat_that_cannot_be_stored_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def scenario() -> None:
        async with with_a_job(tmp_path) as (_, port, path):
            with monkeypatch.context() as broken:
                broken.setattr("bot.db.monitors.save_beats", full)
                reply = await ask(port, path)
                assert (reply.status, reply.text) == (503, "not stored, try again\n")
            assert (await ask(port, path)).status == 200

    play(scenario())


@pytest.mark.process
def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path) -> None:
    """The command, curl's own way, the alert, Details, and a crash right after each answer."""

    async def scenario() -> None:
        port = free_port()
        async with Harness(tmp_path, VIGIE_LISTEN=f"{HERE}:{port}", VIGIE_LOG_LEVEL="DEBUG") as h:
            await h.bot.start()
            await h.alerts()
            answer = await h.command("watch push", name="backup", every=60, grace=1)
            address = answer.content.partition("--retry 3 ")[2].partition("\n")[0]
            path = address.removeprefix(f"http://{HERE}:{port}")
            assert path.startswith("/beat/")
            assert (await ask(port, path)).text == "ok"
            assert (await ask(port, f"{path}/4", "POST", body=b"no space left")).text == "ok"
            await h.bot.restart()
            post = await h.wait_post("DOWN · backup · exit status 4")
            details = await h.sandbox.press("Admin", post, "Details")
            assert "no space left" in str(details.message)
            seen = await h.sandbox.press("Member", post, "Details")
            assert "no space left" not in str(seen.message)
            assert (await ask(port, f"{path}/start")).text == "ok"
            assert (await ask(port, path)).text == "ok"
            await h.bot.restart()
            await h.wait_post("UP · backup")
            with h.store() as store:
                (row,) = store.execute("SELECT beat_ms, started_ms, body FROM push").fetchall()
            assert (row["started_ms"], row["body"]) == (None, "no space left")
            assert path.rpartition("/")[2] not in h.bot.log

    asyncio.run(scenario())
