"""Home inside a network of its own: ``python -m tests.places.home NATS_URL SITE_URL``.

Prints a JSON line for ``present NAME…`` (once just these are there) and one for ``check``: whether
home's own check got through, and what the other places say.
"""

import asyncio
import ipaddress
import json
import sys

from bot.clock import SystemClock
from bot.engine.kinds import Checkers
from bot.engine.netguard import Netguard
from bot.engine.place_router import vote
from bot.engine.resolver import Resolver
from bot.models import Target
from tests.places.rig import linked, until_present

DEADLINE_S = 2.0


async def main(url: str, site: str) -> None:
    clock = SystemClock()
    guard = Netguard(allow_private=(ipaddress.ip_network("10.77.0.0/24"),))
    prober = Checkers(guard, Resolver(clock), clock=clock)
    async with linked(url) as link:
        while line := await asyncio.to_thread(sys.stdin.readline):
            command, *names = line.split()
            if command == "present":
                await until_present(link, *names)
                print(json.dumps(names), flush=True)
                continue
            async with asyncio.timeout(DEADLINE_S):
                home = asyncio.ensure_future(prober.check(Target(site)))
                await asyncio.wait({home}, timeout=DEADLINE_S - 0.1)
            fine = home.done() and home.result().ok
            found = vote(await link.ask_all(Target(site), DEADLINE_S))
            print(json.dumps([fine, found.verdict, found.failing, found.silent]), flush=True)
            home.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
