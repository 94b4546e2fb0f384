"""``vigie check URL``: one probe from the shell, its phases and its verdict."""

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from bot.clock import SystemClock
from bot.config import Config
from bot.engine.http_probe import HttpProbe
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolver
from bot.errors import AddressRefused
from bot.models import CheckResult, Reason, Target
from bot.words.catalogue import words_for
from bot.words.causes import cause_text
from bot.words.safe import plain

UP, NOT_UP, REFUSED = 0, 1, 2
_REFUSALS = frozenset({Reason.ADDRESS_REFUSED, Reason.REDIRECT_REFUSED})
ECHO_LIMIT = 200


def run(url: str, *, as_json: bool, config: Config) -> int:
    """Probe once; returns 0 up, 1 not up, 2 refused or unusable."""
    guard = Netguard(allow_private=config.allow_private, ports=config.ports)
    try:
        address = guard.check_url(with_scheme(url.strip()))
    except AddressRefused as error:
        _print_refusal(url, str(error), as_json=as_json)
        return REFUSED
    result = asyncio.run(_probe(guard, address))
    if as_json:
        print(json.dumps(_as_json(address, result)))
    else:
        print(_as_text(address, result))
    if result.ok:
        return UP
    return REFUSED if result.cause and result.cause.reason in _REFUSALS else NOT_UP


def with_scheme(text: str) -> str:
    """Https is meant where no scheme is typed; everything else is taken as it stands."""
    return text if "://" in text or text.startswith("/") else f"https://{text}"


async def _probe(guard: Netguard, url: str) -> CheckResult:
    clock = SystemClock()
    resolver = Resolver(clock)
    try:
        return await HttpProbe(guard, resolver, clock=clock).probe(Target(url))
    finally:
        await resolver.close()


def _verdict(result: CheckResult) -> str:
    if result.ok:
        return "up"
    return "refused" if result.cause and result.cause.reason in _REFUSALS else "down"


def _as_json(url: str, result: CheckResult) -> dict[str, object]:
    expires = result.certificate_expires_ms
    return {
        "url": url,
        "verdict": _verdict(result),
        "cause": None if result.cause is None else cause_text(words_for("en"), result.cause),
        "status": result.status,
        "phases_ms": asdict(result.phases),
        "certificate_expires": None if expires is None else _iso(expires),
        "address": result.address,
        "final_url": result.final_url or url,
    }


def _as_text(url: str, result: CheckResult) -> str:
    words = words_for("en")
    said = "fine" if result.cause is None else cause_text(words, result.cause)
    lines = [f"{_verdict(result).upper()} · {url} · {said}"]
    if result.status is not None:
        lines.append(f"  answer      HTTP {result.status} from {result.address}")
    if result.final_url is not None:
        note = " (over plain http)" if result.downgraded else ""
        lines.append(f"  redirected  {result.final_url}{note}")
    for name, ms in asdict(result.phases).items():
        if ms is not None:
            lines.append(f"  {name.replace('_', ' '):<11} {ms:8.1f} ms")
    if result.certificate_expires_ms is not None:
        lines.append(f"  certificate ends {_iso(result.certificate_expires_ms)}")
    return "\n".join(lines)


def _print_refusal(url: str, sentence: str, *, as_json: bool) -> None:
    if as_json:
        shown = plain(url, ECHO_LIMIT)
        print(json.dumps({"url": shown, "verdict": "refused", "cause": sentence, "status": None}))
    else:
        print(sentence, file=sys.stderr)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
