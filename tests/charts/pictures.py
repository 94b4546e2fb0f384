"""Pictures for the tests of what describes and draws them."""

from bot.charts.picture import Labels, Picture, Point, Tick

HOUR_MS = 3_600_000
BEGIN_MS = 1_699_920_000_000  # a midnight in UTC
DAY = (BEGIN_MS, BEGIN_MS + 24 * HOUR_MS)
ENGLISH = Labels(
    "median", "95th percentile", "✖ down", "▲ unstable", "not watched", "UTC", "players"
)

_WATCHED = (*range(16), *range(20, 24))
_PLAYERS = tuple((BEGIN_MS + hour * HOUR_MS, hour * 5 % 37) for hour in _WATCHED)


def a_picture(labels: Labels = ENGLISH) -> Picture:
    """A day with an outage, an hour of instability, a gap, and a lonely point behind it."""
    hours = [Point(BEGIN_MS + n * HOUR_MS, 100 + n, 200 + n) for n in range(24)]
    return Picture(
        span=DAY,
        top_ms=300,
        runs=(tuple(hours[:8]), tuple(hours[10:16]), (hours[20],)),
        down=((BEGIN_MS + 8 * HOUR_MS, BEGIN_MS + 9 * HOUR_MS), (DAY[1] - 1000, DAY[1])),
        unstable=((BEGIN_MS + 12 * HOUR_MS, BEGIN_MS + 13 * HOUR_MS),),
        unwatched=((BEGIN_MS + 16 * HOUR_MS, BEGIN_MS + 20 * HOUR_MS),),
        time_ticks=tuple(Tick(BEGIN_MS + n * HOUR_MS, f"{n:02}:00") for n in range(4, 24, 4)),
        ms_ticks=(Tick(0, "0 ms"), Tick(200, "200 ms")),
        labels=labels,
        players=_PLAYERS,
    )
