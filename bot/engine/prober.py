"""Whoever can make one try. A single one looks from here; others may look from elsewhere."""

from typing import Protocol

from bot.models import CheckResult, Target

DEADLINE_S = 10.0  # of a whole try


class Prober(Protocol):
    """One try of one target."""

    async def probe(self, target: Target) -> CheckResult:
        """Never raises for anything the target or the network does."""
        ...
