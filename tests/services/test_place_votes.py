"""What other places do to monitors in the running services: asked when, shown how, kept where."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.db import incidents
from bot.engine.place_router import Answer, NoVote, PlaceStatus
from bot.errors import UserError
from bot.models import HOME, Cause, CheckResult, Kind, Reason, SeenFrom, Target
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    play,
    services_fixture,
)

TIMEOUT = Cause(Reason.TIMEOUT, 10)


@dataclass
class ScriptedPlaces:
    """Other places whose answers are set: a cause, None for fine, or why there is none."""

    says: dict[str, Cause | NoVote | None] = field(default_factory=dict)
    heard_s: dict[str, float] = field(default_factory=dict)
    asked: int = 0
    server: str = "nats://127.0.0.1:4222"
    connected: bool = True
    trouble: str | None = None

    def status(self) -> list[PlaceStatus]:
        heard = {name: self.heard_s.get(name, 3.0) for name in self.says}
        return [PlaceStatus(name, "1.0", s, s <= 45, understood=True) for name, s in heard.items()]

    async def ask_all(self, target: Target, *, hurry: asyncio.Event) -> Sequence[Answer]:
        del hurry
        self.asked += 1
        return [await self.ask_one(name, target) for name in self.says]

    async def ask_one(self, name: str, target: Target) -> Answer:
        del target
        said = self.says.get(name, NoVote.AWAY)
        if isinstance(said, NoVote):
            return Answer(name, why=said)
        return Answer(name, CheckResult(0, said))


def test_a_calm_site_asks_nobody_and_a_failing_one_once_a_round(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": TIMEOUT})
        async with services_fixture(tmp_path, others=places) as s:
            await s.watch("shop")
            await s.play({"shop": "OOO"})
            assert places.asked == 0
            await s.play({"shop": "FF"})
            assert places.asked == 2
            assert s.transport.texts()[0].endswith("(4 of 4 checks, 2 of 2 places)")

    play(scenario())


def test_what_each_place_saw_survives_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": TIMEOUT, "oslo": NoVote.AWAY})
        async with services_fixture(tmp_path, others=places) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
        async with services_fixture(tmp_path, others=places) as s:
            incident = s.entry("shop").incident
            assert incident is not None
            assert incident.places == SeenFrom((HOME, "paris"), (), ("oslo",))
            await s.db.write(lambda conn: conn.execute("UPDATE incident SET places = '[1]'"))
            [unreadable] = await s.db.read(lambda conn: incidents.open_of(conn, range(9)))
            assert unreadable.places == SeenFrom()

    play(scenario())


def test_an_outage_that_others_do_not_see_is_counted_and_not_reported(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": None})
        async with services_fixture(tmp_path, others=places) as s:
            for name in ("shop", "wiki", "blog", "mail"):
                await s.watch(name)
            await s.play(
                {"shop": "OFFFFOOOOF", "wiki": "O" * 10, "blog": "O" * 10, "mail": "O" * 10}
            )
            assert s.transport.of(CHANNEL) == []
            assert s.entry("shop").judge_state.rounds == "OQQQQOOOOQ"
            assert s.place_watch.spared == 1

    play(scenario())


def test_a_monitor_of_one_place_is_seen_from_there_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": None})
        async with services_fixture(tmp_path, others=places) as s:
            shop = await s.watch("shop")
            with pytest.raises(UserError):
                await s.monitors.change(GUILD, shop.id, {"places": "atlantis"}, PERSON)
            await s.monitors.change(GUILD, shop.id, {"places": "paris"}, PERSON)
            before = len(s.prober.probed)
            await s.play({"shop": "OF"})
            assert s.entry("shop").judge_state.rounds == "OO", "home is not asked"
            places.says["paris"] = NoVote.AWAY
            await s.play({"shop": "FFF"})
            assert s.entry("shop").judge_state.rounds == "OO", "no result is no failure"
            with pytest.raises(UserError):
                await s.monitors.test(GUILD, shop.id)
            places.says["paris"] = TIMEOUT
            await s.play({"shop": "OO"})
            assert len(s.prober.probed) == before
            assert s.entry("shop").judge_state.mode is Kind.DOWN
            assert s.transport.texts()[0].endswith("(4 of 4 checks)")
            await s.monitors.change(GUILD, shop.id, {"places": "all"}, PERSON)
            assert s.monitors.get(GUILD, shop.id).place is None
            assert s.monitors.places == [HOME, "paris"]

    play(scenario())


def test_a_test_can_be_made_from_any_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": TIMEOUT})
        async with services_fixture(tmp_path, others=places) as s:
            shop = await s.watch("shop")
            assert (await s.monitors.test(GUILD, shop.id, "paris"))[1].cause == TIMEOUT
            assert (await s.monitors.test(GUILD, shop.id, HOME))[1].ok
            assert (await s.monitors.test(GUILD, shop.id))[1].ok

    play(scenario())


def test_a_place_that_is_missing_is_reported_once_a_day(tmp_path: Path) -> None:
    async def scenario() -> None:
        places = ScriptedPlaces({"paris": None, "oslo": None}, {"paris": 700.0})
        async with services_fixture(tmp_path, others=places) as s:
            await s.watch("shop")
            for _ in range(3):
                await s.place_watch.note_missing()
                await s.delivery.deliver_due()
            assert s.transport.texts() == [
                "⚪ PLACE OFFLINE · paris has not been heard from for ten minutes"
            ]
            await s.clock.advance(90_000)
            await s.place_watch.note_missing()
            await s.delivery.deliver_due()
            assert len(s.transport.texts()) == 2

    play(scenario())
