"""``vigie lookout NAME NATS_URL``: check for a bot elsewhere, until stopped."""

import asyncio
import getpass
import logging
import signal
import sys

from bot import log as logs
from bot.cli import EXIT_CONFIG, EXIT_OK, fail, without
from bot.clock import SystemClock
from bot.config import Config
from bot.engine import process
from bot.engine.kinds import Checkers
from bot.engine.netguard import Netguard
from bot.engine.network import ConnectivityChecker
from bot.engine.resolver import Resolver
from bot.engine.tls import client_context
from bot.errors import ConfigError
from bot.places.address import Server, read_server
from bot.places.messages import place_name

with without("aiohttp"):  # nats would load it for web sockets: 9 MB (measured) for nothing
    from bot.places.connection import Refused
    from bot.places.lookout import MOST_AT_ONCE, Lookout, PlaceCheckers

log = logging.getLogger(__name__)


def run(name: str, url: str, config: Config) -> int:
    """Returns 0 when stopped, 78 when name, address, user or secret are refused."""
    try:
        place = place_name(name)
        server = _server(place, url, config.lookout_secret)
        logs.setup(config.log_level, secrets=[server.password])
        asyncio.run(_serve(place, server, config))
    except (ValueError, ConfigError, Refused) as error:
        return fail(error, EXIT_CONFIG)
    return EXIT_OK


def _server(place: str, url: str, secret: str) -> Server:
    """Where to connect, and as whom. Raises ConfigError."""
    server = read_server(url, "NATS_URL")
    if server.user or server.password:
        raise ConfigError(
            "NATS_URL: leave user and secret out, others can read the command line; put the secret"
            " into VIGIE_LOOKOUT_SECRET or VIGIE_LOOKOUT_SECRET_FILE."
        )
    if not secret and sys.stdin.isatty():
        none = " (Enter for none)" if server.on_loopback else ""
        secret = getpass.getpass(f"Secret of {place}{none}: ").strip()
    if not secret and not server.on_loopback:
        raise ConfigError("VIGIE_LOOKOUT_SECRET is not set: it is what `vigie places add` showed.")
    user = place if secret else ""
    return Server(server.host, server.port, server.tls, user, secret)


async def _serve(place: str, server: Server, config: Config) -> None:
    process.allow_many()
    clock, resolver, context = SystemClock(), Resolver(SystemClock()), client_context()

    def checker(guard: Netguard) -> Checkers:
        return Checkers(guard, resolver, clock=clock, context=context)

    online = None
    if config.canaries:
        online = ConnectivityChecker(
            config.canaries, None, clock=clock, resolver=resolver, context=context
        )
    checkers = PlaceCheckers(
        checker(Netguard(ports=config.ports)),
        checker(Netguard(allow_private=config.allow_private, ports=config.ports)),
        online,
    )
    lookout = Lookout(place, server, checkers, clock, at_once=config.concurrency or MOST_AT_ONCE)
    log.info("%s looks out for the bot behind %s", place, server)
    try:
        await _until_stopped(lookout)
    finally:
        await resolver.close()


async def _until_stopped(lookout: Lookout) -> None:
    """Raises what the lookout ends with by itself."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    running = asyncio.create_task(lookout.run())
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not running.done():
        await lookout.leave()
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    if not running.cancelled() and (error := running.exception()) is not None:
        raise error
