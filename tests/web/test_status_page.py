"""The status page: what it shows to the world, what never leaves by it, and how it reads."""

import gzip
import json
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bot.clock import DAY_MS, HOUR_MS
from bot.config import Config, ListenAddress
from bot.db import guilds, rollups
from bot.db.database import Connection
from bot.db.rollups import ROLLED_DAY, ROLLED_HOUR, Rollup
from bot.models import Game
from bot.services.status_pages import StatusPages
from bot.web.status_page import StatusPage, spoken
from tests.cogs.bot_fixture import BotFixture, run_with_bot
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    services_fixture,
)
from tests.web.rig import HERE, Reply, ask, open_door, play
from tests.web.test_door import free_port

PUBLIC = "https://door.example"
LISTENING = Config(listen=ListenAddress(HERE, 8080), public_url=PUBLIC)
SECRET_CHANNEL = CHANNEL + 1
HOSTILE = "<script>alert(1)</script>\"'&\u202e"


@dataclass
class View:
    """What Discord would say."""

    open: frozenset[int] | None = frozenset({CHANNEL})
    name: str = "Harbour & <b>Co</b>"
    asked: list[int] = field(default_factory=list)

    def open_to_all(self, guild_id: int, channels: Collection[int]) -> frozenset[int] | None:
        self.asked.append(guild_id)
        return None if self.open is None else self.open & set(channels)

    def server_name(self, guild_id: int) -> str | None:
        del guild_id
        return self.name


@dataclass
class Shown:
    """A door with the page of a server on it."""

    s: ServicesFixture
    pages: StatusPages
    view: View
    port: int

    async def get(self, rest: str = "", server: int = GUILD, **fields: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return await ask(self.port, f"/status/{server}{rest}", fields=named)

    async def json(self) -> dict[str, Any]:
        await self.s.clock.advance(3)
        whole: dict[str, Any] = json.loads((await self.get(".json")).text)
        return whole


@asynccontextmanager
async def page_of(path: Path, *, on: bool = True) -> AsyncIterator[Shown]:
    # At noon, so that hours of tests stay within a day.
    clock = FakeClock(1_700_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS)
    async with services_fixture(path, config=LISTENING, clock=clock) as s:
        view = View()
        pages = StatusPages(
            s.db,
            s.clock,
            guilds=s.guilds,
            status=s.status,
            maintenance=s.maintenance,
            address=PUBLIC,
            offline_ms=lambda: s.connectivity.offline_since_ms,
        )
        pages.attach(view)
        if on:
            await pages.switch(GUILD, PERSON, on=True)
        async with open_door({"status": StatusPage(pages)}) as door:
            yield Shown(s, pages, view, door.listener.port)


def test_a_page_is_for_nobody_until_it_is_switched_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path, on=False) as one:
            await one.s.watch("shop")
            missing = await one.get()
            assert (missing.status, missing.text) == (404, "not found\n")
            await one.pages.switch(GUILD, PERSON, on=True)
            for rest in ("", ".json", ".atom", "/badge/shop", "/badge/shop.svg", "/badge/1"):
                assert (await one.get(rest)).status == 200, rest
            for rest in ("/", ".xml", "/badge", "/badge/", "/badge/none", "/badge/9", "x", "/../x"):
                reply = await one.get(rest)
                assert (reply.status, reply.text) == (404, "not found\n"), rest
            assert (await one.get(server=GUILD + 7)).text == missing.text
            await one.pages.switch(GUILD, PERSON, on=False)
            assert (await one.get()).status == 404
            assert (await one.get(".json")).status == 404

    play(scenario())


def test_it_names_only_what_everybody_may_see(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            await one.s.watch("shop")
            change = one.s.monitors.change
            hidden, known = await one.s.watch("vault"), await one.s.watch("wiki")
            await change(GUILD, hidden.id, {"channel": SECRET_CHANNEL}, PERSON)
            await change(GUILD, known.id, {"channel": SECRET_CHANNEL, "public": True}, PERSON)
            await one.s.play({"shop": "OFF", "vault": "OFF", "wiki": "OFF"})
            for monitor in (hidden, known):
                await one.s.maintenance.start(
                    GUILD, monitor.id, for_s=600, reason="swap the zanzibar disk", by=PERSON
                )
            await one.s.clock.advance(60)
            assert one.pages.hidden(GUILD) == 1
            for rest in ("", ".json", ".atom"):
                text = (await one.get(rest)).text
                assert "shop" in text
                assert "wiki" in text
                for private in ("vault", "zanzibar", "HTTP 500", "shop.example", "192.0.2.7"):
                    assert private not in text, (rest, private)
            assert (await one.get("/badge/vault")).status == 404
            assert (await one.get(f"/badge/{hidden.id}.svg")).status == 404
            one.view.open = frozenset()
            await one.s.clock.advance(3)
            assert [site["name"] for site in (await one.json())["sites"]] == ["wiki"]

    play(scenario())


def test_states_incidents_and_bars_are_true(tmp_path: Path) -> None:
    def counted(conn: Connection, monitor_id: int, day: int) -> None:
        for back, (down, unstable) in enumerate(
            [(0, 0), (60, 0), (3_600, 0), (40_000, 0), (0, 99)]
        ):
            rollups.save_day(
                conn, Rollup(monitor_id, day - 5 + back, 9, 9, 1, 1, 86_400, down, unstable)
            )
        guilds.put(conn, ROLLED_DAY, str(day))
        guilds.put(conn, ROLLED_HOUR, str(day * 24))

    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            monitor = await one.s.watch("shop")
            day = one.s.clock.now_ms() // DAY_MS
            old = monitor.created_ms - 5 * DAY_MS
            await one.s.db.write(
                lambda c: c.execute("UPDATE monitor SET created_ms = ?", (old,)) and None
            )
            await one.s.db.write(lambda conn: counted(conn, monitor.id, day))
            await one.s.watchlist.load()
            one.s.recorder.load()
            await one.s.play({"shop": "OFFOOOO"})
            await one.s.play({"shop": "FF"})
            await one.s.clock.advance(61)
            found = await one.json()
            (site,) = found["sites"]
            assert site["state"] == "down"
            assert site["days"][:84] == ["unwatched"] * 84
            assert site["days"][84:89] == ["fine", "shaky", "poor", "bad", "shaky"]
            assert len(site["days"]) == 90
            assert 0.85 < site["uptime"] < 0.95
            first, second = found["incidents"]
            assert (first["until"], first["state"]) == (None, "down")
            assert second["until"] is not None
            assert (found["state"], found["name"]) == ("down", "Harbour & <b>Co</b>")
            assert found["url"] == f"{PUBLIC}/status/{GUILD}"
            page = (await one.get()).text
            assert "1 site is down" in page
            assert "✖ DOWN" in page
            assert page.count("<li>") == 3

    play(scenario())


def test_players_of_a_game_server_stand_beside_its_uptime_while_it_is_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            craft = await one.s.watch("craft", url="minecraft://craft.example")
            await one.s.watch("shop")
            one.s.prober.games[craft.target.url] = Game(5, 100, HOSTILE, HOSTILE)

            async def players() -> dict[str, tuple[int | None, int | None]]:
                sites = (await one.json())["sites"]
                return {site["name"]: (site["players"], site["max_players"]) for site in sites}

            await one.s.play({"craft": "O", "shop": "O"})
            assert await players() == {"craft": (5, 100), "shop": (None, None)}
            page = (await one.get()).text
            assert page.count("5/100 players · ") == 1
            assert "alert(1)" not in page
            french = await one.get(accept_language="fr")
            assert "5/100 joueurs · " in french.text
            await one.s.play({"craft": "F"})
            assert await players() == {"craft": (None, None), "shop": (None, None)}
            assert "players" not in (await one.get()).text

    play(scenario())


def test_what_nobody_watched_is_not_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            monitor = await one.s.watch("shop")
            (site,) = (await one.json())["sites"]
            assert (site["state"], site["uptime"]) == ("unknown", None) or site["days"][
                -1
            ] == "fine"
            assert set(site["days"][:-1]) == {"unwatched"}
            await one.s.silences.pause(GUILD, monitor.id, by=PERSON, for_s=None)
            (site,) = (await one.json())["sites"]
            assert site["state"] == "paused"
            assert "‖ PAUSED" in (await one.get()).text
            one.s.online_check.online = False
            await one.s.connectivity.is_our_outage(0.0, one.s.clock.now_ms())
            assert (await one.json())["offline_since"] is not None
            assert "Vigie is offline" in (await one.get()).text

    play(scenario())


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            monitor = await one.s.watch("shop")
            await one.s.monitors.change(GUILD, monitor.id, {"name": HOSTILE}, PERSON)
            await one.s.clock.advance(3)
            reply = await one.get()
            assert "<script" not in reply.text
            assert "&lt;script&gt;" in reply.text
            assert "\u202e" not in reply.text
            assert "<b>Co" not in reply.text
            for rest in (".atom", f"/badge/{monitor.id}"):
                other = await one.get(rest)
                assert "<script" not in other.text
                assert ET.fromstring(other.text) is not None  # noqa: S314 - our own
            policy = reply.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "unsafe" not in policy
            assert "http" not in re.sub(r"https?://www\.w3\.org", "", policy)
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["x-frame-options"] == "DENY"
            assert reply.headers["referrer-policy"] == "no-referrer"
            assert not re.search(r"<(script|iframe|form|object|img)|\son\w+=|style=", reply.text)

    play(scenario())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.5", "fr"),
        ("de", "en"),
        ("*", "en"),
        ("fr;q=0, en", "en"),
        ("fr;q=0.3,en;q=0.2", "fr"),
        (";;;,q=,\xff," * 500, "en"),
    ],
)
def test_the_reader_chooses_the_language(accepted: str, language: str) -> None:
    assert spoken(accepted) == language


def test_it_is_read_in_french_and_from_the_cache(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            await one.s.watch("shop")
            await one.s.play({"shop": "OFF"})
            await one.s.clock.advance(3)
            french = await one.get(Accept_Language="fr-FR")
            assert '<html lang="fr">' in french.text
            assert "✖ EN PANNE" in french.text
            english = await one.get(Accept_Language="en", Accept_Encoding="gzip, br")
            assert english.headers["content-encoding"] == "gzip"
            assert '<html lang="en">' in gzip.decompress(english.body).decode()
            assert "Accept-Language" in english.headers["vary"]
            again = await one.get(Accept_Language="en", If_None_Match=english.headers["etag"])
            assert (again.status, again.body) == (304, b"")
            asked = len(one.view.asked)
            for _ in range(20):
                await one.get()
            assert len(one.view.asked) == asked, "built once for all of them"
            assert len((await one.get()).body) < 20_000

    play(scenario())


def test_before_discord_has_said_who_sees_what_nothing_is_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            await one.s.watch("shop")
            one.view.open = None
            assert (await one.get()).status == 503
            one.view.open = frozenset({CHANNEL})
            assert (await one.get()).status == 200
            one.view.open = None
            await one.s.clock.advance(5)
            assert "shop" in (await one.get()).text, "what was said last still counts"

    play(scenario())


def test_the_feed_and_the_badge_are_what_readers_expect(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            await one.s.watch("shop")
            await one.s.play({"shop": "OFFOOOO"})
            await one.s.clock.advance(61)
            feed = await one.get(".atom")
            assert feed.headers["content-type"].startswith("application/atom+xml")
            assert feed.headers["cross-origin-resource-policy"] == "cross-origin"
            root = ET.fromstring(feed.text)  # noqa: S314 - our own
            atom = "{http://www.w3.org/2005/Atom}"
            assert root.tag == f"{atom}feed"
            for name in ("id", "title", "updated"):
                assert root.findtext(f"{atom}{name}")
            (entry,) = root.findall(f"{atom}entry")
            assert entry.findtext(f"{atom}title") == "✖ DOWN · shop"
            assert "lasted" in str(entry.findtext(f"{atom}summary"))
            badge = await one.get("/badge/SHOP.svg", Accept_Language="fr")
            assert badge.headers["content-type"].startswith("image/svg+xml")
            assert "✔ " in badge.text

    play(scenario())


@pytest.mark.parametrize("many", [1, 250])
def test_a_page_of_any_size_stays_small(tmp_path: Path, many: int) -> None:
    async def scenario() -> None:
        async with page_of(tmp_path) as one:
            for number in range(many):
                await one.s.watch(f"site {number}".replace(" ", "-"))
            reply = await one.get()
            assert len(reply.body) < 300_000
            assert ("+50 more" in reply.text) is (many == 250)

    limits = LISTENING.max_monitors
    assert limits == 50
    object.__setattr__(LISTENING, "max_monitors", 1_000)
    try:
        play(scenario())
    finally:
        object.__setattr__(LISTENING, "max_monitors", limits)


def test_the_command_switches_it_and_private_channels_stay_private(tmp_path: Path) -> None:
    port = free_port()

    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=60)
        admin = fixture.sandbox.admin
        secret = admin.add_channel("Harbour", "staff").id
        guild = fixture.sandbox.world.guild("Harbour")
        everyone = fixture.sandbox.world.role(guild, "@everyone")
        admin.set_permissions("staff", "bot", allow="VIEW_CHANNEL")
        admin.set_permissions("staff", everyone, deny="VIEW_CHANNEL")
        await fixture.run(
            "watch add", url=f"{fixture.site.url}/x", name="Vault", every=60, channel=secret
        )
        assert (await ask(port, f"/status/{fixture.guild_id}")).status == 404
        answer = await fixture.run("board page on")
        assert answer.ephemeral
        assert f"http://{HERE}:{port}/status/{fixture.guild_id}" in answer.content
        assert "1 site is hidden." in answer.content
        page = await ask(port, f"/status/{fixture.guild_id}")
        assert "Status of Harbour" in page.text
        assert "Shop" in page.text
        assert "Vault" not in page.text
        alerts = str((await fixture.run("alerts show")).message)
        assert "Status page" in alerts
        off = await fixture.run("board page off")
        assert off.content == "The status page is off the web."
        assert (await ask(port, f"/status/{fixture.guild_id}.json")).status == 404

    run_with_bot(tmp_path, scenario, listen=ListenAddress(HERE, port))


def test_without_a_door_the_command_says_what_to_do(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("board page on")
        assert answer.content == (
            "A status page needs my web server: ask the bot's operator to set VIGIE_LISTEN."
        )

    run_with_bot(tmp_path, scenario)


# Contrast: WCAG 2.2, 1.4.3 (text) and 1.4.11 (shapes).


def schemes() -> list[dict[str, str]]:
    style = (Path(__file__).parents[2] / "bot" / "web" / "page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_every_colour_can_be_read(scheme: dict[str, str]) -> None:
    for name in ("text", "quiet", "link", "up", "unstable", "down"):
        assert contrast(scheme[name], scheme["ground"]) >= 4.5, name
    assert contrast(scheme["text"], scheme["card"]) >= 4.5
    assert contrast(scheme["none"], scheme["ground"]) >= 3, "a shape, not a text"
    assert len(schemes()) == 2
