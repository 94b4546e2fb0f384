"""``vigie check`` with ``tcp://`` and ``dns://``: the same verdicts for ports and names."""

import socket

import pytest

from bot.cli.check import NOT_UP, REFUSED, UP, run
from bot.config import Config
from tests.cli.test_check import HOME, check
from tests.engine.sites import free_port


def test_a_port_that_accepts_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        code, found = check(capsys, url)
        assert run(url, as_json=False, config=HOME) == UP
    assert (code, found["verdict"], found["url"]) == (UP, "up", url)
    assert (found["status"], found["address"]) == (None, "127.0.0.1")
    assert found["phases_ms"]["connect"] is not None
    assert found["phases_ms"]["first_byte"] is None
    text = capsys.readouterr().out
    assert text.startswith(f"UP · {url} · OK\n  address     127.0.0.1\n")
    assert "HTTP" not in text


def test_a_port_on_which_nobody_listens_is_not_up(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = check(capsys, f"tcp://127.0.0.1:{free_port()}")
    assert (code, found["verdict"], found["reason"]) == (NOT_UP, "down", "refused")
    assert found["cause"] == "connection refused"


def test_a_local_name_is_up_where_it_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = check(capsys, "dns://localhost")
    assert (code, found["verdict"], found["address"]) == (UP, "up", "127.0.0.1")
    assert found["phases_ms"]["dns"] is not None
    assert found["phases_ms"]["connect"] is None


def test_a_private_port_is_refused_without_leave(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code, _ = check(capsys, f"tcp://127.0.0.1:{server.getsockname()[1]}", Config())
    assert code == REFUSED
