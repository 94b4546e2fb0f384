"""How much of an answer is read, and how texts are found in it."""

import asyncio
import encodings
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.engine.answers import (
    BODY_LIMIT,
    MAX_PARTS,
    charset_of,
    decode,
    fault_of,
    read,
    search,
)
from bot.engine.sockets import Flooded
from bot.models import Cause, Reason, Target


class Pour(httpx.AsyncByteStream):
    """A body without end that counts what is taken of it."""

    def __init__(self, part: bytes, flood_after: int | None = None) -> None:
        self._part = part
        self._flood_after = flood_after
        self.taken = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while self._flood_after is None or self.taken < self._flood_after:
                self.taken += 1
                yield self._part
            raise Flooded("more than any honest answer needs")
        finally:
            self.closed = True


@pytest.mark.parametrize(("size", "parts"), [(16_384, 16), (100_000, 3), (1, MAX_PARTS)])
def test_no_more_is_taken_than_is_read(size: int, parts: int) -> None:
    stream = Pour(b"x" * size)
    body = asyncio.run(read(httpx.Response(200, stream=stream)))
    assert len(body) == min(size * parts, BODY_LIMIT)
    assert stream.taken == parts
    assert stream.closed


def test_what_came_before_a_flood_is_enough() -> None:
    response = httpx.Response(200, stream=Pour(b"text", flood_after=2))
    assert asyncio.run(read(response)) == b"texttext"


def test_others_run_while_many_parts_are_read() -> None:
    async def scenario() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(count())
        await read(httpx.Response(200, stream=Pour(b"x")))
        other.cancel()
        assert turns >= MAX_PARTS // 64 - 1

    asyncio.run(scenario())


def test_the_body_of_a_failed_status_is_not_read() -> None:
    stream = Pour(b"x")
    cause = asyncio.run(fault_of(Target("http://a.example/"), httpx.Response(500, stream=stream)))
    assert cause == Cause(Reason.HTTP, 500)
    assert stream.taken == 0


def test_both_texts_can_be_asked_for_at_once() -> None:
    target = Target("http://a.example/", contains="up", not_contains="down")
    assert search(target, "all up") is None
    assert search(target, "up or down") == Cause(Reason.TEXT_PRESENT)
    assert search(target, "down") == Cause(Reason.TEXT_MISSING)


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/html; charset=koi8-u", "koi8-u"),
        ("text/html; charset=Windows-1251", "windows-1251"),
        ("text/html; charset=ISO-8859-15", "iso-8859-15"),
        ("text/html; charset=utf-8-sig", "utf-8-sig"),
        ('text/html; charset="Shift_JIS"', "shift_jis"),
        ("text/html; charset=nobody-knows", None),
        ("text/html; charset=\u0441\u04401251", None),
        ("text/html; charset=a.b/../c", None),
        ("text/html; x=" + ';"' * 600 + "; charset=utf-8", None),
        ("text/html", None),
    ],
)
def test_only_a_known_charset_is_asked_for(content_type: str, charset: str | None) -> None:
    """Python keeps every name it was asked for in vain, for ever."""
    remembered = len(encodings._cache)
    head = [(b"Content-Type", content_type.encode())]
    assert charset_of(httpx.Response(200, headers=head)) == charset
    if charset is None:
        assert len(encodings._cache) == remembered


def test_broken_text_is_read_as_well_as_can_be() -> None:
    assert decode(b"caf\xe9", None) == "caf\ufffd"
    assert decode(b"caf\xe9", "latin-1") == "caf\u00e9"
    assert decode(b"odd", "utf-16") == "\u646f\ufffd"
