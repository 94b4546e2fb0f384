"""The token is nowhere but in the head of the process: no log, argv, child, error or backup."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import Config, child_environment, load, require_private, require_token
from bot.errors import ConfigError
from sandbox import Sandbox
from tests.harness import ALERTS, Harness

# Shaped like a bot's token. It opens nothing but a sandbox of this test.
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GsecrE.t0p-zanzibar_never-to-be-seen-0123456789"
HEARTBEAT = "http://127.0.0.1:9/ping/zanzibar-heartbeat-key"
PIECES = (TOKEN, TOKEN.rpartition(".")[2], "zanzibar-heartbeat-key")


def reported(where: str, text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [f"{where} tells {piece!r}" for piece in PIECES if piece.encode() in data]


def processes(pid: int) -> list[Path]:
    """A process and everything it has started, as folders of /proc."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path(f"/proc/{pid}"), *(one for child in children for one in processes(int(child)))]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_whatever_goes_wrong_nothing_leaks_the_token(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")
    secret.chmod(0o600)

    async def scenario() -> list[str]:
        harness = Harness(
            tmp_path,
            VIGIE_LOG_LEVEL="DEBUG",
            VIGIE_HEARTBEAT_URL=HEARTBEAT,
            DISCORD_TOKEN_FILE=str(secret),
        )
        harness.sandbox = Sandbox(token=TOKEN)
        async with harness as h:
            del h.bot.environment["DISCORD_TOKEN"]
            h.sandbox.faults.add("503", path="/users/@me$", times=1)
            await h.bot.start()
            site = await h.watch("shop")
            h.sandbox.faults.add("503", path="/messages", times=2)
            h.sandbox.faults.add("close", path="/messages", times=1)
            site.fail(500)
            await h.wait_post("DOWN · shop", ALERTS)
            assert h.bot.process is not None
            found: list[str] = []
            for process in processes(h.bot.process.pid):
                found += reported(f"argv of {process}", (process / "cmdline").read_bytes())
                environ = (process / "environ").read_bytes()
                found += [
                    line
                    for line in reported(f"environ of {process}", environ)
                    if "heart" not in line
                ]
            found += reported("the backup", await asyncio.to_thread(backup, h))
            found += reported("the doctor", await asyncio.to_thread(examined, h))
            found += reported("the database", h.database.read_bytes())
            for path in ("/channels", "/users/@me"):  # one refusal is asked about first
                h.sandbox.faults.add("401", path=path, times=9)
            h.expected.invalid_requests = 1_000
            await h.command("alerts test")
            assert await h.bot.wait_exit(60) == 78
            h.expected.unsent = True
            found += reported("the log", h.bot.log)
            assert "INFO discord.client" in h.bot.log
        return found

    assert asyncio.run(scenario()) == []


def backup(h: Harness) -> bytes:
    file = h.folder / "copy.db"
    said = subprocess.run(
        [sys.executable, "-m", "bot", "backup", str(file)],
        env=h.bot.environment,
        cwd=h.folder,
        capture_output=True,
        check=True,
    )
    return file.read_bytes() + said.stdout + said.stderr


def examined(h: Harness) -> bytes:
    said = subprocess.run(
        [sys.executable, "-m", "bot", "doctor", "--json"],
        env=h.bot.environment,
        cwd=h.folder,
        capture_output=True,
        check=False,
    )
    return said.stdout + said.stderr


def test_no_error_and_no_description_of_the_settings_leaks_it() -> None:
    config = load({"DISCORD_TOKEN": TOKEN, "VIGIE_HEARTBEAT_URL": HEARTBEAT}, None)
    found = reported("repr", f"{config!r} {config} {[config]}")
    for odd in (f"{TOKEN} x", f'"{TOKEN}"', f"{TOKEN}\n{TOKEN}"):
        with pytest.raises(ConfigError) as refused:
            require_token(Config(token=odd))
        found += reported("the refusal", f"{refused.value} {refused.value!r}")
    for name in ("DISCORD_TOKEN_FILE", "VIGIE_HEARTBEAT_URL_FILE"):
        with pytest.raises(ConfigError) as missing:
            load({name: "/nowhere/at/all", "DISCORD_TOKEN": TOKEN}, None)
        found += reported("the refusal", str(missing.value))
    assert found == []


def test_a_bot_of_our_own_making_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("VIGIE_HEARTBEAT_URL", HEARTBEAT)
    monkeypatch.setenv("DISCORD_TOKEN_FILE", "/run/secrets/zanzibar-heartbeat-key")
    assert reported("the child", repr(child_environment(A="b"))) == []


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o600, False), (0o640, False), (0o604, True), (0o666, True)]
)
def test_a_file_that_everybody_can_read_is_refused_with_what_to_type(
    tmp_path: Path, mode: int, *, refused: bool
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"DISCORD_TOKEN={TOKEN}\n")
    file.chmod(mode)
    environment = child_environment(VIGIE_DATABASE=str(tmp_path / "vigie.db"))
    environment["DISCORD_API_URL"] = "http://127.0.0.1:9/api/v10"
    if not refused:
        require_private(file)
        return
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert "Type: chmod 600 .env" in ended.stderr
    assert reported("the refusal", ended.stderr + ended.stdout) == []
    assert not (tmp_path / "vigie.db").exists()
    file.chmod(0o600)  # as the command does
    require_private(file)


def test_the_readme_makes_the_file_private_from_the_start() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert "install -m 600 .env.example .env" in readme
    assert "cp .env.example .env" not in readme
