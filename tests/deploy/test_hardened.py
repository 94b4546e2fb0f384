"""What the unit and the container take away is not missed: rights, a writable disk, much /tmp."""

import asyncio
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import child_environment
from bot.db.database import Database

ROOT = Path(__file__).parents[2]
REFUSE_NEW_EXECUTABLE_MEMORY = 65  # prctl(PR_SET_MDWE), as MemoryDenyWriteExecute= does it
# A system of its own: everything read-only but the state's folder, a /tmp of 16 MB.
BOX = """
mount --bind "$STATE" "$STATE"
mount --bind / /
mount -o remount,ro,bind /
mount -t tmpfs -o size=16m,mode=1777 tmpfs "$TMP"
cd "$STATE"
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""
PICTURE = """
import asyncio
from bot.charts.painter import Painter
from bot.charts.picture import Labels, Picture, Point, Tick

points = tuple(Point(hour * 3_600_000, 100 + hour % 40, 200) for hour in range(2160))
labels = Labels("median", "spread", "down", "unstable", "not watched", "UTC")
ticks = (Tick(0, "0"),)
picture = Picture((0, 7_776_000_000), 500, (points,), (), (), (), ticks, ticks, labels)
assert asyncio.run(Painter().paint(picture))
"""


UNSHARE = shutil.which("unshare") or ""


def _a_box_can_be_made() -> bool:
    if not (UNSHARE and shutil.which("setpriv")) or os.geteuid() != 0:
        return False
    probe = [UNSHARE, "--mount", "mount", "--bind", "/", "/"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_a_box = pytest.mark.skipif(not _a_box_can_be_made(), reason="needs root and namespaces")


def deny() -> None:
    ctypes.CDLL(None).prctl(REFUSE_NEW_EXECUTABLE_MEMORY, 1, 0, 0, 0)  # an older kernel says no


def boxed(state: Path, *arguments: str) -> str:
    """Run Python in the box; its output. It must end with 0."""
    temporary = state.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = child_environment(
        STATE=str(state),
        TMP=str(temporary),
        TMPDIR=str(temporary),
        HOME="/nonexistent",
        PYTHONPATH=str(ROOT),
        PYTHONDONTWRITEBYTECODE="1",
        VIGIE_DATABASE=str(state / "vigie.db"),
    )
    done = subprocess.run(
        [UNSHARE, "--mount", "sh", "-euc", BOX, "sh", sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=deny,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"

    async def make() -> None:
        await (await Database.open(folder / "vigie.db")).close()

    asyncio.run(make())
    return folder


@needs_a_box
def test_the_box_is_one(state: Path) -> None:
    script = (
        "import pathlib, sys\n"
        f"for place in ({str(ROOT)!r}, '/etc'):\n"
        "    try:\n"
        "        (pathlib.Path(place) / 'written').touch()\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
    )
    assert boxed(state, "-c", script).split() == ["30", "30"]


@needs_a_box
def test_a_picture_is_drawn_there(state: Path) -> None:
    boxed(state, "-c", PICTURE)


@needs_a_box
def test_a_backup_is_made_there(state: Path) -> None:
    assert "verified" in boxed(state, "-m", "bot", "backup", f"{state}/backups/")
    assert len(list((state / "backups").iterdir())) == 1
