"""Where a redirect leads, and what may be told there."""

import httpx
import pytest

from bot.engine.netguard import Netguard
from bot.engine.redirects import is_downgrade, location, may_know, next_url
from bot.errors import AddressRefused

BASE = "https://example.com/a/b"


@pytest.mark.parametrize(
    ("code", "headers", "place"),
    [
        *((code, {"location": "/there"}, "/there") for code in (301, 302, 303, 307, 308)),
        *((code, {"location": "/there"}, None) for code in (200, 201, 300, 304, 305, 306, 404)),
        (302, {"Location": " /there\t"}, "/there"),
        (302, {"location": " "}, None),
        (302, {}, None),
    ],
)
def test_a_redirect_is_one_of_five_codes_with_a_place(
    code: int, headers: dict[str, str], place: str | None
) -> None:
    assert location(httpx.Response(code, headers=headers)) == place


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("c?x=1#y", "https://example.com/a/c?x=1"),
        ("/c d", "https://example.com/c%20d"),
        ("//EXAMPLE.org", "https://example.org/"),
        ("http://example.org", "http://example.org/"),
        ("https://example.com/" + "a" * 2028, "https://example.com/" + "a" * 2028),
    ],
)
def test_the_next_hop_is_read_from_where_the_last_one_was(place: str, url: str) -> None:
    assert next_url(Netguard(), BASE, place) == url


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("http://exa mple.com/", "That doesn't look like a web address."),
        ("http://[::1/", "That doesn't look like a web address."),
        ("http://10.0.0.1/", "I can't watch private or local addresses."),
        ("tcp://example.com:443", "I can watch http://, https://, tcp:// and dns:// addresses."),
        ("./" * 1_025, "The address is too long: at most 2048 characters."),
    ],
)
def test_a_hop_is_refused_for_what_would_be_refused_of_a_person(place: str, sentence: str) -> None:
    with pytest.raises(AddressRefused) as no:
        next_url(Netguard(), BASE, place)
    assert str(no.value).startswith(sentence)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("https://a.com/", "http://a.com/", True),
        ("http://a.com/", "https://a.com/", False),
        ("https://a.com/", "https://b.com/", False),
        ("http://a.com/", "http://b.com/", False),
    ],
)
def test_from_https_to_http_alone_is_a_downgrade(before: str, after: str, *, told: bool) -> None:
    assert is_downgrade(before, after) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
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
    before: str, after: str, *, told: bool
) -> None:
    assert may_know(before, after) == told
