"""The audit log: who changed what, before and after, kept for a year."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.db import audit_log as table
from bot.db.audit_log import AuditEntry
from bot.db.database import Database
from bot.models import GuildSettings, Monitor, TagAlerts
from bot.services.monitor_options import differing
from bot.services.option_types import MonitorOption, Option
from bot.words.translator import N_

__all__ = ("Actor", "AuditEntry", "AuditEvent", "AuditLog", "AuditPage")


FILE = 0  # stands for a person's id: the operator's file of sites
IN_THE_FILE = N_("This is set in the bot operator's file of sites and can only be changed there.")
ON = N_("on")


class AuditEvent(StrEnum):
    """What was done or set. Stored, as the names of options are: a released word stays."""

    # Done to a monitor; PAUSED and MUTED have until when, if they end by themselves.
    ADDED = "added"
    IMPORTED = "imported"
    REMOVED = "removed"
    PAUSED = "paused"
    RESUMED = "resumed"
    MUTED = "muted"
    UNMUTED = "unmuted"
    PUSH_ADDRESS = "push_address"  # a new one of a push monitor
    ACKNOWLEDGED = "acknowledged"  # after: the alert's public id
    RELEASED = "released"  # the same
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
    TAG_ALERTS = "tag_alerts"
    MANAGERS = "managers"
    ESCALATION = "escalation"
    PAGE = "page"
    # Done to a server's boards; after: the channel.
    BOARD_CREATED = "board_created"
    BOARD_REMOVED = "board_removed"
    # Reports of a server; after: how often.
    REPORT_SCHEDULED = "report_scheduled"
    REPORT_STOPPED = "report_stopped"
    # Done to a followed status page; after: its address.
    PAGE_FOLLOWED = "page_followed"
    PAGE_UNFOLLOWED = "page_unfollowed"


def _tag_alerts(one: TagAlerts) -> str:
    channel, role = one.channel_id and f"<#{one.channel_id}>", one.role_id and f"<@&{one.role_id}>"
    return " ".join(str(part) for part in (f"#{one.tag}", channel, role) if part)


def reminders_of(settings: GuildSettings) -> str:
    """How often a server is reminded, in hours, with a ``p`` for those that ping; or ``off``."""
    ping = "p" if settings.reminder_ping else ""
    return f"{settings.reminder_h}{ping}" if settings.reminder_h else "off"


def _escalation(settings: GuildSettings) -> str | None:
    if not settings.escalate_s:
        return None
    where = settings.escalate_channel_id and f"<#{settings.escalate_channel_id}>"
    called = (f"{settings.escalate_s // 60} min", f"<@&{settings.escalate_role_id}>", where)
    return " ".join(str(part) for part in called if part)


_OF_SERVER: dict[AuditEvent, Callable[[GuildSettings], object]] = {
    AuditEvent.ALERT_CHANNEL: lambda s: s.channel_id,
    AuditEvent.ALERT_ROLE: lambda s: s.role_id,
    AuditEvent.FALLBACK: lambda s: s.fallback_channel_id,
    AuditEvent.REMINDERS: lambda s: reminders_of(s) if s.reminder_h else None,
    AuditEvent.LANGUAGE: lambda s: s.language,
    AuditEvent.TIMEZONE: lambda s: s.timezone,
    AuditEvent.TAG_ALERTS: lambda s: "; ".join(map(_tag_alerts, s.tag_alerts)),
    AuditEvent.MANAGERS: lambda s: s.manager_role_id,
    AuditEvent.ESCALATION: _escalation,
    AuditEvent.PAGE: lambda s: ON if s.page else None,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who changes something in a server at a time: shared by all entries of a change."""

    guild_id: int
    user_id: int
    at_ms: int

    def did(
        self, what: AuditEvent, monitor_id: int | None = None, after: object = None
    ) -> AuditEntry:
        return self._row(what, monitor_id, None, after)

    def edited(
        self, before: Monitor, after: Monitor, name_of: Callable[[int], str]
    ) -> list[AuditEntry]:
        """``name_of``: other monitors are written by their names."""

        def logged(option: Option, monitor: Monitor) -> str | None:
            value = option.of(monitor)
            if isinstance(option, MonitorOption) and value is not None:
                return name_of(value)
            return option.logged(value)

        return [
            self._row(one.name, after.id, logged(one, before), logged(one, after))
            for one in differing(before, after)
        ]

    def chose(self, before: GuildSettings, after: GuildSettings) -> list[AuditEntry]:
        return [
            self._row(what, None, of(before), of(after))
            for what, of in _OF_SERVER.items()
            if of(before) != of(after)
        ]

    def _row(self, what: str, monitor_id: int | None, before: object, after: object) -> AuditEntry:
        return AuditEntry(
            *(self.guild_id, self.user_id, what, self.at_ms, monitor_id),
            *(_text(before), _text(after)),
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some changes, newest first; ``number`` counts from 0, ``of`` is how many pages there are."""

    rows: list[AuditEntry]
    number: int
    of: int


class AuditLog:
    """Reads the log, for people with Manage Server alone: whole addresses are in it."""

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


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
