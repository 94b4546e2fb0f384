"""One gateway session: what it asked for, what it was sent, and the socket it has now."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Protocol

from sandbox.errors import Json
from sandbox.snowflakes import TIMESTAMP_SHIFT

BACKLOG = 1000


class Intent(IntFlag):
    """The intents whose events the sandbox sends."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


HIGHEST_INTENT = 1 << 25


class Line(Protocol):
    """What a session needs of a socket."""

    def put(self, payload: Json) -> None:
        """Queue one frame."""
        ...

    def close(self, code: int | None) -> None:
        """End the connection with a code, or without a word when there is none."""
        ...


@dataclass(slots=True)
class Session:
    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)
    seq: int = 0
    backlog: deque[Json] = field(default_factory=lambda: deque(maxlen=BACKLOG))
    line: Line | None = None

    def owns(self, guild_id: str | None) -> bool:
        """Whether events of a server (or of no server: shard 0) are this session's."""
        index, count = self.shard
        return (int(guild_id) >> TIMESTAMP_SHIFT if guild_id else 0) % count == index

    def push(self, event: str, data: Json) -> None:
        """Send an event, or keep it for a resume."""
        self.seq += 1
        payload = {"op": 0, "t": event, "s": self.seq, "d": data}
        self.backlog.append(payload)
        if self.line is not None:
            self.line.put(payload)

    def remembers(self, after: int) -> bool:
        """Whether nothing that came after a sequence number is forgotten yet."""
        return not self.backlog or int(self.backlog[0]["s"]) <= after + 1

    def replay(self, after: int) -> None:
        """Send again everything after a sequence number."""
        for payload in self.backlog:
            if payload["s"] > after and self.line is not None:
                self.line.put(payload)
