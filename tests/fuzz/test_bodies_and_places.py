"""Whatever a site sends as page, as packed body, as cookie or as place to go to: no error."""

import asyncio
import gzip
import zlib
from contextlib import suppress

import httpx
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.addresses import is_numeric, is_public, parse
from bot.engine.error_mapping import BadAnswer
from bot.engine.netguard import DEFAULT_PORTS, WEB, Netguard
from bot.engine.page_text import Unpacker, decoded, holds
from bot.engine.redirects import MOST_SENT, Cookies, WebAddress, next_address
from bot.engine.transport import request_bytes
from bot.errors import AddressRefused
from tests.fuzz.effort import examples, mutated

PAGES = [
    b'<html><meta charset="windows-1252"><p>caf&eacute;&nbsp;&#39;',
    b'<?xml version="1.0" encoding="shift_jis"?><a>\x93\xfa</a>',
    b'{"a": "caf\\u00e9 \\ud83d\\ude00 \\/"}',
    "e\u0301 \u1100\u1161 \U0001f600".encode(),
    "\ufeffabc".encode("utf-16"),
]
TYPES = st.sampled_from(
    ["", "text/html", "text/html; charset=gbk", "application/json", "text/plain; charset=utf-16be"]
)


@examples(300)
@given(mutated(PAGES, [b"&", b"\\u", b"\xff", b"<meta charset="]), TYPES, st.text(max_size=5))
def test_any_page_is_text(body: bytes, kind: str, wanted: str) -> None:
    text = decoded(body, kind)
    assert isinstance(asyncio.run(holds(text, wanted, kind)), bool)
    assert asyncio.run(holds(text, text[: len(text) // 2], kind))


PACKED = [gzip.compress(b"text" * 50), zlib.compress(b"text" * 50), gzip.compress(bytes(100_000))]


@examples(200)
@given(mutated(PACKED, [b"\x1f\x8b", b"\x78\x9c"]), st.integers(1, 60), st.sampled_from("gdi"))
def test_any_packed_body_is_unpacked_or_unreadable(body: bytes, piece: int, kind: str) -> None:
    unpacker = Unpacker([{"g": "gzip", "d": "deflate", "i": "identity"}[kind]], 1_000)
    with suppress(BadAnswer):
        for at in range(0, len(body), piece):
            unpacker.take(body[at : at + piece])
    assert len(unpacker.body) <= 1_000


PLACES = [
    b"/caf\xe9?q=\xff#top",
    b"https://user:pw@example.org:8443/a/../b%2e/./c",
    b"//b\xc3\xbccher.example.org\\x\\..\\y",
    b"http:///10.0.0.1/",
    b"https://[2606:4700::1111]:443/",
    b"HTTPS:\\\\127.0.0.1\\@example.org/",
    b"http://0x7f.1:80/%",
]
PARTS = [b"@", b"\\", b"//", b"[", b"]", b":", b"%31", b"\t", b"..", b"http:", b"\xef\xbc\x91"]


@examples(1_000)
@given(mutated(PLACES, PARTS), st.sampled_from(["https://example.com/a/b?c", "http://a.example/"]))
def test_any_place_is_refused_or_read_alike_by_all(place: bytes, base: str) -> None:
    """The place that was judged is the place that is asked: no two parsers may differ."""
    try:
        after = next_address(Netguard(), WebAddress.of(base), place)
    except (AddressRefused, BadAnswer):
        return
    assert after.port in DEFAULT_PORTS
    if is_numeric(after.name) or ":" in after.name:
        assert is_public(parse(after.name))
    url = httpx.URL(after.url)
    assert (url.scheme, url.raw_host.decode("ascii")) == (after.scheme, after.name)
    assert (url.port or {"http": 80, "https": 443}[url.scheme]) == after.port
    request = httpx.Request("GET", after.url, extensions={"target": after.target.encode("ascii")})
    first = request_bytes(request).split(b"\r\n")[0]
    assert first == f"GET {after.target} HTTP/1.1".encode()
    assert first.count(b" ") == 2
    assert WebAddress.of(after.url) == after
    assert Netguard().check_host(after.host, WEB[after.scheme]) == after.host


COOKIES = [b"a=1; Path=/; Domain=example.com; Secure", b"b=\xff; max-age=0", b"c; expires=1970"]


@examples(200)
@given(st.lists(mutated(COOKIES, [b";", b"=", b"Domain=.", b"\r\n"]), max_size=5))
def test_any_cookie_is_kept_or_dropped(lines: list[bytes]) -> None:
    cookies = Cookies()
    cookies.take(WebAddress.of("https://www.example.com/a"), lines)
    for url in ("https://www.example.com/a", "http://example.com/", "https://other.com/"):
        header = cookies.header(WebAddress.of(url))
        assert len(header) <= MOST_SENT
        assert "\n" not in header
        assert "\r" not in header
    assert cookies.header(WebAddress.of("https://other.com/")) == ""
