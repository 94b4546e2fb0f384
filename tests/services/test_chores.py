"""Reminders come while nobody cares, and old work is forgotten."""

from pathlib import Path

import pytest

from bot.db import guilds, incidents
from bot.db.database import Connection
from bot.models import GuildSettings, Kind
from bot.services.chores import KEPT_MS, Chores
from tests.services.delivery.stage import CHANNEL, GUILD, Stage, play

HOUR = 3600
DAY = 24 * HOUR


async def remind(here: Stage, hours: int) -> Chores:
    settings = GuildSettings(GUILD, channel_id=CHANNEL, reminder_h=hours)
    await here.db.write(lambda conn: guilds.save(conn, settings))
    return Chores(here.db, here.clock, here.delivery.wake)


async def pass_hours(here: Stage, chores: Chores, hours: int) -> None:
    for _ in range(hours * 4):
        here.clock.forward(HOUR / 4)
        await chores.remind()
        await here.deliver()


def test_nobody_is_reminded_unless_the_server_wants_it() -> None:
    async def scene(here: Stage) -> None:
        chores = await remind(here, 0)
        await here.open("shop")
        await here.deliver()
        await pass_hours(here, chores, 48)
        assert len(here.sink.of()) == 1

    play(scene)


def test_what_is_still_down_is_said_again_every_four_hours_as_one_reply() -> None:
    async def scene(here: Stage) -> None:
        chores = await remind(here, 4)
        first = await here.open("shop")
        await here.deliver()
        await pass_hours(here, chores, 9)
        opening, *again = here.sink.of()
        assert [one.alert.content for one in again] == [
            "🔴 STILL DOWN · shop · for 4 h 1 min",
            "🔴 STILL DOWN · shop · for 8 h 1 min",
        ]
        assert {one.reply_to for one in again} == {opening.id}
        assert all(one.alert.plain and not one.alert.silent for one in again)
        assert all(one.alert.role_ids == () for one in again)
        await here.close(first)
        await pass_hours(here, chores, 9)
        assert len(here.sink.of()) == 4

    play(scene)


def test_many_are_reminded_of_in_one_line() -> None:
    async def scene(here: Stage) -> None:
        chores = await remind(here, 4)
        for name in ("a", "b", "c"):
            await here.open(name, wait_s=60, kind=Kind.DOWN if name == "a" else Kind.UNSTABLE)
        await here.deliver(60)
        await pass_hours(here, chores, 5)
        assert here.sink.texts()[1:] == ["🔴 STILL DOWN · 3 sites: a, b, c"]

    play(scene)


@pytest.mark.parametrize("how", ["acknowledge", "mute"])
def test_nobody_is_reminded_of_what_somebody_takes_care_of(how: str) -> None:
    async def scene(here: Stage) -> None:
        chores = await remind(here, 4)
        incident = await here.open("shop", kind=Kind.UNSTABLE)
        await here.deliver()
        await pass_hours(here, chores, 5)
        assert here.sink.texts()[1] == "🟡 STILL UNSTABLE · shop · for 4 h 1 min"

        def take(conn: Connection) -> None:
            if how == "acknowledge":
                incidents.acknowledge(conn, [incident.id], 7, here.clock.now_ms())
            else:
                conn.execute("UPDATE monitor SET muted_until_ms = ?", (here.clock.ms + 2**40,))

        # A reminder that waits already is dropped as well.
        here.clock.forward(4 * HOUR)
        assert await chores.remind() == 1
        await here.db.write(take)
        await pass_hours(here, chores, 9)
        assert len(here.sink.of()) == 2
        assert ("reminder", "superseded") in await here.rows()

    play(scene)


def test_what_ended_a_week_ago_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    async def scene(here: Stage) -> None:
        chores = Chores(here.db, here.clock, here.delivery.wake)
        old, still = await here.open("old"), await here.open("still")
        await here.deliver()
        await here.close(old)
        await here.deliver()
        here.clock.forward(KEPT_MS / 1000 - DAY)
        new = await here.open("new")
        await here.deliver()
        await here.close(new)
        await here.deliver()
        assert await chores.prune() == 0
        here.clock.forward(2 * DAY)
        assert await chores.prune() > 0
        assert await chores.prune() == 0

        def left(conn: Connection) -> list[int]:
            rows = conn.execute(
                "SELECT incident_id FROM post_incident UNION ALL"
                " SELECT incident_id FROM notification WHERE incident_id IS NOT NULL"
            )
            return sorted({row[0] for row in rows.fetchall()})

        # The first two share a post: it stays with what is still going on.
        assert await here.db.read(left) == [old.id, still.id, new.id]
        await here.close(still)
        await here.deliver()
        here.clock.forward(KEPT_MS / 1000 + DAY)
        await chores.prune()
        assert await here.db.read(left) == []
        assert await here.db.read(lambda conn: conn.execute("SELECT 1 FROM post").fetchall()) == []
        assert len(await here.db.read(lambda conn: incidents.load(conn, [old.id, new.id]))) == 2

    play(scene, tmp_path)


def test_a_hundred_thousand_rows_are_forgotten_in_slices(tmp_path: Path) -> None:
    async def scene(here: Stage) -> None:
        def fill(conn: Connection) -> None:
            conn.executemany(
                "INSERT INTO notification (guild_id, channel_id, kind, state, created_ms,"
                " not_before_ms) VALUES (?, ?, 'notice', 'sent', 0, 0)",
                [(GUILD, CHANNEL)] * 3000,
            )

        await here.db.write(fill)
        chores = Chores(here.db, here.clock, here.delivery.wake)
        assert await chores.prune() == 3000

    play(scene, tmp_path)
