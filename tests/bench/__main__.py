"""``make bench``: small tables of what Vigie costs, each with the bar it is held against.

``python -m tests.bench [storage] [year] [start] [kinds] [cost] [memory] [lateness] [places]
[door] [latency]`` runs some of them, all by default, in about twelve minutes; ``soak``,
``hostile`` and ``mass`` are run when they are asked for, and take ten each, the last twenty-five.
Machines are noisy: read the ratios, which are of one run. The last table has them together, beside
raw sockets, httpx and, where it is installed, blackbox_exporter.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.engine import process
from tests.bench import door, hostile_load, kinds, lateness, mass, places, product, storage, year
from tests.bench.tables import show_noted

ALL: dict[str, Callable[[Path], None]] = {
    "storage": storage.run,
    "year": year.run,
    "start": lambda folder: asyncio.run(year.start(folder)),
    "kinds": kinds.run,
    "cost": lambda folder: asyncio.run(product.cost(folder)),
    "memory": lambda folder: asyncio.run(product.memory(folder)),
    "lateness": lateness.run,
    "places": places.run,
    "door": door.run,
    "latency": lambda folder: asyncio.run(product.latency(folder)),
}
LONG: dict[str, Callable[[Path], None]] = {
    "soak": lambda folder: asyncio.run(product.soak(folder)),
    "hostile": hostile_load.run,
    "mass": mass.run,
}


def main(wanted: list[str]) -> int:
    known = ALL | LONG
    unknown = set(wanted) - set(known)
    if unknown:
        print(f"There is {', '.join(known)}; not {', '.join(unknown)}.", file=sys.stderr)
        return 2
    process.allow_many()
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        for name in wanted or ALL:
            known[name](Path(folder))
    show_noted()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
