"""Record of every request with its fate, for tests that check invariants."""

from dataclasses import asdict, dataclass, field

from sandbox.clock import SandboxClock
from sandbox.errors import Json


@dataclass(slots=True)
class Entry:
    """One request. ``status`` is 0 while it runs and when the connection was cut instead.

    ``accepted`` is whether it took effect, whatever the bot was answered; ``fault`` names an order.
    """

    at: float
    method: str
    path: str
    status: int = 0
    accepted: bool = False
    message_id: str | None = None
    nonce: str | None = None
    code: int = 0
    fault: str | None = None
    error: str | None = None
    body: Json | list[Json] | None = None


@dataclass(slots=True)
class Record:
    """All requests in order. ``bugs`` are errors of the sandbox itself."""

    clock: SandboxClock
    requests: list[Entry] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)

    def begin(self, method: str, path: str) -> Entry:
        entry = Entry(self.clock.now(), method, path)
        self.requests.append(entry)
        return entry

    @property
    def unknown_routes(self) -> list[str]:
        """``METHOD path`` of every request the sandbox has no route for."""
        return [f"{e.method} {e.path}" for e in self.requests if e.error == "unknown route"]

    def of(self, method: str, fragment: str = "") -> list[Entry]:
        """The requests with this method whose path contains ``fragment``."""
        return [e for e in self.requests if e.method == method and fragment in e.path]

    def as_json(self) -> list[Json]:
        return [asdict(entry) for entry in self.requests]
