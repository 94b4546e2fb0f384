"""Rule for warnings of a certificate's end: pure, fed with what good checks saw.

Nodes of one site may show different certificates, so a single observation proves nothing: the rule
looks at the one that ends last among the recent ones, so that it warns only when none of them saw
a renewed one. Each end is warned of at most once at each threshold, whatever is seen between.
"""

import json
from dataclasses import dataclass, field, replace

from bot.clock import DAY_MS, HOUR_MS

THRESHOLDS = (14, 7, 3, 1)  # days before the end
NEEDED = 3  # observations before any warning
# Observations that count: the last 16, but nothing older than an hour once three are newer. A site
# that is seen once a day must not wait two weeks for its renewal to be believed.
KEPT = 16
FRESH_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Observation:
    """When a good check saw a certificate, and when that ends: UTC epoch milliseconds."""

    at_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Warned:
    """A threshold that was warned of for that end, or needs no warning any more."""

    ends_ms: int
    days: int


@dataclass(frozen=True, slots=True)
class CertificateHistory:
    """Certificates seen at one address. ``recent`` alone is not stored: it is soon seen again.

    ``known_ms``: the latest end that was ever taken for the site's own.
    """

    url: str
    recent: tuple[Observation, ...] = field(default=(), compare=False)
    known_ms: int | None = None
    warned: tuple[Warned, ...] = ()

    def dump(self) -> str:
        """The stored form: what has to survive a restart."""
        warned = [[one.ends_ms, one.days] for one in self.warned]
        return json.dumps({"url": self.url, "known_ms": self.known_ms, "told": warned})

    @classmethod
    def load(cls, text: str) -> "CertificateHistory":
        """Read what ``dump`` wrote. Raises ValueError for anything else."""
        try:
            raw = json.loads(text)
            warned = tuple(Warned(int(ends_ms), int(days)) for ends_ms, days in raw["told"])
            known_ms = None if raw["known_ms"] is None else int(raw["known_ms"])
            return cls(str(raw["url"]), known_ms=known_ms, warned=warned)
        except (LookupError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError("no observations of a certificate") from error


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """Say that the certificate ends in ``days`` (0: today); ``then`` is what to remember then."""

    days: int
    ends_ms: int
    then: CertificateHistory


def observe(before: CertificateHistory, at_ms: int, ends_ms: int) -> CertificateHistory:
    """The history after one more good check.

    An end that is clearly later is a renewal: where it stands among the thresholds is no news,
    so that short-lived certificates are not announced at every renewal.
    """
    now = replace(before, recent=_recent((*before.recent, Observation(at_ms, ends_ms))))
    if len(now.recent) < NEEDED:
        return now
    last_ms = _last_end(now)
    if now.known_ms is None:
        return replace(now, known_ms=last_ms)
    if last_ms <= now.known_ms + DAY_MS:
        return now
    days = _threshold(last_ms, at_ms)
    renewed = replace(now, known_ms=last_ms)
    return renewed if days is None else _remember(renewed, Warned(last_ms, days), at_ms)


def warning_due(now: CertificateHistory, at_ms: int) -> ExpiryWarning | None:
    """The warning due after the observation of that moment; None: none, or none that is new."""
    if len(now.recent) < NEEDED:
        return None
    last_ms = _last_end(now)
    threshold = _threshold(last_ms, at_ms)
    if threshold is None or threshold >= _lowest_warned(now, last_ms):
        return None
    left = round((last_ms - at_ms) / DAY_MS)
    # First seen with 7.2 days left: "in 7 days" is said now and need not be said again at 7.
    warned = Warned(last_ms, left if left in THRESHOLDS else threshold)
    return ExpiryWarning(left, last_ms, _remember(now, warned, at_ms))


def _recent(observations: tuple[Observation, ...]) -> tuple[Observation, ...]:
    newest_ms = observations[-1].at_ms
    fresh = sum(1 for one in observations if newest_ms - one.at_ms <= FRESH_MS)
    return observations[-min(KEPT, max(fresh, NEEDED)) :]


def _last_end(now: CertificateHistory) -> int:
    return max(one.ends_ms for one in now.recent)


def _threshold(ends_ms: int, at_ms: int) -> int | None:
    """The narrowest threshold that has been reached; None before all of them and after the end."""
    left_ms = ends_ms - at_ms
    reached = [days for days in THRESHOLDS if left_ms <= days * DAY_MS]
    return min(reached) if reached and left_ms > 0 else None


def _lowest_warned(now: CertificateHistory, ends_ms: int) -> int:
    """Certificates of one site that end within a day of each other count as one."""
    near = [one.days for one in now.warned if abs(one.ends_ms - ends_ms) <= DAY_MS]
    return min(near, default=THRESHOLDS[0] + 1)


def _remember(now: CertificateHistory, warned: Warned, at_ms: int) -> CertificateHistory:
    """Kept until nothing more can be said of that end, so there are never many."""
    kept = [one for one in now.warned if one.ends_ms + DAY_MS > at_ms and one != warned]
    return replace(now, warned=(*kept, warned))
