"""``vigie run``: runs the bot until it is stopped."""

import asyncio
import logging
import os
import threading

from bot import app, log
from bot.cli import EXIT_CONFIG, EXIT_FAILURE, EXIT_OK, STOP_S, fail
from bot.config import Config, require_private, require_token
from bot.errors import ConfigError, StoreBusy, StoreError

LEFT_S = 2.0  # when the database is closed nothing is lost with what still hangs

logger = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Returns the exit status; what a person must change is one sentence on stderr."""
    ends = list[threading.Timer]()
    try:
        require_private()
        token = require_token(config)
        log.setup(
            config.log_level,
            secrets=[
                token,
                config.heartbeat_url or "",
                config.nats_url.rpartition("@")[0].rpartition(":")[2],
                config.metrics_token,
                *config.fallback_urls,
            ],
        )
        for remark in config.remarks:
            logger.warning("%s", remark)
        return asyncio.run(_run(config, ends))
    except ConfigError as error:
        return fail(error, EXIT_CONFIG)
    except KeyboardInterrupt:
        return EXIT_OK
    finally:
        for end in ends:
            end.cancel()


async def _run(config: Config, ends: list[threading.Timer]) -> int:
    """The status is known before the loop ends: closing it waits for threads that may hang."""
    status = EXIT_OK
    try:
        await app.run(config, on_stop=lambda: ends.append(_end_after(STOP_S, EXIT_OK)))
    except StoreBusy as error:
        status = fail(error, EXIT_FAILURE)
    except (ConfigError, StoreError) as error:
        status = fail(error, EXIT_CONFIG)
    ends.append(_end_after(LEFT_S, status))
    return status


def _end_after(seconds: float, status: int) -> threading.Timer:
    timer = threading.Timer(seconds, _end_hard, (status,))
    timer.daemon = True
    timer.start()
    return timer


def _end_hard(status: int) -> None:
    """Kill -9 loses nothing either; being late would have the supervisor do it."""
    names = ", ".join(one.name for one in threading.enumerate() if not one.daemon)
    logger.error("Something would not stop (threads: %s); ended without it", names)
    os._exit(status)
