"""Settings of a sandbox: limits that Discord keeps, with Discord's values."""

from dataclasses import dataclass

# Intents an application must apply for: members, presences, message content.
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15


@dataclass(slots=True)
class Settings:
    """Times in seconds. The defaults are Discord's."""

    first_answer_s: float = 3.0
    rate_limits: bool = True
    global_per_second: int = 50
    session_starts: int = 1000
    shards: int = 1  # how many the API recommends
    granted_intents: int = 0  # of the privileged ones
