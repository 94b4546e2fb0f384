"""The child that draws: a real one, and some that misbehave."""

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bot.charts.painter import COMMAND, Painter, environment
from bot.charts.picture import Labels
from tests.charts.pictures import a_picture

PNG = b"\x89PNG\r\n\x1a\n"
SLEEPS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def paint(painter: Painter, labels: Labels | None = None) -> bytes | None:
    return asyncio.run(painter.paint(a_picture(labels) if labels else a_picture()))


def children() -> set[str]:
    """The processes this one has started and not yet buried."""
    found = set()
    for thread in Path("/proc/self/task").iterdir():
        found |= set((thread / "children").read_text().split())
    return found


def test_a_picture_is_drawn_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children()
    png = paint(Painter())
    assert png is not None
    assert png.startswith(PNG)
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1600, 600)
    assert len(png) < 100_000
    assert children() == before
    assert list(tmp_path.iterdir()) == []
    assert "matplotlib" not in sys.modules


def test_no_text_is_read_as_a_formula_and_every_letter_has_a_shape() -> None:
    """Warnings are errors here: a missing glyph is one."""
    strict = (*COMMAND[:-2], "-W", "error", *COMMAND[-2:])
    odd = Labels("médiane", "95\u202f% œÀÉ’", "✖ $\\frac{$", "▲ 1_2^3", "« non »", "São Tomé")
    assert paint(Painter(strict), odd) is not None


def test_the_child_knows_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "very secret")
    reported = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)))"
    paint(Painter(python(code, str(reported))))
    text = reported.read_text()
    assert "MPLCONFIGDIR" in text
    assert "secret" not in text
    assert "TOKEN" not in text
    assert not {name for name in environment("/x") if "DISCORD" in name}


def test_a_child_that_hangs_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    note = tmp_path / "pid"
    begin = time.monotonic()
    assert paint(Painter(python(SLEEPS, str(note)), limit_s=0.5)) is None
    assert time.monotonic() - begin < 50, "it sleeps for a minute"
    assert "not drawn within" in caplog.text
    assert not Path("/proc", note.read_text()).exists()


def test_a_child_is_ended_with_whoever_asked_for_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    async def scenario() -> None:
        painter = Painter(python(SLEEPS, str(note)))
        asking = asyncio.create_task(painter.paint(a_picture()))
        while not (note.exists() and note.read_text()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
        assert not Path("/proc", note.read_text()).exists()  # noqa: ASYNC240 - as above
        assert not painter._turn.locked()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('out of paint')", "out of paint"),
        ("print('no picture')", "ended with 0"),
        ("import os; os.kill(os.getpid(), 9)", "ended with -9"),
    ],
)
def test_a_child_that_fails_is_logged_with_its_words(
    code: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert paint(Painter(python(code))) is None
    assert said in caplog.text


def test_a_child_that_cannot_be_started_costs_a_picture_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert paint(Painter(("/nowhere/python",))) is None
    assert "could not be started" in caplog.text


def test_without_a_temporary_folder_there_is_no_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert paint(Painter()) is None
    assert "could not be started" in caplog.text


def test_children_come_one_after_the_other(tmp_path: Path) -> None:
    # Each leaves a mark when it begins and takes it away when it ends.
    code = (
        "import os, pathlib, sys, time; mark = pathlib.Path(sys.argv[1]);"
        " alone = not mark.exists(); mark.touch(); time.sleep(0.1); mark.unlink();"
        " sys.stdout.buffer.write(b'\\x89PNG\\r\\n\\x1a\\n' + (b'alone' if alone else b'crowd'))"
    )

    async def scenario() -> list[bytes | None]:
        painter = Painter(python(code, str(tmp_path / "mark")))
        return list(await asyncio.gather(*(painter.paint(a_picture()) for _ in range(4))))

    assert asyncio.run(scenario()) == [PNG + b"alone"] * 4


def test_a_description_that_is_none_ends_the_child_at_once() -> None:
    async def scenario() -> int | None:
        child = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(tempfile.gettempdir()),
        )
        await child.communicate(b"{}")
        return child.returncode

    assert asyncio.run(scenario()) == 1
