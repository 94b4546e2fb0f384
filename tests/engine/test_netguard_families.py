"""What may be typed after ``tcp://`` and ``dns://``, and which ports strangers may knock at."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.kinds import ADDRESS_RULES
from bot.engine.kinds.tcp import TCP
from bot.engine.netguard import WEB, Netguard
from bot.errors import AddressRefused

HOME = (ipaddress.ip_network("192.168.0.0/16"),)
guard = Netguard()
home = Netguard(allow_private=HOME)

KNOCKS_REFUSED = {
    7: "attacks",
    19: "attacks",
    23: "worms",
    25: "mail",
    53: "dns://",
    135: "worms",
    139: "worms",
    445: "worms",
}
TCP_FORM = "A tcp:// address has a host and a port and nothing else, such as tcp://example.com:22."
DNS_FORM = "A dns:// address has a name and nothing else, such as dns://example.com."


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("tcp://example.com:22", "tcp://example.com:22"),
        ("TCP://EXAMPLE.com.:00443", "tcp://example.com:443"),
        ("tcp://fa\u00df.de:5432", "tcp://xn--fa-hia.de:5432"),
        ("tcp://8.8.8.8:65535", "tcp://8.8.8.8:65535"),
        ("tcp://[2606:2800:0::1]:80", "tcp://[2606:2800::1]:80"),
        ("dns://example.com", "dns://example.com"),
        ("DNS://_dmarc.Example.COM.", "dns://_dmarc.example.com"),
        ("dns://b\u00fccher.example.org", "dns://xn--bcher-kva.example.org"),
    ],
)
def test_a_port_and_a_name_are_kept_in_one_form(typed: str, stored: str) -> None:
    assert guard.check_url(typed, ADDRESS_RULES) == stored
    assert guard.check_url(stored, ADDRESS_RULES) == stored


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("tcp://example.com", TCP_FORM),
        ("tcp://example.com:", TCP_FORM),
        ("tcp://example.com:0", TCP_FORM),
        ("tcp://example.com:65536", TCP_FORM),
        ("tcp://example.com:22/", TCP_FORM),
        ("tcp://example.com:22/path", TCP_FORM),
        ("tcp://example.com:22?query", TCP_FORM),
        ("tcp://example.com:22#top", TCP_FORM),
        ("tcp://me:pw@example.com:22", "Please remove the user name and password"),
        ("tcp://10.0.0.1:22", "I can't watch private or local addresses."),
        ("tcp://nas.local:22", "I can't watch private or local addresses."),
        ("tcp://[::ffff:8.8.8.8]:22", "I can't watch private or local addresses."),
        ("tcp://8.8.8.8:445", "Port 445 is not allowed: worms"),
        ("tcp://2130706433:22", "“2130706433” is not a host name I can look up."),
        ("tcp://:22", "That doesn't look like a web address."),
        ("dns://example.com/", DNS_FORM),
        ("dns://example.com/a", DNS_FORM),
        ("dns://example.com?a", DNS_FORM),
        ("dns://example.com:53", DNS_FORM),
        ("dns://8.8.8.8", DNS_FORM),
        ("dns://[2606:2800::1]", DNS_FORM),
        ("dns://me@example.com", "Please remove the user name and password"),
        ("dns://nas", "I can't watch private or local addresses."),
        ("dns://router.lan", "I can't watch private or local addresses."),
        ("udp://example.com:53", "I can watch http://, https://, tcp://, dns://, tls://, "),
    ],
)
def test_a_refusal_is_one_clear_sentence(url: str, sentence: str) -> None:
    with pytest.raises(AddressRefused) as no:
        guard.check_url(url, ADDRESS_RULES)
    assert str(no.value).startswith(sentence)


def test_every_refused_port_says_why_and_every_other_port_is_fine() -> None:
    for port in (*range(1, 1_025), 3306, 5432, 6379, 25565, 65535):
        if port in KNOCKS_REFUSED:
            why = f"Port {port} is not allowed[:.] .*{KNOCKS_REFUSED[port]}"
            with pytest.raises(AddressRefused, match=why):
                guard.check_url(f"tcp://example.com:{port}", ADDRESS_RULES)
            with pytest.raises(AddressRefused, match=why):
                home.check_addresses("example.com", port, ["192.168.1.5", "8.8.8.8"], TCP.rules)
        else:
            assert guard.check_url(f"tcp://example.com:{port}", ADDRESS_RULES).endswith(f":{port}")
            guard.check_addresses("example.com", port, ["8.8.8.8"], TCP.rules)


@pytest.mark.parametrize(
    "url", ["tcp://192.168.1.5:25", "tcp://nas.local:53", "tcp://nas:445", "dns://nas.lan"]
)
def test_inside_the_own_networks_any_port_and_name_is_fine(url: str) -> None:
    assert home.check_url(url, ADDRESS_RULES) == url
    home.check_addresses("nas.lan", 25, ["192.168.1.5"], TCP.rules)


def test_ports_and_names_are_no_web_addresses() -> None:
    """A redirect may not lead there, nor does the web's probe take them."""
    for url in ("tcp://example.com:80", "dns://example.com"):
        with pytest.raises(AddressRefused):
            guard.check_url(url, WEB)


noise = st.text(st.sampled_from("aA0.:/@#?%[]\\ \t\u00df\uff0e\u3002x-_1279"), max_size=14)
hosts = st.sampled_from(["Example.com", "b\u00fccher.de", "8.8.8.8", "example\u3002com"])
typed = noise | st.tuples(hosts, st.sampled_from(["", ".", ":443", ":0443", "/"]) | noise).map(
    "".join
)


@given(st.sampled_from(["tcp://", "dns://", "TCP://"]), typed)
def test_whatever_is_typed_is_refused_or_kept_in_its_one_form(scheme: str, rest: str) -> None:
    try:
        checked = guard.check_url(scheme + rest, ADDRESS_RULES)
    except AddressRefused:
        return
    assert checked.isascii()
    assert checked.startswith(scheme.lower())
    assert guard.check_url(checked, ADDRESS_RULES) == checked
    assert not set(checked.partition("://")[2]) & set("/?#@\\ ")
