"""The subjects of NATS: who talks to whom. ``vigie places`` writes permissions for just these."""

HELLO = "vigie.hello"  # .paris: a lookout's sign of life, to the bot
WHO = "vigie.who"  # the bot asks who is there
CHECKS = "vigie.check"  # scheduled checks, to one of the trusted lookouts
GROUP = "lookouts"  # the queue group that shares them


def hello(place: str) -> str:
    return f"{HELLO}.{place}"


def ask(place: str, *, secret: bool = False) -> str:
    """What the bot asks this place. The server lets it alone listen, and what is ``secret``
    (headers, queries) only when it is trusted.
    """
    return f"vigie.place.{place}.{'secret' if secret else 'check'}"
