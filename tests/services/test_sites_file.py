"""The operator's file of sites: read, refused with its line, planned, applied, protected."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import jsonschema  # type: ignore[import-untyped] # it has no types
import pytest

from bot.config import Config
from bot.db.followed_pages import FollowedPage
from bot.errors import UserError
from bot.models import TagAlerts
from bot.services.audit_log import FILE
from bot.services.guilds import KeyValueStore
from bot.services.monitor_options import OPTIONS
from bot.services.registry import Services
from bot.services.transfer.server_entries import (
    BOARD_KEYS,
    MONITOR_KEYS,
    PAGE_KEYS,
    REPORT_KEYS,
    SERVER_KEYS,
    WINDOW_KEYS,
    read_sites,
)
from bot.services.transfer.settings import ESCALATE_KEYS, TAG_KEYS, Reference
from bot.services.transfer.sites_file import NAMES, RememberedNames, SitesFile
from bot.services.transfer.yaml_lines import Lines, YamlError, load_yaml
from tests import sites_schema
from tests.services.services_fixture import (
    GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "sites.schema.json").read_text("utf-8"))
ALERTS, SHOP_ALERTS, ON_CALL = 100, 200, 300
FILE_TEXT = """
servers:
  - id: 1
    channel: "#alerts"
    role: On call
    reminders: 4
    tags:
      Shop: {channel: shop-alerts}
    monitors:
      - name: Router
        url: tcp://router.example:22
      - name: Shop
        url: https://shop.example/health
        every: 60
        expect_status: 2xx
        tags: [shop, eu]
        depends_on: Router
    maintenance:
      - days: mon-fri
        from: 14:00
        for: 90m
        tag: shop
        reason: Deploys
"""


class Names:
    """A Discord with these names."""

    complete = True
    known: ClassVar[dict[tuple[str, str], int]] = {
        ("channel", "alerts"): ALERTS,
        ("channel", "shop-alerts"): SHOP_ALERTS,
        ("role", "on call"): ON_CALL,
        ("server", "home"): GUILD,
    }

    def find(self, kind: str, _guild_id: int, wanted: Reference) -> int | None:
        return wanted.id or self.known.get((kind, wanted.name.casefold()))


def sites_of(fixture: ServicesFixture, path: Path | None = None) -> SitesFile:
    services = Services.build(fixture, fixture.clock)
    store = KeyValueStore(fixture.db)
    return SitesFile(path, servers=services.servers, monitors=fixture.monitors, store=store)


@asynccontextmanager
async def applied(tmp_path: Path, text: str, **config: Any) -> AsyncIterator[ServicesFixture]:
    async with services_fixture(tmp_path, config=Config(**config)) as fixture:
        await apply(fixture, tmp_path, text)
        yield fixture


async def apply(fixture: ServicesFixture, tmp_path: Path, text: str) -> None:
    path = tmp_path / "sites.yml"
    path.write_text(text, "utf-8")
    sites = sites_of(fixture, path)
    running = asyncio.create_task(sites.run())
    sites.attach(Names())
    done = asyncio.Event()
    # The run waits again once the file is applied or refused.
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not sites._wanted.is_set() and await _idle(sites):
            done.set()
            break
    running.cancel()
    assert done.is_set()


async def _idle(sites: SitesFile) -> bool:
    return bool(sites._wanted._waiters)


async def plan(fixture: ServicesFixture, text: str, names: Any = None) -> list[str]:
    plans = await sites_of(fixture).plan(read_sites(text.encode()), names or Names())
    known = names if isinstance(names, RememberedNames) else RememberedNames()
    return [line for one in plans for line in one.lines(known)]


def test_yaml_is_read_by_plain_rules_with_lines() -> None:
    found = load_yaml("a: no\nb: 14:00\nc: 010\nd: 7\ne: true\nf: [x, ~]\ng:\n  h: 1.5\n")
    assert found == {
        "a": "no", "b": "14:00", "c": "010", "d": 7, "e": True, "f": ["x", None],
        "g": {"h": 1.5},
    }  # fmt: skip
    assert isinstance(found, Lines)
    assert (found.line_of["f"], found["g"].line_of["h"]) == (6, 8)
    merged = load_yaml("x: &x {every: 60}\ny: {<<: *x, url: a}\n")
    assert merged["y"] == {"every": 60, "url": "a"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 2),
        ("a: [1", 1),
        ("a: !!python/object:os.system x", 1),
        ("a: 'x\n", 2),
        ("? [a]\n: b", 1),
        ("[" * 3000, 1),
        ("a: *nobody", 1),
        ("a: &a [x, x, x, x, x, x, x, x]\n"
         + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n"
                   for n in range(7)), 1),
    ],
)  # fmt: skip
def test_yaml_that_is_none_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(YamlError) as refused:
        load_yaml(text)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("every: 60", "evry: 60"), 14, "“evry” is no key here"),
        (("every: 60", "every: soon"), 14, "“soon” is not a whole number"),
        (("2xx", "9xx"), 15, "takes codes such as"),
        (("[shop, eu]", "[a, b, c, d, e, f]"), 16, "at most 5 tags"),
        (("depends_on: Router", "depends_on: Nobody"), 12, "nothing called “Nobody”"),
        (("depends_on: Router", "depends_on: Shop"), 12, "depends on itself"),
        (("name: Shop", "name: router"), 12, "two monitors are called"),
        (("https://shop.example", "https//shop.example"), 13, "Did you mean"),
        (("https://shop.example/health", "http://10.0.0.1/"), 12, "private"),
        (("reminders: 4", "reminders: 5"), 6, "one of off, 0, 4, 12, 24"),
        (("#alerts", "#nowhere"), 4, "There is no channel “nowhere”"),
        (("role: On call", "role: Nobody"), 5, "There is no role “Nobody”"),
        (("days: mon-fri", "days: someday"), 19, "did not understand those days"),
        (("days: mon-fri", "days: tomorrow"), 19, "did not understand those days"),
        (("from: 14:00", "from: 25:00"), 20, "02:30"),
        (("for: 90m", "for: 90 days"), 19, "at most 6 days"),
        (("for: 90m", "until: 16:00"), 21, "“until” is no key here"),
        (("tag: shop\n", "tag: shop\n        monitor: Shop\n"), 19, "not for both"),
        (("  - id: 1", "  - idd: 1"), 3, "“idd” is no key here"),
        (("  - id: 1", "  - language: en"), 3, "“id” or its “name”"),
        (("servers:", "sites:"), 2, "“sites” is no key here"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            with pytest.raises(YamlError, match=re.escape(reason)) as refused:
                await plan(fixture, FILE_TEXT.replace(*change, 1))
            assert refused.value.line == line
            assert fixture.monitors.of_guild(GUILD) == []

    play(scenario())


def test_a_plan_shows_the_differences_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await fixture.watch("Shop")
            before = fixture.monitors.of_guild(GUILD)
            lines = await plan(fixture, FILE_TEXT)
            assert "  + Router: tcp://router.example:22" in lines
            assert "  ~ Shop: url: https://shop.example/ → https://shop.example/health" in lines
            assert "  ~ Shop: tags: none → #shop #eu" in lines
            assert "  ~ channel: none → channel 100" in lines
            assert fixture.monitors.of_guild(GUILD) == before
            assert fixture.guilds.settings(GUILD).channel_id is None
            unknown = await plan(fixture, FILE_TEXT, RememberedNames())
            assert "  ? channel “alerts”: looked up when the bot is online" in unknown
            known = RememberedNames({"channel:1:alerts": 7})
            assert "  ~ channel: none → #alerts" in await plan(fixture, FILE_TEXT, known)

    play(scenario())


def test_the_file_is_applied_again_without_a_change_and_survives_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with applied(tmp_path, FILE_TEXT) as fixture:
            check(fixture)
            page = await fixture.audit_log.page(GUILD, None, 0, 50)
            assert {row.user_id for row in page.rows} == {FILE}
            await apply(fixture, tmp_path, FILE_TEXT)
            assert (await fixture.audit_log.page(GUILD, None, 0, 50)).rows == page.rows
            names = json.loads(await KeyValueStore(fixture.db).load(NAMES) or "")
            assert names == {
                "channel:1:alerts": ALERTS,
                "channel:1:shop-alerts": SHOP_ALERTS,
                "role:1:on call": ON_CALL,
            }
        async with services_fixture(tmp_path) as fixture:
            check(fixture)

    def check(fixture: ServicesFixture) -> None:
        settings = fixture.guilds.settings(GUILD)
        assert (settings.channel_id, settings.role_id, settings.reminder_h) == (100, 300, 4)
        assert settings.tag_alerts == (TagAlerts("shop", SHOP_ALERTS),)
        shop, router = fixture.entry("Shop").monitor, fixture.entry("Router").monitor
        assert shop.depends_on == router.id
        assert (shop.interval_s, shop.tags) == (60, ("shop", "eu"))
        assert shop.from_file
        assert fixture.watchlist.alert_channel_of(fixture.entry("Shop")) == SHOP_ALERTS
        (window,) = fixture.maintenance.of_guild(GUILD)
        assert (window.window.tag, window.window.length_s, window.window.days) == (
            "shop", 5400, (0, 1, 2, 3, 4),
        )  # fmt: skip

    play(scenario())


def test_a_monitor_of_the_file_may_depend_on_a_followed_page(tmp_path: Path) -> None:
    text = FILE_TEXT.replace("depends_on: Router", "depends_on: example cloud")

    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            page = FollowedPage(7, GUILD, "https://status.example", "statuspage", "Example Cloud")
            await apply(fixture, tmp_path, text)
            assert fixture.watchlist.of_guild(GUILD) == [], "nothing of that name is known"
            fixture.monitors._followed = lambda _: [page]
            for _ in range(2):
                await apply(fixture, tmp_path, text)
                assert fixture.entry("Shop").monitor.depends_on == -page.id
            window = text.replace("        tag: shop", "        monitor: Example Cloud")
            with pytest.raises(YamlError, match="I watch nothing called"):
                await plan(fixture, window)

    play(scenario())


def test_what_the_file_gives_is_not_edited_in_discord(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with applied(tmp_path, FILE_TEXT) as fixture:
            shop = fixture.entry("Shop").monitor
            (window,) = fixture.maintenance.of_guild(GUILD)
            for work in (
                lambda: fixture.monitors.change(GUILD, shop.id, {"every": 300}, PERSON),
                lambda: fixture.monitors.remove(GUILD, shop.id, PERSON),
                lambda: fixture.guilds.set_alerts(GUILD, channel_id=9, by=PERSON),
                lambda: fixture.guilds.set_alerts(GUILD, role_id=0, by=PERSON),
                lambda: fixture.guilds.set_tag_alerts(
                    GUILD, "eu", channel_id=9, role_id=None, by=PERSON
                ),
                lambda: fixture.maintenance.cancel(GUILD, window.window.id, PERSON),
            ):
                with pytest.raises(UserError, match="file of sites"):
                    await work()
            await fixture.guilds.set_language(GUILD, "fr", PERSON)
            await fixture.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            assert fixture.entry("Shop").monitor.paused, "a pause is no setting"

    play(scenario())


def test_what_the_file_does_not_name_stays_and_what_it_drops_is_released(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await fixture.watch("Own")
            await apply(fixture, tmp_path, FILE_TEXT)
            shorter = FILE_TEXT[: FILE_TEXT.index("      - name: Shop")]
            lines = await plan(fixture, shorter)
            assert any(line.startswith("  - Shop: no longer in the file") for line in lines)
            await apply(fixture, tmp_path, shorter)
            names = {m.name: bool(m.from_file) for m in fixture.monitors.of_guild(GUILD)}
            assert names == {"Own": False, "Router": True, "Shop": False}
            assert fixture.maintenance.of_guild(GUILD) == []
            await fixture.monitors.remove(GUILD, fixture.entry("Shop").monitor.id, PERSON)
            await apply(fixture, tmp_path, "servers:\n  - name: Home\n")
            await fixture.guilds.set_alerts(GUILD, channel_id=9, by=PERSON)
            assert fixture.guilds.settings(GUILD).channel_id == 9, "no longer given by the file"

    play(scenario())


def test_a_bad_file_changes_nothing_and_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with applied(tmp_path, FILE_TEXT) as fixture:
            before = fixture.monitors.of_guild(GUILD)
            bad = FILE_TEXT.replace("every: 60", "every: 90").replace("2xx", "9xx")
            await apply(fixture, tmp_path, bad)
            assert fixture.monitors.of_guild(GUILD) == before
            assert "line 15: “expect_status” takes codes" in caplog.text
            await apply(fixture, tmp_path, FILE_TEXT.replace("id: 1", "id: 1\n    nam: x"))
            assert "line 4: “nam” is no key here" in caplog.text
            assert fixture.monitors.of_guild(GUILD) == before
        async with services_fixture(tmp_path, config=Config(max_monitors=1)) as fixture:
            with pytest.raises(YamlError, match="1 of 1 sites"):
                await plan(fixture, FILE_TEXT.replace("id: 1", "id: 7"))

    play(scenario())


def test_the_schema_has_the_keys_that_are_read() -> None:
    server = SCHEMA["properties"]["servers"]["items"]["properties"]
    assert set(server) == set(SERVER_KEYS)
    assert (
        set(server["monitors"]["items"]["properties"]) == set(MONITOR_KEYS) == {*OPTIONS, "paused"}
    )
    assert set(server["maintenance"]["items"]["properties"]) == set(WINDOW_KEYS)
    assert set(server["tags"]["additionalProperties"]["properties"]) == set(TAG_KEYS)
    assert set(server["escalate"]["properties"]) == set(ESCALATE_KEYS)
    for part, keys in (("reports", REPORT_KEYS), ("follow", PAGE_KEYS), ("boards", BOARD_KEYS)):
        assert set(server[part]["items"]["properties"]) == set(keys)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_schema_follows_the_table_of_options() -> None:
    shipped = sites_schema.FILE.read_text("utf-8")
    assert shipped == sites_schema.text(), "write it anew: python -m tests.sites_schema"


def test_the_example_of_the_docs_is_taken_by_reader_and_schema() -> None:
    page = (DOCS / "sites-file.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    for text in (example[1], FILE_TEXT):
        jsonschema.validate(load_yaml(text), SCHEMA)
    (server,) = read_sites(example[1].encode())
    assert [one.item.label for one in server.monitors] == ["Router", "Shop"]


@pytest.mark.parametrize(
    "change",
    [
        ("every: 60", "evry: 60"),
        ("every: 60", "every: 0"),
        ("reminders: 4", "reminders: 5"),
        ("from: 14:00", "from: 25:00"),
        ("for: 90m", "until: 16:00"),
        ("tag: shop\n", "tag: shop\n        monitor: Shop\n"),
        ("  - id: 1", "  - language: en"),
        ("servers:", "sites:"),
        ("[shop, eu]", "[a, b, c, d, e, f]"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses_too(change: tuple[str, str]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(load_yaml(FILE_TEXT.replace(*change, 1)), SCHEMA)
