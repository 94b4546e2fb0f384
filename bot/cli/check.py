"""``vigie check URL``: checks one address once and prints phases and verdict."""

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from bot.clock import DAY_MS, SystemClock
from bot.config import Config
from bot.engine.kinds import ADDRESS_RULES, Checkers
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolver
from bot.errors import AddressRefused
from bot.models import Cause, CheckResult, Game, Reason, Target
from bot.services.typed_text import typed_address
from bot.words.causes import cause_sentence, cause_text
from bot.words.escaping import plain
from bot.words.translator import translator_for

UP, NOT_UP, REFUSED = 0, 1, 2
ECHO_LIMIT = 200


def run(url: str, *, as_json: bool, config: Config) -> int:
    """Returns 0 up, 1 not up, 2 refused or unusable.

    A site that redirects to a refused address is not up: people who follow it arrive nowhere.
    """
    guard = Netguard(allow_private=config.allow_private, ports=config.ports)
    try:
        address = guard.check_url(typed_address(url.strip()), ADDRESS_RULES)
    except AddressRefused as error:
        return refuse(str(error), url=url, as_json=as_json)
    result = asyncio.run(_check(guard, address))
    print(json.dumps(_as_json(address, result)) if as_json else _as_text(address, result))
    return {"up": UP, "down": NOT_UP}.get(_verdict(result), REFUSED)


async def _check(guard: Netguard, url: str) -> CheckResult:
    clock = SystemClock()
    resolver = Resolver(clock)
    try:
        return await Checkers(guard, resolver, clock=clock).check(Target(url))
    finally:
        await resolver.close()


def _verdict(result: CheckResult) -> str:
    """``unknown``: this machine was short of something, so nothing is known of the site."""
    if result.cause is None:
        return "up"
    if result.cause.is_ours:
        return "unknown"
    return "refused" if result.cause.reason is Reason.ADDRESS_REFUSED else "down"


def _cause(result: CheckResult) -> str | None:
    cause = result.cause
    words = translator_for("en")
    if cause is None:
        return None
    if cause.reason is Reason.MAY_NOT_PING:  # whoever has a shell here can change that
        return cause_sentence(words, cause)
    return cause_text(words, Cause(cause.reason) if cause.hides_a_name else cause)


def _reason(cause: Cause) -> str:
    """For programs; that a name leads inside is no secret to whoever has a shell here."""
    return str(cause.reason if cause.hides_a_name else cause)


def _as_json(url: str, result: CheckResult) -> dict[str, object]:
    """``reason`` is the cause for programs, as ``http:503``; ``cause`` is it for people."""
    expires_ms = result.certificate_expires_ms
    return {
        "url": url,
        "verdict": _verdict(result),
        "cause": _cause(result),
        "reason": None if result.cause is None else _reason(result.cause),
        "status": result.status,
        "phases_ms": asdict(result.phases),
        "certificate_expires": None if expires_ms is None else _iso(expires_ms),
        "certificate_days": None if expires_ms is None else (expires_ms - result.at_ms) // DAY_MS,
        "address": result.address,
        "final_url": result.final_url or url,
        "downgraded": result.downgraded,
        **asdict(result.game or Game()),
    }


def _as_text(url: str, result: CheckResult) -> str:
    lines = [f"{_verdict(result).upper()} · {url} · {_cause(result) or 'OK'}"]
    if result.status is not None:
        lines.append(f"  answer      HTTP {result.status} from {result.address}")
    elif result.address is not None:
        lines.append(f"  address     {result.address}")
    for name, value in asdict(result.game or Game()).items():
        if value is not None:
            lines.append(f"  {name.replace('_', ' '):<11} {value}")
    if result.final_url is not None:
        note = " (over plain http)" if result.downgraded else ""
        lines.append(f"  redirected  {result.final_url}{note}")
    for name, ms in asdict(result.phases).items():
        if ms is not None:
            lines.append(f"  {name.replace('_', ' '):<11} {ms:8.1f} ms")
    if result.certificate_expires_ms is not None:
        lines.append(f"  certificate ends {_iso(result.certificate_expires_ms)}")
    return "\n".join(lines)


def refuse(sentence: str, *, url: str, as_json: bool) -> int:
    """Print why nothing was checked, with the same keys as any other verdict; returns 2."""
    if not as_json:
        print(sentence, file=sys.stderr)
        return REFUSED
    nothing = _as_json(plain(url, ECHO_LIMIT), CheckResult(0, Cause(Reason.ADDRESS_REFUSED)))
    print(json.dumps(nothing | {"cause": sentence, "final_url": None}))
    return REFUSED


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
