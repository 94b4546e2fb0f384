"""The states of a monitor: always a word, never colour alone, with a sign before it.

In Discord the signs are those of the alerts. A page, whose fonts draw no such sign alike, has
shapes of its own.
"""

from collections.abc import Mapping

from bot.words.translator import N_, Translator

# By the key of :func:`bot.services.status.state_of`.
_WORDS = {
    "down": N_("DOWN"),
    "unstable": N_("UNSTABLE"),
    "slow": N_("SLOW"),
    "refused": N_("REFUSED"),
    "partly": N_("PARTLY"),
    "recovering": N_("RECOVERING"),
    "up": N_("UP"),
    "unknown": N_("PENDING"),
    "paused": N_("PAUSED"),
}
_USUAL_SIGN, _USUAL_SHAPE = "🟡", "▲"
_SIGNS = {"down": "🔴", "up": "🟢", "unknown": "⚪", "paused": "⚫"}
_SHAPES = {"down": "✖", "up": "✔", "unknown": "?", "paused": "‖"}


def state_text(words: Translator, state: str) -> str:
    """``🔴 DOWN``: for messages."""
    return _with_sign(words, state, _SIGNS, _USUAL_SIGN)


def state_on_page(words: Translator, state: str) -> str:
    """``✖ DOWN``: for web pages, feeds and badges."""
    return _with_sign(words, state, _SHAPES, _USUAL_SHAPE)


def _with_sign(words: Translator, state: str, signs: Mapping[str, str], usual: str) -> str:
    return f"{signs.get(state, usual)} {words.text(_WORDS[state])}"
