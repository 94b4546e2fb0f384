"""Of the system's and the bundled time-zone data, the newer is used."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

ASK = (
    "from bot.services.recurrence import names, zone_of, zone_name; import datetime as d;"
    "print(d.datetime(2027, 1, 1, tzinfo=zone_of('Europe/Paris')).utcoffset(), len(names()) > 300,"
    " zone_name('america/vancouver'))"
)
ZONES = files("tzdata") / "zoneinfo"


def reported(tmp_path: Path, version: str | None, name: str = "tzdata.zi") -> str:
    """What the zones say on a system whose Paris is Tokyo."""
    folder = tmp_path / "zoneinfo"
    (folder / "Europe").mkdir(parents=True)
    (folder / "Europe" / "Paris").write_bytes((ZONES / "Asia" / "Tokyo").read_bytes())
    if version is not None:
        (folder / name).write_text(f"{version}\n# comment\n")
    ended = subprocess.run(
        [sys.executable, "-c", ASK],
        env={"PYTHONTZPATH": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


@pytest.mark.process
@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("# version 2025b", "tzdata.zi"),
        ("2024a", "+VERSION"),
        ("# no version", "tzdata.zi"),
        (None, ""),
        ("# version 2025za", "tzdata.zi"),
    ],
)
def test_the_bundled_data_is_used_where_the_systems_is_older(
    tmp_path: Path, version: str | None, name: str
) -> None:
    assert reported(tmp_path, version, name) == "1:00:00 True America/Vancouver"


@pytest.mark.process
@pytest.mark.parametrize(
    ("version", "name"), [("# version 2099a", "tzdata.zi"), ("2099c", "+VERSION")]
)
def test_the_systems_data_is_used_where_it_is_newer(
    tmp_path: Path, version: str, name: str
) -> None:
    assert reported(tmp_path, version, name) == "9:00:00 True America/Vancouver"
