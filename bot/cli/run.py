"""``vigie run``: watch and tell until stopped."""

import asyncio
import sys

from bot import app, log
from bot.cli import EXIT_CONFIG, EXIT_OK
from bot.config import Config, require_private, require_token
from bot.errors import ConfigError, StoreError


def run(config: Config) -> int:
    """Returns the exit status; what a person must change is one sentence on stderr."""
    try:
        require_private()
        token = require_token(config)
        log.setup(config.log_level, secrets=[token, config.heartbeat_url or ""])
        asyncio.run(app.run(config))
    except (ConfigError, StoreError) as error:
        print(f"vigie: {error}", file=sys.stderr)
        return EXIT_CONFIG
    except KeyboardInterrupt:
        return EXIT_OK
    return EXIT_OK
