"""What delivery is done with is forgotten after a week, in slices."""

from pathlib import Path

from bot.db import incidents
from bot.db.database import Connection
from bot.db.stats import KEPT_MS
from bot.services.history.retention import Retention
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD, DeliveryFixture, play

DAY_S = 86_400


async def forgotten(here: DeliveryFixture) -> int:
    """How many pieces of work and posts went."""

    def count(conn: Connection) -> int:
        counted = "SELECT (SELECT count(*) FROM notification) + (SELECT count(*) FROM post)"
        return int(conn.execute(counted).fetchone()[0])

    before = await here.db.read(count)
    await Retention(here.db, here.clock).sweep()
    return before - await here.db.read(count)


def test_what_ended_a_week_ago_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    async def scene(here: DeliveryFixture) -> None:
        old, still = await here.open("old"), await here.open("still")
        await here.deliver()
        await here.close(old)
        await here.deliver()
        here.clock.forward(KEPT_MS / 1000 - DAY_S)
        new = await here.open("new")
        await here.deliver()
        await here.close(new)
        await here.deliver()
        assert await forgotten(here) == 0
        here.clock.forward(2 * DAY_S)
        assert await forgotten(here) > 0
        assert await forgotten(here) == 0

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
        here.clock.forward(KEPT_MS / 1000 + DAY_S)
        await forgotten(here)
        assert await here.db.read(left) == []
        assert await here.db.read(lambda conn: conn.execute("SELECT 1 FROM post").fetchall()) == []
        assert len(await here.db.read(lambda conn: incidents.load(conn, [old.id, new.id]))) == 2

    play(scene, tmp_path)


def test_a_hundred_thousand_rows_are_forgotten_in_slices(tmp_path: Path) -> None:
    async def scene(here: DeliveryFixture) -> None:
        def fill(conn: Connection) -> None:
            conn.executemany(
                "INSERT INTO notification (guild_id, channel_id, kind, state, created_ms,"
                " not_before_ms) VALUES (?, ?, 'notice', 'sent', 0, 0)",
                [(GUILD, CHANNEL)] * 3000,
            )

        await here.db.write(fill)
        assert await forgotten(here) == 3000

    play(scene, tmp_path)
