"""Escalation: another role is called once, when nobody acknowledges an alert for long enough."""

from pathlib import Path

import pytest

from bot.db import incidents
from bot.errors import UserError
from bot.services.incidents import Reminders
from tests.services.delivery.delivery_fixture import Message
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

SECOND_LINE, WAR_ROOM = 77, 300
AFTER_S = 900


async def prepared(s: ServicesFixture, *names: str, channel: int | None = None) -> Reminders:
    await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
    await s.guilds.set_escalation(
        GUILD, by=PERSON, after_s=AFTER_S, role_id=SECOND_LINE, channel_id=channel
    )
    for name in names or ("shop",):
        await s.watch(name)
    await s.play(dict.fromkeys(names or ("shop",), "OOO"))
    return Reminders(s.db, s.clock, s.delivery.wake, s.watchlist.silenced_incidents)


async def later(s: ServicesFixture, reminders: Reminders, seconds: float) -> None:
    await s.clock.advance(seconds)
    await reminders.remind()
    await s.delivery.deliver_due()


def calls(s: ServicesFixture, channel: int = CHANNEL) -> list[Message]:
    return [one for one in s.transport.of(channel) if "NOT ACKNOWLEDGED" in one.alert.content]


def test_a_role_is_called_once_beside_the_alert(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            await s.play({"shop": "FFF"})
            await later(s, reminders, AFTER_S - 180)
            assert calls(s) == []
            await later(s, reminders, 120)
            (call,) = calls(s)
            assert call.alert.role_ids == (SECOND_LINE,)
            assert call.alert.content.startswith("🔴 NOT ACKNOWLEDGED · shop · 17 min")
            assert call.reply_to is not None
            await later(s, reminders, 3 * AFTER_S)
            assert len(calls(s)) == 1

    play(scenario())


def test_a_restart_does_not_call_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            await s.play({"shop": "FFF"})
            await later(s, reminders, AFTER_S)
            assert len(calls(s)) == 1
            clock = s.clock
        async with services_fixture(tmp_path, clock=clock) as s:
            again = Reminders(s.db, s.clock, s.delivery.wake, s.watchlist.silenced_incidents)
            await later(s, again, AFTER_S)
            assert calls(s) == []

    play(scenario())


@pytest.mark.parametrize("what", ["acknowledged", "muted", "back", "recovering"])
def test_nobody_is_called_when_somebody_is_on_it_or_it_is_silenced_or_back(
    tmp_path: Path, what: str
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            await s.play({"shop": "FFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            if what == "acknowledged":
                await s.incidents.acknowledge(GUILD, incident.public_id, PERSON)
            elif what == "muted":
                muted = [s.entry("shop").monitor.id]
                await s.silences.mute(GUILD, muted, by=PERSON, for_s=7200)
            else:
                await s.play({"shop": "OOOO" if what == "recovering" else "O" * 20})
            await later(s, reminders, AFTER_S + 60)
            assert calls(s) == []

    play(scenario())


def test_what_is_acknowledged_while_the_call_waits_calls_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            await s.play({"shop": "FFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            await s.clock.advance(AFTER_S)
            assert await reminders.remind() == 1
            await s.incidents.acknowledge(GUILD, incident.public_id, PERSON)
            await s.delivery.deliver_due()
            assert calls(s) == []

    play(scenario())


def test_many_share_one_call_in_the_channel_that_was_chosen(tmp_path: Path) -> None:
    names = ("api", "blog", "shop", "wiki")

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s, *names, channel=WAR_ROOM)
            await s.play(dict.fromkeys(names, "FFF"))
            await later(s, reminders, AFTER_S)
            assert calls(s) == []
            (call,) = calls(s, WAR_ROOM)
            assert call.alert.role_ids == (SECOND_LINE,)
            assert "4 sites, nobody is on them: api, blog, shop" in call.alert.content

    play(scenario())


def test_a_reminder_does_not_follow_on_the_heels_of_a_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            await s.guilds.set_alerts(GUILD, reminder_h=4, by=PERSON)
            await s.guilds.set_escalation(
                GUILD, by=PERSON, after_s=4 * 3600 - 300, role_id=SECOND_LINE, channel_id=None
            )
            await s.play({"shop": "FFF"})
            await later(s, reminders, 4 * 3600 - 360)
            assert len(calls(s)) == 1
            await later(s, reminders, 600)
            assert not any("STILL" in text for text in s.transport.texts())
            await later(s, reminders, 4 * 3600)
            assert any("STILL" in text for text in s.transport.texts())

    play(scenario())


def test_off_ends_it_and_odd_times_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            reminders = await prepared(s)
            for after_s in (59, 8 * 86_400):
                with pytest.raises(UserError, match="1 minute to 7 days"):
                    await s.guilds.set_escalation(
                        GUILD, by=PERSON, after_s=after_s, role_id=1, channel_id=None
                    )
            off = await s.guilds.set_escalation(
                GUILD, by=PERSON, after_s=0, role_id=SECOND_LINE, channel_id=None
            )
            assert (off.escalate_s, off.escalate_role_id) == (0, None)
            await s.play({"shop": "FFF"})
            await later(s, reminders, AFTER_S * 2)
            assert calls(s) == []
            assert await s.db.read(lambda conn: incidents.to_escalate(conn, 2**60)) == []

    play(scenario())
