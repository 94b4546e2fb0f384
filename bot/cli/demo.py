"""``vigie demo``: runs the bot against a local stand-in for Discord, on the night of 8 Nov 2016.

Prints the page's address first, then every post of the bot as a line. Ctrl-C leaves nothing.
"""

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli import EXIT_FAILURE, EXIT_OK, fail
from bot.config import child_environment
from bot.words.escaping import plain
from sandbox import Sandbox
from sandbox.sites import Sites
from sandbox.world.world import World

ALERTS = "alerts"
READY_S = 60.0
STOP_S = 15.0
EVERY_S = 1
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
        bot = await stack.enter_async_context(_bot(sandbox, sites, Path(folder)))
        story = asyncio.create_task(_play_night(sandbox, sites))
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


async def _play_night(sandbox: Sandbox, sites: Sites) -> None:
    """Sends the commands a person would type, then plays the night."""
    await sandbox.wait_online(READY_S)
    channel = sandbox.channel(ALERTS)
    await sandbox.command("Admin", channel, "alerts channel", {"channel": channel.id})
    for path, name in (
        ("library", "Town library"),
        ("bakery", "Bakery"),
        ("immigration", "Immigration Canada"),
    ):
        url = f"{sites.url}/{path}"
        options = {"url": url, "name": name, "every": EVERY_S}
        await sandbox.command("Admin", channel, "watch add", options)
        _print_line(f"/watch add {url} name:{name} every:{EVERY_S}")
    sites.begin()
    _print_line("It is 8 November 2016, evening. The first alert comes within half a minute.")
    await asyncio.sleep(sites.night.left_s)
    _print_line("The night is over. The page stays open; try /status there.")


@contextlib.asynccontextmanager
async def _bot(
    sandbox: Sandbox, sites: Sites, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The unmodified bot as its own process, ended with the block."""
    environment = child_environment(
        DISCORD_TOKEN=sandbox.token,
        DISCORD_API_URL=sandbox.api_url,
        VIGIE_DATABASE=str(folder / "vigie.db"),
        VIGIE_ALLOW_PRIVATE="127.0.0.0/8",
        VIGIE_CANARIES=f"{sites.url}/canary",
        VIGIE_MIN_INTERVAL=str(EVERY_S),
        VIGIE_LOG_LEVEL="WARNING",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=folder,
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
