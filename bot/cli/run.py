"""``vigie run``: watch and tell until stopped."""

import asyncio

from bot import app, log
from bot.cli import EXIT_CONFIG, EXIT_FAILURE, EXIT_OK, fail
from bot.config import Config, require_private, require_token
from bot.errors import ConfigError, StoreBusy, StoreError


def run(config: Config) -> int:
    """Returns the exit status; what a person must change is one sentence on stderr."""
    try:
        require_private()
        token = require_token(config)
        log.setup(config.log_level, secrets=[token, config.heartbeat_url or ""])
        asyncio.run(app.run(config))
    except StoreBusy as error:
        return fail(error, EXIT_FAILURE)
    except (ConfigError, StoreError) as error:
        return fail(error, EXIT_CONFIG)
    except KeyboardInterrupt:
        return EXIT_OK
    return EXIT_OK
