"""Every line says how it is and what to do; nothing is written; the exit status is the worst."""

import asyncio
import json
import os
import socket
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli import doctor
from bot.clock import SystemClock
from bot.config import Config, ListenAddress, require_private
from bot.db import files
from bot.db.database import Database
from bot.db.lock import instance_lock
from bot.db.migrate import OLDEST, newest
from bot.engine import process
from bot.engine.network import Answer
from bot.errors import ConfigError
from bot.models import Cause, Reason
from bot.services.doctor import Finding, examine, installation, network
from bot.services.doctor.findings import Grade
from bot.services.guilds import Guilds
from bot.services.liveness import Heartbeat
from bot.services.watchlist import Watchlist
from bot.web.door import Door, Healthz
from sandbox import Sandbox
from tests.db.test_upgrades import old_database, steps_until
from tests.engine.sites import free_port

TOKEN = "aaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbb.cccccccccccccccccccccccccccc"


def with_discord(config: Config, token: str = TOKEN) -> list[Finding]:
    """The findings beside a stand-in for Discord that knows this token."""

    async def play() -> list[Finding]:
        async with Sandbox(token=token) as sandbox:
            return await examine(replace(config, api_url=sandbox.api_url))

    return asyncio.run(play())


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "v.db"

    async def make() -> None:
        await (await Database.open(path)).close()

    asyncio.run(make())
    return path


def examined(
    config: Config, capsys: pytest.CaptureFixture[str], *, discord: str | None = None
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status and findings by name; ``discord``: the token it knows, else there is none."""
    if discord is None:
        status = doctor.run(config, as_json=True)
    else:
        status = doctor.report(with_discord(config, discord), as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], status) in {("ready", 0), ("warnings", 1), ("broken", 2)}
    for one in found["checks"]:
        assert (one["grade"] == "ok") == (one["fix"] is None), "what is not well has a remedy"
    return status, {one["name"]: one for one in found["checks"]}


def test_a_ready_vigie_is_ready(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.read_bytes() for file in database.parent.iterdir()}
    config = Config(token=TOKEN, database=database, canaries=())
    status, found = examined(config, capsys, discord=TOKEN)
    assert status == 0, found
    assert "knows the token" in found["Discord"]["text"]
    assert doctor.report(with_discord(config), as_json=False) == 0
    shown = capsys.readouterr().out
    assert shown.count("✔") == len(found)
    assert TOKEN not in shown
    after = {file: file.read_bytes() for file in before}
    assert after == before, "the doctor writes nothing"


def test_what_waits_and_what_is_stored_is_counted_over_all_servers(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(api_url="http://127.0.0.1:9", database=database, canaries=())
    empty = examined(config, capsys)[1]
    assert empty["Stored"]["text"].startswith("0 servers, 0 sites, 0 incidents,")
    assert "nothing is waiting" in empty["Delivery"]["text"]
    now_ms = round(time.time() * 1000)
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.executemany("INSERT INTO guild (id, left_ms) VALUES (?, ?)", [(1, None), (2, 5)])
        conn.execute(
            "INSERT INTO notification (guild_id, channel_id, kind, created_ms, not_before_ms,"
            " last_error) VALUES (1, 9, 'notice', ?, 0, '503: away')",
            (now_ms - 3_600_000,),
        )
    found = examined(config, capsys)[1]
    assert found["Stored"]["text"].startswith("1 server, 1 left but not deleted yet, 0 sites")
    assert found["Delivery"]["grade"] == "warning"
    assert found["Delivery"]["text"].startswith("1 message is waiting, since 1 h ago.")
    assert "503: away" in found["Delivery"]["text"]
    assert "/doctor" in found["Delivery"]["fix"]


def test_the_heaviest_servers_are_listed(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.executemany("INSERT INTO guild (id) VALUES (?)", [(n,) for n in range(1, 8)])
        for guild_id in range(1, 8):
            for number in range(guild_id):
                conn.execute(
                    "INSERT INTO monitor (guild_id, name, name_key, url, method, headers,"
                    " expect_status, interval_s, created_ms)"
                    " VALUES (?1, ?2, ?2, 'https://x.example', 'GET', '[]', '', 30, 0)",
                    (guild_id, f"site {number}"),
                )
    config = Config(token=TOKEN, database=database, canaries=())
    text = examined(config, capsys, discord=TOKEN)[1]["Heaviest servers"]["text"]
    assert text.startswith("7 (7 sites, 14 checks a minute); 6 (6 sites, 12")
    assert text.count("sites") == 5


@pytest.mark.parametrize("allowed", [True, False])
def test_where_sites_are_pinged_whether_that_is_allowed_is_reported(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    allowed: bool,
) -> None:
    monkeypatch.setattr(installation, "may_ping", lambda: allowed)
    config = Config(token=TOKEN, database=database, canaries=())
    assert "Ping" not in examined(config, capsys)[1]
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("INSERT INTO guild (id) VALUES (1)")
        for name, url in (("a", "ping://a.example"), ("b", "https://ping.example")):
            conn.execute(
                "INSERT INTO monitor (guild_id, name, name_key, url, method, headers,"
                " expect_status, interval_s, created_ms)"
                " VALUES (1, ?1, ?1, ?2, 'GET', '[]', '', 30, 0)",
                (name, url),
            )
    found = examined(config, capsys)[1]["Ping"]
    assert found["grade"] == ("ok" if allowed else "warning")
    assert found["text"].endswith("ping:// sites: 1")
    assert allowed or "net.ipv4.ping_group_range" in found["fix"]


def test_a_refused_token_is_broken(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Config(token=TOKEN, database=database, canaries=())
    status, found = examined(config, capsys, discord="another.token.altogether")
    assert status == 2
    assert found["Discord"]["text"] == "refuses the token"


def test_no_discord_and_silent_canaries_are_named(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = "http://127.0.0.1:9"
    config = Config(token=TOKEN, api_url=nowhere, database=database, canaries=(f"{nowhere}/c",))
    status, found = examined(config, capsys)
    assert status == 2
    assert "connection refused" in found["Discord"]["text"]
    assert found["Connectivity check"]["grade"] == "warning"
    assert nowhere in found["Connectivity check"]["text"]


def test_a_missing_token_is_broken_and_an_odd_one_a_warning(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Config(token="sandbox-token", database=database, canaries=())
    status, found = examined(odd, capsys, discord="sandbox-token")
    assert (status, found["Token"]["grade"]) == (1, "warning")
    none = Config(database=database, canaries=())
    assert examined(none, capsys, discord=TOKEN)[1]["Token"]["grade"] == "broken"


def test_a_running_vigie_is_seen_and_not_disturbed(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(api_url="http://127.0.0.1:9", database=database, canaries=())
    assert "no Vigie" in examined(config, capsys)[1]["Running"]["text"]
    with instance_lock(database):
        found = examined(config, capsys)[1]
        assert found["Running"] == {
            "name": "Running",
            "grade": "ok",
            "text": "a Vigie uses this database now",
            "fix": None,
        }
        assert found["Database"]["grade"] == "ok"


def test_a_database_that_is_not_there_yet_will_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "v.db"
    config = Config(api_url="http://127.0.0.1:9", database=path, canaries=())
    assert "will be made" in examined(config, capsys)[1]["Database"]["text"]
    assert not path.parent.exists()


def test_a_damaged_database_is_broken(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database.write_bytes(b"no database at all" * 500)
    config = Config(api_url="http://127.0.0.1:9", database=database, canaries=())
    found = examined(config, capsys)[1]["Database"]
    assert found["grade"] == "broken"
    assert "operation.md" in found["fix"]


@pytest.mark.parametrize("what", ["half", "empty", "folder", "one page"])
def test_each_damage_is_one_line_and_one_remedy(
    database: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    whole = database.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    if what == "folder":
        database.unlink()
        database.mkdir()
    else:
        page = b"\x55" * 4096
        database.write_bytes(
            {
                "half": whole[:middle],
                "empty": b"",
                "one page": whole[:middle] + page + whole[middle + 4096 :],
            }[what]
        )
    config = Config(api_url="http://127.0.0.1:9", database=database, canaries=())
    found = examined(config, capsys)[1]["Database"]
    assert found["grade"] == "broken"
    assert "\n" not in found["text"] + found["fix"]
    assert found["fix"][0].isupper()
    assert found["fix"].endswith(".")
    assert ("VIGIE_DATABASE" if what == "folder" else "“Restore”") in found["fix"]


@pytest.mark.parametrize(
    ("hours", "grade", "text"),
    [
        (1, "ok", "not two hours old"),
        (7, "ok", "7 hours old"),
        (35, "ok", "35 hours old"),
        (72, "warning", "3 days old"),
    ],
)
def test_the_age_of_the_newest_backup_is_reported(
    database: Path, hours: int, grade: str, text: str
) -> None:
    folder = database.parent / "backups"
    folder.mkdir()
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for age in (hours + 24, hours):
        files.dated_copy(folder, now - timedelta(hours=age)).write_text("a copy")
    [found] = installation.backups(database, now.timestamp())
    assert found.grade == grade
    assert f"the newest of 2 is {text}: {folder}/vigie-" in found.text


def test_backups_that_are_off_are_no_fault_and_missing_ones_are(database: Path) -> None:
    [off] = installation.backups(database, 0.0)
    assert off.grade == "ok"
    assert "docs/operation.md, “Backup”" in off.text
    (database.parent / "backups").mkdir()
    files.dated_copy(database.parent / "backups", datetime.now(UTC)).touch()
    [none] = installation.backups(database, 0.0)
    assert none.grade == "warning", "an empty file is no copy"


def test_an_older_database_is_reported_what_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "v.db"
    old_database(path, steps_until(tmp_path / "migrations", OLDEST))
    config = Config(api_url="http://127.0.0.1:9", database=path, canaries=())
    found = examined(config, capsys)[1]["Database"]
    assert found["grade"] == "ok"
    assert f"schema {OLDEST}, 0.2 MB; the next start makes it {newest()}" in found["text"]
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (OLDEST,)


def test_a_newer_database_is_broken(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA user_version = 999")
    config = Config(api_url="http://127.0.0.1:9", database=database, canaries=())
    assert "newer Vigie" in examined(config, capsys)[1]["Database"]["text"]


def test_another_programs_database_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE bookmark (url TEXT)")
    config = Config(api_url="http://127.0.0.1:9", database=path, canaries=())
    found = examined(config, capsys)[1]["Database"]
    assert found["grade"] == "broken"
    assert "of another program" in found["text"]


def test_a_setting_that_cannot_be_read_is_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGIE_MIN_INTERVAL", "soon")
    assert main(["doctor", "--json"]) == 2
    [one] = json.loads(capsys.readouterr().out)["checks"]
    assert "VIGIE_MIN_INTERVAL" in one["fix"]
    assert main(["run"]) == 78


@pytest.mark.skipif(os.name != "posix", reason="permissions of this kind")
def test_an_env_file_that_others_can_read_is_refused_by_run_and_doctor_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(".env")
    file.write_text("VIGIE_CANARIES=\nDISCORD_API_URL=http://127.0.0.1:9\n")
    file.chmod(0o644)
    assert main(["run"]) == 78
    assert capsys.readouterr().err == ("vigie: Other users can read .env. Type: chmod 600 .env\n")
    assert main(["doctor", "--json"]) == 2
    [found] = [c for c in json.loads(capsys.readouterr().out)["checks"] if c["name"] == ".env"]
    assert "chmod 600 .env" in found["fix"]
    assert main(["check", "ftp://example.com", "--json"]) == 2, "refused for the address alone"
    file.chmod(0o600)
    require_private(file)
    file.chmod(0o640)
    require_private(file)
    file.chmod(0o602)
    with pytest.raises(ConfigError):
        require_private(file)


def test_a_wrong_clock_is_reported_with_its_side() -> None:
    answer = Answer(200, {"date": "Tue, 14 Nov 2023 22:13:20 GMT"})
    assert network._clock(answer, 1_700_000_002.0).grade is Grade.OK
    fast = network._clock(answer, 1_700_000_030.0)
    assert (fast.grade, fast.text) == (Grade.WARNING, "is 30 s fast")
    assert network._clock(answer, 1_699_999_000.0).text == "is 1000 s slow"
    assert network._clock(Answer(200, {"date": "yesterday"}), 0.0).grade is Grade.OK


def test_what_is_wrong_with_the_application_is_reported() -> None:
    assert network._application({"flags": 1 << 19}).grade is Grade.WARNING
    assert network._application({"flags": 1 << 23}).grade is Grade.OK
    assert network._application({"interactions_endpoint_url": "https://x"}).grade is Grade.BROKEN
    assert network._starts({"session_start_limit": {"remaining": 3}}).grade is Grade.WARNING


def test_without_a_token_discord_is_asked_all_the_same(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(database=database, canaries=())
    found = examined(config, capsys, discord=TOKEN)[1]
    assert found["Discord"]["grade"] == "ok"
    assert found["Discord"]["text"].endswith("answers; without a token nothing more can be asked")
    assert found["Clock"]["text"] == "agrees with Discord's"
    assert "Application" not in found


def test_what_discord_does_not_say_is_a_warning() -> None:
    """As for a limit, a fault of Discord's, and a question that nothing answered."""
    for answer in (Answer(429), Answer(500, {}, b"{}"), Answer(cause=Cause(Reason.TIMEOUT))):
        found = network._unanswered("Application", answer)
        assert found is not None
        assert found.grade is Grade.WARNING
    assert network._unanswered("Application", Answer(500)) == Finding(
        "Application",
        Grade.WARNING,
        "Discord does not say: HTTP 500",
        "Ask again later; if it lasts: https://discordstatus.com",
    )
    assert network._unanswered("Application", Answer(200)) is None


@pytest.mark.parametrize("limit", [None, [], "many", {"remaining": "1"}])
def test_a_number_of_starts_that_discord_does_not_say_is_no_number(limit: object) -> None:
    found = network._starts({"session_start_limit": limit})
    assert (found.grade, found.text) == (Grade.OK, "unknown number of connections left")
    odd = {"interactions_endpoint_url": None, "flags": limit, "name": "Vigie", "id": "1"}
    assert network._application(odd).grade is Grade.OK


def test_few_open_files_and_names_that_are_no_settings_are_warned_of(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "allow_many", lambda: 256)
    remarks = ("VIGIE_PORT is no setting of Vigie. Did you mean VIGIE_PORTS?",)
    config = Config(token=TOKEN, database=database, canaries=(), remarks=remarks)
    status, found = examined(config, capsys, discord=TOKEN)
    assert status == 1
    assert found["Open files"]["text"] == "256 may be open: at most 128 checks run at once"
    assert "LimitNOFILE" in found["Open files"]["fix"]
    assert found["Settings"]["text"] == remarks[0]


def test_a_heartbeat_that_is_not_heard_is_reported(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stored(missed: str | None) -> dict[str, dict[str, Any]]:
        async def call(url: str) -> str | None:
            del url
            return missed

        async def send() -> None:
            db = await Database.open(database)
            try:
                watchlist = Watchlist(db, SystemClock(), Guilds(db, SystemClock()))
                heartbeat = Heartbeat(db, SystemClock(), watchlist, "http://127.0.0.1:9/", call)
                heartbeat.logged_in = True
                await heartbeat.send()
            finally:
                await db.close()

        asyncio.run(send())
        config = Config(token=TOKEN, database=database, canaries=())
        return examined(config, capsys, discord=TOKEN)[1]

    assert "Heartbeat" not in stored(None)
    assert stored("HTTP 404")["Heartbeat"]["text"] == "the latest one failed: “HTTP 404”"
    assert "Heartbeat" not in stored(None)


def put_behind_the_door(database: Path, *, pushes: int = 0, pages: int = 0) -> None:
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.executemany("INSERT INTO guild (id, page) VALUES (?, ?)", [(1, pages > 0), (2, False)])
        conn.executemany(
            "INSERT INTO monitor (guild_id, name, name_key, url, method, headers, expect_status,"
            " interval_s, created_ms) VALUES (1, ?1, ?1, 'push://', 'GET', '[]', '', 60, 0)",
            [(f"job {n}",) for n in range(pushes)],
        )


SHUT = "is set, and nothing listens"


@pytest.mark.parametrize(
    ("behind", "settings", "said"),
    [
        ({}, {}, None),
        ({"pushes": 2}, {}, ("broken", "nothing listens, so no beat arrives; push monitors: 2")),
        ({"pages": 1}, {}, ("broken", "nothing listens, so nobody sees the status pages: 1")),
        ({}, {"public_url": "https://x.example"}, ("warning", f"VIGIE_PUBLIC_URL {SHUT}")),
        ({}, {"metrics_token": "x"}, ("warning", f"VIGIE_METRICS_TOKEN {SHUT}")),
    ],
)
def test_what_waits_behind_a_door_that_is_shut_is_reported(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    behind: dict[str, int],
    settings: dict[str, str],
    said: tuple[str, str] | None,
) -> None:
    put_behind_the_door(database, **behind)
    config = Config(database=database, canaries=(), api_url="http://127.0.0.1:9", **settings)  # type: ignore[arg-type]
    found = examined(config, capsys)[1].get("HTTP door")
    assert (found and (found["grade"], found["text"])) == said


def test_the_door_and_its_addresses_are_looked_at(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_behind_the_door(database, pushes=1, pages=1)
    plain = Config(database=database, canaries=(), api_url="http://127.0.0.1:9")
    port = free_port()
    here = replace(plain, listen=ListenAddress("127.0.0.1", port))
    found = examined(here, capsys)[1]
    assert found["HTTP door"]["text"] == f"127.0.0.1:{port} is free for it"
    assert found["Public address"]["text"] == (
        f"addresses of jobs and status pages begin with http://127.0.0.1:{port};"
        " push monitors: 1, status pages: 1"
    )
    assert "Metrics" not in found
    public = replace(here, public_url="https://status.example.org")
    assert "Public address" not in examined(public, capsys)[1]
    unsafe = examined(replace(here, public_url="http://status.example.org"), capsys)[1]
    assert unsafe["Public address"]["text"].startswith("jobs send their secrets unencrypted")
    everywhere = replace(public, listen=ListenAddress("0.0.0.0", port))  # noqa: S104
    closed = examined(everywhere, capsys)[1]["Metrics"]
    assert (closed["grade"], "VIGIE_METRICS_TOKEN" in closed["text"]) == ("ok", True)
    assert "Metrics" not in examined(replace(everywhere, metrics_token="x"), capsys)[1]
    elsewhere = replace(public, listen=ListenAddress("203.0.113.9", port))
    assert "is no address of this machine" in examined(elsewhere, capsys)[1]["HTTP door"]["fix"]


def test_a_port_that_somebody_else_has_is_reported(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Config(database=database, canaries=(), api_url="http://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(60)
        port = taken.getsockname()[1]
        here = replace(plain, listen=ListenAddress("127.0.0.1", port))
        found = examined(here, capsys)[1]["HTTP door"]
        assert (found["grade"], found["text"]) == ("broken", "cannot be opened at the next start")
        assert "another program listens there" in found["fix"]

        def answer() -> None:
            taken.accept()[0].close()

        with instance_lock(database):  # a Vigie runs, and has not got it
            somebody = threading.Thread(target=answer)
            somebody.start()
            found = examined(here, capsys)[1]["HTTP door"]
            somebody.join()
        assert found["text"] == f"Vigie runs, and does not answer at 127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("problem", "grade", "text"),
    [
        (None, "ok", "answers at 127.0.0.1"),
        ("Discord has been away for 64 s", "warning", "answers: Discord has been away for 64 s"),
    ],
)
def test_the_door_of_a_running_vigie_is_asked(
    database: Path, problem: str | None, grade: str, text: str
) -> None:
    class Health:
        async def problem(self) -> str | None:
            return problem

    async def play() -> dict[str, Finding]:
        where = ListenAddress("127.0.0.1", free_port())
        opened = Door(where, {"healthz": Healthz(Health())})  # type: ignore[arg-type]
        opened.start()
        config = Config(database=database, canaries=(), api_url="http://127.0.0.1:9")
        try:
            return {one.name: one for one in await examine(replace(config, listen=where))}
        finally:
            await opened.stop()

    with instance_lock(database):
        found = asyncio.run(play())["HTTP door"]
    assert (found.grade, text in found.text) == (grade, True), found
