"""After a rollback rows have words this version never heard of: they are read as other."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.models import Cause, Ending, Kind, Reason
from bot.words.causes import cause_sentence, cause_text
from bot.words.translator import translator_for
from tests.db import rows
from tests.services.services_fixture import play, services_fixture

GUILD, OTHER = 41, 42


def prepared(path: Path, *changes: str) -> None:
    """A database with two servers in which rows of the first have been changed."""
    with closing(sqlite3.connect(path / "vigie.db", isolation_level=None)) as conn:
        for guild_id in (GUILD, OTHER):
            rows.fill(conn, guild_id)
        conn.execute("UPDATE incident SET resolved_ms = NULL, ending = NULL")
        for change in changes:
            conn.execute(f"{change} WHERE guild_id = {GUILD}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE incident SET kind = 'haunted'",
        "UPDATE incident SET cause = 'cosmic_rays:7'",
        "UPDATE incident SET cause = 'http:many'",
        "UPDATE incident SET ending = 'evaporated'",
    ],
)
def test_an_unknown_word_in_an_open_incident_is_read_as_other(tmp_path: Path, change: str) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path):
            pass
        prepared(tmp_path, change)
        async with services_fixture(tmp_path) as s:
            (entry,) = s.watchlist.of_guild(GUILD)
            assert entry.incident is not None

    play(scenario())


def test_an_unknown_cause_of_a_check_is_read_as_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            now_ms = s.clock.now_ms()
        prepared(tmp_path)
        with closing(sqlite3.connect(tmp_path / "vigie.db")) as conn, conn:
            conn.execute("INSERT INTO result VALUES (?, ?, 5, 'cosmic_rays')", (now_ms, GUILD))
        async with services_fixture(tmp_path) as s:
            (entry,) = s.watchlist.of_guild(GUILD)
            assert entry.latest is not None
            assert entry.latest.cause == Cause(Reason.OTHER)

    play(scenario())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE monitor SET headers = 'not json'",
        "UPDATE monitor SET expect_status = '5'",
        "UPDATE maintenance_window SET date = 'soon'",
    ],
)
def test_a_row_that_cannot_be_read_costs_no_other_server(
    tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path):
            pass
        prepared(tmp_path, change)
        with caplog.at_level(logging.ERROR):
            async with services_fixture(tmp_path) as s:
                assert len(s.watchlist.of_guild(OTHER)) == 1
        assert "cannot be read and is left out" in caplog.text

    play(scenario())


def test_other_words_have_sentences() -> None:
    assert (Kind("haunted"), Ending("evaporated")) == (Kind.UNSTABLE, Ending.RESOLVED)
    cause = Cause.parse("cosmic_rays:7")
    for language in ("en", "fr"):
        words = translator_for(language)
        assert cause_text(words, cause)
        assert cause_sentence(words, cause)
