"""Small texts of the whole installation that outlive the process."""

from bot.db import guilds
from bot.db.database import Database


class Installation:
    """A few keys and values: the hash of the registered commands, the starts of the gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, key: str) -> str | None:
        return await self._db.read(lambda conn: guilds.get(conn, key))

    async def save(self, key: str, value: str) -> None:
        await self._db.write(lambda conn: guilds.put(conn, key, value))
