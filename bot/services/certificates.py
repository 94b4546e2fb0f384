"""Warns before a site's certificate expires: once at each threshold.

A warning is stored together with its message; while the monitor is silenced nothing counts as
sent, so the first good check after that sends what is still true.
"""

import logging
from collections.abc import Callable

from bot.clock import Clock
from bot.db import blocked_channels
from bot.db import monitors as table
from bot.db.database import Connection, Database
from bot.engine.certificates import CertificateHistory, ExpiryWarning, observe, warning_due
from bot.models import CheckResult, Monitor
from bot.services.delivery import enqueue
from bot.services.delivery.messages import Notice
from bot.services.result_batch import ResultBatch
from bot.services.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)

CALLED_DAYS = 3  # from so many days before its end on its role is called as well


class Certificates:
    """``wake`` is called after work for Discord."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        wake: Callable[[], None],
        batch: ResultBatch,
    ) -> None:
        self._db, self._clock, self._watchlist, self._wake = db, clock, watchlist, wake
        self._batch = batch

    async def handle_result(self, entry: Entry, result: CheckResult) -> None:
        """Note the certificate of a check. After a database error the next check does it."""
        ends_ms = result.certificate_expires_ms
        if not result.ok or ends_ms is None:
            return
        try:
            await self._observe(entry, result.at_ms, ends_ms)
        except Exception:
            names = {"monitor": entry.monitor.id, "guild": entry.monitor.guild_id}
            log.exception("Certificate could not be noted, retrying", extra=names)

    async def _observe(self, entry: Entry, at_ms: int, ends_ms: int) -> None:
        before = await self._history(entry)
        now = observe(before, at_ms, ends_ms)
        if before.warned and now.known_ms != before.known_ms:
            await self._renewed(entry, now)
        entry.certificate = now
        expiry = warning_due(now, at_ms)
        channel_id = self._watchlist.channel_of(entry)
        if expiry is not None and channel_id is not None and not self._is_silenced(entry):
            await self._warn(entry, expiry, channel_id)
        elif now != before:
            self._batch.remember_certificate(entry.monitor.id, now.dump())

    def _is_silenced(self, entry: Entry) -> bool:
        """Silenced, or paused or removed while its check was written down."""
        gone = self._watchlist.find(entry.monitor.id) is not entry
        silenced = self._watchlist.silenced(entry, self._clock.now_ms())
        return gone or entry.monitor.paused or silenced

    async def _history(self, entry: Entry) -> CertificateHistory:
        """Loaded once; empty when the address has changed."""
        url, monitor_id = entry.monitor.target.url, entry.monitor.id
        if entry.certificate is None:
            stored = await self._db.read(lambda conn: table.certificate_warnings(conn, monitor_id))
            entry.certificate = load_history(entry.monitor, stored)
        return entry.certificate if entry.certificate.url == url else CertificateHistory(url)

    async def _warn(self, entry: Entry, expiry: ExpiryWarning, channel_id: int) -> None:
        monitor, now_ms = entry.monitor, self._clock.now_ms()
        notice = Notice(
            "certificate",
            name=monitor.name,
            days=expiry.days,
            until_ms=expiry.ends_ms,
            monitor_id=monitor.id,
            role_id=self._watchlist.role_of(entry) if expiry.days <= CALLED_DAYS else None,
        )

        def write(conn: Connection) -> None:
            table.save_certificate_warnings(conn, monitor.id, expiry.then.dump())
            place = blocked_channels.current_channel(conn, monitor.guild_id, channel_id, now_ms)
            enqueue.notice(conn, monitor.guild_id, place, notice, now_ms)

        self._batch.forget_certificate(monitor.id)
        await self._db.write(write)
        entry.certificate = expiry.then
        self._wake()

    async def _renewed(self, entry: Entry, now: CertificateHistory) -> None:
        monitor, now_ms, ends_ms = entry.monitor, self._clock.now_ms(), now.known_ms or 0

        def write(conn: Connection) -> None:
            table.save_certificate_warnings(conn, monitor.id, now.dump())
            enqueue.certificate_renewed(conn, monitor.guild_id, monitor.id, ends_ms, now_ms)

        self._batch.forget_certificate(monitor.id)
        await self._db.write(write)
        self._wake()


def load_history(monitor: Monitor, stored: str | None) -> CertificateHistory:
    """The stored history of a monitor's certificate; an empty one when it cannot be read."""
    fresh = CertificateHistory(monitor.target.url)
    try:
        return fresh if stored is None else CertificateHistory.load(stored)
    except ValueError:
        log.exception("Certificate state unreadable, reset", extra={"monitor": monitor.id})
        return fresh
