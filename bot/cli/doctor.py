"""``vigie doctor``: is everything ready, and if not, what to do."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict

from bot import log
from bot.config import Config
from bot.services.doctor import Finding, Grade, examine

READY, WARNINGS, BROKEN = 0, 1, 2
_MARKS = {Grade.OK: "✔", Grade.WARNING: "▲", Grade.BROKEN: "✖"}
_STATUS = {Grade.OK: READY, Grade.WARNING: WARNINGS, Grade.BROKEN: BROKEN}


def run(config: Config, *, as_json: bool) -> int:
    """Returns 0 ready, 1 warnings, 2 broken."""
    log.setup("ERROR", secrets=[config.token] if config.token else [])
    return report(asyncio.run(examine(config)), as_json=as_json)


def refused(text: str, *, as_json: bool) -> int:
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
