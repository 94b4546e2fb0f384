"""Reminders come while nobody cares."""

from dataclasses import replace

import pytest

from bot.db import guilds, incidents
from bot.db.database import Connection
from bot.models import GuildSettings, Kind
from bot.services.incidents import Reminders
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD, DeliveryFixture, play

HOUR = 3600


async def remind(here: DeliveryFixture, hours: int, *, ping: bool = False) -> Reminders:
    settings = GuildSettings(GUILD, channel_id=CHANNEL, reminder_h=hours, reminder_ping=ping)
    await here.db.write(lambda conn: guilds.save(conn, settings))
    return Reminders(here.db, here.clock, here.delivery.wake, set)


async def pass_hours(here: DeliveryFixture, reminders: Reminders, hours: int) -> None:
    for _ in range(hours * 4):
        here.clock.forward(HOUR / 4)
        await reminders.remind()
        await here.deliver()


def test_nobody_is_reminded_unless_the_server_wants_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 0)
        await here.open("shop")
        await here.deliver()
        await pass_hours(here, reminders, 48)
        assert len(here.transport.of()) == 1

    play(scene)


def test_what_is_still_down_is_said_again_every_four_hours_as_one_reply() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 4)
        first = await here.open("shop")
        await here.deliver()
        await pass_hours(here, reminders, 9)
        opening, *again = here.transport.of()
        assert [one.alert.content for one in again] == [
            "🔴 STILL DOWN · shop · for 4 h 1 min",
            "🔴 STILL DOWN · shop · for 8 h 1 min",
        ]
        assert {one.reply_to for one in again} == {opening.id}
        assert all(one.alert.plain and not one.alert.silent for one in again)
        assert all(one.alert.role_ids == () for one in again)
        await here.close(first)
        await pass_hours(here, reminders, 9)
        assert len(here.transport.of()) == 4

    play(scene)


def test_they_call_the_role_of_their_sites_where_the_server_wants_that() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 4, ping=True)
        for name, role_id in (("a", 7), ("b", 8), ("c", 7)):
            await here.open(name, wait_s=60, role_id=role_id)
        await here.deliver(60)
        await pass_hours(here, reminders, 5)
        [again] = here.transport.of()[1:]
        assert again.alert.role_ids == (7, 8)

    play(scene)


def test_nobody_is_reminded_of_what_works_again() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 4)
        first = await here.open("shop")
        await here.deliver()

        def recover(conn: Connection) -> None:
            now_ms = here.clock.now_ms()
            again = replace(first, answering_since_ms=now_ms, clear_by_ms=now_ms + 9 * HOUR * 1000)
            incidents.update(conn, again)

        await here.db.write(recover)
        await pass_hours(here, reminders, 5)
        assert len(here.transport.of()) == 1

    play(scene)


def test_many_are_reminded_of_in_one_line() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 4)
        for name in ("a", "b", "c"):
            await here.open(name, wait_s=60, kind=Kind.DOWN if name == "a" else Kind.UNSTABLE)
        await here.deliver(60)
        await pass_hours(here, reminders, 5)
        assert here.transport.texts()[1:] == [
            "🔴 STILL IN TROUBLE · 1 down, 2 unstable: "
            + ", ".join(f"{name} for 4 h 2 min" for name in "abc")
        ]

    play(scene)


@pytest.mark.parametrize("how", ["acknowledge", "mute", "recover"])
def test_nobody_is_reminded_of_what_somebody_takes_care_of(how: str) -> None:
    async def scene(here: DeliveryFixture) -> None:
        reminders = await remind(here, 4)
        incident = await here.open("shop", kind=Kind.UNSTABLE)
        await here.deliver()
        await pass_hours(here, reminders, 5)
        assert here.transport.texts()[1] == "🟡 STILL UNSTABLE · shop · for 4 h 1 min"

        def take(conn: Connection) -> None:
            if how == "acknowledge":
                incidents.acknowledge(conn, [incident.id], 7, here.clock.now_ms())
            elif how == "recover":
                recovering = replace(incident, clear_by_ms=here.clock.ms + 2**40)
                incidents.update(conn, recovering)
            else:
                conn.execute("UPDATE monitor SET muted_until_ms = ?", (here.clock.ms + 2**40,))

        # A reminder that waits already is dropped as well.
        here.clock.forward(4 * HOUR)
        assert await reminders.remind() == 1
        await here.db.write(take)
        await pass_hours(here, reminders, 9)
        assert len(here.transport.of()) == 2
        assert ("reminder", "superseded") in await here.rows()

    play(scene)
