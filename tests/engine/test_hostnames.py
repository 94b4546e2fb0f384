"""IDNA 2008 without mapping: what would have to be changed to be a host is none."""

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.hostnames import ascii_host, is_local_name, is_numeric

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
        "B\u00dcCHER.example",  # a capital that only mapping makes small
        "\u0130.com",
        "\ufb01.com",  # a ligature
        "a\u0308.com",  # an accent that stands alone
        "a\u00adb.com",  # a soft hyphen
        "a\u200bb.com",  # no width
        "a\u200cb.com",  # a joiner where no script needs one
        "a\u202eb.com",
        "\u05d0a.com",  # two directions in one label
        "\U0001f600.com",
        "\u0378.com",  # no character at all
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
    lower = "".join(c.lower() if c.isascii() else c for c in typed.removesuffix("."))
    shown = ".".join(idna.ulabel(one) if one.startswith("xn--") else one for one in host.split("."))
    assert shown == ".".join(
        idna.ulabel(one) if one.startswith("xn--") else one for one in lower.split(".")
    )


def test_local_names_and_numbers_are_told_apart() -> None:
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
