"""What other places send is read, or does not vote, whatever it is; so does what they are asked."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.place_router import NoVote
from bot.errors import ConfigError
from bot.models import Cause, CheckResult, Phases, Reason, Target
from bot.places import accounts
from bot.places.accounts import BOT, Accounts, User
from bot.places.address import Server, read_server
from bot.places.messages import (
    LIMIT,
    Hello,
    Question,
    Unreadable,
    encode_answer,
    encode_hello,
    encode_question,
    encode_refusal,
    read_answer,
    read_hello,
    read_question,
)
from tests.fuzz.effort import as_json, examples, fields, mutated, texts

SEEN = CheckResult(7, Cause(Reason.HTTP, 503), 503, Phases(1, 2, 3, 4, 9), 10**12, "192.0.2.1")
TARGET = Target("https://example.com/", "HEAD", (("X-Key", "s"),), (200, 201, 301), "a", "b")
ANSWERS = [encode_answer(SEEN), encode_answer(CheckResult(7, None)), encode_refusal(NoVote.BUSY)]
SAID = json.loads(ANSWERS[0]) | {"no": "busy", "final_url": "https://a/", "downgraded": True}
QUESTIONS = [encode_question(Question(TARGET, 10.0, private=True))]
HELLOS = [encode_hello(Hello("1.2.3", leaving=True))]
PIECES = [b'"v":2', b"null", b"true", b"1e999", b"NaN", b"[[", b'"\\ud800"', b"-1", b'"cause"']
BLOCK = accounts.write(
    accounts.new_file(Server("a.example", tls=True)),
    Accounts((User(BOT, "$2a$04$x"), User("paris", "$2a$04$y", trusted=True)), "tls://a.example"),
).encode()


def is_sound(result: CheckResult | NoVote) -> None:
    """Whatever is taken can be stored, shown and sent on."""
    if isinstance(result, CheckResult):
        assert len(encode_answer(result)) <= LIMIT
        assert json.dumps(result.phases.total)
        assert f"{result.address}{result.final_url}{result.cause}".encode()


@examples(600)
@given(mutated(ANSWERS, PIECES) | st.binary(max_size=60))
@example(b"[" * LIMIT)
@example(b'{"v":1,"cause":null,"phases":[1,1,1,1,' + b"9" * 3_900 + b"]}")
def test_bytes_of_an_answer(data: bytes) -> None:
    is_sound(read_answer(data, 1))


@examples(400)
@given(fields({k: st.just(v) for k, v in SAID.items()}))
def test_fields_of_an_answer(value: dict[str, Any]) -> None:
    is_sound(read_answer(as_json({"v": 1, "phases": [1, 1, 1, 1, 4]} | value), 1))


@examples(600)
@given(mutated(QUESTIONS, PIECES) | st.binary(max_size=60))
def test_bytes_of_a_question(data: bytes) -> None:
    try:
        question = read_question(data)
    except Unreadable:
        return
    assert 0 < question.deadline_s <= 60
    assert question.target.url.encode()


@examples(300)
@given(mutated(HELLOS, PIECES) | st.binary(max_size=60))
def test_bytes_of_a_hello(data: bytes) -> None:
    try:
        hello = read_hello(data)
    except Unreadable:
        return
    assert hello.release.isprintable()


@examples(400)
@given(texts("nats://", "tls://", "127.0.0.1", "[::1]", ":4222", "u:p@", "a.example", "/"))
def test_typed_addresses_of_a_server(text: str) -> None:
    try:
        server = read_server(text, "VIGIE_NATS_URL")
    except ConfigError:
        return
    assert read_server(str(server), "x").host == server.host


@examples(400)
@given(mutated([BLOCK], [b"{", b"}", b"# vigie places: end\n", b"listen: ", b"\n"]))
def test_a_configuration_that_somebody_edited(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    accounts.listening(text)
    try:
        known = accounts.read(text, "nats.conf")
    except ConfigError:
        return
    again = accounts.write(text, known)
    assert accounts.read(again, "nats.conf") == known
