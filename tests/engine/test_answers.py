"""How much of an answer is read, and what decides."""

import asyncio
import gzip
from typing import Any

import pytest

from bot.engine.network import ApiClient
from bot.engine.transport import BODY_LIMIT
from bot.models import Cause, CheckResult, Reason, Target
from tests.engine.sites import Behaviour, Names, Visit, answer, make_checker, serve

SHORT_S = 0.6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def check(behave: Behaviour | bytes, deadline_s: float = 5.0, **wanted: Any) -> CheckResult:
    async def scenario() -> CheckResult:
        async with serve(behave) as site:
            checker = make_checker(deadline_s=deadline_s)
            return await checker.check(Target(site.url(), **wanted))

    return asyncio.run(scenario())


def reason(behave: Behaviour | bytes, **wanted: Any) -> Reason | None:
    cause = check(behave, **wanted).cause
    return None if cause is None else cause.reason


def then_stays(*parts: bytes) -> Behaviour:
    async def behave(visit: Visit) -> None:
        for part in parts:
            await visit.send(part)
            await asyncio.sleep(0.01)
        await visit.stay()

    return behave


async def drip(visit: Visit) -> None:
    await visit.send(HEAD + b"\r\n")
    while not visit.site.closing.is_set():
        await visit.send(b"data: tick\n\n")
        await asyncio.sleep(0.02)


STREAM = then_stays(HEAD + b"\r\n", b"data: one\n\n", b"data: two\n\n")


@pytest.mark.parametrize("behave", [STREAM, drip, then_stays(HEAD + b"Content-Length: 9\r\n\r\n")])
def test_without_a_text_the_head_decides_and_no_body_is_waited_for(behave: Behaviour) -> None:
    result = check(behave)
    assert result.ok
    assert result.phases.total < 1_000


def test_reading_ends_when_the_text_has_come() -> None:
    result = check(STREAM, contains="two")
    assert result.ok
    assert result.phases.total < 1_500
    assert check(drip, contains="tick").ok
    assert check(STREAM, not_contains="two").cause == Cause(Reason.TEXT_PRESENT)


def test_at_the_deadline_what_was_read_decides() -> None:
    for behave in (STREAM, drip):
        missing = check(behave, SHORT_S, contains="never there")
        assert missing.cause == Cause(Reason.TEXT_MISSING)
        assert missing.phases.total < 2_000
        assert check(behave, SHORT_S, not_contains="never there").ok


def test_a_body_of_which_nothing_came_timed_out() -> None:
    silent = then_stays(HEAD + b"Content-Length: 9\r\n\r\n")
    assert check(silent, SHORT_S, contains="x").cause == Cause(Reason.TIMEOUT, 1)
    assert check(silent, SHORT_S, not_contains="x").cause == Cause(Reason.TIMEOUT, 1)


def test_both_texts_can_be_asked_for_at_once() -> None:
    wanted = {"contains": "up", "not_contains": "down"}
    assert reason(answer(b"all up"), **wanted) is None
    assert reason(answer(b"up or down"), **wanted) is Reason.TEXT_PRESENT
    assert reason(answer(b"down"), **wanted) is Reason.TEXT_MISSING
    assert reason(answer(b"nothing"), **wanted) is Reason.TEXT_MISSING


def test_an_answer_that_breaks_after_the_text_came_is_fine() -> None:
    async def broken(visit: Visit) -> None:
        await visit.send(HEAD + b"Content-Length: 99\r\n\r\nthe text")
        await asyncio.sleep(0.05)
        visit.reset()

    assert reason(broken, contains="the text") is None
    assert reason(broken, contains="another") is Reason.RESET
    assert reason(broken, not_contains="another") is Reason.RESET
    assert reason(broken, not_contains="the text") is Reason.TEXT_PRESENT


@pytest.mark.parametrize("size", [16_384, 100_000])
def test_no_more_is_taken_than_is_searched(size: int) -> None:
    async def pour(visit: Visit) -> None:
        await visit.send(answer(b"", length=50_000_000))
        while not visit.site.closing.is_set():
            await visit.send(b"x" * size)

    assert reason(pour, contains="never there") is Reason.TEXT_MISSING


def test_a_flood_of_tiny_chunks_is_searched_as_far_as_it_came() -> None:
    async def chunks(visit: Visit) -> None:
        await visit.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while not visit.site.closing.is_set():
            await visit.send(b"1\r\na\r\n" * 10_000)

    assert reason(chunks, contains="aaa") is None
    assert reason(chunks, contains="b") is Reason.TEXT_MISSING


def test_the_charset_and_the_blanks_of_the_page_are_understood() -> None:
    page = "<meta charset=windows-1252>D\xe9j&agrave;&nbsp;<b>vu</b>".encode("cp1252")
    html = answer(page, "Content-Type: text/html")
    assert reason(html, contains="Déjà <b>vu</b>") is None
    assert reason(html, not_contains="Déjà <b>vu</b>") is Reason.TEXT_PRESENT


def test_a_body_that_came_packed_uninvited_is_unpacked() -> None:
    for pack, name in ((gzip.compress, "gzip"), (bytes, "br"), (bytes, "zstd")):
        page = answer(pack(b"the text"), f"Content-Encoding: {name}")
        assert reason(page) is None
        reported = {"br": Reason.BROTLI, "zstd": Reason.ZSTD}.get(name)
        assert reason(page, contains="the text") is reported
    assert reason(answer(gzip.compress(b"x"), "Content-Encoding: gzip"), not_contains="y") is None


def test_a_bomb_is_unreadable_unless_the_text_stands_before_it() -> None:
    bomb = answer(gzip.compress(b"the text" + bytes(60_000_000)), "Content-Encoding: gzip")
    assert reason(bomb) is None
    assert reason(bomb, contains="the text") is None
    assert reason(bomb, contains="another") is Reason.UNREADABLE
    assert reason(bomb, not_contains="another") is Reason.UNREADABLE


@pytest.mark.parametrize(("body", "most"), [(b"x" * 400_000, BODY_LIMIT), (b"text", 4), (b"", 0)])
def test_a_question_reads_as_much(body: bytes, most: int) -> None:
    async def scenario() -> None:
        async with serve(answer(body)) as site:
            found = await ApiClient(Names()).get(site.url())
            assert len(found.body) == most

    asyncio.run(scenario())
