"""A monitor behind another: its opening waits while that is down, everything else goes on."""

from pathlib import Path

import pytest

from bot.errors import NotFound, UserError
from bot.models import Monitor
from bot.services.audit_log import AuditEvent
from bot.services.bulk import BulkImport, RowState
from bot.services.explanation import Why
from bot.services.transfer.files import export, read
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)


async def connect(fixture: ServicesFixture, child: str, parent: object) -> Monitor:
    child_id = fixture.entry(child).monitor.id
    edited = await fixture.monitors.change(GUILD, child_id, {"depends_on": parent}, PERSON)
    return edited.after


async def router_and(fixture: ServicesFixture, *children: str) -> None:
    """All are up; everything hangs on the router."""
    await fixture.watch("router")
    for name in children:
        await fixture.watch(name)
        await connect(fixture, name, "router")
    await fixture.play(dict.fromkeys(["router", *children], "OO"))


def lines(fixture: ServicesFixture) -> list[str]:
    return [message.alert.content for message in fixture.transport.messages.values()]


async def look(fixture: ServicesFixture) -> None:
    await fixture.silences.expire_due()
    await fixture.clock.advance(40)
    await fixture.delivery.deliver_due()


def test_only_the_router_is_reported_and_says_how_many_are_behind_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await router_and(fixture, "api", "shop")
            await fixture.play({"router": "FFF", "api": "FFF", "shop": "FFF"})
            await look(fixture)
            (message,) = fixture.transport.messages.values()
            assert message.alert.content.startswith("🔴 DOWN · router")
            (incident,) = message.alert.incidents
            assert incident.behind == 2
            assert fixture.entry("api").incident is not None, "it is watched all the same"
            await fixture.play({"router": "OOOO", "api": "OOOO", "shop": "OOOO"})
            await look(fixture)
            assert [line.split(" · ")[1] for line in lines(fixture)] == ["router", "router"]
            assert fixture.entry("api").incident is None

    play(scenario())


def test_a_child_that_fails_first_waits_for_its_failing_parent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await router_and(fixture, "api")
            await fixture.play({"api": "F", "router": "O"})
            await fixture.play({"router": "FFF", "api": "FFF"})
            await look(fixture)
            assert [line.split(" · ")[1] for line in lines(fixture)] == ["router"]

    play(scenario())


def test_what_is_still_down_when_the_router_is_back_is_reported_then(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await router_and(fixture, "api", "shop")
            await fixture.play({"router": "FFF", "api": "FFF", "shop": "FFF"})
            await fixture.play({"router": "O", "api": "F", "shop": "O"})
            await look(fixture)
            assert len(lines(fixture)) == 1, "checked in the very minute the router came back"
            await fixture.play({"router": "OO", "api": "FF", "shop": "OO"})
            await look(fixture)
            opened = [line for line in lines(fixture) if line.startswith("🔴 DOWN · api")]
            assert len(opened) == 1
            await fixture.play({"router": "OOOO", "api": "OOOO", "shop": "OOOO"})
            await look(fixture)
            assert [line for line in lines(fixture) if "shop" in line] == []
            assert [line for line in lines(fixture) if line.startswith("🟢 UP · api")] != []

    play(scenario())


def test_an_alert_that_was_sent_before_gets_its_all_clear(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await router_and(fixture, "api")
            await fixture.play({"api": "FFF", "router": "OOO"})
            await fixture.play({"router": "FFF", "api": "OOO"})
            await look(fixture)
            said = sorted(line.rsplit(" · ", 1)[0] for line in lines(fixture))
            assert said == ["🔴 DOWN · router", "🟢 RESOLVED · api", "🟢 UP · api"]

    play(scenario())


def test_a_restart_forgets_nothing_of_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as fixture:
            await router_and(fixture, "api")
            await fixture.play({"router": "FFF", "api": "FFF"})
            await fixture.recorder.flush()
        async with services_fixture(tmp_path, clock=clock) as fixture:
            entry = fixture.entry("api")
            behind = fixture.watchlist.behind(entry)
            assert behind is not None
            assert behind.monitor.name == "router"
            await fixture.play({"router": "FF", "api": "FF"})
            await look(fixture)
            assert lines(fixture) == [], "the router was reported before, the api stays behind it"
            why = Why(fixture.clock, fixture.watchlist, fixture.connectivity, fixture.pushes)
            assert why.of(GUILD, entry.monitor.id).behind == behind.monitor.id
            assert why.of(GUILD, behind.monitor.id).behind is None

    play(scenario())


def test_chains_count_to_their_end_and_circles_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            for name in ("uplink", "router", "api"):
                await fixture.watch(name)
            await connect(fixture, "router", "uplink")
            await connect(fixture, "api", "ROUTER")
            for child, parent in (("uplink", "api"), ("uplink", "uplink"), ("router", "api")):
                with pytest.raises(UserError, match="cannot depend"):
                    await connect(fixture, child, parent)
            await fixture.play(dict.fromkeys(("uplink", "router", "api"), "OO"))
            await fixture.play(dict.fromkeys(("uplink", "router", "api"), "FFF"))
            await look(fixture)
            (message,) = fixture.transport.messages.values()
            assert [one.behind for one in message.alert.incidents] == [2]

    play(scenario())


def test_a_parent_is_one_of_the_same_server_and_leaves_its_children_free(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await fixture.watch("api")
            foreign = await fixture.watch("router", OTHER_GUILD)
            for wanted in ("router", foreign.id, "nothing", 10**30):
                with pytest.raises((NotFound, UserError)):
                    await connect(fixture, "api", wanted)
            await fixture.watch("router")
            child = await connect(fixture, "api", "router")
            assert child.depends_on == fixture.entry("router").monitor.id
            page = await fixture.audit_log.page(GUILD, child.id, 0, 5)
            assert [(row.field, row.after) for row in page.rows][:1] == [("depends_on", "router")]
            await fixture.monitors.remove(GUILD, fixture.entry("router").monitor.id, PERSON)
            assert fixture.entry("api").monitor.depends_on is None
        async with services_fixture(tmp_path) as fixture:
            assert fixture.entry("api").monitor.depends_on is None

    play(scenario())


def test_an_export_names_the_parent_and_an_import_finds_it_wherever_it_stands(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path / "a") as fixture:
            await fixture.watch("api")
            await fixture.watch("router")
            await connect(fixture, "api", "router")
            data = export(fixture.monitors.of_guild(GUILD))
        async with services_fixture(tmp_path / "b") as fixture:
            bulk, items = BulkImport(fixture.monitors, fixture.silences), read(data).items
            assert [item.label for item in items] == ["api", "router"]

            async def progress(_done: int, _of: int) -> None:
                pass

            await bulk.preview(GUILD, items, progress=progress)
            assert fixture.monitors.of_guild(GUILD) == []
            outcomes = await bulk.take(GUILD, items, by=PERSON, progress=progress)
            assert [one.item.remarks for one in outcomes] == [(), ()]
            api = fixture.entry("api").monitor
            assert api.depends_on == fixture.entry("router").monitor.id
            assert api.channel_id == CHANNEL
            again = await bulk.take(GUILD, items, by=PERSON, progress=progress)
            assert [one.state for one in again] == [RowState.SAME, RowState.SAME]
            lost = read(b'{"monitors": [{"url": "https://x.example", "depends_on": "gone"}]}').items
            for run in (
                await bulk.preview(GUILD, lost, progress=progress),
                await bulk.take(GUILD, lost, by=PERSON, progress=progress),
            ):
                assert "gone" in str(run[0].item.remarks[0][1])
            page = await fixture.audit_log.page(GUILD, api.id, 0, 5)
            assert AuditEvent.IMPORTED in {row.field for row in page.rows}

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    play(scenario())
