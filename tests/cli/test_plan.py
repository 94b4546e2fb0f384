"""``vigie plan FILE``, as its own process: differences, refusals, and nothing changed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from bot.config import child_environment
from bot.services.transfer.server_entries import read_sites
from tests.services.services_fixture import GUILD, services_fixture

ROOT = Path(__file__).parents[2]
TEXT = f"""servers:
  - id: {GUILD}
    channel: "#alerts"
    monitors:
      - name: Shop
        url: https://shop.example/health
"""


def plan(tmp_path: Path, text: str | None) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "sites.yml"
    if text is not None:
        file.write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "bot", "plan", str(file)],
        cwd=tmp_path,
        env=child_environment(
            PYTHONPATH=str(ROOT), VIGIE_DATABASE=str(tmp_path / "vigie.db"), PATH=os.environ["PATH"]
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_differences_are_shown_and_the_database_stays_as_it_is(tmp_path: Path) -> None:
    async def prepare() -> None:
        async with services_fixture(tmp_path) as fixture:
            await fixture.watch("Shop")

    asyncio.run(prepare())
    before = (tmp_path / "vigie.db").read_bytes()
    done = plan(tmp_path, TEXT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"server {GUILD}",
        "  ~ Shop: url: https://shop.example/ → https://shop.example/health",
        "  ~ Shop: channel: channel 100 → the server's setting",
        "  ? channel “alerts”: looked up when the bot is online",
        "  = 0 sites unchanged",
    ]
    assert (tmp_path / "vigie.db").read_bytes() == before


def test_without_a_database_everything_is_new(tmp_path: Path) -> None:
    done = plan(tmp_path, TEXT)
    assert "  + Shop: https://shop.example/health" in done.stdout.splitlines()
    assert not (tmp_path / "vigie.db").exists()


def test_a_file_that_cannot_be_taken_is_named_with_line_and_reason(tmp_path: Path) -> None:
    done = plan(tmp_path, TEXT.replace("url:", "ulr:"))
    assert done.returncode == 2
    assert f"{tmp_path / 'sites.yml'}, line 6: “ulr” is no key here" in done.stderr
    assert done.stdout == ""
    (tmp_path / "sites.yml").unlink()
    missing = plan(tmp_path, None)
    assert missing.returncode == 2
    assert "cannot be read" in missing.stderr


def test_the_list_of_another_program_is_printed_as_a_file_of_sites(tmp_path: Path) -> None:
    gatus = (
        "endpoints:\n  - name: shop\n    group: core\n    url: https://shop.example\n"
        "    headers: {X-Key: abc}\n    conditions: ['[STATUS] == 200', '[BODY].x > 3']\n"
        "  - {name: socket, url: 'ws://socket.example'}\n"
    )
    done = plan(tmp_path, gatus)
    assert (done.returncode, done.stderr) == (0, "")
    assert "      # its condition “[BODY].x > 3” is left out\n      - name: shop\n" in done.stdout
    assert "      # not taken: socket: I cannot watch the kind “ws”." in done.stdout
    again = plan(tmp_path, done.stdout.replace("123456789012345678", str(GUILD)))
    assert "  + shop: https://shop.example/" in again.stdout.splitlines()
    (server,) = read_sites(done.stdout.encode())
    assert server.monitors[0].item.typed["headers"] == (("X-Key", "abc"),)
    assert server.monitors[0].item.typed["tags"] == ("core",)
