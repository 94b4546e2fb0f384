"""The log: a line a record, no secret, no forged line, and searchable by field."""

import ast
import asyncio
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import DeliveryAction, DeliveryError
from bot.log import OneLine, setup
from tests.services.delivery.delivery_fixture import Call
from tests.services.services_fixture import CHANNEL, GUILD, services_fixture

# Put together here, so that no scanner takes this file for a leak.
ID, SIGNATURE = "MTA1NDc1NTY0NDA4MjM4NDg5Ng", "q7Wm_2Zr-5tKpLxV9cNfHsDjQwEuYiOaTbR3"
TOKEN = f"{ID}.GxYzAb.{SIGNATURE}"
log = logging.getLogger("bot.test")


def test_a_record_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    setup("INFO")
    log.info("Saw %d rounds", 3, extra={"monitor": 7, "guild": 42, "host": "a b=c"})
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO bot\.test Saw 3 rounds"
        r' monitor=7 guild=42 host="a b=c"\n',
        err,
    )


def test_foreign_text_can_neither_forge_a_line_nor_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup("INFO")
    log.info("Site %s", "x\n2016-11-08 ERROR forged\r\x1b[2J\x9b\u2028", extra={"name_": "a\nb"})
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert len(err.splitlines()) == 1
    assert "\\n2016-11-08 ERROR forged\\r\\x1b[2J\\x9b\\n" in err
    assert "name_=a\\nb" in err


def test_a_traceback_follows_on_indented_lines(capsys: pytest.CaptureFixture[str]) -> None:
    setup("INFO")
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        log.exception("A try ended by a bug", extra={"monitor": 7})
    _, err = capsys.readouterr()
    first, *rest = err.splitlines()
    assert first.endswith("A try ended by a bug monitor=7")
    assert rest[0] == "    Traceback (most recent call last):"
    assert "ZeroDivisionError" in rest[-1]
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize(
    "secret", ["a-configured-secret", "s3cret", "https://beat.example/4f1a", TOKEN]
)
def test_configured_secrets_appear_nowhere(capsys: pytest.CaptureFixture[str], secret: str) -> None:
    setup("INFO", ["", secret])
    try:
        float(secret)
    except ValueError:
        log.exception("In the text %s", secret, extra={"field": secret})
    _, err = capsys.readouterr()
    assert secret not in err
    assert err.count("<hidden>") == 3


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"Authorization: Bot {TOKEN}",
        f"{{'Authorization': 'Bot {TOKEN}'}}",
        "Authorization: Bot some-other-token-of-thirty-letters",
    ],
)
def test_what_looks_like_a_token_is_hidden_even_when_unknown(text: str) -> None:
    record = logging.makeLogRecord({"msg": text, "levelname": "INFO", "name": "x"})
    line = OneLine().format(record)
    assert "<hidden>" in line
    assert TOKEN not in line
    assert "some-other-token" not in line


@pytest.mark.parametrize(
    "text", ["www.immigration.example.org.", "1.2.3.4", "a.b.c", "Bot ready", "v0.22.1"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert OneLine().format(logging.makeLogRecord({"msg": text})).endswith(text)


def test_a_short_secret_hides_whole_words_alone() -> None:
    line = OneLine(["t"]).format(logging.makeLogRecord({"msg": "the token is t, not that"}))
    assert line.endswith("the token is <hidden>, not that")


def test_the_level_of_the_settings_rules(capsys: pytest.CaptureFixture[str]) -> None:
    setup("WARNING")
    log.info("quiet")
    log.warning("loud")
    _, err = capsys.readouterr()
    assert "quiet" not in err
    assert "loud" in err


@pytest.mark.parametrize("name", ["discord.gateway", "aiosqlite", "httpx"])
def test_libraries_report_their_warnings_alone(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    setup("INFO")
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("trouble")
    setup("DEBUG")
    logging.getLogger(name).debug("wire")
    logging.getLogger(name).info("news")
    _, err = capsys.readouterr()
    assert "chatter" not in err
    assert "wire" not in err
    assert "trouble" in err
    assert "news" in err


def test_what_discord_py_says_of_voice_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    setup("INFO")
    logging.getLogger("discord.client").warning(
        "PyNaCl is not installed, voice will NOT be supported"
    )
    assert capsys.readouterr().err == ""


def test_setting_up_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    setup("INFO")
    setup("INFO")
    log.info("once")
    assert capsys.readouterr().err.count("once") == 1
    assert logging.getLogger().handlers[0].formatter.__class__ is OneLine


def test_python_warnings_become_records(capsys: pytest.CaptureFixture[str]) -> None:
    setup("INFO")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("something leaks", ResourceWarning, stacklevel=1)
    assert "py.warnings" in capsys.readouterr().err


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in the product: where it is, and its tree."""
    root = Path(__file__).parents[1]
    for file in sorted([*(root / "bot").rglob("*.py"), *(root / "cogs").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and node.func.attr in {"debug", "info", "warning", "error", "exception", "critical"}
            ):
                yield f"{file.relative_to(root)}:{node.lineno}", node


def test_monitors_servers_and_channels_are_named_in_fields_never_in_the_text() -> None:
    """So that one search finds everything of one monitor or server: extra={"monitor": …}."""
    found = list(calls())
    assert len(found) > 30
    in_text = re.compile(r"\b(monitor|server|guild|channel|message|board) %[sdr]")
    for place, call in found:
        message = call.args[0]
        assert isinstance(message, ast.Constant), f"{place}: the text must be constant"
        assert isinstance(message.value, str)
        assert not in_text.search(message.value), f"{place}: {message.value}"


def test_an_incident_is_reported_with_its_monitor_and_its_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            setup("INFO")
            await s.play({"shop": "OFFF" + "PFPF" + "O" * 40})
            assert s.entry("shop").incident is None
            named = f"monitor={monitor.id} guild={GUILD}"
            lines = [line for line in capsys.readouterr().err.splitlines() if "incident" in line]
            assert all(re.search(rf" incident=\w+ {named}$", line) for line in lines)
            reported = [re.findall(r"Incident (\S+).* kind=(\w+)", line)[0] for line in lines]
            assert reported == [
                ("opened:", "down"),
                ("changed", "unstable"),
                ("ended:", "unstable"),
            ]

    asyncio.run(scenario())


def test_what_discord_refuses_is_reported_with_server_and_channel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(call: Call) -> None:
        raise DeliveryError("Missing Access", DeliveryAction.CHANNEL_BLOCKED)

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            setup("INFO")
            s.transport.before = refuse
            await s.play({"shop": "FFF"})
            err = capsys.readouterr().err
            rejected = rf"Discord rejected message: .* guild={GUILD} channel={CHANNEL} nonce=\S+"
            assert re.search(rejected, err)

    asyncio.run(scenario())
