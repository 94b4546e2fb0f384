"""What an operator installs: the unit is sound and tight, the image's health is the database's."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ANALYZE = shutil.which("systemd-analyze")
# Exposure in tenths, as docs/operation.md states it, and a little room for other versions.
UNITS = {"vigie.service": 14, "vigie-backup.service": 4, "vigie-lookout.service": 14}


def health(database: Path) -> int:
    return subprocess.run(
        [sys.executable, DEPLOY / "healthcheck.py"],
        env=os.environ | {"VIGIE_DATABASE": str(database)},
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.parametrize(("age_s", "status"), [(5, 0), (60, 0), (600, 1)])
def test_the_image_is_healthy_while_the_database_is_stamped(
    tmp_path: Path, age_s: int, status: int
) -> None:
    database = tmp_path / "v.db"
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT)")
        stamp = str(int((time.time() - age_s) * 1000))
        conn.execute("INSERT INTO setting VALUES ('alive_ms', ?)", (stamp,))
        conn.commit()
    assert health(database) == status


def test_without_a_database_the_image_is_not_healthy(tmp_path: Path) -> None:
    assert health(tmp_path / "none.db") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("unit", "exposure"), UNITS.items())
def test_systemd_knows_every_line_of_the_unit_and_finds_little_exposed(
    unit: str, exposure: int
) -> None:
    assert ANALYZE is not None
    reported = subprocess.run(
        [ANALYZE, "verify", DEPLOY / unit], capture_output=True, text=True, check=False
    ).stderr
    # The program it starts is not installed on this machine; anything else is a fault of ours.
    faults = [
        line for line in reported.splitlines() if unit in line and "not executable" not in line
    ]
    assert faults == []
    shown = subprocess.run(
        [ANALYZE, "security", "--offline=true", f"--threshold={exposure}", DEPLOY / unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout[-300:]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_timer_is_sound_and_comes_every_night() -> None:
    assert ANALYZE is not None
    timer = DEPLOY / "vigie-backup.timer"
    reported = subprocess.run(
        [ANALYZE, "verify", timer], capture_output=True, text=True, check=False
    )
    assert "vigie-backup.timer" not in reported.stderr
    [when] = re.findall(r"^OnCalendar=(.+)$", timer.read_text("utf-8"), re.MULTILINE)
    calendar = subprocess.run(
        [ANALYZE, "calendar", "--iterations=3", when], capture_output=True, text=True, check=True
    )
    assert calendar.stdout.count("03:30:00") >= 3


def test_every_file_the_image_copies_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
    assert 'ENTRYPOINT ["python"' in text, "process 1 must be Python, or SIGTERM is lost"
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)


@pytest.mark.parametrize("unit", ["vigie.service", "vigie-lookout.service"])
def test_a_restart_is_tried_unless_the_configuration_is_refused(unit: str) -> None:
    text = (DEPLOY / unit).read_text("utf-8")
    assert "Restart=on-failure" in text
    assert "RestartPreventExitStatus=78" in text


def test_the_compose_file_of_places_starts_what_it_names() -> None:
    """Two lookouts by the names and files that docs/places.md has people make."""
    text = (DEPLOY / "compose-places.yaml").read_text("utf-8")
    names = re.findall(r'command: \["lookout", "(\w+)", "nats://nats:4222"\]', text)
    assert names == ["paris", "oslo"]
    files = re.findall(r"file: \./places/(\w+)", text)
    assert files == ["VIGIE_NATS_URL", *names]
    page = (ROOT / "docs/places.md").read_text("utf-8")
    for name in names:
        assert f"places add {name} " in page
