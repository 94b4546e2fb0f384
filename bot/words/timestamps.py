"""Moments as Discord shows them: in each reader's own zone and language."""

from typing import Literal

# R "2 minutes ago", f date and time, F with the weekday, t and T the time of day, d and D the date.
Style = Literal["R", "f", "F", "t", "T", "d", "D"]


def stamp(ms: int, style: Style = "R") -> str:
    """``<t:unix:style>`` for UTC epoch milliseconds. Only for embeds: pushes show it raw."""
    return f"<t:{ms // 1000}:{style}>"
