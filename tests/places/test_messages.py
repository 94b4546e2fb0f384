"""What travels is read back as it was, and nothing hostile comes through."""

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.place_router import NoVote
from bot.models import Cause, CheckResult, Game, Phases, Reason, Target
from bot.places.messages import (
    LIMIT,
    Hello,
    OtherVersion,
    Question,
    TooLong,
    Unreadable,
    encode_answer,
    encode_hello,
    encode_question,
    encode_refusal,
    has_secret,
    place_name,
    read_answer,
    read_hello,
    read_question,
)

FULL = Target(
    "https://example.com/a?b=c",
    "HEAD",
    (("X-Key", "s3cret"), ("Accept-Language", "fr")),
    (200, 201, 202, 204, 301),
    "héllo\nworld",
    "error",
    '{"a": 1}',
    "status == 'ok'",
    (("Content-Type", "text/*"),),
    20,
)
SEEN = CheckResult(
    7,
    Cause(Reason.HTTP, 503),
    503,
    Phases(1.5, 2.0, None, 3.5, 9.0),
    1_800_000_000_000,
    "192.0.2.1",
    "https://example.com/b",
    downgraded=True,
    game=Game(5, 100, "1.21", "de_dust"),
    seen="null",
)
GOOD: dict[str, Any] = {"v": 1, "cause": None, "phases": [1, 1, 1, 1, 4], "status": 200}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("target", [FULL, Target("tcp://example.com:22"), Target("http://a.b/")])
@pytest.mark.parametrize("private", [True, False])
def test_a_question_is_read_as_it_was_asked(target: Target, private: bool) -> None:
    question = Question(target, float(target.timeout_s), private)
    data = encode_question(question)
    assert read_question(data) == question
    assert len(data) < LIMIT


def test_every_option_of_a_target_travels_or_a_lookout_would_vote_on_something_else() -> None:
    plain = Target(FULL.url)
    missing = [f.name for f in fields(Target) if getattr(FULL, f.name) == getattr(plain, f.name)]
    assert missing == ["url"], "FULL has every option, and is read as it was asked"


def test_several_texts_are_asked_only_of_lookouts_that_know_of_several() -> None:
    target = Target("https://example.com/", contains="one && two")
    asked = encode_question(Question(target, 10.0))
    assert "contains" not in json.loads(asked)
    assert read_question(asked).target == target


def test_what_has_its_default_is_left_out_so_that_older_lookouts_understand() -> None:
    asked = json.loads(encode_question(Question(Target("https://example.com/"), 10.0)))
    assert asked == {"v": 1, "url": "https://example.com/", "deadline_ms": 10_000}


@given(st.lists(st.integers(100, 599), unique=True))
def test_every_list_of_statuses_travels(codes: list[int]) -> None:
    target = Target("https://example.com/", expect_status=tuple(sorted(codes)))
    assert read_question(encode_question(Question(target, 10.0))).target == target


def test_a_question_that_does_not_fit_is_asked_of_nobody() -> None:
    headers = tuple((f"X-{n}", "v" * 500) for n in range(10))
    with pytest.raises(TooLong):
        encode_question(Question(Target("https://example.com/", headers=headers), 10.0))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"v": 2}, OtherVersion),
        ({"newer": "x"}, OtherVersion),  # an option of a newer bot
        ({"body": 5}, Unreadable),
        ({"json": "x" * 201}, Unreadable),
        ({"header_is": [["a"]]}, Unreadable),
        ({"v": True}, Unreadable),
        ({"v": "1"}, Unreadable),
        ({"url": None}, Unreadable),
        ({"url": 5}, Unreadable),
        ({"url": "http://a\r\nHost: b/"}, Unreadable),
        ({"url": "x" * 3_000}, Unreadable),
        ({"headers": {"a": "b"}}, Unreadable),
        ({"headers": [["a"]]}, Unreadable),
        ({"headers": [["a", "b\r\nc: d"]]}, Unreadable),
        ({"headers": [["a", 1]]}, Unreadable),
        ({"expect": [[200, 700]]}, Unreadable),
        ({"expect": [[300, 200]]}, Unreadable),
        ({"expect": 200}, Unreadable),
        ({"deadline_ms": "10"}, Unreadable),
        ({"deadline_ms": float("nan")}, Unreadable),
        ({"private": 1}, Unreadable),
        ({"contains": "\ud800"}, Unreadable),
    ],
)
def test_a_strange_question_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    asked = {"v": 1, "url": "https://example.com/", "deadline_ms": 1} | change
    with pytest.raises(error) as caught:
        read_question(encoded(asked))
    assert type(caught.value) is error


@pytest.mark.parametrize(("asked_ms", "kept_s"), [(0, 0.1), (5_000, 5.0), (9_999_999, 60.0)])
def test_nobody_keeps_a_lookout_busy_for_long(asked_ms: int, kept_s: float) -> None:
    asked = {"v": 1, "url": "https://example.com/", "deadline_ms": asked_ms}
    assert read_question(encoded(asked)).deadline_s == kept_s


@pytest.mark.parametrize("result", [SEEN, CheckResult(7, None), CheckResult(7, None, 200)])
def test_an_answer_is_read_as_it_was_with_our_own_time(result: CheckResult) -> None:
    assert read_answer(encode_answer(result), 7) == result
    assert "7" not in json.loads(encode_answer(result)), "no clock travels"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_cause_travels(reason: Reason) -> None:
    result = CheckResult(1, Cause(reason, 10))
    assert read_answer(encode_answer(result), 1) == result


def test_an_address_that_is_too_long_is_left_out_of_an_answer() -> None:
    result = CheckResult(1, None, final_url="https://example.com/" + "é" * 4_000)
    assert read_answer(encode_answer(result), 1) == CheckResult(1, None)


@pytest.mark.parametrize("why", [NoVote.OFFLINE, NoVote.VERSION, NoVote.CANNOT, NoVote.BUSY])
def test_a_lookout_says_why_it_does_not_vote(why: NoVote) -> None:
    assert read_answer(encode_refusal(why), 1) is why


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"{" * 3_000,
        b"[" * 3_999,
        b'{"v":1}' + b" " * LIMIT,
        b'{"v":1,"phases":[1,1,1,1,1e999]}',
        b'{"v":1,"phases":[1,1,1,1,NaN]}',
        encoded({"v": 1}),
        encoded({"v": 1, "phases": [1, 1, 1, 1, 4], "status": 200}),  # fine, or not?
        encoded({"v": 1, "no": "silent"}),  # only we say that
        encoded({"v": 1, "no": ["offline"]}),
        encoded({"v": 1, "no": None}),
        encoded(GOOD | {"phases": [1, 1]}),
        encoded(GOOD | {"phases": [1, 1, 1, 1, -4]}),
        encoded(GOOD | {"phases": [1, 1, 1, 1, None]}),
        encoded(GOOD | {"phases": [True, 1, 1, 1, 4]}),
        encoded(GOOD | {"status": 20}),
        encoded(GOOD | {"status": "200"}),
        encoded(GOOD | {"cause": "made up"}),
        encoded(GOOD | {"cause": "http:-1"}),
        encoded(GOOD | {"cause": "http:" + "9" * 30}),
        encoded(GOOD | {"cause": 5}),
        encoded(GOOD | {"address": "@everyone"}),
        encoded(GOOD | {"final_url": "https://a/\u202e"}),
        encoded(GOOD | {"final_url": "https://a/\ud800"}),
        encoded(GOOD | {"downgraded": "yes"}),
        encoded(GOOD | {"certificate_ms": 10**18}),
    ],
)
def test_a_strange_answer_does_not_vote(data: bytes) -> None:
    assert read_answer(data, 1) is NoVote.GARBLED


def test_an_answer_of_another_version_does_not_vote() -> None:
    assert read_answer(encoded(GOOD | {"v": 2}), 1) is NoVote.VERSION
    assert read_answer(b'{"v":' + b"9" * 3_900 + b"}", 1) is NoVote.VERSION


def test_a_cause_of_a_newer_lookout_is_a_failure_for_another_reason() -> None:
    assert read_answer(encoded(GOOD | {"cause": "newer:7"}), 1) == CheckResult(
        1, Cause(Reason.OTHER), 200, Phases(1, 1, 1, 1, 4)
    )


def test_what_a_newer_lookout_adds_is_passed_over() -> None:
    assert isinstance(read_answer(encoded(GOOD | {"players": 12}), 1), CheckResult)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_answer(data, 1), CheckResult | NoVote)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "cause", "no", "address"]),
        st.none() | st.integers() | st.text() | st.lists(st.floats()),
    )
)
def test_no_fields_raise(made: dict[str, Any]) -> None:
    assert isinstance(read_answer(encoded(made), 1), CheckResult | NoVote)


def test_hellos_of_every_version_are_read() -> None:
    assert read_hello(encode_hello(Hello("1.2.3"))) == Hello("1.2.3")
    assert read_hello(encode_hello(Hello("1.2.3", leaving=True))).leaving
    assert read_hello(b'{"v":9,"release":"9.0","more":[1]}') == Hello("9.0", 9)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"v":0,"release":"1"}', b'{"v":1}', b'{"v":1,"release":"a b"}']
)
def test_a_strange_hello_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_hello(data)


@pytest.mark.parametrize("name", ["paris", "Québec", "new-york", "a", "p2", "東京", " paris "])
def test_a_place_has_a_short_plain_name(name: str) -> None:
    assert place_name(name) == name.strip()


def test_one_name_written_in_two_ways_is_one_place() -> None:
    assert place_name("Que\u0301bec") == place_name("Québec")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a.b",
        "*",
        ">",
        "a b",
        "-a",
        "a-",
        "_",
        "x" * 33,
        "a\nb",
        "pa\u202eris",
        "🗼",
        "Home",
    ],
)
def test_what_would_steer_a_subject_or_a_line_names_no_place(name: str) -> None:
    with pytest.raises(ValueError, match="names no place"):
        place_name(name)


@pytest.mark.parametrize(
    ("target", "secret"),
    [
        (Target("https://example.com/a"), False),
        (Target("https://example.com/a", contains="x"), False),
        (Target("https://example.com/a?key=1"), True),
        (Target("https://example.com/a", headers=(("A", "b"),)), True),
        (Target("https://example.com/a", body="key=1"), True),
    ],
)
def test_headers_and_queries_are_secrets(target: Target, secret: bool) -> None:
    assert has_secret(target) is secret
