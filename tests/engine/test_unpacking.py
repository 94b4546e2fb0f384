"""Bodies that come compressed although none was asked for."""

import gzip
import zlib

import pytest

from bot.engine.error_mapping import BadAnswer
from bot.engine.page_text import Unpacker
from bot.models import Reason

TEXT = b"some text that is packed " * 40


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("encodings", "packed"),
    [
        (["gzip"], gzip.compress(TEXT)),
        (["x-gzip"], gzip.compress(TEXT)),
        (["gzip"], gzip.compress(TEXT[:300]) + gzip.compress(TEXT[300:])),
        (["deflate"], zlib.compress(TEXT)),
        (["deflate"], raw_deflate(TEXT)),
        (["gzip"], zlib.compress(TEXT)),
        (["identity", "gzip"], gzip.compress(TEXT)),
        ([""], TEXT),
        (["identity"], TEXT),
        (["utf-8"], TEXT),
        (["none"], TEXT),
    ],
)
def test_a_body_is_unpacked_from_any_pieces(
    encodings: list[str], packed: bytes, piece: int
) -> None:
    unpacker = Unpacker(encodings, 10_000)
    for at in range(0, len(packed), piece):
        unpacker.take(packed[at : at + piece])
    assert bytes(unpacker.body) == TEXT
    assert not unpacker.is_bomb


@pytest.mark.parametrize(
    ("encodings", "reason"),
    [
        (["br"], Reason.BROTLI),
        (["zstd"], Reason.ZSTD),
        (["gzip", "gzip"], Reason.UNREADABLE),
        (["br", "gzip"], Reason.UNREADABLE),
    ],
)
def test_what_is_not_unpacked_is_named(encodings: list[str], reason: Reason) -> None:
    with pytest.raises(BadAnswer) as no:
        Unpacker(encodings, 100)
    assert no.value.reason is reason


@pytest.mark.parametrize(
    "body", [b"plain text", b"sesame", b"\x1f\x8bnot gzip at all", b"\x00" * 99]
)
def test_what_is_not_packed_as_it_says_is_unreadable(body: bytes) -> None:
    with pytest.raises(BadAnswer) as no:
        Unpacker(["gzip"], 100).take(body)
    assert no.value.reason is Reason.UNREADABLE


def test_no_more_is_unpacked_than_the_limit() -> None:
    unpacker = Unpacker(["gzip"], 1_000)
    unpacker.take(gzip.compress(bytes(60_000_000)))
    assert len(unpacker.body) == 1_000
    assert unpacker.full


def test_zeros_by_the_megabyte_are_a_bomb_and_a_long_page_is_none() -> None:
    bomb = Unpacker(["gzip"], 262_144)
    bomb.take(gzip.compress(bytes(60_000_000))[:1_200])
    assert bomb.is_bomb
    page = Unpacker(["gzip"], 262_144)
    page.take(gzip.compress(b"".join(b"<tr><td>%d</td></tr>\n" % n for n in range(20_000))))
    assert page.full
    assert not page.is_bomb
