"""Answers to the letter are read as h11 reads them, from any pieces; no input takes long."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.answer_reader import HEAD_BYTES, HEAD_LINES, MOST_INTERIM, AnswerReader
from bot.engine.error_mapping import BadAnswer
from bot.models import Reason
from tests.engine.raw_answers import ANSWERS
from tests.fuzz.effort import examples, mutated

TOKEN = st.text("!#$%&'*+-.^_`|~0123456789abcXYZ", min_size=1, max_size=12)
VALUE = st.text(
    st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.just("\t"), max_size=20
).map(lambda text: text.strip(" \t\x85\xa0"))
FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade"}
BODIES = st.binary(max_size=60)


@dataclass(frozen=True)
class Regular:
    """An answer to the letter of the standard."""

    data: bytes
    method: str


@st.composite
def regular(draw: st.DrawFn) -> Regular:
    method = draw(st.sampled_from(["GET", "GET", "GET", "HEAD"]))
    status = draw(st.integers(200, 599))
    reason = draw(VALUE)
    fields = draw(st.lists(st.tuples(TOKEN, VALUE), max_size=6))
    lines = [f"{name}: {value}" for name, value in fields if name.lower() not in FRAMING]
    body = draw(BODIES)
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunked":
        lines.append(
            f"{draw(st.sampled_from(['Transfer-Encoding', 'TRANSFER-encoding']))}: chunked"
        )
        body = chunked(draw, body)
    early = draw(st.lists(st.sampled_from(["100 Continue", "103 Early Hints"]), max_size=2))
    heads = [f"HTTP/1.1 {one}\r\nX-Early: 1\r\n\r\n" for one in early]
    heads.append("\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, "", ""]))
    if method == "HEAD" or status in {204, 304}:
        body = b""
    return Regular("".join(heads).encode("latin-1") + body, method)


def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(body))), max_size=4)) | {0, len(body)})
    parts = [body[a:b] for a, b in pairwise(cuts) if body[a:b]]
    extension = draw(st.sampled_from([b"", b";a=b", b';a="b c"', b" "]))
    trailer = draw(st.sampled_from([b"", b"X-Sum: 1\r\n"]))
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    return chunks + b"0\r\n" + trailer + b"\r\n"


def by_h11(answer: Regular) -> tuple[object, ...]:
    line = h11.Connection(h11.CLIENT, max_incomplete_event_size=1_000_000)
    line.send(h11.Request(method=answer.method, target="/", headers=[("Host", "a")]))
    line.send(h11.EndOfMessage())
    line.receive_data(answer.data)
    line.receive_data(b"")
    head: h11.Response | None = None
    body = b""
    while not isinstance(event := line.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
    assert head is not None
    fields = [(name.lower(), value) for name, value in head.headers.raw_items()]
    return head.status_code, bytes(head.reason), fields, body


def by_us(data: bytes, cuts: Sequence[int] = (), method: str = "GET") -> tuple[object, ...]:
    """Everything the reader makes of it, its refusal too."""
    reader = AnswerReader(method)
    body = b""
    start = 0
    try:
        for cut in [*sorted(cuts), len(data)]:
            body += reader.feed(data[start:cut])
            start = max(start, cut)
        while data := reader.feed(b""):
            body += data
        reader.end()
    except BadAnswer as error:
        ended: Reason | None = error.reason
    else:
        ended = None
    if reader.head is None:
        return None, ended
    head = reader.head
    fields = [(name.lower(), value) for name, value in head.fields]
    return head.status, head.reason, fields, body, ended


@examples(500)
@given(regular())
def test_a_regular_answer_is_read_as_h11_reads_it(answer: Regular) -> None:
    *ours, ended = by_us(answer.data, method=answer.method)
    assert ended is None
    assert tuple(ours) == by_h11(answer)


@examples(300)
@given(regular(), st.lists(st.integers(0, 300), max_size=8))
def test_a_regular_answer_is_the_same_from_any_pieces(answer: Regular, cuts: list[int]) -> None:
    assert by_us(answer.data, cuts, answer.method) == by_us(answer.data, (), answer.method)


@examples(500)
@given(
    mutated(list(ANSWERS.values()), [b"\r", b"\n", b":", b"0\r\n"]), st.sets(st.integers(0, 400))
)
def test_any_answer_is_the_same_from_any_pieces(data: bytes, cuts: set[int]) -> None:
    assert by_us(data, sorted(cuts)) == by_us(data)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_of_the_table_is_the_same_byte_by_byte(name: str) -> None:
    data = ANSWERS[name]
    if len(data) < 20_000:
        assert by_us(data, range(len(data))) == by_us(data)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "no line end": OK + b"x" * 1_000_000,
    "empty fields": OK + b"a:\r\n" * 250_000,
    "bare CR": OK + b"a:\r" * 300_000,
    "folds": OK + b"a: b\r\n" + b" c\r\n" * 250_000,
    "blanks": OK + b"a:" + b" " * 1_000_000,
    "blanks before the status": b"HTTP/1.1" + b" " * 1_000_000,
    "digits": b"HTTP/" + b"1" * 1_000_000,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000,
    "chunk extension": CHUNKED + b"5;" + b" " * 1_000_000,
    "zeros of a size": CHUNKED + b"0" * 1_000_000,
}


@pytest.mark.parametrize("size", [1_024, 16_384])
@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_given_up_and_no_piece_takes_long(name: str, size: int) -> None:
    def longest_s() -> float:
        reader = AnswerReader()
        data = ENDLESS[name]
        worst = 0.0
        reason: Reason | None = None
        for at in range(0, len(data), size):
            began = time.thread_time()
            try:
                reader.feed(data[at : at + size])
            except BadAnswer as error:
                reason = error.reason
            worst = max(worst, time.thread_time() - began)
            if reason is not None:
                break
        assert reason is Reason.ENDLESS
        return worst

    assert min(longest_s() for _ in range(3)) < 0.02


@pytest.mark.parametrize(
    "head",
    [
        OK + b"a:\r\n" * (HEAD_LINES - 1),
        OK + b"a: b\r\n" + b" \r\n" * (HEAD_LINES - 2),
        OK + b"a:" + b" " * (HEAD_BYTES - 100),
        OK + b"Content-Length: " + b"1," * (HEAD_BYTES // 2 - 50),
        OK + b"a" * (HEAD_BYTES - 100),
        OK + b"Transfer-Encoding: " + b"," * (HEAD_BYTES - 100),
        b"HTTP/1.1 200 " + b" " * (HEAD_BYTES - 100),
    ],
)
def test_the_largest_head_takes_no_time(head: bytes) -> None:
    def took_s() -> float:
        reader = AnswerReader()
        began = time.thread_time()
        reader.feed(head + b"\r\n\r\n")
        assert reader.head is not None
        return time.thread_time() - began

    assert min(took_s() for _ in range(3)) < 0.05


def test_a_drip_of_single_bytes_takes_linear_time() -> None:
    def took_s(data: bytes) -> float:
        reader = AnswerReader()
        began = time.thread_time()
        for at in range(len(data)):
            reader.feed(data[at : at + 1])
        return time.thread_time() - began

    short = OK + b"X-Drip: 1\r\n" * 450
    assert took_s(short * 4) < 12 * took_s(short) + 0.05


def test_interim_answers_end_after_ten() -> None:
    early = b"HTTP/1.1 102 Processing\r\n\r\n"
    final = OK + b"Content-Length: 0\r\n\r\n"
    assert by_us(early * MOST_INTERIM + final)[0] == 200
    assert by_us(early * (MOST_INTERIM + 1) + final) == (None, Reason.ENDLESS)


@pytest.mark.parametrize("banner", [b"+OK\r\n", b"SSH-2", b"\x16\x03\x01\x02\x00", b"hhhhx"])
def test_five_bytes_are_enough_to_know_another_language(banner: bytes) -> None:
    with pytest.raises(BadAnswer) as no:
        AnswerReader().feed(banner)
    assert no.value.reason is Reason.NOT_HTTP


@pytest.mark.parametrize("start", [b"H", b"hTt", b"\r\n\r\nH", b"abcdh", b"ICY", b"\xef\xbb\xbfHT"])
def test_what_may_still_become_http_is_waited_for(start: bytes) -> None:
    reader = AnswerReader()
    reader.feed(start)
    assert reader.head is None
