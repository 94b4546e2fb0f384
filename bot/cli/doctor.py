"""``vigie doctor``: is everything ready, and if not, what to do."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec

from bot import log
from bot.clock import SystemClock
from bot.config import Config
from bot.errors import ConfigError
from bot.services.doctor import Finding, Grade, examine

CONNECT_S, HELLO_S, STEP_S = 5.0, 0.7, 0.05
READY, WARNINGS, BROKEN = 0, 1, 2
_MARKS = {Grade.OK: "✔", Grade.WARNING: "▲", Grade.BROKEN: "✖"}
_STATUS = {Grade.OK: READY, Grade.WARNING: WARNINGS, Grade.BROKEN: BROKEN}


def run(config: Config, *, as_json: bool) -> int:
    """Returns 0 ready, 1 warnings, 2 broken."""
    log.setup("ERROR", secrets=[config.token] if config.token else [])
    findings = asyncio.run(examine(config))
    if config.nats_url:
        findings.append(asyncio.run(_places(config)))
    return report(findings, as_json=as_json)


async def _places(config: Config) -> Finding:
    name, fix = "Places", "See docs/places.md."
    if find_spec("nats") is None:
        return Finding(name, Grade.BROKEN, "need an extra", "pip install 'vigie[places]'")
    from bot.places.address import read_server  # noqa: PLC0415 - the extra may be missing
    from bot.places.link import Link  # noqa: PLC0415

    try:
        link = Link(read_server(config.nats_url, "VIGIE_NATS_URL"), SystemClock())
        await link.judge()
    except ConfigError as error:
        return Finding(name, Grade.BROKEN, "cannot be asked", str(error))
    running = asyncio.create_task(link.run())
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            while not link.connected:  # noqa: ASYNC110 - a few looks
                await asyncio.sleep(STEP_S)
            await asyncio.sleep(HELLO_S)
    running.cancel()
    if not link.connected:
        return Finding(name, Grade.BROKEN, f"no connection to {link.server}: {link.trouble}", fix)
    found = [f"{one.name} ({one.release})" for one in link.status()]
    if not found:
        return Finding(name, Grade.WARNING, f"nobody answers at {link.server}", fix)
    return Finding(name, Grade.OK, f"{', '.join(found)} at {link.server}")


def refuse(text: str, *, as_json: bool) -> int:
    """A setting that cannot be read is the whole report."""
    return report([Finding("Settings", Grade.BROKEN, "cannot be read", text)], as_json=as_json)


def report(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print all findings; returns the exit status of the worst."""
    status = max(_STATUS[one.grade] for one in findings)
    if as_json:
        verdict = {READY: "ready", WARNINGS: "warnings", BROKEN: "broken"}[status]
        checks = [asdict(one) for one in findings]
        print(json.dumps({"verdict": verdict, "checks": checks}, ensure_ascii=False))
        return status
    for one in findings:
        print(f"{_MARKS[one.grade]} {one.name}: {one.text}")
        if one.fix:
            print(f"  → {one.fix}")
    return status
