"""Pictures of the main surfaces: ``python -m tests.pictures [FOLDER]``, by default into ``docs/``.

The whole Vigie runs against the sandbox on a clock of its own, with 90 days behind it and sites
that answer what the script says; an installed Chromium looks at the page. Without a folder only
the pictures of the documents are made, small and in English; with one every surface, in both
languages. They are to be looked at, not compared.
"""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from bot.app import App
from bot.cli import demo
from bot.config import Config
from bot.db.database import Connection, Database
from bot.models import (
    Cause,
    CheckResult,
    GuildSettings,
    Phases,
    Reason,
    Target,
)
from sandbox import Answer, Sandbox
from tests.cogs.bot_fixture import Json, until

BROWSER = "chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
LOCALES = {"en": "en-US", "fr": "fr"}
DOCS = Path(__file__).parents[1] / "docs"
COLOURS = 256
# Ahead of the machine's clock: discord.py holds the buttons of a past message for expired.
EVENING = datetime(2027, 11, 8, 20, 14, tzinfo=UTC)
ACKNOWLEDGE, DETAILS, NOTIFY_ME = 0, 2, 3  # places of an alert's buttons
NIGHT, LIBRARY = "Immigration Canada", "Town library"
SITES = {
    NIGHT: "https://immigration.example/",
    LIBRARY: "https://library.example/",
    "Bakery": "https://bakery.example/",
    "Choir": "https://choir.example/",
    "Harbour office": "https://harbour.example/",
    "School": "https://school.example/",
}
SHARED_ADDRESS = "203.0.113.7"
REPLY = 19  # Discord's type of a message that answers another
HTTP_503 = Cause(Reason.HTTP, 503)
HTTP_500 = Cause(Reason.HTTP, 500)


@dataclass
class ScriptedChecker:
    """Answers what the script says, per address of a site."""

    app: App
    causes: dict[str, Cause] = field(default_factory=dict)

    async def check(self, target: Target) -> CheckResult:
        cause = self.causes.get(target.url)
        total = 60 + 7 * sum(map(ord, target.url)) % 130
        phases = Phases(dns=4, connect=21, tls=43, first_byte=total - 8, total=total)
        return CheckResult(
            self.app.clock.now_ms(),
            cause,
            status=cause.number if cause else 200,
            phases=phases,
            address=SHARED_ADDRESS,
        )


@dataclass
class Studio:
    """One running Vigie, one browser page that looks at it as the person Admin."""

    app: App
    sandbox: Sandbox
    checker: ScriptedChecker
    browser: Browser
    page: Page
    folder: Path
    language: str
    for_documents: bool

    @property
    def guild_id(self) -> int:
        return int(self.sandbox.world.guild("Harbour").id)

    async def new_page(self, width: int) -> Page:
        return await self.browser.new_page(
            viewport={"width": width, "height": 1400}, device_scale_factor=1.5
        )

    async def run(self, command: str, /, **options: str) -> Answer:
        locale = LOCALES[self.language]
        return await self.sandbox.command("Admin", "alerts", command, options, locale=locale)

    async def press(self, message: Json, place: int, who: str = "Admin") -> Answer:
        """Press the button at this place of the first row; its label depends on the language."""
        what = message["components"][0]["components"][place]["custom_id"]
        return await self.sandbox.press(who, message, what, locale=LOCALES[self.language])

    async def advance(self, seconds: float) -> None:
        """Let time pass for the bot, the sandbox and the browser at once."""
        self.app.clock._offset_ms += seconds * 1000
        self.sandbox.clock.advance(seconds)
        self.app.delivery.wake()
        await asyncio.sleep(0.4)

    async def _same_moment(self) -> None:
        await self.page.clock.set_fixed_time(datetime.fromtimestamp(self.sandbox.clock.now(), UTC))

    async def play(self, rounds: dict[str, str]) -> None:
        """Rounds a minute apart, a letter each: O succeeds, F fails, P: a confirming check does."""
        for index in range(max(map(len, rounds.values()))):
            slot_ms = self.app.clock.now_ms()
            for name, letters in rounds.items():
                await self._round(name, letters[index], slot_ms)
            await self.advance(60)

    async def _round(self, name: str, letter: str, slot_ms: int) -> None:
        monitor = self.app.monitors.find(self.guild_id, name)
        url = monitor.target.url
        for number in range(3):
            if letter == "F" or (letter == "P" and number == 0):
                self.checker.causes[url] = HTTP_500 if name == NIGHT else HTTP_503
            else:
                self.checker.causes.pop(url, None)
            step = await self.app.check_runner(monitor.id, slot_ms, number)
            if step.confirm_s is None:
                return

    async def take(self, name: str, message_id: str | None = None) -> Path:
        """A picture of one message of the channel, of the last one when none is named."""
        await self._same_moment()
        await self.page.wait_for_timeout(1100)
        found = self.page.locator("#log .message").last
        if message_id is not None:
            found = self.page.locator(f'#log .message[data-id="{message_id}"]')
        suffix = "" if self.for_documents else f".{self.language}"
        path = self.folder / f"{name}{suffix}.png"
        await found.screenshot(path=path)
        small(path)
        print(path)
        return path

    def alert(self, name: str) -> Json:
        return next(
            message
            for message in reversed(self.sandbox.messages("alerts"))
            if name in message["content"] and message["type"] != REPLY
        )


def small(path: Path) -> None:
    """Few colours are enough for a page, and a quarter of the bytes."""
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(
            COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


async def settled(studio: Studio) -> None:
    """Every site is up, as after days of watching."""
    await studio.play(dict.fromkeys(SITES, "OOO"))


async def outage(studio: Studio) -> None:
    """One alert's life: posted, acknowledged, resolved, answered."""
    await settled(studio)
    await studio.play({LIBRARY: "FFF"})
    post = studio.alert(LIBRARY)
    await studio.take("alert", post["id"])
    await studio.advance(120)
    await studio.press(post, ACKNOWLEDGE, who="Moderator")
    await studio.press(post, NOTIFY_ME, who="Member")
    await studio.advance(60)
    await studio.take("acknowledged", post["id"])
    if not studio.for_documents:
        await studio.press(post, DETAILS)
        await studio.take("details")
        await studio.run("status")
        await studio.take("status")
    await studio.play({LIBRARY: "FFFFFFFF" + "OOOO"})
    await studio.take("resolved", post["id"])
    await studio.take("reply")
    if studio.for_documents:
        await strip(studio, post["content"])


async def strip(studio: Studio, line: str) -> None:
    """The life of an alert side by side; its first step is the line that a locked phone shows."""
    steps = (
        (
            "1 · On the lock screen",
            f'<div class="push"><b>#alerts</b><p><i></i>{line[1:]}</p></div>',
        ),
        ("2 · Acknowledged", '<img src="acknowledged.png">'),
        ("3 · Resolved: the same message", '<img src="resolved.png">'),
    )
    cells = "".join(
        f"<figure><figcaption>{title}</figcaption>{body}</figure>" for title, body in steps
    )
    style = (
        "body{margin:0;background:#1a1a1e;color:#dfe0e2;font:15px sans-serif}"
        "main{display:flex;gap:18px;padding:18px;width:max-content;align-items:flex-start}"
        "figure{margin:0} figcaption{padding:0 0 10px;color:#9b9ca3}"
        ".push{width:300px;background:#2b2d31;border-radius:16px;padding:14px 16px}"
        "p{margin:6px 0 0}"
        "i{display:inline-block;width:13px;height:13px;border-radius:50%;background:#dd2e44}"
        "img{width:500px;border-radius:8px;display:block}"
    )
    sheet = studio.folder / "strip.html"
    sheet.write_text(f"<meta charset=utf-8><style>{style}</style><main>{cells}</main>", "utf-8")
    page = await studio.new_page(1500)
    await page.goto(sheet.resolve().as_uri())
    path = studio.folder / "alert.png"
    await page.locator("main").screenshot(path=path)
    await page.close()
    small(path)
    for name in ("strip.html", "acknowledged.png", "resolved.png", "reply.png"):
        (studio.folder / name).unlink()
    print(path)


async def unstable(studio: Studio) -> None:
    """Two checks in three fail, as on that night; the board shows it."""
    await settled(studio)
    await studio.play({NIGHT: "OFPOPFOPFOPFPOFPPFOPFO", LIBRARY: "O" * 22})
    await studio.take("unstable", studio.alert(NIGHT)["id"])
    await studio.run("board create")
    await asyncio.sleep(1)
    board = next(m for m in reversed(studio.sandbox.messages("alerts")) if m["flags"] & 1 << 15)
    await studio.take("board", board["id"])
    await studio.run("status", monitor=LIBRARY)
    await studio.take("status-monitor" if not studio.for_documents else "status")


async def questions(studio: Studio) -> None:
    await settled(studio)
    for command in ("incidents", "help", "watch list", "doctor", "alerts show"):
        await studio.run(command)
        await studio.take(command.replace(" ", "-"))
    for command in ("why", "watch edit", "watch test", "watch remove"):
        await studio.run(command, monitor=LIBRARY)
        await studio.take(f"{command.replace(' ', '-')}-monitor")
    for period in ("24h", "7d", "30d"):
        await studio.run("history", monitor=LIBRARY, period=period)
        await studio.take(f"history-{period}")


async def history(studio: Studio) -> None:
    await settled(studio)
    await studio.run("history", monitor=LIBRARY, period="90d")
    await studio.take("history")


async def mass_outage(studio: Studio) -> None:
    await settled(studio)
    await studio.play(dict.fromkeys(SITES, "FFF"))
    await studio.advance(60)
    await studio.take("outage")


async def setup(studio: Studio) -> None:
    """The guided card: the channel is chosen, the rest is to be done."""
    await studio.run("setup")
    await studio.take("setup")


Series = Callable[[Studio], Awaitable[None]]
OF_DOCUMENTS: tuple[Series, ...] = (outage, unstable, history, mass_outage, setup)
ALL: tuple[Series, ...] = (*OF_DOCUMENTS, questions)


def remember(conn: Connection, sandbox: Sandbox, language: str, now_ms: int) -> None:
    """Watch the sites since 90 days, each with a past of its own."""
    guild_id, channel_id = int(sandbox.world.guild("Harbour").id), int(sandbox.channel("alerts").id)
    settings = GuildSettings(guild_id, channel_id=channel_id, language=language)
    demo.add_server(conn, settings, now_ms)
    for name, url in SITES.items():
        demo.add_site(conn, settings.id, name, url, every_s=60, now_ms=now_ms)


@contextlib.asynccontextmanager
async def running(language: str, series: Series) -> AsyncIterator[tuple[App, Sandbox]]:
    """A running Vigie with its past, on a clock that the script moves."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = Sandbox()
        sandbox.clock.advance(EVENING.timestamp() - time.time())
        await stack.enter_async_context(sandbox)
        db = await Database.open(folder / "vigie.db")
        stack.push_async_callback(db.close)
        if series is not setup:
            now_ms = int(EVENING.timestamp() * 1000)
            await db.write(lambda conn: remember(conn, sandbox, language, now_ms))
        config = Config(
            token=sandbox.token, api_url=sandbox.api_url, database=folder / "vigie.db", canaries=()
        )
        app = App(config, db)
        app.clock._offset_ms = (EVENING.timestamp() - time.monotonic()) * 1000
        await app.start()
        parts = (app.recorder.run(), app.delivery.run(), app.services.boards.run(), app._serve())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await sandbox.wait_online()
            await until(app.guilds.known)
            yield app, sandbox
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await app.recorder.flush()
            await app.engine.resolver.close()


async def shoot(folder: Path, language: str, all_series: Sequence[Series], width: int) -> None:
    browser_path = shutil.which(BROWSER)
    if browser_path is None:
        raise SystemExit(f"These pictures need {BROWSER}: apt install {BROWSER}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        for series in all_series:
            async with running(language, series) as (app, sandbox):
                page = await browser.new_page(
                    viewport={"width": width, "height": 1400}, device_scale_factor=1.5
                )
                await page.clock.set_fixed_time(EVENING)
                await page.goto(f"{sandbox.url}/?theme=dark&user=Admin&lang={language}#alerts")
                checker = ScriptedChecker(app)
                app.checks._checker = checker
                for_documents = folder == DOCS
                await series(
                    Studio(app, sandbox, checker, browser, page, folder, language, for_documents)
                )
                await page.close()
        await browser.close()


def main(arguments: Sequence[str]) -> None:
    if not arguments:
        asyncio.run(shoot(DOCS, "en", OF_DOCUMENTS, 1010))
        return
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        asyncio.run(shoot(folder, language, ALL, 1000))


if __name__ == "__main__":
    main(sys.argv[1:])
