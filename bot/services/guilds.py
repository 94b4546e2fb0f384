"""What each server chose: kept in memory, written through to the store."""

import asyncio
from dataclasses import replace
from typing import Any

from bot.clock import Clock
from bot.db import guilds as table
from bot.db.database import Database
from bot.models import GuildSettings


class Guilds:
    """Settings of the servers Vigie is in. Reading never waits: autocomplete depends on it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._settings: dict[int, GuildSettings] = {}
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        self._settings = {s.id: s for s in await self._db.read(table.all_present)}

    def settings(self, guild_id: int) -> GuildSettings:
        """What the server chose, or the defaults."""
        return self._settings.get(guild_id) or GuildSettings(guild_id)

    def known(self) -> list[GuildSettings]:
        return list(self._settings.values())

    def language(self, guild_id: int) -> str:
        """The language of posts: the server's choice, else its Discord locale."""
        settings = self.settings(guild_id)
        return settings.language or settings.guild_locale

    async def seen(self, guild_id: int, locale: str) -> None:
        """Vigie is in this server; a returning one gets its old choices back."""
        await self._change(guild_id, guild_locale=locale)

    async def left(self, guild_id: int) -> None:
        """Vigie was removed from this server."""
        async with self._lock:
            self._settings.pop(guild_id, None)
            now_ms = self._clock.now_ms()
            await self._db.write(lambda conn: table.mark_left(conn, guild_id, now_ms))

    async def set_alerts(
        self,
        guild_id: int,
        *,
        channel_id: int,
        by: int,
        role_id: int | None = None,
        fallback_channel_id: int | None = None,
        reminder_h: int | None = None,
    ) -> GuildSettings:
        """Choose where alerts go; what is left out stays as it was."""
        chosen = {
            "role_id": role_id,
            "fallback_channel_id": fallback_channel_id,
            "reminder_h": reminder_h,
        }
        kept = {name: value for name, value in chosen.items() if value is not None}
        return await self._change(guild_id, channel_id=channel_id, set_by=by, **kept)

    async def set_language(self, guild_id: int, language: str | None) -> GuildSettings:
        """Choose the language of posts; None follows the server's own on Discord."""
        return await self._change(guild_id, language=language)

    async def set_timezone(self, guild_id: int, timezone: str) -> None:
        """Remember the zone a server's people mean when they name none."""
        await self._change(guild_id, timezone=timezone)

    async def ensure(self, guild_id: int) -> None:
        """Make sure the server has a row that others can refer to."""
        if guild_id not in self._settings:
            await self._change(guild_id)

    async def _change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """One change after the other: two at once would undo each other's."""
        async with self._lock:
            before = self._settings.get(guild_id)
            if before is None:
                stored = await self._db.read(lambda conn: table.find(conn, guild_id))
                after = replace(stored or GuildSettings(guild_id), **changes)
            else:
                after = replace(before, **changes)
            if after != before:
                await self._db.write(lambda conn: table.save(conn, after))
                self._settings[guild_id] = after
            return after
