"""Conditions about an answer: its JSON, its headers, several texts, and what is posted for it."""

import asyncio
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.answer_conditions import (
    EXPRESSION_LIMIT,
    VALUE_LIMIT,
    NotJson,
    TooMuch,
    _fits,
    check_expression,
    evaluate,
)
from bot.errors import UserError
from bot.models import Cause, CheckResult, Reason, Target
from tests.engine.sites import Behaviour, Visit, answer, make_checker, redirect, serve

HEALTH = {
    "status": "ok",
    "checks": [{"name": "db", "up": True, "ms": 12}, {"name": "disk", "up": False, "ms": 7}],
    "count": 3,
    "none": None,
    "text": "a\u202eb\nc",
}


async def look(behave: Behaviour | bytes, **wanted: object) -> CheckResult:
    async with serve(behave) as site:
        target = Target(site.url(), **wanted)  # type: ignore[arg-type]  # real fields
        return await make_checker().check(target)


def look_at(body: object, **wanted: object) -> tuple[Cause | None, str | None]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    result = asyncio.run(look(answer(data, "Content-Type: application/json"), **wanted))
    return result.cause, result.seen


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("status == 'ok'", None),
        ("status != 'down'", None),
        ("length(checks) >= `2`", None),
        ("checks[?name=='db'].up | [0]", None),
        ("count > `2` && count < `4`", None),
        ("starts_with(status, 'o')", None),
        ("status == 'down'", "false"),
        ("status", '"ok"'),
        ("checks", "a list of 2"),
        ("checks[0]", "an object of 3"),
        ("none", "null"),
        ("missing.deeper", "null"),
        ("count", "3"),
        ("text", '"ab\\nc"'),
    ],
)
def test_an_expression_must_be_true_and_otherwise_says_what_it_is(
    expression: str, seen: str | None
) -> None:
    cause, found = look_at(HEALTH, json=expression)
    assert found == seen
    assert cause == (None if seen is None else Cause(Reason.JSON_UNMET))


@pytest.mark.parametrize("expression", ["length(count)", "abs(status)"])
def test_a_function_that_does_not_fit_the_answer_says_so(expression: str) -> None:
    cause, found = look_at(HEALTH, json=expression)
    assert cause == Cause(Reason.JSON_UNMET)
    assert found is not None
    assert "invalid type for value" in found


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{", b"[" * 100_000, b'{"a": ' + b"9" * 9_000 + b"}", b"\xff{}"]
)
def test_what_is_no_json_is_said(body: bytes) -> None:
    assert look_at(body, json="a")[0] == Cause(Reason.NOT_JSON)


def test_what_is_longer_than_is_read_is_no_whole_document() -> None:
    long = json.dumps({"a": "x" * 300_000, "ok": True}).encode()
    assert look_at(long, json="ok")[0] == Cause(Reason.NOT_JSON)
    fits = json.dumps({"a": "x" * 200_000, "ok": True}).encode()
    assert look_at(fits, json="ok")[0] is None


def test_a_document_that_does_not_come_to_its_end_times_out() -> None:
    async def slow(visit: Visit) -> None:
        await visit.send(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"a": true')
        await visit.stay()

    async def scenario() -> None:
        async with serve(slow) as site:
            checker = make_checker(deadline_s=0.5)
            result = await checker.check(Target(site.url(), json="a"))
            assert result.cause == Cause(Reason.TIMEOUT, 1)

    asyncio.run(scenario())


def test_texts_and_json_all_have_to_hold() -> None:
    both = {"contains": "ok", "json": "count == `3`"}
    assert look_at(HEALTH, **both)[0] is None
    assert look_at(HEALTH, contains="nowhere", json="count == `3`")[0] == Cause(Reason.TEXT_MISSING)
    assert look_at(HEALTH, not_contains="disk", json="count")[0] == Cause(Reason.TEXT_PRESENT)
    assert look_at(HEALTH, not_contains="nowhere", json="count")[0] == Cause(Reason.JSON_UNMET)


def test_of_several_texts_the_missing_one_is_seen() -> None:
    page = answer(b"<p>Shop &amp; more</p><p>Basket</p>")
    assert asyncio.run(look(page, contains="Basket && Shop & more")).ok
    missing = asyncio.run(look(page, contains="Basket && Till && Shop"))
    assert (missing.cause, missing.seen) == (Cause(Reason.TEXT_MISSING), "Till")
    assert asyncio.run(look(answer(b"if (a&&b)"), contains="a&&b")).ok


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ((("Content-Type", "application/json"),), None),
        ((("content-type", "Application/*"),), None),
        ((("X-Cache", "*hit*"), ("X-Cache", "")), None),
        ((("X-Many", "two"),), None),
        ((("Content-Type", "json"),), "Content-Type: application/json"),
        ((("X-Cache", "hit"),), "X-Cache: a HIT b"),
        ((("X-None", ""),), "no X-None"),
        ((("X-Many", "three"),), "X-Many: one, two"),
    ],
)
def test_a_header_must_be_as_expected(
    wanted: tuple[tuple[str, str], ...], seen: str | None
) -> None:
    headers = ("Content-Type: application/json", "X-Cache: a HIT b", "X-Many: one", "X-Many: two")
    result = asyncio.run(look(answer(b"{}", *headers), header_is=wanted))
    assert result.seen == seen
    assert result.cause == (None if seen is None else Cause(Reason.HEADER_UNMET))


def test_a_header_of_stars_takes_no_time() -> None:
    began = time.process_time()
    assert not _fits("a" * 200_000 + "b", "*a" * 200 + "*c")
    assert _fits("a" * 200_000 + "b", "*a" * 200 + "*b")
    assert not _fits("ab", "ab*b")
    assert _fits("abb", "ab*b")
    assert time.process_time() - began < 0.5


def test_a_status_that_is_not_fine_counts_before_every_condition() -> None:
    failing = answer(b'{"a": true}', status="500 Oh")
    assert asyncio.run(look(failing, json="a")).cause == Cause(Reason.HTTP, 500)
    assert asyncio.run(look(failing, json="a", expect_status=(500,))).ok


def test_a_body_is_posted_and_a_redirect_goes_on_as_browsers_do() -> None:
    seen: list[tuple[str, str, str | None]] = []

    async def behave(visit: Visit) -> None:
        length = int(visit.headers.get("content-length", "0"))
        body = (await visit.reader.readexactly(length)).decode()
        kind: str | None = visit.headers.get("content-type")
        seen.append((visit.request.split(" ")[0] + visit.path, body, kind))
        answers = {"/": "307 Again", "/again": "303 See"}
        status = answers.get(visit.path)
        place = {"/": "/again", "/again": "/end"}.get(visit.path, "")
        await visit.send(redirect(place, status) if status else answer(b"done"))

    assert asyncio.run(look(behave, body='{"a": "é"}', contains="done", method="HEAD")).ok
    expected: list[tuple[str, str, str | None]] = [
        ("POST/", '{"a": "é"}', "application/json"),
        ("POST/again", '{"a": "é"}', "application/json"),
        ("GET/end", "", None),
    ]
    assert seen == expected
    seen.clear()
    headers = (("Content-Type", "text/plain"),)
    assert asyncio.run(look(behave, body="a=b", headers=headers)).ok
    assert seen[0] == ("POST/", "a=b", "text/plain")
    seen.clear()
    assert asyncio.run(look(behave, method="POST")).ok
    assert seen[0][:2] == ("POST/", "")
    assert seen[0][2] is None


def test_another_site_never_gets_the_body() -> None:
    async def scenario() -> None:
        got: list[str] = []

        async def other(visit: Visit) -> None:
            got.append(visit.request.split(" ")[0] + visit.headers.get("content-length", "-"))
            await visit.send(answer(b"hi"))

        async with serve(other, host="127.0.0.2") as elsewhere:
            place = elsewhere.url("/", "127.0.0.2")
            assert (await look(redirect(place, "307 Go"), body="secret=1")).ok
        assert got == ["GET-"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("expression", "position", "place"),
    [
        ("status = 'ok'", 8, "= 'ok'"),
        ("status == 'ok", 11, "'ok"),
        ("a[?b", 5, "…"),
        ("foo(a)", 1, "foo(a)"),
        ("a && bar(b)", 6, "bar(b)"),
        ("a b", 3, "b"),
        ("(" * 190, None, ""),
    ],
)
def test_an_expression_that_does_not_compile_is_refused_with_its_place(
    expression: str, position: int | None, place: str
) -> None:
    with pytest.raises(UserError) as refused:
        check_expression(expression)
    if position is not None:
        assert f"At character {position} " in str(refused.value)
    assert str(refused.value).endswith(place)


# Each of these would take minutes or gigabytes.
BOMBS = [
    "|".join(["[@,@][]"] * 25),
    "length(" + "|".join(["[@,@]"] * 25) + "|to_string(@))",
    "(" + "|".join(["[*]", *["[@,@]"] * 13]) + ")==(" + "|".join(["[*]", *["[@,@]"] * 13]) + ")",
    "length(" + "|".join(["[@,@][]"] * 12) + "|[*].[@,@,@,@,@,@,@,@][]|sort_by(@,&@[0]))",
    "contains(" + "|".join(["[@,@]"] * 25) + ",`1`)",
    "length(join('',[*].to_string(@)|[@,@,@,@][]|[@,@,@,@][]|[@,@,@,@][]|[@,@,@,@][]))",
]


@pytest.mark.parametrize("expression", BOMBS)
@pytest.mark.parametrize("body", [[1] * 60_000, ["x" * 200] * 1_000, [[n] for n in range(30_000)]])
def test_an_expression_that_asks_for_too_much_ends_soon(expression: str, body: object) -> None:
    assert len(expression) <= EXPRESSION_LIMIT
    check_expression(expression)
    data = json.dumps(body).encode()[: 256 * 1024]
    began = time.process_time()
    with pytest.raises(TooMuch):
        evaluate(expression, data)
    assert time.process_time() - began < 1.0


def test_an_honest_expression_on_a_large_answer_is_no_trouble() -> None:
    items = [{"name": f"item {n}", "up": n != 7} for n in range(5_000)]
    data = json.dumps({"items": items, "ok": True}).encode()
    assert len(data) < 256 * 1024
    assert evaluate("ok", data) == (True, "true")
    assert evaluate("length(items) > `100`", data) == (True, "true")
    assert evaluate("length(items[?up==`false`]) == `1`", data) == (True, "true")
    assert evaluate("items[-1].name == 'item 4999'", data) == (True, "true")


@given(st.text(max_size=60), st.binary(max_size=60))
def test_nothing_that_is_typed_or_answered_breaks_it(expression: str, body: bytes) -> None:
    try:
        check_expression(expression)
    except UserError:
        return
    for document in (body, b'{"a": [1, "x", null, 1e999]}'):
        try:
            holds, seen = evaluate(expression, document)
        except (NotJson, TooMuch):
            continue
        assert holds is (seen == "true")
        assert len(seen) <= VALUE_LIMIT
