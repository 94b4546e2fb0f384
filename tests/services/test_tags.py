"""Tags: how they are read, whom they select, where alerts go, and planned work."""

from collections.abc import Sequence
from datetime import time
from pathlib import Path

import pytest

from bot.errors import NotFound, UserError
from bot.models import Monitor, State
from bot.services.maintenance import NewWindow
from bot.services.monitor_options import read_options
from bot.services.status import MonitorStatus, matching
from bot.services.transfer.files import export, read
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

OPS, ROLE = 200, 900


async def tagged(fixture: ServicesFixture, name: str, tags: str, channel: int | None = None) -> int:
    typed = {
        "url": f"https://{name.strip('#')}.example/",
        "name": name,
        "tags": tags,
        "channel": channel,
    }
    draft = fixture.monitors.draft(GUILD, typed, fixture.monitors.index(GUILD))
    return (await fixture.monitors.keep(GUILD, [draft], PERSON))[0].id


def names(found: Sequence[Monitor | MonitorStatus]) -> list[str]:
    return [one.name if isinstance(one, Monitor) else one.monitor.name for one in found]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shop", ("shop",)),
        ("#Shop, #EU", ("shop", "eu")),
        ("shop SHOP ＳＨＯＰ", ("shop",)),
        (["a", "b c"], ("a", "b", "c")),
        ("café_2-b", ("café_2-b",)),
        ("", ()),
        (None, ()),
        ("a b c d e", ("a", "b", "c", "d", "e")),
    ],
)
def test_tags_are_read_as_people_type_them(typed: object, kept: tuple[str, ...]) -> None:
    assert read_options({"tags": typed}) == {"tags": kept}
    assert read_options({"tags": kept}) == {"tags": kept}, "what was read is read as the same"


@pytest.mark.parametrize("typed", ["a b c d e f", "a:b", "x" * 33, "<@1>", "-a", 5.5, {"a": 1}])
def test_what_can_be_no_tag_is_refused(typed: object) -> None:
    with pytest.raises(UserError):
        read_options({"tags": typed})


def test_a_tag_selects_its_sites_of_one_server_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await tagged(fixture, "a", "eu shop")
            await tagged(fixture, "b", "shop")
            await tagged(fixture, "c", "")
            await tagged(fixture, "#odd", "")
            of = fixture.monitors.matching
            assert names(of(GUILD, "tag:shop")) == ["a", "b"]
            assert names(of(GUILD, "#SHOP")) == ["a", "b"]
            assert names(of(GUILD, "c")) == ["c"]
            assert names(of(GUILD, "#odd")) == ["#odd"], "no tag is called so, a site is"
            for missing in ("tag:none", "tag:", "#none"):
                with pytest.raises(NotFound):
                    of(GUILD, missing)
            with pytest.raises(NotFound):
                of(OTHER_GUILD, "tag:shop")

    play(scenario())


def test_the_list_is_filtered_by_text_state_and_tag(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await tagged(fixture, "alpha", "eu", CHANNEL)
            await tagged(fixture, "beta", "eu", CHANNEL)
            paused = await tagged(fixture, "gamma", "", CHANNEL)
            await fixture.silences.pause(GUILD, paused, by=PERSON, for_s=None)
            await fixture.play({"alpha": "OFF", "beta": "OOO"})

            def listed(guild_id: int, **wanted: str) -> list[MonitorStatus]:
                return matching(fixture.status.overview(guild_id), **wanted)

            assert names(listed(GUILD)) == ["alpha", "beta", "gamma"]
            assert names(listed(GUILD, state=State.DOWN)) == ["alpha"]
            assert names(listed(GUILD, state="paused")) == ["gamma"]
            assert names(listed(GUILD, tag="eu")) == ["alpha", "beta"]
            assert names(listed(GUILD, text="BETA.exa")) == ["beta"], "of the host too"
            assert listed(GUILD, text="https://") == [], "what is no host or name stays unsearched"
            assert listed(GUILD, tag="eu", state="paused") == []

    play(scenario())


def test_alerts_of_a_tag_go_to_its_channel_and_role_also_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await fixture.guilds.set_alerts(GUILD, channel_id=CHANNEL, role_id=1, by=PERSON)
            await fixture.guilds.set_tag_alerts(
                GUILD, "shop", by=PERSON, channel_id=OPS, role_id=ROLE
            )
            await tagged(fixture, "plain", "other")
            await tagged(fixture, "shop", "other shop")
            await tagged(fixture, "own", "shop", channel=300)
        async with services_fixture(tmp_path) as fixture:
            entry = fixture.entry
            place = [
                (fixture.watchlist.alert_channel_of(entry(n)), fixture.watchlist.role_of(entry(n)))
                for n in ("plain", "shop", "own")
            ]
            assert place == [(CHANNEL, 1), (OPS, ROLE), (300, ROLE)]
            assert (GUILD, OPS) in fixture.watchlist.alert_channels()
            await fixture.play({"shop": "OFFF"})
            assert [one.channel_id for one in fixture.transport.messages.values()] == [OPS]
            cleared = await fixture.guilds.set_tag_alerts(
                GUILD, "shop", by=PERSON, channel_id=0, role_id=0
            )
            assert cleared.tag_alerts == ()
            logged = await fixture.audit_log.of_server(GUILD, 10)
            assert [row.after for row in logged if row.field == "tag_alerts"] == [
                None,
                f"#shop <#{OPS}> <@&{ROLE}>",
            ]

    play(scenario())


def test_only_so_many_tags_can_have_a_channel(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            setting = fixture.guilds.set_tag_alerts
            for n in range(25):
                await setting(GUILD, f"t{n}", by=PERSON, channel_id=OPS, role_id=None)
            with pytest.raises(UserError, match="25"):
                await setting(GUILD, "one-more", by=PERSON, channel_id=OPS, role_id=None)
            changed = await setting(GUILD, "t3", by=PERSON, channel_id=None, role_id=ROLE)
            assert (len(changed.tag_alerts), changed.tag_alerts[-1].tag) == (25, "t9")

    play(scenario())


def test_maintenance_of_a_tag_silences_its_sites_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await tagged(fixture, "a", "shop", CHANNEL)
            await tagged(fixture, "b", "", CHANNEL)
            begun = await fixture.maintenance.start(
                GUILD, None, for_s=3600, reason=None, by=PERSON, tag="shop"
            )
            assert (begun.monitor, begun.window.tag) == (None, "shop")
        async with services_fixture(tmp_path) as fixture:
            now_ms = fixture.clock.now_ms()
            assert fixture.watchlist.silenced(fixture.entry("a"), now_ms)
            assert not fixture.watchlist.silenced(fixture.entry("b"), now_ms)
            await fixture.monitors.change(GUILD, fixture.entry("b").monitor.id, {"tags": "shop"}, 7)
            assert fixture.watchlist.silenced(fixture.entry("b"), now_ms), "tagged meanwhile"
            one = await fixture.maintenance.start(
                GUILD, fixture.entry("a").monitor.id, for_s=60, reason=None, by=PERSON
            )
            beside = fixture.maintenance.beside(one)
            assert beside is not None
            assert beside.window.tag == "shop"
            everything = await fixture.maintenance.start(
                GUILD, None, for_s=60, reason=None, by=PERSON
            )
            assert fixture.maintenance.beside(everything) is None, "a tag does not cover all"
            both = NewWindow((), None, time(10), None, 60, fixture.entry("a").monitor.id, tag="x")
            with pytest.raises(UserError, match="not both"):
                await fixture.maintenance.schedule(GUILD, both, PERSON)

    play(scenario())


def test_an_export_has_the_tags_and_an_import_takes_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await tagged(fixture, "a", "shop eu")
            (item,) = read(export(fixture.monitors.of_guild(GUILD))).items
            assert item.typed["tags"] == ("shop", "eu")
        (row,) = read(b"url,name,Tags\nhttps://x.example,x,#shop eu\n").items
        assert row.typed["tags"] == ("shop", "eu")

    play(scenario())
