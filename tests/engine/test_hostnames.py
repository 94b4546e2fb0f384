"""Capitals and symbols are taken as browsers take them; what stands for other letters is not."""

from urllib.parse import urlsplit

import httpx
import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.addresses import ascii_host, is_local_name, is_numeric

# Written out again on purpose: names that must stay local.
LOCAL_NAMES = """corp home home.arpa internal intranet invalid lan local localdomain localhost onion
    private svc test""".split()  # noqa: SIM905 - a table reads better
LONGEST = ".".join(["a" * 61] + ["b" * 63] * 3)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("fa\u00df.de", "xn--fa-hia.de"),  # IDNA 2003 made it fass.de, another host
        ("\u03c2.gr", "xn--3xa.gr"),  # the last sigma of a word, another host than \u03c3
        ("\u4f8b\u3048.jp", "xn--r8jz45g.jp"),
        ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "xn--mgba3gch31f060k.com"),  # RFC 5892
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("EXAMPLE.com.", "example.com"),
        ("x.com", "x.com"),
        ("r3---sn-abc.example.com", "r3---sn-abc.example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("_dmarc.b\u00fccher.example", "_dmarc.xn--bcher-kva.example"),
        ("B\u00dcCHER.de", "xn--bcher-kva.de"),
        ("\u00c9cole.fr", "xn--cole-9oa.fr"),
        ("STRA\u1e9eE.de", "xn--strae-oqa.de"),
        ("\u039f\u0394\u039f\u03a3.gr", "xn--pxavbq.gr"),  # capitals know one sigma alone
        ("\u041f\u043e\u0447\u0442\u0430.\u0440\u0444", "xn--80a1acny.xn--p1ai"),
        ("\u13a0\u13a1.example", ascii_host("\u13a0\u13a1.example")),  # small in capitals alone
        ("a\u0308pfel.de", "xn--pfel-koa.de"),  # as macOS writes it
        ("\U0001f4a9.la", "xn--ls8h.la"),
        ("xn--ls8h.la", "xn--ls8h.la"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("I\u2764\ufe0f.ws", "xn--i-7iq.ws"),  # as telephones write it
        ("\U0001fae9.ws", "xn--b39h.ws"),  # younger than this Python
        (LONGEST, LONGEST),
    ],
)
def test_a_host_has_one_ascii_form(typed: str, host: str) -> None:
    assert ascii_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        "\uff45xample.com",  # wide letters
        "example\u3002com",  # an ideographic full stop
        "example\uff0ecom",
        "127\uff0e0\uff0e0\uff0e1",
        "\u2460\u2461.com",  # circled digits
        "\u017fearch.com",  # a long s
        "\u212a.com",  # the sign of Kelvin, which lower case makes a k
        "\u0130.com",
        "\ufb01.com",  # a ligature
        "a\u00adb.com",  # a soft hyphen
        "a\u200bb.com",  # no width
        "a\u200cb.com",  # a joiner where no script needs one
        "a\u202eb.com",
        "\u05d0a.com",  # two directions in one label
        "\u0378.com",  # no character at all
        "\U0001f469\u200d\U0001f4bb.ws",  # browsers take no joiner between emoji
        "\ufe0f.ws",
        "\u0308a.com",  # begins with an accent
        "\u00fc+.com",
        "\u00fc_x.com",
        "\u00fc._x.example",  # libraries and browsers read such a neighbour differently
        "xn--bcher-kva._x.example",
        "\u00fc" * 64,
        "xn--\u212a.com",
        "xn--BCHER-KVA\u0130.com",
        "xn--bcher-KVA-.example",
        "xn--fass-.de",
        "xn--a.com",
        "xn--.com",
        "xn--\u00fc.com",
        "xn--r3---sn.com",
        "xn---bbk.com",  # shown like xn--bbk.com, another host
        "-a.com",
        "a-.com",
        "a..com",
        ".com",
        "",
        "." * 3,
        "a" * 64 + ".com",
        "a" + LONGEST,
        "a b.com",
        "a\x00.com",
        "a%2ecom",
        "a,b.com",
    ],
)
def test_what_would_need_mapping_is_no_host(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ascii_host(typed)


@given(
    st.text(
        st.characters(codec="utf-8") | st.sampled_from("abc-.\u00df\u3002\uff0e0x"), max_size=20
    )
)
def test_what_is_taken_reads_back_as_what_was_typed(typed: str) -> None:
    try:
        host = ascii_host(typed)
    except ValueError:
        return
    assert host.isascii()
    assert ascii_host(host) == host
    assert len(host.split(".")) == len(typed.removesuffix(".").split("."))
    assert idna.uts46_remap(readable(host), std3_rules=False) == readable(host)
    mapped = idna.uts46_remap(typed.removesuffix(".").replace("\ufe0f", ""), std3_rules=False)
    assert readable(host) == readable(mapped)


def readable(host: str) -> str:
    """What the labels stand for, read by Python's own punycode."""
    parts = (one.removeprefix("xn--").encode().decode("punycode") if one[:4] == "xn--" else one
             for one in host.split("."))  # fmt: skip
    return ".".join(parts)


@given(st.text(st.sampled_from("abz019-_\u00e9\u00c9\u00df\u0434\U0001f4a9\u2603."), max_size=16))
def test_what_is_taken_is_read_alike_by_the_client(typed: str) -> None:
    try:
        host = ascii_host(typed)
    except ValueError:
        return
    request = httpx.Request("GET", f"https://{host}/", headers=[("Host", host)])
    assert (request.url.raw_host.decode(), request.headers["host"]) == (host, host)
    assert urlsplit(str(request.url)).hostname == host


def test_local_names_and_numbers_are_reported_apart() -> None:
    assert is_local_name("nas")
    for suffix in LOCAL_NAMES:
        assert is_local_name(f"a.{suffix}")
        assert is_local_name(suffix)
        assert not is_local_name(f"a.{suffix}.example.com")
        assert not is_local_name(f"a.x{suffix}")
    for number in ("1", "127.1", "0x7f", "0x7f.1", "0x", "017700000001", "1.2.3.4", "a.0x1f"):
        assert is_numeric(number)
        assert not is_local_name(number)
    for name in ("1a.com", "0x7g.com", "127.0.0.1.com", "x0x1", "0x1.0y"):
        assert not is_numeric(name)
    assert not is_local_name("2606:2800::1")
