"""Addresses as people type them: wrapped, without a scheme, and with slips that are asked about."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.config import Config
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.netguard import Netguard
from bot.errors import AddressRefused, Mistyped, PortRefused
from bot.models import Cause, CheckResult, Phases, Reason
from bot.services.monitor_rules import MonitorIndex, MonitorRules
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


HANGS = CheckResult(0, Cause(Reason.TIMEOUT, 10), phases=Phases(dns=1.0, connect=2.0, total=9.9))


@pytest.mark.parametrize(
    ("typed", "fitting"),
    [
        ("nas.lan:3000", ["http://nas.lan:3000/", "tcp://nas.lan:3000"]),
        ("nas.lan:3000/a?b=c", ["http://nas.lan:3000/a?b=c", "tcp://nas.lan:3000"]),
        ("[2001:4860:4860::8888]:8080", ["http://[{}]:8080/", "tcp://[{}]:8080"]),
        ("192.168.0.7:8006", ["http://192.168.0.7:8006/", "tcp://192.168.0.7:8006"]),
        ("École.lan:3000", ["http://xn--cole-9oa.lan:3000/", "tcp://xn--cole-9oa.lan:3000"]),
        ("nas.lan:80", ["http://nas.lan/", "tcp://nas.lan:80"]),
        ("nas.lan:443", []),
        ("https://nas.lan:443/", []),
        ("nas.lan", []),
        ("http://nas.lan:3000", []),
        ("tls://nas.lan:3000", []),
    ],
)
def test_an_address_with_a_port_that_speaks_no_tls_may_be_one_without(
    typed: str, fitting: list[str]
) -> None:
    rules = MonitorRules(Config(), HOME)
    monitor = rules.new(1, {"url": typed_address(typed)}, MonitorIndex(), 0)
    found = [change["url"] for change in rules.without_tls(monitor, HANGS, MonitorIndex())]
    assert found == [one.format("2001:4860:4860::8888") for one in fitting]


@pytest.mark.parametrize("guard", [HOME, Netguard()])
@pytest.mark.parametrize(
    "typed",
    [
        "nas.example.com:0",
        "nas.example.com:65536",
        "nas.example.com:99999/x",
        "a\u2100b.example.com:70000",
        "user@nas.example.com:65536",
    ],
)
def test_what_is_no_port_is_watched_by_no_kind(guard: Netguard, typed: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        MonitorRules(Config(), guard).address(typed_address(typed))
    assert refused.value.instead == ()


def test_an_ip_address_of_the_newer_kind_keeps_its_brackets_in_what_fits() -> None:
    with pytest.raises(PortRefused) as refused:
        MonitorRules(Config(), Netguard()).address("https://[2001:4860:4860::8888]:3000/x")
    assert refused.value.instead == ("tcp://[2001:4860:4860::8888]:3000",)


def test_only_a_handshake_that_got_no_answer_says_so() -> None:
    rules = MonitorRules(Config(), HOME)
    monitor = rules.new(1, {"url": "https://nas.lan:3000"}, MonitorIndex(), 0)
    handshake = HANGS.phases
    for cause, phases, is_one in (
        (Cause(Reason.NOT_TLS), handshake, True),
        (Cause(Reason.TLS), handshake, False),  # an alert of TLS is TLS
        (Cause(Reason.RESET), handshake, True),
        (Cause(Reason.TIMEOUT, 10), Phases(dns=1.0, total=10.0), False),
        (Cause(Reason.TIMEOUT, 10), Phases(connect=1.0, tls=1.0, total=10.0), False),
        (Cause(Reason.REFUSED), Phases(total=1.0), False),
        (Cause(Reason.TLS_EXPIRED, 3), handshake, False),
        (Cause(Reason.TLS_NAME), handshake, False),
        (Cause(Reason.HTTP, 503), Phases(connect=1.0, tls=1.0, total=10.0), False),
        (None, Phases(connect=1.0, tls=1.0, total=10.0), False),
    ):
        seen = CheckResult(0, cause, phases=phases)
        assert bool(list(rules.without_tls(monitor, seen, MonitorIndex()))) is is_one, cause
