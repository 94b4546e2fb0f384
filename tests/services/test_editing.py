"""A change of settings: what it keeps, what it begins anew."""

import asyncio
from pathlib import Path

import pytest

from bot.errors import NotFound, UserError
from bot.models import State
from bot.services.typed_text import kept_headers, parse_headers, parse_statuses, status_text
from tests.services.services_fixture import GUILD, PERSON, play, services_fixture

ELSEWHERE = GUILD + 1


def test_an_edit_survives_a_restart_and_another_server_cannot_make_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            added = await s.monitors.add(GUILD, {"url": "https://example.com"}, PERSON)
            change = {"name": "Shop", "every": 300, "slow_ms": 900, "expect_status": "2xx"}
            edited = await s.monitors.edit(GUILD, added.monitor.id, change, PERSON)
            assert edited.first is not None, "another idea of fine is tried out"
            with pytest.raises(NotFound):
                await s.monitors.edit(ELSEWHERE, added.monitor.id, change, PERSON)
        async with services_fixture(tmp_path) as again:
            (found,) = again.monitors.of_guild(GUILD)
            assert found == edited.after

    play(scenario())


def test_a_new_address_forgets_what_the_old_one_showed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            added = await s.monitors.add(GUILD, {"url": "https://example.com"}, PERSON)
            entry = s.watchlist.get(GUILD, added.monitor.id)
            assert entry.last_ok_ms is not None
            await s.monitors.edit(GUILD, entry.monitor.id, {"name": "Shop"}, PERSON)
            assert entry.last_ok_ms is not None
            await s.monitors.edit(GUILD, entry.monitor.id, {"url": "https://example.org"}, PERSON)
            assert entry.judge_state.monitor_state is State.UNKNOWN
            assert [entry.last_ok_ms, entry.incident] == [None, None]

    play(scenario())


def test_what_cannot_be_taken_changes_nothing_and_a_pause_meanwhile_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            first = await s.monitors.add(GUILD, {"url": "https://example.com"}, PERSON)
            await s.monitors.add(GUILD, {"url": "https://example.org", "name": "Blog"}, PERSON)
            for change in (
                {"url": "https://10.0.0.1"},
                {"name": "BLOG"},
                {"every": 1},
                {"expect_status": "often"},
                {"headers": "Host: x"},
                {"contains": "x" * 501},
            ):
                with pytest.raises(UserError):
                    await s.monitors.edit(GUILD, first.monitor.id, change, PERSON)
            assert s.monitors.get(GUILD, first.monitor.id) == first.monitor
            await asyncio.gather(
                s.monitors.edit(GUILD, first.monitor.id, {"name": "Shop"}, PERSON),
                s.silences.pause(GUILD, first.monitor.id, by=PERSON, for_s=None),
            )
            both = s.monitors.get(GUILD, first.monitor.id)
            assert both.paused
            assert both.name == "Shop"

    play(scenario())


@pytest.mark.parametrize("text", ["", "200", "2xx", "200, 404", "200-204, 3xx", "100-102, 599"])
def test_codes_are_written_as_they_are_read(text: str) -> None:
    assert status_text(parse_statuses(text)) == text


def test_a_header_without_a_value_keeps_the_one_it_has() -> None:
    old = (("Authorization", "Bearer x"), ("X-Key", "one"))
    assert kept_headers(old, None) == old
    typed = parse_headers("authorization:\nX-New: two")
    assert kept_headers(old, typed) == (("authorization", "Bearer x"), ("X-New", "two"))
    assert kept_headers(old, ()) == ()


def test_another_site_does_not_learn_the_values_of_headers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            wanted = {"url": "https://example.com", "headers": "Authorization: Bearer x"}
            added = await s.monitors.add(GUILD, wanted, PERSON)
            number = added.monitor.id
            same = {"url": "https://example.com/health"}
            edited = await s.monitors.edit(GUILD, number, same, PERSON)
            assert edited.after.target.headers == (("Authorization", "Bearer x"),)
            for hidden in ("authorization:", "X-New: two | Authorization:"):
                theft = {"url": "https://example.org", "headers": hidden}
                with pytest.raises(UserError, match="value of the header"):
                    await s.monitors.edit(GUILD, number, theft, PERSON)
            moved = {"url": "https://example.org"}
            edited = await s.monitors.edit(GUILD, number, moved, PERSON)
            assert edited.after.target.headers == ()

    play(scenario())
