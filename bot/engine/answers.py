"""What one HTTP answer is worth: its status first, then the text somebody wants to see in it."""

import asyncio
import codecs
import encodings
import pkgutil
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import cast

import httpx

from bot.engine.sockets import Flooded
from bot.models import Cause, Reason, Target

BODY_LIMIT = 256 * 1024
FAILED_STATUS = 400
# A body in one-byte chunks costs 20 µs of CPU for each (measured); honest pieces are larger.
MAX_PARTS = 8_192
PARTS_A_TURN = 64
# Longer ones take quadratic time to read (measured: 1.6 s for 100 KiB of quotes).
MAX_CONTENT_TYPE = 1_024
# Python remembers every name it was asked for in vain, for ever, so it is asked for these alone.
_CHARSETS = frozenset(aliases) | {one.name for one in pkgutil.iter_modules(encodings.__path__)}
# Python knows these as text encodings, but no page is written in them; some take quadratic time.
_NO_CHARSETS = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)


async def fault_of(target: Target, response: httpx.Response) -> Cause | None:
    """None when the answer is fine. Reads the body, whole or up to 256 KiB, if the status is.

    Raises what the connection raises.
    """
    status = response.status_code
    fine = status in target.expect_status if target.expect_status else status < FAILED_STATUS
    if not fine:
        return Cause(Reason.HTTP, status)
    searched = target.contains is not None or target.not_contains is not None
    if searched and _is_encoded(response):
        return Cause(Reason.UNREADABLE)
    body = await read(response)
    return search(target, decode(body, charset_of(response))) if searched else None


def search(target: Target, text: str) -> Cause | None:
    """None when the text has what it must have and not what it must not have."""
    if target.contains is not None and target.contains not in text:
        return Cause(Reason.TEXT_MISSING)
    if target.not_contains is not None and target.not_contains in text:
        return Cause(Reason.TEXT_PRESENT)
    return None


async def read(response: httpx.Response) -> bytes:
    """The body as it came over the wire, at most its first 256 KiB."""
    parts: list[bytes] = []
    # httpx types its streams as iterators; httpcore's is a generator and has to be closed.
    async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(_stream(response)))) as stream:
        with suppress(Flooded):  # what has been read until then is enough
            await _collect(stream, parts)
    return b"".join(parts)[:BODY_LIMIT]


async def _collect(stream: AsyncGenerator[bytes, None], parts: list[bytes]) -> None:
    size = 0
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size >= BODY_LIMIT or len(parts) >= MAX_PARTS:
            return
        if len(parts) % PARTS_A_TURN == 0:
            await asyncio.sleep(0)


def charset_of(response: httpx.Response) -> str | None:
    """The charset an answer names; None where it names none that is known."""
    if len(response.headers.get("content-type", "")) > MAX_CONTENT_TYPE:
        return None
    named = response.charset_encoding or ""
    known = normalize_encoding(named).lower() in _CHARSETS if named.isascii() else False
    return named if known else None


def decode(body: bytes, charset: str | None) -> str:
    """The body as text, by the charset its header names, else UTF-8. Never fails."""
    with suppress(LookupError, ValueError):
        if codecs.lookup(charset or "utf-8").name not in _NO_CHARSETS:
            return body.decode(charset or "utf-8", errors="replace")
    return body.decode("utf-8", errors="replace")


def _is_encoded(response: httpx.Response) -> bool:
    """Compressed in spite of ``Accept-Encoding: identity``."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    return coding not in {"", "identity"}


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("an answer of this engine's transport streams")
    return response.stream
