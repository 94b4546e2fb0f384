"""Is everything ready? Each part of the world Vigie depends on, looked at once."""

import time

from bot.clock import SystemClock
from bot.config import Config
from bot.engine.resolver import Resolver
from bot.services.doctor import database, machine, network
from bot.services.doctor.findings import Finding, Grade

__all__ = ["Finding", "Grade", "examine"]


async def examine(config: Config) -> list[Finding]:
    """All findings in the order people should read them. Changes nothing."""
    resolver = Resolver(SystemClock())
    try:
        return [
            *machine.findings(config),
            *database.findings(config.database),
            *machine.backups(config.database, time.time()),
            *database.stored(config.database, round(time.time() * 1000)),
            *await network.findings(config, resolver),
        ]
    finally:
        await resolver.close()
