"""Where a redirect leads, and what may be reported there."""

import httpx
import pytest

from bot.engine.error_mapping import BadAnswer
from bot.engine.netguard import Netguard
from bot.engine.redirects import WebAddress, is_downgrade, location, may_get_headers, next_address
from bot.errors import AddressRefused
from bot.models import Reason

BASE = WebAddress.of("https://example.com/a/b?old")


@pytest.mark.parametrize(
    ("code", "headers", "place"),
    [
        *((code, {"location": "/there"}, b"/there") for code in (301, 302, 303, 307, 308)),
        *((code, {"location": "/there"}, None) for code in (200, 201, 300, 304, 305, 306, 404)),
        (302, {"Location": " /there\t"}, b"/there"),
        (302, {"location": " "}, None),
        (302, {}, None),
    ],
)
def test_a_redirect_is_one_of_five_codes_with_a_place(
    code: int, headers: dict[str, str], place: bytes | None
) -> None:
    assert location(httpx.Response(code, headers=headers)) == place


def test_the_same_place_twice_is_one_and_two_places_are_none() -> None:
    twice = [(b"Location", b"/a"), (b"location", b"/a")]
    assert location(httpx.Response(302, headers=twice)) == b"/a"
    with pytest.raises(BadAnswer) as no:
        location(httpx.Response(302, headers=[*twice, (b"Location", b"/b")]))
    assert no.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("place", "url"),
    [
        (b"c?x=1#y", "https://example.com/a/c?x=1"),
        (b"/c d", "https://example.com/c%20d"),
        (b"//EXAMPLE.org", "https://example.org/"),
        (b"http://example.org", "http://example.org/"),
        (b"HTTP://example.org:80/", "http://example.org/"),
        (b"https://example.org:8443?q", "https://example.org:8443/?q"),
        (b"https://example.com/" + b"a" * 16_000, "https://example.com/" + "a" * 16_000),
        # Bytes are kept one by one.
        (b"/caf\xe9?\xe9", "https://example.com/caf%E9?%E9"),
        ("/café".encode(), "https://example.com/caf%C3%A9"),
        (b"/a\"<>`{}^|[]'b", "https://example.com/a%22%3C%3E%60%7B%7D%5E%7C[]'b"),
        (b"/?a\"<>`{}^|[]'b", "https://example.com/?a%22%3C%3E`{}^|[]%27b"),
        (b"/100%?50%zz", "https://example.com/100%?50%zz"),
        (b"/a\x01\x7f", "https://example.com/a%01%7F"),
        # Blanks and line ends.
        (b" \x00/c \t", "https://example.com/c"),
        (b"ht\ttps://exa\nmple.org/\r\tc", "https://example.org/c"),
        # Relative forms.
        (b"?q", "https://example.com/a/b?q"),
        (b"#top", "https://example.com/a/b?old"),
        (b".", "https://example.com/a/"),
        (b"..", "https://example.com/"),
        (b"../../../c", "https://example.com/c"),
        (b"./c/./d/%2E%2e/e", "https://example.com/a/c/e"),
        (b"/a//b/../", "https://example.com/a//"),
        (b"c:d", None),
        (b"./c:d", "https://example.com/a/c:d"),
        (b"https:c", "https://example.com/a/c"),
        (b"https:/c", "https://example.com/c"),
        (b"http:/c.org/d", "http://c.org/d"),
        (b"http:c.org", "http://c.org/"),
        # Slashes of both kinds.
        (b"///example.org/c", "https://example.org/c"),
        (b"\\\\example.org\\c?\\", "https://example.org/c?\\"),
        (b"https:\\\\example.org/", "https://example.org/"),
        (b"/\\example.org/c", "https://example.org/c"),
        (b"\\c\\d", "https://example.com/c/d"),
        (b"https:////example.org", "https://example.org/"),
        # Hosts.
        ("https://bücher.example.org/".encode(), "https://xn--bcher-kva.example.org/"),
        ("https://BÜCHER.example.org/".encode(), "https://xn--bcher-kva.example.org/"),
        ("https://e\u0301cole.example.org/".encode(), "https://xn--cole-9oa.example.org/"),
        (b"https://b%C3%BCcher.example.org/", "https://xn--bcher-kva.example.org/"),
        (b"https://ex%61mple.org/", "https://example.org/"),
        (b"https://user:p%40ss@example.org/", "https://example.org/"),
        (b"https://a@b@example.org/", "https://example.org/"),
        (b"https://example.org\\@example.net/", "https://example.org/@example.net/"),
        (b"https://example.org./", "https://example.org/"),
        (b"https://[2606:4700::1111]:443/", "https://[2606:4700::1111]/"),
    ],
)
def test_the_next_hop_is_read_as_browsers_do(place: bytes, url: str | None) -> None:
    if url is None:
        with pytest.raises(BadAnswer):
            next_address(Netguard(), BASE, place)
    else:
        assert next_address(Netguard(), BASE, place).url == url


@pytest.mark.parametrize(
    "place",
    [
        b"http://exa mple.com/",
        b"http://[::1/",
        b"http:///",
        b"https://example.org:x/",
        b"http://caf\xe9.org/",
        b"tcp://example.com:443",
        b"javascript:alert(1)",
        b"mailto:a@example.com",
        b"intent://example.com/#Intent;end",
        b"/" * 16_385,
    ],
)
def test_what_is_no_address_of_the_web_is_said_to_be_none(place: bytes) -> None:
    with pytest.raises(BadAnswer) as no:
        next_address(Netguard(), BASE, place)
    assert no.value.reason is Reason.BAD_REDIRECT


@pytest.mark.parametrize(
    "place",
    [
        b"http://10.0.0.1/",
        b"http://2130706433/",
        b"http://0x7f.1/",
        b"http://127.0.0.1@10.0.0.1/",
        b"http://%31%30.0.0.1/",
        "http://１０.0.0.1/".encode(),
        b"\\\\10.0.0.1/",
        b"http://[fd00::1]/",
        b"http://[::ffff:10.0.0.1]/",
        b"http://localhost/",
        b"https://example.com:22/",
    ],
)
def test_an_address_that_is_not_visited_is_refused(place: bytes) -> None:
    with pytest.raises(AddressRefused):
        next_address(Netguard(), BASE, place)


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        ("https://a.com/", "http://a.com/", True),
        ("http://a.com/", "https://a.com/", False),
        ("https://a.com/", "https://b.com/", False),
        ("http://a.com/", "http://b.com/", False),
    ],
)
def test_from_https_to_http_alone_is_a_downgrade(
    before: str, after: str, *, reported: bool
) -> None:
    assert is_downgrade(WebAddress.of(before), WebAddress.of(after)) == reported


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        ("http://a.com/x", "http://a.com/y?z", True),
        ("https://a.com:8443/x", "https://a.com:8443/y", True),
        ("http://a.com/", "https://a.com/", True),
        ("https://a.com/", "http://a.com/", False),
        ("https://a.com/", "https://b.com/", False),
        ("https://a.com/", "https://www.a.com/", False),
        ("https://www.a.com/", "https://a.com/", False),
        ("http://a.com/", "https://b.com/", False),
        ("http://a.com/", "https://a.com:8443/", False),
        ("http://a.com:8080/", "https://a.com/", False),
        ("http://a.com:8080/", "https://a.com:8080/", False),
        ("https://a.com:8080/", "http://a.com:8080/", False),
    ],
)
def test_own_headers_go_to_the_same_origin_or_its_tls_twin_alone(
    before: str, after: str, *, reported: bool
) -> None:
    assert may_get_headers(WebAddress.of(before), WebAddress.of(after)) == reported
