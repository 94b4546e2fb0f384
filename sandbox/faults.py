"""Faults on order: what the API does wrong, to which requests, and how often."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

FaultName = Literal[
    "429",
    "500",
    "502",
    "503",
    "504",
    "400",
    "401",
    "403",
    "404",
    "cloudflare",
    "blocked",
    "reset",
    "close",
    "stall",
    "accept_then_504",
    "accept_then_reset",
    "accept_then_stall",
]
NAMES: tuple[str, ...] = get_args(FaultName)
Scope = Literal["user", "shared", "global"]


@dataclass(slots=True)
class Fault:
    """One order. ``times`` None means until cleared; ``path`` is searched in the path after v10."""

    name: FaultName
    method: str | None = None
    path: str | None = None
    times: int | None = None
    retry_after: float = 1.0
    scope: Scope = "user"
    code: int = 0
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method is not None and self.method.upper() != method:
            return False
        return self.path is None or re.search(self.path, path) is not None

    @property
    def after(self) -> bool:
        """True if the request is carried out before the answer goes wrong."""
        return self.name.startswith("accept_then_")

    @property
    def ending(self) -> str:
        """End of the request: a status, ``reset``, ``stall`` …"""
        return self.name.removeprefix("accept_then_")


@dataclass(slots=True)
class Faults:
    """All orders, first come first served."""

    orders: list[Fault] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def add(
        self,
        fault: FaultName,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = None,
        retry_after: float = 1.0,
        scope: Scope = "user",
        code: int = 0,
    ) -> Fault:
        """Order a fault. ValueError for an unknown one or a broken pattern."""
        if fault not in NAMES:
            raise ValueError(f"unknown fault {fault!r}: use one of {', '.join(NAMES)}")
        try:
            re.compile(path or "")
        except re.error as error:
            raise ValueError(f"path: {error}") from error
        order = Fault(fault, method, path, times, retry_after, scope, code)
        self.orders.append(order)
        return order

    def clear(self) -> None:
        """End all faults; stalled requests are cut off."""
        self.orders.clear()
        self.released.set()
        self.released = asyncio.Event()

    def take(self, method: str, path: str) -> Fault | None:
        """Take the fault for this request, counted as used."""
        for order in self.orders:
            if order.matches(method, path):
                order.hits += 1
                return order
        return None
