"""When each phase of a try ended, stamped by the parts that see it happen."""

import time

from bot.models import Phases


class PhaseTimer:
    """Seconds spent in each phase of one try, summed over its connections; None: not reached."""

    __slots__ = ("connect_s", "dns_s", "first_byte_s", "ready_at", "started", "tls_s")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.dns_s: float | None = None
        self.connect_s: float | None = None
        self.tls_s: float | None = None
        self.first_byte_s: float | None = None
        self.ready_at: float | None = None  # set while the first byte of a connection is awaited

    def resolved(self, began: float) -> float:
        """The name has its addresses; returns now, when connecting begins."""
        now = time.perf_counter()
        self.dns_s = (self.dns_s or 0.0) + now - began
        return now

    def connected(self, began: float) -> None:
        self.ready_at = time.perf_counter()
        self.connect_s = (self.connect_s or 0.0) + self.ready_at - began

    def secured(self, began: float) -> None:
        self.ready_at = time.perf_counter()
        self.tls_s = (self.tls_s or 0.0) + self.ready_at - began

    def received(self) -> None:
        """Something came; only the first of a connection is timed."""
        if self.ready_at is not None:
            waited_s = time.perf_counter() - self.ready_at
            self.first_byte_s = (self.first_byte_s or 0.0) + waited_s
            self.ready_at = None

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.started

    def phases(self) -> Phases:
        """The same in milliseconds, with the whole length up to now."""
        return Phases(
            dns=_ms(self.dns_s),
            connect=_ms(self.connect_s),
            tls=_ms(self.tls_s),
            first_byte=_ms(self.first_byte_s),
            total=round(self.elapsed_s() * 1000, 3),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
