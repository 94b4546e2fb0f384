"""Pictures of the main surfaces, in English and French: ``python -m tests.pictures FOLDER``.

The whole Vigie runs against the stand-in for Discord, with 90 days behind it; an installed Chromium
looks at its page. They are to be looked at, not compared.
"""

import asyncio
import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bot.clock import DAY_MS, HOUR_MS
from bot.db import gaps, guilds, incidents, monitors, rollups
from bot.db.database import Connection, Database
from bot.db.rollups import HOURS, Rollup
from bot.models import Cause, Ending, GuildSettings, Incident, Kind, Monitor, Reason, Target
from bot.services.history.retention import ROLLED_DAY, ROLLED_HOUR
from sandbox import Answer, Sandbox
from tests.cogs.bot_fixture import BotFixture, Json, Site, running_bot

BROWSER = "chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
LOCALES = {"en": "en-US", "fr": "fr"}
ACKNOWLEDGE, DETAILS, TELL_ME = 0, 2, 3  # places of an alert's buttons
NIGHT, LIBRARY = "Immigration Canada", "Town library"
NAMES = (NIGHT, LIBRARY, "Bakery", "Choir", "Harbour office", "School")
PAST_DAYS = 89
REPLY = 19  # Discord's type of a message that answers another


@dataclass
class Studio:
    """One running Vigie, one browser page that looks at it as the person Admin."""

    fixture: BotFixture
    sites: dict[str, Site]
    page: Page
    folder: Path
    language: str

    @property
    def locale(self) -> str:
        return LOCALES[self.language]

    async def run(self, command: str, /, **options: str) -> Answer:
        return await self.fixture.run(command, where="alerts", locale=self.locale, **options)

    async def press(self, message: Json, place: int, who: str = "Admin") -> Answer:
        """Press the button at this place of the first row; its label depends on the language."""
        what = message["components"][0]["components"][place]["custom_id"]
        return await self.fixture.sandbox.press(who, message, what, locale=self.locale)

    async def take(self, name: str, message_id: str | None = None) -> None:
        """A picture of one message of the channel, of the last one when none is named."""
        await self.page.wait_for_timeout(900)
        messages = self.page.locator("#log .message")
        found = messages.last
        if message_id is not None:
            found = self.page.locator(f'#log .message[data-id="{message_id}"]')
        path = self.folder / f"{name}.{self.language}.png"
        await found.screenshot(path=path)
        print(path)


async def unstable(studio: Studio) -> None:
    """Two tries in three fail, as on that night."""
    site, dice = studio.sites[NIGHT], random.Random(8)
    ended = asyncio.Event()

    async def flap() -> None:
        while not ended.is_set():
            site.status = 500 if dice.random() < 0.7 else 200
            await asyncio.sleep(0.15)

    flapping = asyncio.create_task(flap())
    post = await studio.fixture.sandbox.wait_for_message("alerts", "🟡", timeout=90)
    await asyncio.sleep(8)
    await studio.take("unstable", post["id"])
    ended.set()
    await flapping
    site.status = 200


async def outage(studio: Studio) -> None:
    fixture, site = studio.fixture, studio.sites[LIBRARY]
    await asyncio.sleep(3)
    site.status = 503
    post = await fixture.sandbox.wait_for_message("alerts", LIBRARY, timeout=30)
    await studio.take("alert", post["id"])
    await studio.press(post, ACKNOWLEDGE)
    await studio.press(post, TELL_ME, who="Member")
    await studio.take("acknowledged", post["id"])
    await studio.press(post, DETAILS)
    await studio.take("details")
    await studio.run("status")
    await studio.take("status")
    await studio.run("board create")
    board = next(m for m in reversed(fixture.sandbox.messages("alerts")) if m["flags"] & 1 << 15)
    await studio.take("board", board["id"])
    await site.heal()
    reply = await fixture.sandbox.wait_for(
        lambda: next((m for m in fixture.sandbox.messages("alerts") if m["type"] == REPLY), None),
        30,
    )
    await studio.take("resolved", post["id"])
    await studio.take("reply", reply["id"] if reply else None)


async def questions(studio: Studio) -> None:
    for command in ("incidents", "help", "watch list", "doctor", "setup", "alerts show"):
        await studio.run(command)
        await studio.take(command.replace(" ", "-"))
    for command in ("status", "why", "watch edit", "watch test", "watch remove"):
        await studio.run(command, monitor=LIBRARY)
        await studio.take(f"{command.replace(' ', '-')}-monitor")
    for period in ("24h", "7d", "30d", "90d"):
        await studio.run("history", monitor=LIBRARY, period=period)
        await studio.take(f"history-{period}")


async def mass_outage(studio: Studio) -> None:
    for site in studio.sites.values():
        site.status = 503
    post = await studio.fixture.sandbox.wait_for_message("alerts", f"{len(NAMES)} ", timeout=90)
    await studio.take("mass-outage", post["id"])


SERIES: tuple[Callable[[Studio], Awaitable[None]], ...] = (
    unstable,
    outage,
    questions,
    mass_outage,
)


def remember(conn: Connection, sandbox: Sandbox, urls: Sequence[str], language: str) -> None:
    """Watch the sites since 90 days, each with a past of its own."""
    guild = sandbox.world.guild("Harbour")
    channel_id = int(sandbox.channel("alerts").id)
    guilds.save(conn, GuildSettings(int(guild.id), channel_id=channel_id, language=language))
    now_ms = int(time.time() * 1000)
    created_ms = now_ms - PAST_DAYS * DAY_MS
    gap = (now_ms - 40 * DAY_MS, now_ms - 38 * DAY_MS)
    gaps.add(conn, *gap, gaps.OFF)
    for number, (name, url) in enumerate(zip(NAMES, urls, strict=True)):
        dice = random.Random(number)
        new = Monitor(0, int(guild.id), name, Target(url), 1, created_ms=created_ms)
        one = replace(new, id=monitors.insert(conn, new))
        live_through(conn, one, now_ms, gap, dice)
    guilds.put(conn, ROLLED_HOUR, str(now_ms // HOUR_MS))
    guilds.put(conn, ROLLED_DAY, str(now_ms // DAY_MS))


def live_through(
    conn: Connection, one: Monitor, now_ms: int, gap: tuple[int, int], dice: random.Random
) -> None:
    bad = sorted(now_ms - dice.randrange(DAY_MS // 2, 80 * DAY_MS) for _ in range(5))
    down_s = {since // HOUR_MS: dice.randrange(120, 3000) for since in bad}
    for since_ms in bad:
        fail(conn, one, since_ms, down_s[since_ms // HOUR_MS])
    days: dict[int, list[Rollup]] = {}
    for hour in range(one.created_ms // HOUR_MS + 1, now_ms // HOUR_MS):
        if not gap[0] // HOUR_MS <= hour < gap[1] // HOUR_MS:
            ms = round(90 + 25 * (hour % HOURS > 8) + dice.expovariate(1 / 12))
            lost = down_s.get(hour, 0)
            ok = 60 - lost // 60
            row = Rollup(one.id, hour, 60, ok, ms, 2 * ms, 3600, lost, 0, 3550)
            rollups.save_hour(conn, row)
            days.setdefault(hour // HOURS, []).append(row)
    for day, rows in days.items():
        count, ok = sum(r.count for r in rows), sum(r.ok for r in rows)
        seen_s, down = sum(r.watched_s for r in rows), sum(r.down_s for r in rows)
        ms = dice.randrange(95, 130)
        rollups.save_day(conn, Rollup(one.id, day, count, ok, ms, 2 * ms, seen_s, down, 0))


def fail(conn: Connection, one: Monitor, since_ms: int, lasted_s: int) -> None:
    """One past outage, told and over."""
    ended_ms = since_ms + lasted_s * 1000
    opened = incidents.insert(
        conn,
        Incident(
            *(0, "", one.guild_id, one.id, one.name, "", 60, Kind.DOWN, Cause(Reason.HTTP, 502)),
            since_ms=since_ms,
            opened_ms=since_ms + 60_000,
        ),
    )
    over = replace(opened, resolved_ms=ended_ms, ended_ms=ended_ms, ending=Ending.RESOLVED)
    incidents.update(conn, over)


@contextlib.asynccontextmanager
async def stage(language: str) -> AsyncIterator[tuple[BotFixture, dict[str, Site]]]:
    """A running Vigie with its sites and its past."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sites = {name: Site() for name in NAMES}
        for site in sites.values():
            site.delay_s = 0.1  # about what their past says
            await site.start()
            stack.push_async_callback(site.stop)
        sandbox = await stack.enter_async_context(Sandbox())
        urls = [site.url for site in sites.values()]
        db = await Database.open(folder / "vigie.db")
        await db.write(lambda conn: remember(conn, sandbox, urls, language))
        await db.close()
        fixture = await stack.enter_async_context(running_bot(folder, sandbox=sandbox))
        yield fixture, sites


async def shoot(folder: Path, language: str) -> None:
    browser_path = shutil.which(BROWSER)
    if browser_path is None:
        raise SystemExit(f"These pictures need {BROWSER}: apt install {BROWSER}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        for series in SERIES:
            async with stage(language) as (fixture, sites):
                page = await browser.new_page(
                    viewport={"width": 1000, "height": 1400}, device_scale_factor=1.5
                )
                await page.goto(
                    f"{fixture.sandbox.url}/?theme=dark&user=Admin&lang={language}#alerts"
                )
                await series(Studio(fixture, sites, page, folder, language))
                await page.close()
        await browser.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        asyncio.run(shoot(folder, language))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
