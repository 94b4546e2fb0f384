"""The Discord client and the supervisor that keeps one connected.

Posts need a login alone; the gateway, which brings commands and button presses, may come later.
"""

import asyncio
import contextlib
import logging
import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, cast

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.config import Config, carries_secrets
from bot.discord.channel_visibility import ChannelAudience
from bot.discord.channels import Channels, DiscordNames, OpenChannels
from bot.discord.command_tree import NETWORK_ERRORS, CommandTranslator, VigieTree
from bot.discord.limits import GlobalLimit, SessionStarts, Store
from bot.discord.transports import DiscordBoardTransport, DiscordTransport
from bot.errors import ConfigError
from bot.services.delivery.messages import Transport

if TYPE_CHECKING:
    from bot.services.registry import Services

log = logging.getLogger(__name__)

EXTENSIONS = (
    "cogs.alerts",
    "cogs.board",
    "cogs.doctor",
    "cogs.guilds",
    "cogs.help",
    "cogs.history",
    "cogs.incidents",
    "cogs.maintenance",
    "cogs.mute",
    "cogs.report",
    "cogs.setup",
    "cogs.status",
    "cogs.watch",
    "cogs.why",
)
# Close codes after which no new connection can succeed (Discord's gateway documentation).
_FATAL_CODES = {
    4004: "Discord no longer accepts DISCORD_TOKEN: reset it in the Developer Portal.",
    4013: "Discord refuses the gateway intents.",
    4014: "Discord refuses the gateway intents.",
}
_TOKEN_REFUSED = "Discord refuses DISCORD_TOKEN: copy it again from the Developer Portal, page Bot."  # noqa: S105 - a sentence
_UNAUTHORIZED = 401
# Design §4: while Discord is away it is tried at least every 10 s.
_MAX_PAUSE_S = 8.0
_DOUBLINGS = 3  # from one second to these eight
_ANSWER_S = 10.0
# Below so many session starts left in the day the rest is kept for restarts by hand.
_STARTS_KEPT = 50
_CLOSE_S = 5.0
_FIRST_SYNC_S = 3.0
_AWAY_S = 120.0
_LOOK_S = 5.0
_LAUNCH_S = 30.0


class Latencies:
    """Gateway latency by shard, in seconds.

    A single sample says nothing: discord.py 2.7 takes an acknowledgement that overtakes its own
    note of the heartbeat for one that took a whole interval.
    """

    _KEPT = 3

    def __init__(self) -> None:
        self._samples: dict[int, deque[float]] = {}

    def note(self, latencies: Iterable[tuple[int, float]]) -> None:
        """Keep what each shard measured last; the same number again is the same heartbeat."""
        for shard_id, latency_s in latencies:
            kept = self._samples.setdefault(shard_id, deque(maxlen=self._KEPT))
            if math.isfinite(latency_s) and (not kept or kept[-1] != latency_s):
                kept.append(latency_s)

    def of(self, shard_id: int) -> float | None:
        """Best of the last three; None: no heartbeat was answered yet."""
        return min(self._samples.get(shard_id, ()), default=None)


class VigieClient(commands.AutoShardedBot):
    """Sees servers, channels and roles, nothing else; keeps neither messages nor members."""

    was_ready = False

    def __init__(self, config: Config, services: "Services", store: Store) -> None:
        self.global_limit = GlobalLimit(
            lambda: self.http._global_over.set(),  # noqa: PLW0108, SLF001 - made at login
            services.delivery.invalid_request,
        )
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
            http_trace=self.global_limit.trace,
        )
        self.config = config
        self.services = services
        self.commands_tree = cast("VigieTree", self.tree)  # the library names the base class
        self.commands_tree.allowed_guilds = config.guilds
        self.known_channels = Channels(self)
        self.audience = ChannelAudience(self.known_channels)
        self.latency_log = Latencies()
        self.open_channels = OpenChannels(self.known_channels)
        self.transport = DiscordTransport(self)
        self._store = store
        self._starts = SessionStarts(store, services.clock)
        self._identifying = asyncio.Lock()
        self._began = False
        self._launching: set[asyncio.Task[None]] = set()
        self._syncing: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Runs after the login, before the gateway: posts may go out from now on."""
        await self.tree.set_translator(CommandTranslator())
        for name in EXTENSIONS:
            await self.load_extension(name)
        boards = DiscordBoardTransport(self)
        self.services.boards.attach(boards)
        self.services.pages.attach(boards)
        self._syncing = asyncio.create_task(self._sync(), name="command-sync")

    def forget_guild(self, guild_id: int) -> None:
        self.known_channels.forget_guild(guild_id)
        self.audience.forget_guild(guild_id)
        self.open_channels.forget_guild(guild_id)

    async def _sync(self) -> None:
        try:
            await self.commands_tree.keep_synced(
                lambda: self._store.load("command_hash"),
                lambda value: self._store.save("command_hash", value),
            )
        except Exception:
            log.exception("Commands not registered")

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self._starts.note(shard_id)
        async with self._identifying:  # five seconds apart, whoever begins one
            await super().before_identify_hook(shard_id, initial=initial)

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Connect a shard; one that cannot be connected does not keep the next ones waiting.

        discord.py would call itself every five seconds, one call within the other, and launch no
        other shard meanwhile.
        """
        self._began = True
        launching = asyncio.create_task(self._launch(gateway, shard_id, initial=initial))
        self._launching.add(launching)
        launching.add_done_callback(self._launching.discard)
        await asyncio.wait({launching}, timeout=_LAUNCH_S)

    async def _launch(self, gateway: yarl.URL, shard_id: int, *, initial: bool) -> None:
        await super().launch_shard(gateway, shard_id, initial=initial)
        shard = self.get_shard(shard_id)
        if shard is not None:
            # Its pauses grow to 17 minutes, and while one shard waits no other is connected again.
            shard._parent._backoff._max = _DOUBLINGS  # noqa: SLF001

    async def on_ready(self) -> None:
        self.was_ready = True
        self.services.sites.attach(DiscordNames(self))
        self._note_gateway()

    async def on_guild_available(self, _guild: discord.Guild) -> None:
        if self.was_ready:
            self.services.sites.attach(DiscordNames(self))

    async def on_guild_join(self, _guild: discord.Guild) -> None:
        self.services.sites.attach(DiscordNames(self))

    async def connect(self, *, reconnect: bool = True) -> None:
        """Find the gateway, however long it takes, and stay connected to it."""
        if self._syncing is not None:
            # Who sees Vigie come online may type a command at once.
            await asyncio.wait({self._syncing}, timeout=_FIRST_SYNC_S)
        failures = 0
        while (wait_s := await self._find_gateway(failures)) is not None:
            failures += 1
            await asyncio.sleep(wait_s)
        delay_s = await self._starts.delay_s()
        if delay_s:
            log.warning(
                "Too many session starts: the gateway waits %.0f s, alerts go on",
                delay_s,
            )
            await asyncio.sleep(delay_s)
        await super().connect(reconnect=reconnect)

    async def _find_gateway(self, failures: int) -> float | None:
        """Ask the API for the gateway; returns None when found, else seconds to wait.

        Asked here rather than by the library, so that reconnects too go to the address the API
        named, and so that the day's last session starts are left for people.
        """
        try:
            async with asyncio.timeout(_ANSWER_S):
                shards, url, starts = await self.http.get_bot_gateway()
        except (discord.GatewayNotFound, *NETWORK_ERRORS) as error:
            if _refused(error):
                raise
            return _pause_s(failures, error)
        if starts["remaining"] < max(_STARTS_KEPT, shards):
            log.error("Only %d gateway sessions left for today", starts["remaining"])
            return starts["reset_after"] / 1000
        if not carries_secrets(url):
            log.error("Gateway %s refused: it would carry the token in plain text", url)
            return _MAX_PAUSE_S
        self.shard_count = shards
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        return None

    async def until_away(self) -> None:
        """Returns when all shards have been without a connection for two minutes.

        A fresh client asks anew where the gateway is. One shard alone goes on trying by itself: for
        a fresh client all the others would have to begin new sessions.
        """
        away_s = 0.0
        while away_s < _AWAY_S:
            await asyncio.sleep(_LOOK_S)
            self.latency_log.note(self.latencies)
            self._note_gateway()
            away = self._began and all(shard.is_closed() for shard in self.shards.values())
            away_s = away_s + _LOOK_S if away else 0.0

    def _note_gateway(self) -> None:
        shards = self.shards.values()
        connected = sum(not shard.is_closed() for shard in shards)
        self.services.gateway.note(connected, len(shards))

    async def close(self) -> None:
        """Close within seconds, even when Discord no longer answers."""
        if self._syncing is not None:
            self._syncing.cancel()
        for launching in self._launching:
            launching.cancel()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await super().close()
        except TimeoutError:
            log.warning("Discord did not close the connection in time")
            await self.http.close()


@contextlib.contextmanager
def api_url_used(api_url: str) -> Iterator[None]:
    """Let discord.py speak to another API address; undone on leaving."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = api_url
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def run_client(
    config: Config, services: "Services", transport_ready: Callable[[Transport], None], store: Store
) -> None:
    """Keep a client connected until cancelled; ``transport_ready`` is called after every login.

    Raises ConfigError when Discord refuses the token or the intents, and ExtensionError or
    ImportError for a cog that cannot be loaded: no new try mends either.
    """
    failures = 0
    error: BaseException | None = None
    with api_url_used(config.api_url):
        while True:
            client = VigieClient(config, services, store)
            try:
                error = await _one_client(client, transport_ready)
            except ConfigError as refusal:
                error = _not_believed(refusal, error)
            failures = 0 if client.was_ready else failures + 1
            await asyncio.sleep(_pause_s(failures, error))


def _not_believed(refusal: ConfigError, before: BaseException | None) -> ConfigError:
    """A refused token is asked about once more; raises what is certain."""
    if isinstance(before, ConfigError) or str(refusal) != _TOKEN_REFUSED:
        raise refusal
    return refusal


async def _one_client(
    client: VigieClient, transport_ready: Callable[[Transport], None]
) -> BaseException | None:
    """Log in, stay connected; returns what ended it, if another client may do better."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            await client.login(client.config.token)
        transport_ready(client.transport)
        await _stay_connected(client)
    except (commands.ExtensionError, ImportError):
        raise  # a fault of our own, though discord.py calls it one of Discord
    except (discord.DiscordException, *NETWORK_ERRORS) as error:
        reason = _refused(error)
        if reason is not None:
            raise ConfigError(reason) from error
        return error
    except Exception as error:
        # Any bug in the parsing of one event ends discord.py's start(); a fresh client goes on.
        log.error("Connection to Discord ended by an error", exc_info=error)  # noqa: TRY400 - the error is also handed on
        return error
    finally:
        client.services.gateway.note(0, 1)
        await client.close()
    return None


async def _stay_connected(client: VigieClient) -> None:
    """Until the connection ends for good, or is away for too long (then TimeoutError)."""
    connected = asyncio.create_task(client.connect(), name="gateway")
    away = asyncio.create_task(client.until_away(), name="gateway-watch")
    try:
        await asyncio.wait({connected, away}, return_when=asyncio.FIRST_COMPLETED)
        if connected.done():
            await connected
        else:
            raise TimeoutError("the gateway stays away")
    finally:
        # discord.py swallows a cancellation while a shard connects; a closed client it obeys.
        await client.close()
        connected.cancel()
        away.cancel()
        await asyncio.gather(connected, away, return_exceptions=True)


def _refused(error: BaseException) -> str | None:
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return _FATAL_CODES[4014]
    if isinstance(error, discord.ConnectionClosed):
        return _FATAL_CODES.get(error.code)
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else error
    unauthorized = isinstance(cause, discord.HTTPException) and cause.status == _UNAUTHORIZED
    return _TOKEN_REFUSED if unauthorized or isinstance(error, discord.LoginFailure) else None


def _pause_s(failures: int, error: BaseException | None) -> float:
    """Seconds to wait for Discord: about 1 at first, never 10 or more."""
    pause_s = min(_MAX_PAUSE_S, 2.0**failures) * random.uniform(0.6, 1)  # noqa: S311 - spreads retries
    log.warning("Waiting for Discord, reconnecting in %.1f s: %r", pause_s, error)
    return pause_s


Interaction = discord.Interaction[VigieClient]
