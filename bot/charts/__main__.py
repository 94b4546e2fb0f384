"""The child: reads a picture's description from stdin, writes the PNG to stdout, ends."""

import contextlib
import json
import os
import resource
import sys

from bot.charts.picture import DayGrid, Picture

CPU_S = 20
MEMORY = 1 << 30
_NICE = 10


def main() -> None:
    """Bounded from inside too: a child whose parent died ends by itself."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(_NICE)  # checks come first; systemd's filter may forbid it
    given = sys.stdin.buffer.read()
    # What draws is imported under the limits above.
    if json.loads(given).keys() == DayGrid.__dataclass_fields__.keys():
        from bot.charts import day_grid  # noqa: PLC0415

        png = day_grid.draw(DayGrid.from_json(given))
    else:
        from bot.charts import drawing  # noqa: PLC0415

        png = drawing.draw(Picture.from_json(given))
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
