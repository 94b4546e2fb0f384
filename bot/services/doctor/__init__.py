"""``vigie doctor`` and ``/doctor``: is everything ready, and if not, what to do."""

import time

from bot.clock import SystemClock
from bot.config import Config
from bot.engine.resolver import Resolver
from bot.services.doctor import installation, network
from bot.services.doctor.findings import Finding, Grade

__all__ = ["Finding", "Grade", "examine"]


async def examine(config: Config) -> list[Finding]:
    """Everything the installation depends on, in the order to read it. Changes nothing."""
    resolver = Resolver(SystemClock())
    now_s = time.time()
    try:
        return [
            *installation.machine(config),
            *installation.database(config.database),
            *installation.backups(config.database, now_s),
            *installation.stored(config.database, round(now_s * 1000)),
            *await network.findings(config, resolver),
        ]
    finally:
        await resolver.close()
