"""The status page in a real browser: nothing is blocked, nothing overflows, light and dark.

``python -m tests.web.test_page_in_a_browser FOLDER`` takes the pictures to look at.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, async_playwright

from bot.clock import DAY_MS
from bot.db import guilds, rollups
from bot.db.database import Connection
from bot.db.rollups import ROLLED_DAY, ROLLED_HOUR, Rollup
from bot.services.maintenance import NewWindow
from tests.services.services_fixture import GUILD, PERSON
from tests.web.rig import HERE, play
from tests.web.test_status_page import Shown, page_of

pytestmark = pytest.mark.browser

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
WIDTHS = {"desktop": 1280, "phone": 390}
LONG = "An-archive-of-everything-that-was-ever-said-about-lighthouses-and-those-who-kept"
Scheme = Literal["light", "dark"]


def history(conn: Connection, ids: list[int], day: int) -> None:
    """Ninety days of each: a good one, one with trouble now and then, a new one."""
    for back in range(1, 90):
        for place, monitor_id in enumerate(ids):
            down = {7: 300, 21: 3_000, 40: 30_000}.get(back, 0) if place == 1 else 0
            unstable = 900 if place in {1, 2} and back % 13 == 0 else 0
            if (place == 3 and back > 20) or (place == 2 and 50 < back < 60):
                continue
            save = Rollup(monitor_id, day - back, 9, 9, 1, 1, 86_400, down, unstable)
            rollups.save_day(conn, save)
    guilds.put(conn, ROLLED_DAY, str(day))
    guilds.put(conn, ROLLED_HOUR, str(day * 24))


@asynccontextmanager
async def full_page(path: Path) -> AsyncIterator[Shown]:
    async with page_of(path) as one:
        s = one.s
        names = ["bakery", "library", "harbour-office", "choir", LONG[:60]]
        made = [await s.watch(name) for name in names]
        day = s.clock.now_ms() // DAY_MS
        old = made[0].created_ms - 89 * DAY_MS
        await s.db.write(lambda c: c.execute("UPDATE monitor SET created_ms = ?", (old,)) and None)
        await s.db.write(lambda conn: history(conn, [m.id for m in made], day))
        await s.watchlist.load()
        s.recorder.load()
        others = dict.fromkeys([LONG[:60], "choir"], "OOOOOOO")
        await s.play(
            {"bakery": "OFFOOOO", "library": "OOOOOFF", "harbour-office": "OOOPPPP", **others}
        )
        await s.silences.pause(GUILD, made[4].id, by=PERSON, for_s=None)
        window = NewWindow((), date(2023, 11, 20), time(2), time(4), None, made[0].id, "UTC", "x")
        await s.maintenance.schedule(GUILD, window, PERSON)
        await s.maintenance.start(GUILD, made[3].id, for_s=3_600, reason=None, by=PERSON)
        await s.clock.advance(61)
        yield one


async def opened(
    browser: Browser, one: Shown, width: int, scheme: Scheme, language: str
) -> tuple[Any, list[str]]:
    page = await browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language
    )
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = await page.goto(f"http://{HERE}:{one.port}/status/{GUILD}")
    assert answer is not None
    assert answer.status == 200
    return page, complaints


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium is installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_it_fits_every_screen_and_breaks_no_rule_of_its_own(tmp_path: Path, width: int) -> None:
    async def scenario() -> None:
        async with full_page(tmp_path) as one, chromium() as browser:
            grounds = set()
            for scheme in ("light", "dark"):
                page, complaints = await opened(browser, one, width, scheme, "fr")
                assert complaints == [], "the content policy lets its own style in"
                assert await page.evaluate("document.documentElement.lang") == "fr"
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, "nobody has to scroll sideways"
                ground = "getComputedStyle(document.body).backgroundColor"
                grounds.add(await page.evaluate(ground))
                text = await page.inner_text("main")
                for said in ("bakery", "EN PANNE", "MAINTENANCE", "Travaux prévus", "PAUSE"):
                    assert said in text, said
                smallest = await page.evaluate(
                    "Math.min(...[...document.querySelectorAll('main *')]"
                    ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
                )
                assert smallest >= 13
                assert await page.locator("svg[role=img]").count() == 5
                await page.close()
            assert len(grounds) == 2, "light and dark differ"

    play(scenario())


async def take(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        async with full_page(Path(home)) as one, chromium() as browser:
            for name, width in WIDTHS.items():
                for scheme in ("light", "dark"):
                    for language in ("en-GB", "fr"):
                        page, _ = await opened(browser, one, width, scheme, language)
                        file = folder / f"page-{name}-{scheme}-{language[:2]}.png"
                        await page.screenshot(path=file, full_page=True)
                        await page.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
