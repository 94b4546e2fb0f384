"""The Discord client and the supervisor that keeps one connected.

Posts need a login alone; the gateway, which brings commands and button presses, may come later.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.clock import Clock
from bot.config import Config
from bot.errors import ConfigError
from bot.services.delivery.messages import Sink
from bot.tree import NETWORK_ERRORS, Catalogues, VigieTree

if TYPE_CHECKING:
    from bot.services.registry import Services

log = logging.getLogger(__name__)

EXTENSIONS = ("cogs.alerts", "cogs.watch", "cogs.status", "cogs.guilds")
# Close codes after which no new connection can succeed (Discord's gateway documentation).
_FATAL_CODES = {
    4004: "Discord no longer accepts DISCORD_TOKEN: reset it in the Developer Portal.",
    4013: "Discord refuses the gateway intents.",
    4014: "Discord refuses the gateway intents.",
}
_TOKEN_REFUSED = "Discord refuses DISCORD_TOKEN: copy it again from the Developer Portal, page Bot."  # noqa: S105 - a sentence
_UNAUTHORIZED = 401
# Design §4: while Discord is away it is tried at least every 10 s.
_MAX_PAUSE_S = 10.0
_CLOSE_S = 5.0


class Store(Protocol):
    """Small texts that outlive the process."""

    async def load(self, key: str) -> str | None: ...

    async def save(self, key: str, value: str) -> None: ...


class StartGuard:
    """Spaces gateway sessions, so that a crash loop cannot cost the token.

    Discord resets the token after 1,000 IDENTIFYs in a day (documentation, gateway). Ten starts
    in ten minutes are nobody's intention; neither are 800 in a day.
    """

    _SHORT_MS, _SHORT_MANY = 600_000, 10
    _DAY_MS, _DAY_MANY, _DAY_PAUSE_MS = 86_400_000, 800, 1_800_000

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def delay_s(self) -> float:
        """How long the next session should wait; 0 for all but a crash loop."""
        now_ms = self._clock.now_ms()
        starts = await self._starts(now_ms)
        recent = [at for at in starts if at > now_ms - self._SHORT_MS]
        if len(starts) >= self._DAY_MANY:
            return max(0.0, (starts[-1] + self._DAY_PAUSE_MS - now_ms) / 1000)
        if len(recent) >= self._SHORT_MANY:
            return (recent[-1] + self._SHORT_MS - now_ms) / 1000
        return 0.0

    async def note(self) -> None:
        """A session is being started."""
        now_ms = self._clock.now_ms()
        starts = [*await self._starts(now_ms), now_ms]
        await self._store.save("gateway_starts", json.dumps(starts))

    async def _starts(self, now_ms: int) -> list[int]:
        text = await self._store.load("gateway_starts")
        return [at for at in json.loads(text or "[]") if now_ms - self._DAY_MS < at <= now_ms]


class VigieClient(commands.AutoShardedBot):
    """Sees servers, channels and roles, nothing else; keeps neither messages nor members."""

    sink: Sink | None = None

    def __init__(self, config: Config, services: "Services", store: Store) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=VigieTree,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=30.0,
            guild_ready_timeout=0.5,
        )
        self.config = config
        self.services = services
        self.commands_tree = cast("VigieTree", self.tree)
        self.commands_tree.allowed_guilds = config.guilds
        self._store = store
        self._guard = StartGuard(store, services.clock)
        self._syncing: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Runs after the login, before the gateway: posts may go out from now on."""
        await self.tree.set_translator(Catalogues())
        for name in EXTENSIONS:
            await self.load_extension(name)
        self._syncing = asyncio.create_task(self._sync(), name="command-sync")

    async def _sync(self) -> None:
        try:
            await self.commands_tree.keep_synced(
                lambda: self._store.load("command_hash"),
                lambda value: self._store.save("command_hash", value),
            )
        except Exception:
            log.exception("the commands could not be registered")

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Reconnects go to the gateway the API named, not to the library's built-in address."""
        DiscordWebSocket.DEFAULT_GATEWAY = gateway
        delay_s = await self._guard.delay_s() if initial else 0.0
        if delay_s:
            log.warning("too many starts: the gateway waits %.0f s, posts go on", delay_s)
            await asyncio.sleep(delay_s)
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self._guard.note()
        await super().before_identify_hook(shard_id, initial=initial)

    async def on_message(self, message: discord.Message, /) -> None:
        """There are no text commands, so nothing is done with messages."""

    async def connect(self, *, reconnect: bool = True) -> None:
        """Like the library's, but a gateway that cannot be found at first is asked for again."""
        while True:
            try:
                return await super().connect(reconnect=reconnect)
            except (discord.GatewayNotFound, *NETWORK_ERRORS) as error:
                if self.is_closed() or self.shards or _refused(error):
                    raise
                await _pause(error)

    async def close(self) -> None:
        """Close within seconds, even when Discord no longer answers."""
        if self._syncing is not None:
            self._syncing.cancel()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await super().close()
        except TimeoutError:
            log.warning("Discord did not close the connection in time")
            await self.http.close()


@contextlib.contextmanager
def pointed_at(api_url: str) -> Iterator[None]:
    """Let discord.py speak to another API address; undone on leaving."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = api_url
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def serve(
    config: Config, services: "Services", sink_ready: Callable[[Sink], None], store: Store
) -> None:
    """Keep a client connected until cancelled; ``sink_ready`` is called after every login.

    Raises ConfigError when Discord refuses the token or the intents.
    """
    with pointed_at(config.api_url):
        while True:
            error = await _one_client(VigieClient(config, services, store), sink_ready)
            await _pause(error)


async def _one_client(
    client: VigieClient, sink_ready: Callable[[Sink], None]
) -> BaseException | None:
    """Log in, stay connected; returns what ended it, if another client may do better."""
    try:
        await client.login(client.config.token)
        if client.sink is not None:
            sink_ready(client.sink)
        await client.connect()
    except (discord.DiscordException, *NETWORK_ERRORS) as error:
        reason = _refused(error)
        if reason is not None:
            raise ConfigError(reason) from error
        return error
    except Exception as error:
        # Any bug in the parsing of one event ends discord.py's start(); a fresh client goes on.
        log.error("the connection to Discord ended by an error", exc_info=error)  # noqa: TRY400 - the error is also handed on
        return error
    finally:
        await client.close()
    return None


def _refused(error: BaseException) -> str | None:
    """Why trying again is useless, or None."""
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return _FATAL_CODES[4014]
    if isinstance(error, discord.ConnectionClosed):
        return _FATAL_CODES.get(error.code)
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else error
    unauthorized = isinstance(cause, discord.HTTPException) and cause.status == _UNAUTHORIZED
    return _TOKEN_REFUSED if unauthorized or isinstance(error, discord.LoginFailure) else None


async def _pause(error: BaseException | None) -> None:
    """Full jitter would let somebody wait 10 s for nothing; half is enough for one installation."""
    pause_s = random.uniform(_MAX_PAUSE_S / 5, _MAX_PAUSE_S / 2)  # noqa: S311 - spreads retries
    log.warning("waiting for Discord, next try in %.0f s: %r", pause_s, error)
    await asyncio.sleep(pause_s)
