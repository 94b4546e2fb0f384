"""Notifies everyone who listens that something in the sandbox changed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sandbox.errors import Json

T = TypeVar("T")
Listener = Callable[[Json], None]


class Changes:
    """Changes of the sandbox: sent by ``/sandbox/live``, and waking waiting tests."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._waiting: set[asyncio.Event] = set()

    def listen(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def forget(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def publish(self, news: Json) -> None:
        """Hand one piece of news to every listener and wake all who wait."""
        for listener in list(self._listeners):
            listener(news)
        self.stir()

    def stir(self) -> None:
        """Wake all who wait without any news for the page."""
        for event in self._waiting:
            event.set()

    async def wait_for(self, predicate: Callable[[], T], timeout_s: float) -> T:
        """Wait until ``predicate`` is truthy and return its value; TimeoutError after that."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := predicate()):
                    await event.wait()
                    event.clear()
                return value
        finally:
            self._waiting.discard(event)
