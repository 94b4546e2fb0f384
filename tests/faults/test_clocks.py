"""The clock jumps, the machine sleeps, the network goes (rows 25, 26 and 28)."""

from pathlib import Path

import pytest

from bot.services.liveness import GapWatch
from tests.services.services_fixture import ServicesFixture, play, services_fixture

HOUR = 3600


def openings(s: ServicesFixture) -> list[str]:
    return [m.alert.content for m in s.transport.messages.values() if m.reply_to is None]


def pulse(s: ServicesFixture) -> GapWatch:
    """The part that notices what the clock did."""
    offset_ms = [s.clock.now_ms() - round(s.clock.monotonic() * 1000)]

    def resync() -> int:
        ahead = s.clock.now_ms() - round(s.clock.monotonic() * 1000)
        step, offset_ms[0] = ahead - offset_ms[0], ahead
        return step

    def after_gap() -> None:
        for entry in s.watchlist.after_gap():
            s.recorder.touch(entry)

    return GapWatch(s.db, s.clock, resync=resync, after_gap=after_gap)


@pytest.mark.parametrize("step_s", [HOUR, -HOUR, 2 * HOUR, -2 * HOUR])
def test_a_clock_that_is_set_neither_alerts_nor_freezes(tmp_path: Path, step_s: int) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            beat = pulse(s)
            await beat.begin()
            await s.watch("shop")
            await s.play({"shop": "OOOO"})
            s.clock.set_wall(step_s)
            await beat.stamp()
            await s.play({"shop": "OOOO"})
            assert s.transport.messages == {}
            await s.play({"shop": "FFF"})
            assert len(openings(s)) == 1
            s.clock.set_wall(-step_s)
            await beat.stamp()
            await s.play({"shop": "OOOO"})
            [opening, reply] = s.transport.messages.values()
            assert reply.reply_to == opening.id
            assert "-" not in reply.alert.content

    play(scenario())


def test_a_machine_that_sleeps_half_an_hour_blames_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            beat = pulse(s)
            await beat.begin()
            await s.watch("shop")
            await s.play({"shop": "OOF"})
            s.clock.set_wall(1800)
            await beat.stamp()
            await s.play({"shop": "FO"})
            assert s.transport.messages == {}
            rows = await s.db.read(lambda conn: conn.execute("SELECT * FROM gap").fetchall())
            assert len(rows) == 1
            assert 1790 < (rows[0]["until_ms"] - rows[0]["from_ms"]) / 1000 < 1810

    play(scenario())


def test_five_minutes_without_network_are_one_note_and_no_alert(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.seen(1, "en-US")
            await s.guilds.set_alerts(1, channel_id=100, by=7)
            for name in ("shop", "blog", "wiki"):
                await s.watch(name)
            fine = dict.fromkeys(("shop", "blog", "wiki"), "OO")
            await s.play(fine)
            s.online_check.online = False
            await s.play(dict.fromkeys(fine, "FFFFF"))
            assert s.transport.messages == {}
            s.online_check.online = True
            await s.connectivity.recheck()
            await s.play(fine)
            await s.play(fine)
            [note] = openings(s)
            assert note.startswith("⚪ BLIND · I was offline for 5 min")

    play(scenario())


def test_a_site_that_flaps_at_every_check_makes_few_posts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "FO" * 15})
            assert 1 <= len(s.transport.messages) <= 4

    play(scenario())
