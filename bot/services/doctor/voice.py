"""How the doctor speaks: in which language, and how its surface shows moments and commands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.services.status import MonitorStatus
from bot.words.escaping import markdown
from bot.words.translator import Translator

_NAMES = 3
_NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Voice:
    """``moment`` and ``day`` show epoch milliseconds, ``command`` a command such as ``watch add``,
    ``quote`` what somebody else said.
    """

    words: Translator
    moment: Callable[[int], str]
    day: Callable[[int], str]
    command: Callable[[str], str]
    quote: Callable[[str], str]

    def names(self, found: Sequence[MonitorStatus]) -> str:
        """The first few monitors by name, and how many more there are."""
        shown = [markdown(one.monitor.name, _NAME_LIMIT) for one in found[:_NAMES]]
        if len(found) > _NAMES:
            shown.append(self.words.text("+{n} more", n=len(found) - _NAMES))
        return self.words.list(shown)
