"""Cookies go where RFC 6265 lets them, for one check, and there are never many."""

import pytest

from bot.engine.redirects import MOST_COOKIES, MOST_SENT, Cookies, WebAddress

HOME = WebAddress.of("https://www.example.com/shop/page")


def sent(lines: list[str], to: str, start: WebAddress = HOME) -> str:
    cookies = Cookies()
    cookies.take(start, [line.encode("latin-1") for line in lines])
    return cookies.header(WebAddress.of(to))


@pytest.mark.parametrize(
    ("line", "to", "header"),
    [
        ("a=1", "https://www.example.com/shop/", "a=1"),
        ("a=1", "https://www.example.com/shop/page/2?x", "a=1"),
        ("a=1", "https://www.example.com/shop", "a=1"),
        ("a=1", "https://www.example.com/", ""),
        ("a=1", "https://www.example.com/shopping", ""),
        ("a=1", "http://www.example.com/shop/", "a=1"),
        ("a=1", "https://www.example.com:8443/shop/", "a=1"),
        ("a=1", "https://example.com/shop/", ""),
        ("a=1", "https://x.www.example.com/shop/", ""),
        ("a=1; Path=/", "https://www.example.com/", "a=1"),
        ("a=1; path=/shop/", "https://www.example.com/shop/x", "a=1"),
        ("a=1; path=/shop/", "https://www.example.com/shop", ""),
        ("a=1; path=elsewhere", "https://www.example.com/shop/", "a=1"),
        ("a=1; Path=/; Secure", "http://www.example.com/", ""),
        ("a=1; Path=/; SECURE; HttpOnly; SameSite=Lax", "https://www.example.com/", "a=1"),
        ("a=1; Path=/; Domain=example.com", "https://www.example.com/", "a=1"),
        ("a=1; Path=/; Domain=.Example.com", "https://example.com/", "a=1"),
        ("a=1; Path=/; Domain=example.com", "https://x.y.example.com/", "a=1"),
        ("a=1; Path=/; Domain=example.com", "https://badexample.com/", ""),
        ("a=1; Path=/; Domain=com", "https://www.example.com/", ""),
        ("a=1; Path=/; Domain=.com", "https://other.com/", ""),
        ("a=1; Path=/; Domain=other.com", "https://other.com/", ""),
        ("a=1; Path=/; Domain=x.www.example.com", "https://x.www.example.com/", ""),
        ("a=1; Path=/; Domain=", "https://www.example.com/", "a=1"),
        ("a=1; Path=/; Max-Age=0", "https://www.example.com/", ""),
        ("a=1; Path=/; Max-Age=-5", "https://www.example.com/", ""),
        ("a=1; Path=/; Max-Age=60", "https://www.example.com/", "a=1"),
        ("a=1; Path=/; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "https://www.example.com/", "a=1"),
        (" a = b c ;Path=/", "https://www.example.com/", "a=b c"),
        ("a=b=c; Path=/", "https://www.example.com/", "a=b=c"),
        ("a=; Path=/", "https://www.example.com/", "a="),
        ("alone; Path=/", "https://www.example.com/", "alone"),
        ("a=\xe9; Path=/", "https://www.example.com/", "a=\xe9"),
        ("a=1\x01; Path=/", "https://www.example.com/", ""),
        ("; Path=/", "https://www.example.com/", ""),
        ("", "https://www.example.com/shop/", ""),
        ("a=" + "x" * 5_000 + "; Path=/", "https://www.example.com/", ""),
    ],
)
def test_a_cookie_goes_where_it_is_for(line: str, to: str, header: str) -> None:
    assert sent([line], to) == header


@pytest.mark.parametrize("host", ["10.0.0.1", "[2606:4700::1]"])
def test_an_address_has_no_domain(host: str) -> None:
    start = WebAddress.of(f"http://{host}/")
    assert sent(["a=1"], f"http://{host}/x", start) == "a=1"
    assert sent(["a=1; Domain=0.0.1"], "http://20.0.0.1/", start) == ""


def test_the_last_of_a_name_counts() -> None:
    lines = ["a=1; Path=/", "b=2; Path=/", "a=3; Path=/"]
    assert sent(lines, "https://www.example.com/") == "a=3; b=2"


def test_a_cookie_can_be_taken_back() -> None:
    for ending in (
        "Max-Age=0",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "expires=Thu, 01-Jan-1970",
    ):
        lines = ["a=1; Path=/", f"a=; Path=/; {ending}"]
        assert sent(lines, "https://www.example.com/") == ""


def test_there_are_never_many() -> None:
    many = [f"c{n}=1; Path=/" for n in range(1_000)]
    assert sent(many, "https://www.example.com/").count(";") == MOST_COOKIES - 1
    large = [f"c{n}={'x' * 3_000}; Path=/" for n in range(50)]
    assert len(sent(large, "https://www.example.com/")) <= MOST_SENT
