"""How long to wait after a failure: full jitter, which spreads many waiting senders best."""

import random

FIRST_S = 1.0
# While a row is fresh, somebody waits for it: the outage may be just now.
FRESH_MS = 120_000
FRESH_CAP_S = 10.0
OLD_CAP_S = 300.0
# Never zero: a loop that finds work due at once must still yield.
_LEAST_S = 0.05


def delay_s(attempts: int, age_ms: int, rng: random.Random) -> float:
    """Seconds until the next try of a row tried ``attempts`` times, first ``age_ms`` ago."""
    cap = FRESH_CAP_S if age_ms < FRESH_MS else OLD_CAP_S
    ceiling = min(cap, FIRST_S * 2 ** min(attempts - 1, 16))
    return max(_LEAST_S, rng.uniform(0, ceiling))
