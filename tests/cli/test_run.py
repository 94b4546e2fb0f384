"""``vigie run`` and the shell: signals, threads that hang, a reader that goes away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.cli import EXIT_FAILURE, EXIT_PIPE
from tests.engine.sites import free_port

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DISCORD_TOKEN": "a.b.c",
        "DISCORD_API_URL": f"http://127.0.0.1:{free_port()}/api/v10",
        "VIGIE_DATABASE": str(folder / "vigie.db"),
        "VIGIE_CANARIES": "",
    }


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["check", "tcp://127.0.0.1:9"], ["doctor"]]
)
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path, arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=environment(tmp_path) | {"VIGIE_ALLOW_PRIVATE": "127.0.0.0/8"},
        cwd=tmp_path,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (EXIT_PIPE, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_output_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "--version"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == EXIT_FAILURE
    assert ended.stderr == "vigie: cannot print: No space left on device\n"


def started(folder: Path, *code: str) -> subprocess.Popen[str]:
    arguments = ["-c", *code] if code else ["-m", "bot", "run"]
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(folder),
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_heard(process: subprocess.Popen[str]) -> None:
    """Until Python itself has begun: what comes before is its own to answer."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("the kernel does not tell which signals are caught")
    while process.poll() is None:
        line = next(one for one in status.read_text().splitlines() if one.startswith("SigCgt:"))
        if int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.4, 1.0])
def test_reported_to_stop_early_it_ends_without_a_word_too_many(
    tmp_path: Path, number: signal.Signals, after_s: float
) -> None:
    process = started(tmp_path)
    until_heard(process)
    time.sleep(after_s)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_a_hangup_is_logged_and_ends_nothing(tmp_path: Path) -> None:
    process = started(tmp_path)
    until_heard(process)
    process.send_signal(signal.SIGHUP)  # while it loads
    assert process.stderr is not None
    lines = list[str]()
    while "Watching" not in (lines or [""])[-1]:
        lines.append(process.stderr.readline())
    process.send_signal(signal.SIGHUP)
    while "SIGHUP" not in lines[-1]:
        lines.append(process.stderr.readline())
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in said


def test_the_file_of_sites_is_read_at_the_start_and_again_on_a_hangup(tmp_path: Path) -> None:
    file = tmp_path / "sites.yml"
    file.write_text("servers:\n  - idd: 1\n", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        env=environment(tmp_path) | {"VIGIE_SITES": str(file)},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [""]
    while "nothing is changed" not in lines[-1]:
        lines.append(process.stderr.readline())
    assert "sites.yml, line 2: “idd” is no key here" in lines[-1]
    file.write_text("servers:\n  - id: 1\n", "utf-8")
    process.send_signal(signal.SIGHUP)
    while "sites.yml: read" not in lines[-1]:
        lines.append(process.stderr.readline())
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in "".join(lines) + said


HANGING = """
import asyncio, socket, sys, threading, time
import bot.app, bot.__main__
from bot.engine.resolver import SystemNames

def dead(*_, **__):
    time.sleep(120)

async def run(config, on_stop):
    socket.getaddrinfo = dead
    loop = asyncio.get_running_loop()
    names = SystemNames()
    waiting = [loop.create_task(names.addresses(f"nas{n}.lan")) for n in range(6)]
    waiting.append(loop.run_in_executor(None, dead))
    await asyncio.sleep(0.2)
    on_stop()

bot.app.run = run
sys.argv = ["vigie", "run"]
sys.exit(bot.__main__.main())
"""


def test_threads_that_hang_in_a_look_up_do_not_hold_up_the_end(tmp_path: Path) -> None:
    process = started(tmp_path, HANGING)
    _, said = process.communicate(timeout=60)  # half of what the look-ups take
    assert process.returncode == 0, said


STUCK = HANGING.replace("    on_stop()", "    on_stop(); await asyncio.sleep(120)")


def test_whatever_hangs_it_ends_in_time(tmp_path: Path) -> None:
    hurried = STUCK.replace(
        "import bot.app,", "import bot.cli.run as r; r.STOP_S = 1.0\nimport bot.app,"
    )
    process = started(tmp_path, hurried)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Something would not stop" in said


def test_a_small_limit_of_open_files_is_named_and_means_fewer_checks(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"ulimit -n 256; exec {sys.executable} -m bot run"],
        env=environment(tmp_path),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    wanted = "This process may open 256 files (ulimit -n): at most 128 checks run at once"
    assert any(wanted in line for line in process.stderr), "its log ended without it"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
