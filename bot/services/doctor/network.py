"""Discord, the clock, the name servers, whether Vigie is online, and the HTTP door."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.config import Config, ListenAddress, carries_secrets
from bot.db import stats
from bot.db.files import read_only
from bot.db.lock import is_held
from bot.engine.network import Answer, ApiClient
from bot.engine.resolver import NameFailed, Resolve
from bot.errors import ConfigError
from bot.services.doctor.findings import Finding, broken, ok, warning
from bot.words.causes import cause_text
from bot.words.escaping import plain
from bot.words.translator import translator_for

OK, UNAUTHORIZED = 200, 401
CLOCK_S = 5.0  # the header has whole seconds, and travels
NAME_LIMIT = 100
FEW_STARTS = 50  # below it Vigie waits before it connects
# Flags of an application: presence, members and message content, for large bots and small ones.
PRIVILEGED = 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 18 | 1 << 19
PORTAL = "https://discord.com/developers/applications"


async def findings(config: Config, resolver: Resolve) -> list[Finding]:
    """Asks everything at once; each question waits ten seconds at most."""
    api_client = ApiClient(resolver)
    # Without a token no header: one that ends in a blank cannot be sent at all.
    headers = {"Authorization": f"Bot {config.token}"} if config.token else {}
    me, application, gateway, names, online, door = await asyncio.gather(
        api_client.get(f"{config.api_url}/users/@me", headers),
        api_client.get(f"{config.api_url}/applications/@me", headers),
        api_client.get(f"{config.api_url}/gateway/bot", headers),
        _names(config, resolver),
        _online(config, api_client),
        _door(config, api_client),
    )
    found = [names, online, *door, _discord(me, config)]
    if me.cause is None:
        found.append(_clock(me, time.time()))
    if me.status == OK:
        found += [
            _unanswered("Application", application) or _application(_json(application)),
            _unanswered("Starts", gateway) or _starts(_json(gateway)),
        ]
    return found


def _discord(me: Answer, config: Config) -> Finding:
    host = urlsplit(config.api_url).hostname
    if me.cause is not None:
        cause = cause_text(translator_for("en"), me.cause)
        return broken(
            "Discord",
            f"{host} gives no answer: {cause}",
            "Check DNS, firewall and DISCORD_API_URL.",
        )
    if me.status == UNAUTHORIZED and not config.token:
        return ok("Discord", f"{host} answers; without a token nothing more can be asked")
    if me.status == UNAUTHORIZED:
        return broken(
            "Discord", "refuses the token", f"Reset it and copy it again: {PORTAL}, page Bot."
        )
    if me.status != OK:
        return broken(
            "Discord",
            f"answers HTTP {me.status}",
            "If it lasts: https://discordstatus.com, or this address is refused.",
        )
    user = _json(me)
    return ok("Discord", f"knows the token: {_named(user.get('username'), user)}")


def _unanswered(name: str, answer: Answer) -> Finding | None:
    """A question that Discord did not answer, though it knows the token."""
    if answer.status == OK:
        return None
    why = f"HTTP {answer.status}"
    if answer.cause is not None:
        why = cause_text(translator_for("en"), answer.cause)
    return warning(
        name,
        f"Discord does not say: {why}",
        "Ask again later; if it lasts: https://discordstatus.com",
    )


def _clock(answer: Answer, now_s: float) -> Finding:
    try:
        theirs_s = parsedate_to_datetime((answer.headers or {})["date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return ok("Clock", "cannot be compared: the answer has no date")
    off_s = now_s - theirs_s
    if abs(off_s) > CLOCK_S:
        return warning(
            "Clock",
            f"is {abs(off_s):.0f} s {'fast' if off_s > 0 else 'slow'}",
            "Turn on time synchronisation: sudo timedatectl set-ntp true",
        )
    return ok("Clock", "agrees with Discord's")


def _application(application: dict[str, Any]) -> Finding:
    if application.get("interactions_endpoint_url"):
        return broken(
            "Application",
            "sends its commands to a web address, so none arrives here",
            f"Empty “Interactions Endpoint URL”: {PORTAL}, page General Information.",
        )
    flags = application.get("flags")
    if isinstance(flags, int) and flags & PRIVILEGED:
        return warning(
            "Application",
            "has privileged intents that Vigie does not need",
            f"Turn all three off: {PORTAL}, page Bot.",
        )
    return ok("Application", _named(application.get("name"), application))


def _starts(gateway: dict[str, Any]) -> Finding:
    limit = gateway.get("session_start_limit")
    left = limit.get("remaining") if isinstance(limit, dict) else None
    if isinstance(left, int) and left < FEW_STARTS:
        return warning(
            "Starts",
            f"only {left} connections are left for today",
            "Something keeps restarting Vigie: check its log.",
        )
    return ok(
        "Starts", f"{left if isinstance(left, int) else 'unknown number of'} connections left"
    )


async def _names(config: Config, resolver: Resolve) -> Finding:
    host = urlsplit(config.api_url).hostname or ""
    try:
        addresses = await resolver.addresses(host, fresh=True)
    except NameFailed as error:
        return broken("Names", str(error), "Check /etc/resolv.conf: no name server answers.")
    families = sorted({"IPv6" if ":" in address else "IPv4" for address in addresses})
    return ok("Names", f"{host} has addresses ({', '.join(families)})")


async def _online(config: Config, api_client: ApiClient) -> Finding:
    name = "Connectivity check"
    if not config.canaries:
        return ok(name, "by Discord's API alone: no other address is asked")
    answers = await asyncio.gather(*map(api_client.get, config.canaries))
    silent = [u for u, answer in zip(config.canaries, answers, strict=True) if answer.cause]
    if silent:
        return warning(
            name,
            f"no answer from {', '.join(silent)}",
            "Choose others in VIGIE_CANARIES: when all are silent no failure counts.",
        )
    return ok(name, f"all {len(answers)} addresses answer")


async def _door(config: Config, api_client: ApiClient) -> list[Finding]:
    """Findings of the HTTP door: is it open, and what stands behind it?"""
    pushes, pages = _behind_door(config.database)
    if config.listen is None:
        return list(_without_door(config, pushes, pages))
    found = [await _open_door(config, config.listen, api_client)]
    if not config.public_url:
        begin = f"addresses of jobs and status pages begin with {config.listen.url}"
        text = f"{begin}; push monitors: {pushes}, status pages: {pages}"
        remedy = "Set VIGIE_PUBLIC_URL to how people and jobs reach the door from outside."
        found += [warning("Public address", text, remedy)] if pushes or pages else []
    elif pushes and not carries_secrets(config.public_url):
        text = f"jobs send their secrets unencrypted; push monitors: {pushes}"
        remedy = "Put a proxy with a certificate in front, and https:// into VIGIE_PUBLIC_URL."
        found.append(warning("Public address", text, remedy))
    if not config.listen.is_loopback and not config.metrics_token:
        # Closed is the safe default, so it is no fault: nobody has to want metrics.
        text = "/metrics is closed; Prometheus needs VIGIE_METRICS_TOKEN (docs/door.md)"
        found.append(ok("Metrics", text))
    return found


def _behind_door(file: Path) -> tuple[int, int]:
    try:
        with closing(read_only(file)) as conn:
            return stats.behind_door(conn)
    except sqlite3.Error:  # another finding says so
        return 0, 0


def _without_door(config: Config, pushes: int, pages: int) -> Iterator[Finding]:
    name = "HTTP door"
    remedy = "Set VIGIE_LISTEN, for example to 127.0.0.1:8080 (docs/door.md)."
    if pushes:
        yield broken(name, f"nothing listens, so no beat arrives; push monitors: {pushes}", remedy)
    if pages:
        yield broken(name, f"nothing listens, so nobody sees the status pages: {pages}", remedy)
    settings = {"VIGIE_PUBLIC_URL": config.public_url, "VIGIE_METRICS_TOKEN": config.metrics_token}
    for setting in [one for one, value in settings.items() if value and not pushes + pages]:
        yield warning(name, f"{setting} is set, and nothing listens", remedy)


async def _open_door(config: Config, listen: ListenAddress, api_client: ApiClient) -> Finding:
    """Its own answer where Vigie runs, else whether the address can be had."""
    name = "HTTP door"
    if not is_held(config.database):
        try:
            listen.listen().close()
        except ConfigError as error:
            return broken(name, "cannot be opened at the next start", str(error))
        return ok(name, f"{listen} is free for it")
    answer = await api_client.get(f"{listen.url}/healthz")
    if (answer.headers or {}).get("server") != "vigie":
        remedy = "Restart Vigie with these settings, and see its log."
        return broken(name, f"Vigie runs, and does not answer at {listen}", remedy)
    said = plain(answer.body.decode(errors="replace"), NAME_LIMIT)
    if answer.status != OK:
        return warning(name, f"{listen} answers: {said}", "See docs/door.md, “Health”.")
    return ok(name, f"answers at {listen}")


def _named(name: object, found: dict[str, Any]) -> str:
    return plain(f"{name} ({found.get('id')})", NAME_LIMIT)


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
