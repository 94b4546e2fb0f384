"""What people change is kept for a year: who, what, before and after."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.db import audit_log as table
from bot.db.audit_log import AuditEntry
from bot.db.database import Database
from bot.models import GuildSettings, Monitor, Window
from bot.services.target_options import status_text

__all__ = ("Actor", "AuditEntry", "AuditEvent", "AuditLog", "AuditPage", "differing")


class AuditEvent(StrEnum):
    """What a change is about. Stored: a word, once released, keeps its meaning."""

    # Done to a monitor; PAUSED and MUTED have until when, if they end by themselves.
    ADDED = "added"
    IMPORTED = "imported"
    REMOVED = "removed"
    PAUSED = "paused"
    RESUMED = "resumed"
    MUTED = "muted"
    UNMUTED = "unmuted"
    ACKNOWLEDGED = "acknowledged"  # after: the alert's public id
    # Settings of a monitor.
    ADDRESS = "url"
    NAME = "name"
    EVERY = "every"
    METHOD = "method"
    EXPECT_STATUS = "expect_status"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    SLOW_MS = "slow_ms"
    HEADERS = "headers"  # names alone
    CHANNEL = "channel"
    ROLE = "role"
    # Maintenance, of a monitor or of everything; after: the window's id.
    MAINTENANCE_STARTED = "maintenance_started"
    MAINTENANCE_PLANNED = "maintenance_planned"
    MAINTENANCE_CANCELLED = "maintenance_cancelled"
    # Settings of a server.
    ALERT_CHANNEL = "alert_channel"
    ALERT_ROLE = "alert_role"
    FALLBACK = "fallback"
    REMINDERS = "reminders"
    LANGUAGE = "language"
    TIMEZONE = "timezone"
    # Done to a server's boards; after: the channel.
    BOARD_CREATED = "board_created"
    BOARD_REMOVED = "board_removed"


# Settings in the order in which people are told of them, and what is seen of each.
_OF_MONITOR: dict[AuditEvent, Callable[[Monitor], object]] = {
    AuditEvent.ADDRESS: lambda m: m.target.url,
    AuditEvent.NAME: lambda m: m.name,
    AuditEvent.EVERY: lambda m: m.interval_s,
    AuditEvent.METHOD: lambda m: m.target.method,
    AuditEvent.EXPECT_STATUS: lambda m: m.target.expect_status,
    AuditEvent.CONTAINS: lambda m: m.target.contains,
    AuditEvent.NOT_CONTAINS: lambda m: m.target.not_contains,
    AuditEvent.SLOW_MS: lambda m: m.slow_ms,
    AuditEvent.HEADERS: lambda m: m.target.headers,
    AuditEvent.CHANNEL: lambda m: m.channel_id,
    AuditEvent.ROLE: lambda m: m.role_id,
}
_OF_SERVER: dict[AuditEvent, Callable[[GuildSettings], object]] = {
    AuditEvent.ALERT_CHANNEL: lambda s: s.channel_id,
    AuditEvent.ALERT_ROLE: lambda s: s.role_id,
    AuditEvent.FALLBACK: lambda s: s.fallback_channel_id,
    AuditEvent.REMINDERS: lambda s: s.reminder_h or None,
    AuditEvent.LANGUAGE: lambda s: s.language,
    AuditEvent.TIMEZONE: lambda s: s.timezone,
}
# How a value that is no plain text or number is written down; a secret never is.
_WRITTEN: dict[AuditEvent, Callable[[Monitor], str]] = {
    AuditEvent.EXPECT_STATUS: lambda m: status_text(m.target.expect_status),
    AuditEvent.HEADERS: lambda m: ", ".join(name for name, _ in m.target.headers),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, in which server, and when: what every row of one change shares."""

    guild_id: int
    user_id: int
    at_ms: int

    def did(
        self, what: AuditEvent, monitor_id: int | None = None, after: object = None
    ) -> AuditEntry:
        """Something that was done rather than set."""
        return self._row(what, monitor_id, None, after)

    def planned(self, window: Window, what: AuditEvent) -> AuditEntry:
        """What was done with a maintenance window that is stored already."""
        return self.did(what, window.monitor_id, window.id)

    def edited(self, before: Monitor, after: Monitor) -> list[AuditEntry]:
        """A row for each setting of a monitor that differs."""
        return [
            self._row(what, after.id, _written(what, before), _written(what, after))
            for what in differing(before, after)
        ]

    def chose(self, before: GuildSettings, after: GuildSettings) -> list[AuditEntry]:
        """A row for each setting of the server that differs."""
        return [
            self._row(what, None, of(before), of(after))
            for what, of in _OF_SERVER.items()
            if of(before) != of(after)
        ]

    def _row(
        self, what: AuditEvent, monitor_id: int | None, before: object, after: object
    ) -> AuditEntry:
        return AuditEntry(
            *(self.guild_id, self.user_id, what, self.at_ms, monitor_id),
            *(_text(before), _text(after)),
        )


def differing(before: Monitor, after: Monitor) -> list[AuditEvent]:
    """The settings of a monitor that are not what they were."""
    return [what for what, of in _OF_MONITOR.items() if of(before) != of(after)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some changes, newest first; ``number`` counts from 0, ``of`` is how many pages there are."""

    rows: list[AuditEntry]
    number: int
    of: int


class AuditLog:
    """Read by people with Manage Server alone: whole addresses are among it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self, guild_id: int, monitor_id: int | None, number: int, size: int
    ) -> AuditPage:
        """A page of one monitor's changes, or (None) of the server's; the last if it is gone."""
        rows, total = await self._db.read(
            lambda conn: table.of_guild(conn, guild_id, monitor_id, number * size, size)
        )
        pages = max(1, -(-total // size))
        if number >= pages:
            return await self.page(guild_id, monitor_id, pages - 1, size)
        return AuditPage(rows, number, pages)

    async def of_server(self, guild_id: int, limit: int) -> list[AuditEntry]:
        """The newest changes of the server's own settings, and what was removed."""
        return await self._db.read(lambda conn: table.of_server(conn, guild_id, limit))


def _written(what: AuditEvent, monitor: Monitor) -> object:
    return _WRITTEN.get(what, _OF_MONITOR[what])(monitor)


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
