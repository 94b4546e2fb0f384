"""Work that shares the outbox's way to Discord and stands behind it: it never delays an alert."""

import asyncio
from typing import Protocol

# What a step still has once an alert is due in its channel.
_ASIDE_S = 1.0


class Sideline(Protocol):
    """Delivery asks it for a channel's work when the outbox has none due there."""

    def due(self) -> dict[int, int]:
        """When each channel has something to do, in milliseconds of wall time."""
        ...

    async def step(self, channel_id: int) -> bool | None:
        """Do it: one message. True: done; False: it failed; None: nothing is due."""
        ...

    def stir(self) -> None:
        """Something has happened: there may be new work."""
        ...


class Sidelines:
    """All of them, in the order they are served."""

    def __init__(self) -> None:
        self._lines: list[Sideline] = []
        self._steps: dict[int, asyncio.Timeout] = {}

    def add(self, line: Sideline) -> None:
        self._lines.append(line)

    def beside(self, due: dict[int, int], now_ms: int) -> dict[int, int]:
        """When each channel has its first due work, that of the outbox (``due``) included."""
        for channel_id, step in self._steps.items():
            if step.when() is None and due.get(channel_id, now_ms + 1) <= now_ms:
                step.reschedule(asyncio.get_running_loop().time() + _ASIDE_S)
        for line in self._lines:
            for channel_id, due_ms in line.due().items():
                due[channel_id] = min(due_ms, due.get(channel_id, due_ms))
        return due

    async def step(self, channel_id: int) -> bool | None:
        """The first that has something to do; an alert that falls due meanwhile cuts it short."""
        try:
            async with asyncio.timeout(None) as limit:
                self._steps[channel_id] = limit
                return await self._first(channel_id)
        except TimeoutError:
            return False
        finally:
            self._steps.pop(channel_id, None)

    async def _first(self, channel_id: int) -> bool | None:
        for line in self._lines:
            done = await line.step(channel_id)
            if done is not None:
                return done
        return None

    def stir(self) -> None:
        for line in self._lines:
            line.stir()
