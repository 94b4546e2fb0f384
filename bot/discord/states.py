"""Names of a monitor's states: always a word, never colour alone."""

from collections import Counter
from collections.abc import Iterable

from bot.models import Incident
from bot.services.status import STATE_OF_KIND, MonitorStatus, state_of
from bot.words.phrases import stamp, state_text
from bot.words.translator import NN_, Translator

RED, YELLOW, GREEN, GREY = 0xDA373C, 0xF0B232, 0x23A55A, 0x80848E
ORANGE = 0xE67E22  # others report something
# In the order of a summary: what hurts most comes first.
_WORDS = {
    "down": (NN_("{n} down", "{n} down"), RED),
    "unstable": (NN_("{n} unstable", "{n} unstable"), YELLOW),
    "slow": (NN_("{n} slow", "{n} slow"), YELLOW),
    "refused": (NN_("{n} refused", "{n} refused"), YELLOW),
    "partly": (NN_("{n} partly", "{n} partly"), YELLOW),
    "recovering": (NN_("{n} recovering", "{n} recovering"), YELLOW),
    "up": (NN_("{n} up", "{n} up"), GREEN),
    "unknown": (NN_("{n} pending", "{n} pending"), GREY),
    "paused": (NN_("{n} paused", "{n} paused"), GREY),
}


def state_word(words: Translator, status: MonitorStatus) -> str:
    """``🔴 DOWN``, ``🟢 UP · MAINTENANCE``, ``🟡 SLOW · MUTED`` …"""
    said = [state_text(words, state_of(status))]
    if status.maintenance is not None:
        said.append(words.text("MAINTENANCE"))
    if status.monitor.muted_until_ms is not None:
        said.append(words.text("MUTED"))
    return " · ".join(said)


def incident_word(words: Translator, incident: Incident) -> str:
    """``🔴 DOWN``, ``🟡 SLOW`` …, or ``🟡 RECOVERING``."""
    key = STATE_OF_KIND.get(incident.kind, incident.kind.value)
    return state_text(words, "recovering" if incident.recovering else key)


def offline_text(words: Translator, since_ms: int) -> str:
    """Line above every state while Vigie itself is offline."""
    return words.text(
        "I have been offline since {time} (no connectivity check answers); failures"
        " are not counted.",
        time=stamp(since_ms, "T"),
    )


def colour_of(found: Iterable[MonitorStatus]) -> int:
    states = {state_of(one) for one in found}
    return next((_WORDS[key][1] for key in _WORDS if key in states), _WORDS["unknown"][1])


def summary(words: Translator, found: Iterable[MonitorStatus]) -> str:
    """``2 down · 1 slow · 14 up``."""
    shown = list(found)
    counts = Counter(state_of(one) for one in shown)
    parts = [words.plural(*_WORDS[key][0], counts[key]) for key in _WORDS if counts[key]]
    worked_on = sum(one.maintenance is not None for one in shown)
    if worked_on:
        parts.append(words.plural("{n} in maintenance", "{n} in maintenance", worked_on))
    muted = sum(one.monitor.muted_until_ms is not None for one in shown)
    if muted:
        parts.append(words.plural("{n} muted", "{n} muted", muted))
    return " · ".join(parts)
