"""How many tries may run at once: in all, and to one host and port."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Places for running tries. A try that waits for its host holds no place of others.

    ``slots`` 0 means no limit in all. One monitor has at most one try under way, so the need never
    passes the number of monitors, and hanging sites cost memory, never others' places (measured:
    a limit under rate x deadline keeps a third of all tries from starting in time).
    """

    def __init__(self, slots: int, per_host: int) -> None:
        self._slots = slots
        self._per_host = per_host
        self._running = 0
        self._busy: dict[str, int] = {}  # running, or next in the queue
        self._waiting: dict[str, deque[T]] = {}
        self._queue: deque[tuple[str, T]] = deque()

    def enter(self, host: str, item: T) -> bool:
        """Take a place; False when ``item`` has to wait (:meth:`leave` hands it out later)."""
        if self._busy.get(host, 0) >= self._per_host:
            self._waiting.setdefault(host, deque()).append(item)
            return False
        self._busy[host] = self._busy.get(host, 0) + 1
        if self._slots and self._running >= self._slots:
            self._queue.append((host, item))
            return False
        self._running += 1
        return True

    def leave(self, host: str) -> list[tuple[str, T]]:
        """Give a place back; returns who holds one now instead, each with its host."""
        self._running -= 1
        waiting = self._waiting.get(host)
        if waiting:
            self._queue.append((host, waiting.popleft()))
            if not waiting:
                del self._waiting[host]
        elif self._busy[host] == 1:
            del self._busy[host]
        else:
            self._busy[host] -= 1
        ready = []
        while self._queue and not (self._slots and self._running >= self._slots):
            self._running += 1
            ready.append(self._queue.popleft())
        return ready
