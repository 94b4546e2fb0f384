"""``vigie demo``: runs the bot against a local stand-in for Discord, and breaks a few local sites.

Prints the page's address first, then every post of the bot as a line. Ctrl-C leaves nothing.
"""

import asyncio
import contextlib
import ctypes
import os
import random
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli import EXIT_FAILURE, EXIT_OK, fail
from bot.clock import DAY_MS, HOUR_MS
from bot.config import child_environment
from bot.db import guilds, incidents, monitors, rollups
from bot.db.database import Connection, Database
from bot.db.rollups import HOURS, ROLLED_DAY, ROLLED_HOUR, Rollup
from bot.models import Cause, Ending, GuildSettings, Incident, Kind, Monitor, Reason, Target
from bot.words.escaping import plain
from sandbox import Sandbox
from sandbox.errors import Refused
from sandbox.sites import BAKERY, IMMIGRATION, NAMES, REFERENCE, TOWN, Sites
from sandbox.world.world import World

ALERTS, STATUS = "alerts", "status"
READY_S = 60.0
STOP_S = 15.0
EVERY_S = 1
CALM_S = 3.0
READING_S = 5.0  # what somebody needs to read an alert
TOWN_S = 20.0
LINE = 300
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def run(*, speed: float, port: int) -> int:
    """Play until Ctrl-C; returns 0, or 1 when the bot did not come up."""
    return asyncio.run(_play(speed, port))


async def _play(speed: float, port: int) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-demo-"))
        sites = Sites(speed)
        await sites.start()
        stack.push_async_callback(sites.stop)
        sandbox = Sandbox(token=secrets.token_urlsafe(), key=secrets.token_urlsafe(16))
        try:
            await sandbox.start(port=port)
        except OSError as error:
            return fail(f"port {port} cannot be used: {error.strerror}.", EXIT_FAILURE)
        stack.push_async_callback(sandbox.stop)
        _print_line(f"Open {sandbox.page_url} to see the channel. Ctrl-C ends the demo.")
        sandbox.listen(partial(_print_post, sandbox.world))
        database = Path(folder) / "vigie.db"
        await _prepare(sandbox, sites, database)
        bot = await stack.enter_async_context(_bot(sandbox, sites, database))
        story = asyncio.create_task(_play_story(sandbox, sites))
        ended = asyncio.create_task(bot.wait())
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (story, ended, waiting):
            task.cancel()
        await asyncio.gather(story, ended, waiting, return_exceptions=True)
        if not stop.is_set():
            _print_line("The bot ended by itself; its last lines are above.")
            return EXIT_FAILURE
    return EXIT_OK


async def _prepare(sandbox: Sandbox, sites: Sites, database: Path) -> None:
    guild = sandbox.world.guild(sandbox.channel(ALERTS).guild_id or "")
    sandbox.admin.add_channel(guild, STATUS)
    sandbox.admin.delete_channel("news", announce=False)
    settings = GuildSettings(
        int(guild.id),
        channel_id=int(sandbox.channel(ALERTS).id),
        role_id=int(sandbox.world.role(guild, "On call").id),
    )
    now_ms = int(sandbox.clock.now() * 1000)
    db = await Database.open(database)
    try:
        await db.write(lambda conn: add_server(conn, settings, now_ms))
        for host, name in NAMES.items():
            site = partial(add_site, name=name, url=sites.url(host), now_ms=now_ms)
            await db.write(partial(site, guild_id=settings.id, every_s=EVERY_S))
    finally:
        await db.close()

    def unplug(on: bool) -> None:
        sites.unplugged = on
        if on:
            sandbox.faults.add("reset")
            sandbox.gateway.refuse()
            sandbox.gateway.drop()
        else:
            sandbox.faults.clear()
            sandbox.gateway.accept()

    sandbox.panel.switches = {BAKERY: lambda on: sites.turn({BAKERY}, broken=on), "network": unplug}


async def _play_story(sandbox: Sandbox, sites: Sites) -> None:
    """An outage that somebody takes on, the night, and six sites that fail at once."""
    await sandbox.wait_online(READY_S)
    await sandbox.command("Admin", STATUS, "board create")
    sandbox.say("Member", "general", "Is it me, or does the bakery’s page not load?")
    sandbox.show_time_lapse()
    await asyncio.sleep(CALM_S)
    sandbox.panel.announce(BAKERY)
    _print_line("A minute here is an hour of the story. The bakery's site fails first.")
    sites.turn({BAKERY}, broken=True)
    alert = await sandbox.wait_for_message(ALERTS, "DOWN · Bakery", READY_S)
    await asyncio.sleep(READING_S)
    with contextlib.suppress(Refused):  # a visitor was there before
        await sandbox.press("Moderator", alert, "Acknowledge")
    await asyncio.sleep(READING_S)
    sites.turn({BAKERY}, broken=False)
    sites.night.begin()
    sandbox.panel.announce(IMMIGRATION)
    _print_line("Now it is 8 November 2016, evening. The next alert comes within half a minute.")
    await sandbox.wait_for_message(ALERTS, "UNSTABLE · Immigration Canada", READY_S)
    await asyncio.sleep(READING_S)
    sandbox.panel.announce("town")
    sites.turn(set(TOWN), broken=True)
    await asyncio.sleep(TOWN_S)
    sites.turn(set(TOWN), broken=False)
    sandbox.panel.announce(IMMIGRATION)
    await asyncio.sleep(sites.night.left_s)
    sandbox.panel.announce("over")
    _print_line("The night is over. The page stays open; try /status there, or break something.")


@contextlib.asynccontextmanager
async def _bot(
    sandbox: Sandbox, sites: Sites, database: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The unmodified bot as its own process, ended with the block."""
    environment = child_environment(
        DISCORD_TOKEN=sandbox.token,
        DISCORD_API_URL=sandbox.api_url,
        VIGIE_DATABASE=str(database),
        VIGIE_ALLOW_PRIVATE="127.0.0.0/8,::1/128",
        VIGIE_CANARIES=sites.url(REFERENCE),
        VIGIE_MIN_INTERVAL=str(EVERY_S),
        VIGIE_LOG_LEVEL="WARNING",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=database.parent,
        env=environment,
        # Its own session: Ctrl-C reaches the demo alone, which ends the bot in order.
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _end_with_parent() -> None:
    """Have the kernel end the bot when the demo dies without a word (Linux; else nothing)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _print_post(world: World, news: dict[str, Any]) -> None:
    if news["type"] in {"message_create", "message_update"}:
        message = news["message"]
        channel = world.find_channel(message["channel_id"])
        place = f"#{plain(channel.name, LINE)}" if channel is not None else "a private message"
        edited = "(edited) " if news["type"] == "message_update" else ""
        # A board is made of components alone.
        _print_line(f"{place}  {edited}{plain(message['content'], LINE) or '(board)'}")


def _print_line(text: str) -> None:
    """Whoever no longer reads has ended the demo, as Ctrl-C does."""
    try:
        print(f"{datetime.now().astimezone():%H:%M:%S}  {text}", flush=True)
    except BrokenPipeError:
        os.kill(os.getpid(), signal.SIGTERM)


DAYS = 89
OUTAGES = 5
NIGHT_ENDS = 8  # the hour from which sites answer slower
HTTP_502 = Cause(Reason.HTTP, 502)


def add_server(conn: Connection, settings: GuildSettings, now_ms: int) -> None:
    """A server that Vigie has known for as long, with two days in which nothing was watched."""
    guilds.save(conn, settings)
    rollups.add_gap(conn, *_gap(now_ms))
    guilds.put(conn, ROLLED_HOUR, str(now_ms // HOUR_MS))
    guilds.put(conn, ROLLED_DAY, str(now_ms // DAY_MS))


def add_site(
    conn: Connection, guild_id: int, name: str, url: str, *, every_s: int, now_ms: int
) -> None:
    """Watch ``url`` for 89 days, with a past of its own: by its name the same in every run."""
    new = Monitor(0, guild_id, name, Target(url), every_s, created_ms=now_ms - DAYS * DAY_MS)
    one = replace(new, id=monitors.insert(conn, new))
    _live_through(conn, one, now_ms, random.Random(name))  # noqa: S311 - no secret


def _gap(now_ms: int) -> tuple[int, int]:
    return now_ms - 40 * DAY_MS, now_ms - 38 * DAY_MS


def _live_through(conn: Connection, one: Monitor, now_ms: int, dice: random.Random) -> None:
    gap = _gap(now_ms)
    bad = sorted(now_ms - dice.randrange(DAY_MS // 2, 80 * DAY_MS) for _ in range(OUTAGES))
    down_s = {since // HOUR_MS: dice.randrange(120, 3000) for since in bad}
    for since_ms in bad:
        _fail(conn, one, since_ms, down_s[since_ms // HOUR_MS])
    days: dict[int, list[Rollup]] = {}
    for hour in range(one.created_ms // HOUR_MS + 1, now_ms // HOUR_MS):
        if not gap[0] // HOUR_MS <= hour < gap[1] // HOUR_MS:
            ms = round(90 + 25 * (hour % HOURS > NIGHT_ENDS) + dice.expovariate(1 / 12))
            lost = down_s.get(hour, 0)
            row = Rollup(one.id, hour, 60, 60 - lost // 60, ms, 2 * ms, 3600, lost, 0, 3550)
            rollups.save_hour(conn, row)
            days.setdefault(hour // HOURS, []).append(row)
    for day, rows in days.items():
        count, ok = sum(r.count for r in rows), sum(r.ok for r in rows)
        seen_s, down = sum(r.watched_s for r in rows), sum(r.down_s for r in rows)
        ms = dice.randrange(95, 130)
        rollups.save_day(conn, Rollup(one.id, day, count, ok, ms, 2 * ms, seen_s, down, 0))


def _fail(conn: Connection, one: Monitor, since_ms: int, lasted_s: int) -> None:
    ended_ms = since_ms + lasted_s * 1000
    opened = incidents.insert(
        conn,
        Incident(
            *(0, "", one.guild_id, one.id, one.name, "", one.interval_s, Kind.DOWN, HTTP_502),
            since_ms=since_ms,
            opened_ms=since_ms + 60_000,
        ),
    )
    over = replace(opened, resolved_ms=ended_ms, ended_ms=ended_ms, ending=Ending.RESOLVED)
    incidents.update(conn, over)
