"""All services on a store in memory, fresh for each example."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.config import Config
from bot.db.database import IN_MEMORY, Database
from tests.fakes import FakeClock
from tests.services.services_fixture import ServicesFixture


@asynccontextmanager
async def services() -> AsyncIterator[ServicesFixture]:
    db = await Database.open(IN_MEMORY)
    try:
        made = ServicesFixture(db, FakeClock(), Config())
        await made.load()
        yield made
    finally:
        await db.close()
