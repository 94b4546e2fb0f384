"""Moments as Discord shows them: in each reader's own zone and language."""


def stamp(ms: int, style: str = "R") -> str:
    """``<t:unix:style>``; R is relative ("2 minutes ago"), t the time of day, f date and time."""
    return f"<t:{ms // 1000}:{style}>"
