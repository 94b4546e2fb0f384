"""Addresses as people type them: wrapped, without a scheme, and with slips that are asked about."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.kinds import ADDRESS_RULES
from bot.engine.netguard import Netguard
from bot.errors import AddressRefused, Mistyped
from bot.services.typed_text import typed_address

HOME = Netguard(allow_private=(ipaddress.ip_network("192.168.0.0/16"),))


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("example.com/x", "https://example.com/x"),
        (" example.com ", "https://example.com"),
        ("http://example.com", "http://example.com"),
        ("HTTPS://example.com", "HTTPS://example.com"),
        ("<https://example.com>", "https://example.com"),
        ("`https://example.com`", "https://example.com"),
        ("``https://example.com``", "https://example.com"),
        ("<`example.com`>", "https://example.com"),
        ("`<http://example.com/a>`", "http://example.com/a"),
        ("/path", "/path"),
        ("//example.com", "//example.com"),
        ("ftp://example.com", "ftp://example.com"),
        ("ssh://example.com", "ssh://example.com"),
        ("mqtt://example.com", "mqtt://example.com"),
        ("tcp://example.com:22", "tcp://example.com:22"),
        ("dns://example.com", "dns://example.com"),
        ("nas", "https://nas"),
        ("nas:8080/x", "https://nas:8080/x"),
        ("dns/admin", "https://dns/admin"),
        ("dns:8080", "https://dns:8080"),
        ("http.cat/404", "https://http.cat/404"),
        ("https.example.com", "https://https.example.com"),
        ("https-only.example.com/a//b", "https://https-only.example.com/a//b"),
        ("httpbin.org/get", "https://httpbin.org/get"),
        ("ttp.example.com:8080//x", "https://ttp.example.com:8080//x"),
        ("https://http.cat/404", "https://http.cat/404"),
        ("https://web.example/https://x.com", "https://web.example/https://x.com"),
        ("https://example.com/?u=https//x", "https://example.com/?u=https//x"),
        ("https://httpd.apache.org/", "https://httpd.apache.org/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("[2606:4700::1111]:8080", "https://[2606:4700::1111]:8080"),
        ("1.1.1.1", "https://1.1.1.1"),
        ("\u00e9cole.fr", "https://\u00e9cole.fr"),
    ],
)
def test_what_is_typed_well_is_taken(typed: str, taken: str) -> None:
    assert typed_address(typed) == taken


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https//example.com", "https://example.com"),
        ("http//example.com", "http://example.com"),
        ("http:/example.com", "http://example.com"),
        ("https:/example.com/a?b#c", "https://example.com/a?b#c"),
        ("https/example.com", "https://example.com"),
        ("https:example.com", "https://example.com"),
        ("https://https://example.com", "https://example.com"),
        ("https://http://example.com", "http://example.com"),
        ("http://https://example.com", "https://example.com"),
        ("https://https//example.com", "https://example.com"),
        ("https://https:/example.com", "https://example.com"),
        ("https://https:example.com", "https://example.com"),
        ("https://https://https://example.com", "https://example.com"),
        ("https:///example.com", "https://example.com"),
        ("https:////example.com", "https://example.com"),
        ("htp://example.com", "http://example.com"),
        ("htps://example.com", "https://example.com"),
        ("htpps://example.com", "https://example.com"),
        ("httsp://example.com", "https://example.com"),
        ("hhttps://example.com", "https://example.com"),
        ("htttp://example.com", "http://example.com"),
        ("ttps://example.com", "https://example.com"),
        ("ttp://example.com", "http://example.com"),
        ("ht://example.com", "http://example.com"),
        ("hxxps://example.com", "https://example.com"),
        ("shttp://example.com", "https://example.com"),
        ("httpss://example.com", "https://example.com"),
        ("htp//example.com", "http://example.com"),
        ("htps:/example.com", "https://example.com"),
        ("htps:example.com", "https://example.com"),
        ("https:/1.1.1.1", "https://1.1.1.1"),
        ("HTTPS//EXAMPLE.com", "https://EXAMPLE.com"),
        ("Https;//example.com", "https://example.com"),
        ("https.//example.com", "https://example.com"),
        ("https::/example.com", "https://example.com"),
        ("https:://example.com", "https://example.com"),
        ("https: //example.com", "https://example.com"),
        ("https:// example.com", "https://example.com"),
        ("https ://example.com", "https://example.com"),
        ("https:\\\\example.com\\a", "https://example.com/a"),
        ("https\uff1a//example.com", "https://example.com"),
        ("https:\uff0f\uff0fexample.com", "https://example.com"),
        ("://example.com", "https://example.com"),
        (":/example.com", "https://example.com"),
        ("<https://example.com", "https://example.com"),
        ("tcp//example.com:22", "tcp://example.com:22"),
        ("tcp:/example.com:22", "tcp://example.com:22"),
        ("tcp:example.com:22", "tcp://example.com:22"),
        ("tpc://example.com:22", "tcp://example.com:22"),
        ("https://tcp://example.com:22", "tcp://example.com:22"),
        ("dns:example.com", "dns://example.com"),
        ("dsn://example.com", "dns://example.com"),
        ("a2s//play.example.com:27016", "a2s://play.example.com:27016"),
        ("minecraft:play.example.com", "minecraft://play.example.com"),
        ("tsl://a.example.com", "tls://a.example.com"),
        ("smtps://mail.example.com:465", "smtp://mail.example.com:465"),
        ("<https//example.com>", "https://example.com"),
        ("`http:/example.com`", "http://example.com"),
        ("[my site](https://example.com)", "https://example.com"),
        ("'https://example.com'", "https://example.com"),
        ('"http://example.com/a"', "http://example.com/a"),
        ("\u201chttps://example.com\u201d", "https://example.com"),
        ("(https://example.com)", "https://example.com"),
        ("**https://example.com**", "https://example.com"),
        ("||https://example.com||", "https://example.com"),
        ("https;example.com", "https://example.com"),
        ("http:\\example.com", "http://example.com"),
        ("[my site](https//example.com)", "https://example.com"),
        ("[my site](<https://example.com>)", "https://example.com"),
    ],
)
def test_a_slip_is_asked_about(typed: str, meant: str) -> None:
    with pytest.raises(Mistyped) as slip:
        typed_address(typed)
    assert slip.value.meant == meant
    assert typed_address(slip.value.meant) == slip.value.meant, "what is offered can be taken"
    assert f"Did you mean {slip.value.meant}?" in str(slip.value)


@pytest.mark.parametrize(
    "typed", ["https", "http", "https/", "https://https", "https:", "https://"]
)
def test_a_scheme_alone_is_never_a_host(typed: str) -> None:
    with pytest.raises(AddressRefused):
        HOME.check_url(typed_address(typed), ADDRESS_RULES)


PIECES = """https http htp tcp : / // :// \\ ; < > ` [ example.com nas ] ( ) 8080 @ ? # .
    \u00e9 \uff1a https:// httpss dns""".split()  # noqa: SIM905 - a table reads better


@given(st.lists(st.sampled_from([*PIECES, " "]), max_size=8).map("".join))
@example(":https ]")
def test_whatever_is_offered_is_no_slip_again(typed: str) -> None:
    try:
        taken = typed_address(typed)
    except Mistyped as slip:
        taken = typed_address(slip.meant)
        assert taken == slip.meant  # noqa: PT017 - a slip is as good as none
    assert "://" in taken or taken.startswith("/")
