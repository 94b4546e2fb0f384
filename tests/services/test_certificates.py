"""A certificate that is about to end is warned of in its channel, once at each threshold."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import monitors as table
from bot.models import Target
from bot.services.delivery import enqueue
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

DAY_S = 86_400
SPOKEN = "📜 CERTIFICATE · shop · expires in "


def ends_in(s: ServicesFixture, name: str, days: float) -> None:
    url = s.monitors.find(GUILD, name).target.url
    s.prober.certificate_ends_ms[url] = s.clock.now_ms() + round(days * DAY_S * 1000)


async def watch(s: ServicesFixture, days: float) -> None:
    await s.watch("shop")
    ends_in(s, "shop", days)


def test_a_certificate_is_warned_of_once_at_each_threshold_and_never_after_its_end(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 15.5)
            for _ in range(17 * 4):
                await s.play({"shop": "OOO"})
                await s.clock.advance(DAY_S / 4 - 180)
            said = [line.removeprefix(SPOKEN) for line in s.transport.texts()]
            assert said == ["14 days", "7 days", "3 days", "1 day"]
            assert all(m.alert.kind == "certificate" for m in s.transport.of(CHANNEL))

    play(scenario())


def test_what_was_sent_is_not_sent_again_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            await watch(s, 5)
            await s.play({"shop": "OOO"})
            assert s.transport.texts() == [SPOKEN + "5 days"]
            ends = s.prober.certificate_ends_ms
        async with services_fixture(tmp_path, clock=clock) as s:
            s.prober.certificate_ends_ms = ends
            await s.play({"shop": "OOOO"})
            assert s.transport.texts() == []
            await s.clock.advance(2 * DAY_S)
            await s.play({"shop": "OOOO"})
            assert s.transport.texts() == [SPOKEN + "3 days"]

    play(scenario())


def test_a_failed_check_proves_no_certificate(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 5)
            await s.play({"shop": "OO"})
            s.prober.causes.clear()
            await s.play({"shop": "F"})
            assert s.transport.texts() == []

    play(scenario())


def test_a_window_a_mute_and_a_pause_keep_quiet_and_what_is_still_true_follows(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 14)
            monitor = s.monitors.find(GUILD, "shop")
            await s.play({"shop": "OOO"})
            assert s.transport.texts() == [SPOKEN + "14 days"]

            await s.maintenance.start(GUILD, monitor.id, for_s=8 * DAY_S, reason=None, by=PERSON)
            await s.clock.advance(7.5 * DAY_S)
            await s.play({"shop": "OOO"})
            assert len(s.transport.texts()) == 1
            await s.clock.advance(DAY_S)
            await s.silences.expire_due()
            await s.play({"shop": "O"})
            assert s.transport.texts()[1:] == [SPOKEN + "5 days"]

            entry = s.entry("shop")
            until_ms = s.clock.now_ms() + 3 * DAY_S * 1000
            entry.monitor = replace(entry.monitor, muted_until_ms=until_ms)
            await s.clock.advance(2.8 * DAY_S)
            await s.play({"shop": "OOO"})
            assert len(s.transport.texts()) == 2
            await s.clock.advance(DAY_S / 2)
            await s.play({"shop": "O"})
            assert s.transport.texts()[2:] == [SPOKEN + "2 days"]

            await s.silences.pause(GUILD, monitor.id, by=PERSON, for_s=None)
            await s.clock.advance(1.5 * DAY_S)
            assert len(s.transport.texts()) == 3
            await s.silences.resume(GUILD, monitor.id, PERSON)
            await s.play({"shop": "OOO"})
            assert s.transport.texts()[3:] == [SPOKEN + "1 day"]

    play(scenario())


def test_without_a_channel_the_warning_is_sent_once_there_is_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.monitors.add(GUILD, {"url": "https://shop.example/", "name": "shop"}, PERSON)
            ends_in(s, "shop", 3)
            await s.play({"shop": "OOOO"})
            assert s.transport.texts() == []
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await s.play({"shop": "O"})
            assert s.transport.texts() == [SPOKEN + "3 days"]

    play(scenario())


def test_another_address_begins_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 5)
            await s.play({"shop": "OOO"})
            entry = s.entry("shop")
            entry.monitor = replace(entry.monitor, target=Target("https://new.example/"))
            ends_in(s, "shop", 5)
            await s.play({"shop": "OO"})
            assert len(s.transport.texts()) == 1
            await s.play({"shop": "O"})
            assert s.transport.texts() == [SPOKEN + "5 days"] * 2

    play(scenario())


def test_a_full_disk_delays_the_word_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 5)
            await s.play({"shop": "OO"})
            kept = enqueue.notice

            def refuse(*_: object) -> None:
                raise sqlite3.OperationalError("database or disk is full")

            monkeypatch.setattr(enqueue, "notice", refuse)
            await s.play({"shop": "OO"})
            assert s.transport.texts() == []
            assert "Certificate could not be noted, retrying" in caplog.text
            monkeypatch.setattr(enqueue, "notice", kept)
            await s.play({"shop": "OO"})
            assert s.transport.texts() == [SPOKEN + "5 days"]

    play(scenario())


def test_a_steady_certificate_costs_the_store_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 60)
            await s.play({"shop": "OOO"})
            saved: list[int] = []
            monkeypatch.setattr(
                table,
                "save_certificate_warnings",
                lambda _, monitor_id, __: saved.append(monitor_id),
            )
            await s.play({"shop": "O" * 20})
            assert saved == []

    play(scenario())


def test_its_role_is_called_in_the_last_three_days_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.set_alerts(GUILD, by=PERSON, role_id=55)
            await watch(s, 8)
            for _ in range(9 * 4):
                await s.play({"shop": "OOO"})
                await s.clock.advance(DAY_S / 4 - 180)
            called = [message.alert.role_ids for message in s.transport.of(CHANNEL)]
            assert called == [(), (), (55,), (55,)]
            assert all("<t:" in message.alert.note for message in s.transport.of(CHANNEL))

    play(scenario())


def test_a_renewal_is_written_under_the_warning_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await watch(s, 5)
            await s.play({"shop": "OOO"})
            assert s.transport.texts() == [SPOKEN + "5 days"]
            ends_in(s, "shop", 90)
            await s.play({"shop": "OOOO"})
            [message] = s.transport.of(CHANNEL)
            assert message.alert.content == f"~~{SPOKEN}5 days~~"
            assert message.alert.note.startswith("Renewed: valid until <t:")
            edits = message.edits
            await s.play({"shop": "OOOO"})
            assert message.edits == edits == 1

    play(scenario())
