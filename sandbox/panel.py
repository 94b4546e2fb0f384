"""The demo's panel on the page: what a visitor may try, and switches that break things."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.changes import Changes
from sandbox.errors import Json


@dataclass(slots=True)
class Panel:
    """``switches``: by name, what turning one on or off does. Nothing is shown without any."""

    changes: Changes
    switches: dict[str, Callable[[bool], None]] = field(default_factory=dict)
    turned_on: set[str] = field(default_factory=set)
    chapter: str = ""

    def turn(self, name: str, *, on: bool) -> None:
        """Turn a switch. LookupError for an unknown one."""
        if name not in self.switches:
            raise LookupError(f"there is no switch {name!r}: use one of {sorted(self.switches)}")
        (self.turned_on.add if on else self.turned_on.discard)(name)
        self.switches[name](on)
        self._publish()

    def announce(self, chapter: str) -> None:
        """Say on the page what happens now; ``chapter`` names one of the page's own texts."""
        self.chapter = chapter
        self._publish()

    def as_json(self) -> Json | None:
        """None when there is nothing to show."""
        if not self.switches:
            return None
        switches = {name: name in self.turned_on for name in self.switches}
        return {"switches": switches, "chapter": self.chapter}

    def _publish(self) -> None:
        self.changes.publish({"type": "panel", "panel": self.as_json()})
