"""``vigie check URL``: one try, its verdict as exit status, for people and as JSON."""

import asyncio
import ipaddress
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.cli.check import NOT_UP, REFUSED, UP, run
from bot.config import Config
from bot.services.typed_text import typed_address
from tests.engine.sites import (
    CERTIFICATES,
    OK,
    Behaviour,
    Site,
    answer,
    free_port,
    paths,
    redirect,
    serve,
)

KEYS = {
    "url",
    "verdict",
    "cause",
    "reason",
    "status",
    "phases_ms",
    "certificate_expires",
    "certificate_days",
    "players",
    "max_players",
    "version",
    "map",
    "address",
    "final_url",
    "downgraded",
}
HOME = Config(allow_private=(ipaddress.ip_network("127.0.0.0/8"),))
ROOT = Path(__file__).parents[2]


@contextmanager
def serving(behave: Behaviour | bytes = OK, certificate: str | None = None) -> Iterator[Site]:
    """A site in a thread of its own, since the command runs its own event loop."""
    ready, done = threading.Event(), threading.Event()
    sites: list[Site] = []

    async def live() -> None:
        async with serve(behave, certificate=certificate) as site:
            sites.append(site)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    ready.wait()
    try:
        yield sites[0]
    finally:
        done.set()
        thread.join()


def check(
    capsys: pytest.CaptureFixture[str], url: str, config: Config = HOME
) -> tuple[int, dict[str, Any]]:
    """The exit code and the one object on stdout."""
    code = run(url, as_json=True, config=config)
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("\n") == 1
    found: dict[str, Any] = json.loads(said.out)
    assert set(found) == KEYS
    return code, found


def test_up_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as site:
        code, found = check(capsys, site.url("/#top"))
    assert code == UP == 0
    assert found["url"] == site.url("/")
    assert (found["verdict"], found["cause"], found["reason"]) == ("up", None, None)
    assert found["status"] == 200
    assert found["address"] == "127.0.0.1"
    assert set(found["phases_ms"]) == {"dns", "connect", "tls", "first_byte", "total"}
    assert found["phases_ms"]["total"] > 0
    assert found["certificate_expires"] is None


def test_not_up_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answer(status="503 Later")) as site:
        code, found = check(capsys, site.url())
    assert code == NOT_UP == 1
    assert (found["verdict"], found["cause"]) == ("down", "HTTP 503")
    assert (found["reason"], found["status"]) == ("http:503", 503)
    code, found = check(capsys, f"http://127.0.0.1:{free_port()}/")
    assert code == NOT_UP
    assert (found["reason"], found["status"]) == ("refused", None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "/etc/passwd",
        "//example.com/",
        "file:///etc/passwd",
        "http://10.0.0.1/",
        "http://2130706433/",
        "http://user:secret@example.com/",
        "javascript:alert(1)",
        "http://example.com/\u202e",
        "ex ample.com",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:22/ssh",
        "tcp://user@127.0.0.1:22",
        "tcp://10.0.0.1:22",
        "tcp://8.8.8.8:25",
        "dns://127.0.0.1",
        "dns://example.com:53",
        "https//127.0.0.1",
        "http:/127.0.0.1",
        "https://https://127.0.0.1",
        "htp://127.0.0.1",
        "https",
    ],
)
def test_refused_ends_with_2(capsys: pytest.CaptureFixture[str], url: str) -> None:
    code, found = check(capsys, url)
    assert code == REFUSED == 2
    assert found["verdict"] == "refused"
    assert found["cause"]
    assert found["status"] is None


def test_a_private_address_is_refused_without_leave(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as site:
        code, found = check(capsys, site.url(), Config())
        assert not site.visits
    assert (code, found["verdict"]) == (REFUSED, "refused")


def test_a_redirect_to_a_refused_address_is_not_up(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(redirect("http://169.254.169.254/")) as site:
        code, found = check(capsys, site.url())
    assert (code, found["verdict"], found["reason"]) == (NOT_UP, "down", "redirect_refused")


def test_where_a_redirect_led_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(paths({"/": redirect("/end"), "/end": OK})) as site:
        code, found = check(capsys, site.url())
        assert code == UP
        assert found["final_url"] == site.url("/end")
        assert run(site.url(), as_json=False, config=HOME) == UP
    assert f"redirected  {site.url('/end')}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("example.com/x", "https://example.com/x"),
        ("http://example.com", "http://example.com"),
        ("/path", "/path"),
        ("//example.com", "//example.com"),
        ("ftp://example.com", "ftp://example.com"),
    ],
)
def test_https_is_added_to_bare_text_alone(typed: str, taken: str) -> None:
    assert typed_address(typed) == taken


def test_people_read_the_verdict_first_and_then_the_phases(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    with serving(certificate="good") as site:
        url = site.url(scheme="https")
        assert run(url, as_json=False, config=HOME) == UP
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"UP · {url} · OK"
    assert lines[1] == "  answer      HTTP 200 from 127.0.0.1"
    assert [line.split()[0] for line in lines[2:7]] == ["dns", "connect", "tls", "first", "total"]
    assert lines[7] == "  certificate ends 2125-01-01T00:00:00+00:00"


def test_people_read_a_refusal_as_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("http://localhost/", as_json=False, config=Config()) == REFUSED
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "I can't watch private or local addresses. The bot's operator can allow a network with"
        " VIGIE_ALLOW_PRIVATE.\n"
    )


@pytest.mark.process
def test_the_command_needs_no_token_and_leaves_no_file(tmp_path: Path) -> None:
    with serving() as site:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "check", site.url(), "--json"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
                "VIGIE_ALLOW_PRIVATE": "127.0.0.0/8",
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == UP, ended.stderr
    assert json.loads(ended.stdout)["verdict"] == "up"
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
