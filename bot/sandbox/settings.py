"""What a test may turn: the windows and limits that Discord keeps, with Discord's values."""

from dataclasses import dataclass

# Intents an application must apply for: members, presences, message content.
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15


@dataclass(slots=True)
class Settings:
    """Times in seconds. The defaults are Discord's, except where a comment says so."""

    first_answer_s: float = 3.0
    token_life_s: float = 900.0
    # "The past few minutes": Discord never stated the length of the nonce window.
    nonce_window_s: float = 300.0
    rate_limits: bool = True
    global_per_second: int = 50
    heartbeat_interval_ms: int = 41_250
    session_starts: int = 1000
    # Discord allows one IDENTIFY per 5 s; off here, because tests restart bots quickly.
    identify_gap_s: float = 0.0
    granted_intents: int = 0  # of the privileged ones
    recommended_shards: int = 1
    locale: str = "en-US"
