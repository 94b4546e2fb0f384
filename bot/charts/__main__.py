"""The child: reads a picture's description from stdin, writes the PNG to stdout, ends."""

import contextlib
import os
import resource
import sys

from bot.charts.picture import Picture

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
    picture = Picture.from_json(sys.stdin.buffer.read())
    from bot.charts.drawing import draw  # noqa: PLC0415 - matplotlib is bound by the limits above

    sys.stdout.buffer.write(draw(picture))


if __name__ == "__main__":
    main()
