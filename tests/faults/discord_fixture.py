"""Delivery alone: the real transport, the unmodified discord.py, a sandbox, and a clock that skips.

No process and no gateway: hours of Discord's absence pass in an instant, and the sandbox's record
is the judge as everywhere in this folder.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import discord
from discord.http import Route

from bot.db import guilds
from bot.db.database import Database
from bot.discord.client import VigieClient
from bot.discord.limits import GlobalLimit
from bot.discord.transports import DiscordTransport
from bot.models import GuildSettings
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import ChannelAccess
from sandbox import Sandbox
from sandbox.clock import Snowflakes
from sandbox.settings import Settings
from sandbox.world.default_world import default_world, make_guild
from sandbox.world.permissions import Permission, rights_of
from sandbox.world.world import Channel, World
from tests import invariants
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD, DeliveryFixture, FixtureClock

Json = dict[str, Any]
SECOND, SYSTEM = CHANNEL + 50, CHANNEL + 60


class DiscordFixtureClock(FixtureClock):
    """The sandbox's own time: real time and what was skipped."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._ahead = self._sandbox.clock.now() - time.monotonic()

    def now_ms(self) -> int:
        return int(self._sandbox.clock.now() * 1000) - self.set_back_ms

    def monotonic(self) -> float:
        return self._sandbox.clock.now() - self._ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def forward(self, seconds: float) -> None:
        self._sandbox.clock.advance(seconds)


class BareClient(discord.Client):
    """As much of the client as the transport needs."""

    def __init__(self) -> None:
        self.global_limit = GlobalLimit(lambda: self.http._global_over.set())  # noqa: PLW0108 - made at login
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=30.0,
            http_trace=self.global_limit.trace,
        )


class InformedTransport(DiscordTransport):
    """What the gateway would have reported of channels is read from the sandbox itself."""

    def __init__(self, client: BareClient, sandbox: Sandbox) -> None:
        super().__init__(cast("VigieClient", client))
        self._sandbox = sandbox

    def access(self, channel_id: int) -> ChannelAccess:
        core = self._sandbox._core
        channel = core.world.find_channel(str(channel_id))
        if channel is None:
            return ChannelAccess()
        rights = rights_of(core, core.world.bot, channel)
        thread = channel.thread
        sending = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
        locked = thread is not None and thread.locked
        return ChannelAccess(allowed=Permission.VIEW_CHANNEL | sending in rights and not locked)


class DiscordFixture(DeliveryFixture):
    """A stage whose channels are those of a sandbox: CHANNEL … CHANNEL + 9, SECOND, SYSTEM."""

    def __init__(self, db: Database, sandbox: Sandbox, client: BareClient, path: Path) -> None:
        self.sandbox = sandbox
        self.client = client
        self.path = path
        super().__init__(db)
        self.clock = DiscordFixtureClock(sandbox)
        self.restart()

    def restart(self) -> Dispatcher:
        """A new process on the same store, if it died in the middle of something or not."""
        delivery = super().restart()
        delivery.attach(InformedTransport(self.client, self.sandbox))
        return delivery

    async def settings(self, **chosen: Any) -> None:
        chosen = {"id": GUILD, "channel_id": CHANNEL} | chosen
        await self.db.write(lambda conn: guilds.save(conn, GuildSettings(**chosen)))

    async def settle(self, seconds: float = 0.0) -> None:
        """Faults are over: deliver until nothing is left, skipping the waits."""
        self.sandbox.faults.clear()
        for _ in range(12):
            await self.deliver(seconds)
            if not await self.active():
                return
            seconds = seconds * 2 or 1.0

    async def leave(self) -> None:
        """The server removes the bot."""
        self.sandbox.world.guild("Rig").present = False
        now_ms = self.clock.now_ms()
        await self.db.write(lambda conn: guilds.mark_left(conn, GUILD, now_ms))

    async def come_back(self) -> None:
        self.sandbox.world.guild("Rig").present = True
        found = await self.db.read(lambda conn: guilds.find(conn, GUILD))
        await self.db.write(lambda conn: guilds.save(conn, found or GuildSettings(GUILD)))

    async def active(self) -> int:
        rows = await self.rows()
        return sum(state in {"pending", "sending"} for _, state in rows)

    def messages(self, channel_id: int = CHANNEL) -> list[Json]:
        return self.sandbox.messages(str(channel_id))

    def said(self, channel_id: int = CHANNEL) -> list[str]:
        return [str(one["content"]) for one in self.messages(channel_id)]

    def sends(self, channel_id: int = CHANNEL) -> int:
        """Attempts to post in a channel, whatever came of them."""
        return len(self.sandbox.record.of("POST", f"/channels/{channel_id}/messages"))


def world() -> World:
    """The harbour, and a server with the ids that the stage uses."""
    ids = Snowflakes(Sandbox().clock)
    made = default_world(ids)
    guild = make_guild(made, str(GUILD), "Rig", made.user("Admin"), "2")
    numbered = [*range(CHANNEL, CHANNEL + 10), SECOND, SYSTEM]
    for position, number in enumerate(numbered):
        channel = Channel(str(number), f"room-{number}", guild_id=guild.id, position=position)
        guild.channels[channel.id] = channel
    return made


def discord_fixture(
    folder: Path,
    scene: Callable[[DiscordFixture], Awaitable[None]],
    *,
    rate_limits: bool = False,
    check: bool = True,
    **expected: Any,
) -> None:
    """Play one scene and check all invariants afterwards."""

    async def play() -> None:
        settings = Settings(rate_limits=rate_limits)
        async with Sandbox(world(), settings=settings) as sandbox:
            before, Route.BASE = Route.BASE, sandbox.api_url
            client = BareClient()
            db = await Database.open(folder / "vigie.db")
            try:
                await client.login(sandbox.token)
                await db.write(lambda conn: guilds.save(conn, GuildSettings(GUILD)))
                await scene(DiscordFixture(db, sandbox, client, folder / "vigie.db"))
            finally:
                await db.close()
                await client.close()
                Route.BASE = before
            assert sandbox.record.unknown_routes == []
            if check:
                invariants.check(sandbox, folder / "vigie.db", **expected)

    asyncio.run(play())
