"""How the demo's page shows its time: one second as a minute, local sites by friendly names.

Only what the page is sent is changed. The bot, its messages and the sandbox's own clock are not.
"""

import re
from datetime import UTC, datetime
from typing import Any

from sandbox.errors import Json

SCALE = 60
_SITE = re.compile(r"(?<!\]\(http://)\b([a-z0-9-]+)\.localhost:\d+")
_MARK = re.compile(r"<t:(\d+)(:[a-zA-Z])?>")
_UNITS = {
    "s": "min", "sec": "min", "second": "minute", "seconds": "minutes",
    "seconde": "minute", "secondes": "minutes", "min": "h", "minute": "hour", "minutes": "hours",
}  # fmt: skip
_LENGTH = rf"\d+[ \u00a0\u202f](?:{'|'.join(_UNITS)})\b"
# Lengths of time that passed, not those of settings such as "no answer in 10 s" or "450 ms".
_BEFORE = "after|for|lasted|took|failed in|depuis|après|pendant|duré|échoué en"
_SPAN = rf"{_LENGTH}(?:[ \u00a0\u202f]{_LENGTH})?"
_PASSED = re.compile(rf"(?:\b(?:{_BEFORE}) {_SPAN}|(?<= \(){_SPAN}(?=\)))")
_EVERY = re.compile(r"\b(every|toutes les|chaque) (?:1[ \u00a0\u202f])?(?:s|seconde?)\b")
_EVERY_WORDS = {
    "every": "every 60 s",
    "chaque": "chaque minute",
    "toutes les": "toutes les minutes",
}
_LENGTHS = re.compile(rf"(\d+)([ \u00a0\u202f])({'|'.join(_UNITS)})\b")


class TimeLapse:
    """``begun`` is when the story began, in epoch seconds; what was before is shown as it was."""

    def __init__(self, begun: float) -> None:
        self.begun = begun

    def moment(self, unix: float, now: float) -> float:
        """Where a moment stands on the page's clock; what is still to come stays as far away."""
        past = min(unix, now)
        return unix if past <= self.begun else unix + (past - self.begun) * (SCALE - 1)

    def shown(self, news: Any, now: float) -> Any:
        """The same JSON as the page shows it."""
        if isinstance(news, dict):
            return {key: self._value(key, value, now) for key, value in news.items()}
        if isinstance(news, list):
            return [self.shown(one, now) for one in news]
        return self._text(news, now) if isinstance(news, str) else news

    def _value(self, key: str, value: Any, now: float) -> Any:
        if key in {"timestamp", "edited_timestamp"} and isinstance(value, str):
            moment = self.moment(datetime.fromisoformat(value).timestamp(), now)
            return datetime.fromtimestamp(moment, UTC).isoformat()
        # Addresses stay what they are, so that a click works.
        return value if key in {"url", "proxy_url", "custom_id"} else self.shown(value, now)

    def _text(self, text: str, now: float) -> str:
        text = _SITE.sub(r"\1.example", text)
        text = _EVERY.sub(lambda found: _EVERY_WORDS[found[1]], text)
        text = _PASSED.sub(lambda found: _slower(found[0]), text)
        return _MARK.sub(
            lambda found: f"<t:{self.moment(int(found[1]), now):.0f}{found[2] or ''}>", text
        )

    def as_json(self) -> Json:
        """What the page needs for its own clock."""
        return {"begun": self.begun, "scale": SCALE}


def _slower(length: str) -> str:
    """``15 s`` as ``15 min``: a scale of 60 is the next unit."""
    return _LENGTHS.sub(lambda found: f"{found[1]}{found[2]}{_UNITS[found[3]]}", length)
