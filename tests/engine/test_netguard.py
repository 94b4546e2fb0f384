"""No refused address is ever dialled: all vectors, on the way to the socket."""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.engine import connector
from bot.engine.connector import Connected
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.kinds.http import HttpChecker
from bot.engine.netguard import DEFAULT_PORTS, Netguard
from bot.errors import AddressRefused
from bot.models import Reason, Target
from tests.engine.sites import OK, Names, Visit, redirect, serve

# url, allow or deny, why. The url is the body of a JSON string; ``dns=A,B;`` names the answers of
# its host, ``redirect;`` makes it the place that https://example.com/start answers with.
VECTORS = Path(__file__).parent / "ssrf-vectors.txt"
PUBLIC = ["93.184.216.34"]
HOME = (ipaddress.ip_network("192.168.0.0/16"), ipaddress.ip_network("fd00::/8"))

LONGEST = "http://example.com/" + "a" * 2029
UMLAUTS = "\u00e4" * 338  # six characters each, once encoded

guard = Netguard()
home = Netguard(allow_private=HOME)


@dataclass(frozen=True)
class Vector:
    """One line of the file, or one of our own in the same words."""

    url: str
    allowed: bool
    why: str = ""

    @property
    def answers(self) -> list[str]:
        if not self.why.startswith("dns="):
            return PUBLIC
        return self.why.removeprefix("dns=").partition(";")[0].split(",")

    @property
    def redirected(self) -> bool:
        return self.why.startswith("redirect;")


def filed_vectors() -> list[Vector]:
    lines = [line.split("\t") for line in VECTORS.read_text("ascii").splitlines() if line]
    return [Vector(json.loads(f'"{url}"'), said == "allow", why) for url, said, why in lines]


OWN_VECTORS = [
    Vector("https://example.com:8443/x", allowed=True),
    Vector("https://b\u00fccher.example.org/", allowed=True),
    Vector("https://B\u00fccher.EXAMPLE.org/", allowed=True),
    Vector("https://_dmarc.xn--fa-hia.de/", allowed=True),
    Vector("https://r3---sn-abc.example.com/", allowed=True),
    Vector("http://mapped.example.com/", True, "dns=::ffff:93.184.216.34"),
    Vector("http://many.example.com/", True, "dns=93.184.216.34,2606:2800::1,8.8.8.8"),
    Vector("/elsewhere?x=1#y", True, "redirect;"),
    Vector("//example.org/", True, "redirect;"),
    Vector("/with blank", True, "redirect;"),
    Vector("http://8\uff0e8\uff0e8\uff0e8/", allowed=False),
    Vector("http://example\u3002com/", allowed=False),
    Vector("http://\u2460\u2461.com/", allowed=False),
    Vector("http://ex\u200dample.com/", allowed=False),
    Vector("http://xn--localhost-.com/", allowed=False),
    Vector("http://xn--a.com/", allowed=False),
    Vector("http://home.arpa/", allowed=False),
    Vector("http://db.corp/", allowed=False),
    Vector("http://[fe80::1%25eth0]/", allowed=False),
    Vector("http://[fe80::1%eth0]/", allowed=False),
    Vector("http://[::1]x/", allowed=False),
    Vector("http://[::1]:/", allowed=False),
    Vector("http://8.8.8.8./", allowed=False),
    Vector("http://example.com:+80/", allowed=False),
    Vector("http://example.com:\u0668\u0660/", allowed=False),
    Vector("http://example.com/\u202e", allowed=False),
    Vector("http://example.com/\ud800", allowed=False),
    Vector(" http://example.com/", allowed=False),
    Vector("http://example.com/\u3000", allowed=False),
    Vector("http://" + "a" * 64 + ".com/", allowed=False),
    Vector("tcp://example.com:80", allowed=False),
    Vector("http://zone.example.com/", False, "dns=fe80::1%2"),
    Vector("http://bad.example.com/", False, "dns=none"),
    Vector("http://late.example.com/", False, "dns=8.8.8.8,2606:2800::1,64:ff9b::a9fe:a9fe"),
    Vector("http://exa mple.com/", False, "redirect;"),
    Vector("http://example.com:81/", False, "redirect;"),
    Vector("\\\\127.0.0.1\\", False, "redirect;"),
    Vector("https://[::ffff:7f00:1]/", False, "redirect;"),
]


@dataclass
class World:
    """The internet as the vectors see it: every dialled address is one of two local servers."""

    plain_port: int
    tls_port: int
    dialled: list[str] = field(default_factory=list)

    async def dial(self, addresses: Sequence[str], port: int) -> Connected:
        self.dialled += addresses
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        where = ("127.0.0.1", self.tls_port if port in {443, 8443} else self.plain_port)
        await asyncio.get_running_loop().sock_connect(sock, where)
        return Connected(sock, addresses[0])


async def verdict(vector: Vector, world: World) -> Reason | None:
    start = "https://example.com/start"
    names = Names({"example.com": PUBLIC} if vector.redirected else {}, default=vector.answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    checker = HttpChecker(guard, names, clock=SystemClock(), deadline_s=5, context=context)
    result = await checker.check(Target(start if vector.redirected else vector.url))
    return None if result.cause is None else result.cause.reason


@pytest.mark.parametrize("vectors", [filed_vectors(), OWN_VECTORS], ids=["filed", "own"])
def test_every_vector_gets_its_verdict_on_the_way_to_the_socket(
    vectors: list[Vector], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> list[str]:
        wrong = []
        for vector in vectors:

            async def behave(visit: Visit, place: str = vector.url) -> None:
                first = place.encode().decode("latin-1")
                await visit.send(redirect(first) if visit.path == "/start" else OK)

            async with serve(behave) as plain, serve(behave, certificate="other") as safe:
                world = World(plain.port, safe.port)
                monkeypatch.setattr(connector, "dial", world.dial)
                reason = await verdict(vector, world)
            wrong += complaints(vector, reason, world.dialled)
        return wrong

    assert asyncio.run(scenario()) == []


def complaints(vector: Vector, reason: Reason | None, dialled: list[str]) -> list[str]:
    if vector.allowed:
        return [] if reason is None else [f"{vector} was refused: {reason}"]
    expected = {Reason.ADDRESS_REFUSED}
    if vector.redirected:
        expected = {Reason.REDIRECT_REFUSED, Reason.BAD_REDIRECT}
    before = PUBLIC if vector.redirected else []
    if reason in expected and dialled == before:
        return []
    return [f"{vector} ended with {reason} after dialling {dialled}"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("HTTPS://EXAMPLE.COM", "https://example.com/"),
        ("https://example.com.:443/#top", "https://example.com/"),
        ("http://example.com:/?q", "http://example.com/?q"),
        ("http://example.com:8080", "http://example.com:8080/"),
        ("http://example.com:00080/", "http://example.com/"),
        ("https://fa\u00df.de/stra\u00dfe?\u00e4=1", "https://xn--fa-hia.de/stra%C3%9Fe?%C3%A4=1"),
        ("http://example.com/%2e%0d%0a", "http://example.com/%2e%0d%0a"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://example.com?a=b", "http://example.com/?a=b"),
        ("http://example.com:443", "http://example.com:443/"),
        ("https://example.com:80", "https://example.com:80/"),
        (
            "http://example.com/\U0001f469\u200d\U0001f4bb",
            "http://example.com/%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB",
        ),
        ("http://example.com/\u0646\u200c\u0627", "http://example.com/%D9%86%E2%80%8C%D8%A7"),
        (
            "http://example.com/\U0001fae9?\U0001fac6",
            "http://example.com/%F0%9F%AB%A9?%F0%9F%AB%86",
        ),
        (
            "http://example.com/\U0001f3f4\U000e0067\U000e007f",
            "http://example.com/%F0%9F%8F%B4%F3%A0%81%A7%F3%A0%81%BF",
        ),
        ("http://example.com/\uf8ff", "http://example.com/%EF%A3%BF"),
        ("https://\U0001f4a9.la/", "https://xn--ls8h.la/"),
        ("https://B\u00dcCHER.de", "https://xn--bcher-kva.de/"),
        (LONGEST, LONGEST),
        (f"http://example.com/a{UMLAUTS}", f"http://example.com/a{'%C3%A4' * 338}"),
    ],
)
def test_an_address_is_kept_in_one_ascii_form(typed: str, stored: str) -> None:
    assert guard.check_url(typed, ADDRESS_RULES) == stored


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("example.com", "That doesn't look like a web address. Example: https://example.com"),
        ("ftp://example.com/", "I can watch http://, https://, tcp://, dns://, tls://, "),
        ("http://me:pw@example.com/", "Please remove the user name and password"),
        ("http://192.168.1.1/", "I can't watch private or local addresses."),
        ("http://nas.local/", "I can't watch private or local addresses."),
        ("http://example.com:22/", "I can't watch port 22."),
        ("http://example.com/a\u200bb", "That doesn't look like a web address."),
        ("http://example.com/\u200e", "That doesn't look like a web address."),
        ("http://example.com/\uffff", "That doesn't look like a web address."),
        ("http://example.com/\ufeff", "That doesn't look like a web address."),
        ("https://https://example.com", "That doesn't look like a web address."),
        ("https://http/", "That doesn't look like a web address."),
        ("http://2130706433/", "“2130706433” is not a host name I can look up."),
        ("http://[2606:4700::1111/", "That doesn't look like a web address."),
        ("http://[2606:4700::1111]80/", "That doesn't look like a web address."),
        ("http://[2606:4700::]1111]/", "That doesn't look like a web address."),
        ("http://[2606:4700::1111%eth0]/", "I can't watch private or local addresses."),
        (LONGEST + "a", "The address is too long: at most 2048 characters."),
        ("http://example.com/#" + "a" * 2048, "The address is too long"),
        (f"http://example.com/aa{UMLAUTS}", "The address is too long"),
    ],
)
def test_a_refusal_is_one_clear_sentence(url: str, sentence: str) -> None:
    with pytest.raises(AddressRefused) as no:
        guard.check_url(url, ADDRESS_RULES)
    assert str(no.value).startswith(sentence)


def test_more_ports_can_be_allowed() -> None:
    """Those that tcp:// does not knock at as well: a web server there answers."""
    more = Netguard(ports=frozenset({23, 3000}))
    for port in (23, 80, 3000):
        assert more.check_url(f"http://example.com:{port}/", ADDRESS_RULES)
    with pytest.raises(AddressRefused):
        more.check_url("http://example.com:3001/", ADDRESS_RULES)


@pytest.mark.parametrize(
    "url",
    [
        "http://nas/",
        "http://nas.local:9000/",
        "http://localhost:32400/",
        "http://router.lan/",
        "http://192.168.1.1:8123/",
        "http://[fd00::1]:81/",
    ],
)
def test_inside_the_own_networks_any_port_and_name_is_fine(url: str) -> None:
    assert home.check_url(url, ADDRESS_RULES) == url
    with pytest.raises(AddressRefused):
        guard.check_url(url, ADDRESS_RULES)


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://8.8.8.8:22/", "http://[::ffff:192.168.1.1]/", "http://nas:0/"],
)
def test_own_networks_open_nothing_else(url: str) -> None:
    with pytest.raises(AddressRefused):
        home.check_url(url, ADDRESS_RULES)


def test_local_names_and_odd_ports_must_lead_into_the_own_networks() -> None:
    home.check_addresses("nas", 9000, ["192.168.1.5", "fd00::5"])
    home.check_addresses("example.com", 22, ["192.168.1.5"])
    with pytest.raises(AddressRefused, match="private"):
        home.check_addresses("nas.local", 80, ["192.168.1.5", "8.8.8.8"])
    with pytest.raises(AddressRefused, match="port 22"):
        home.check_addresses("example.com", 22, ["8.8.8.8"])
    with pytest.raises(AddressRefused, match="private"):
        home.check_addresses("example.com", 443, ["192.168.1.5", "10.0.0.1"])


def test_one_bad_answer_refuses_all() -> None:
    guard.check_addresses("example.com", 443, ["8.8.8.8", "2606:2800::1"])
    with pytest.raises(AddressRefused):
        guard.check_addresses("example.com", 443, ["8.8.8.8", "2606:2800::1", "127.0.0.1"])


@pytest.mark.parametrize(
    ("host", "address", "to_strangers", "at_home"),
    [
        ("example.com", "8.8.8.8", True, True),
        ("example.com", "192.168.1.5", False, True),
        ("example.com", "10.0.0.1", False, False),
        ("nas.local", "192.168.1.5", False, True),
        ("nas.local", "8.8.8.8", False, False),
        ("example.com", "none", False, False),
    ],
)
def test_an_address_is_visible_to_those_who_may_have_it_dialled(
    host: str, address: str, *, to_strangers: bool, at_home: bool
) -> None:
    seen = (guard.is_visible(host, address), home.is_visible(host, address))
    assert seen == (to_strangers, at_home)


odd_text = st.text(
    st.sampled_from("aA0.:/@#?%[]\\ \t\u00df\uff0e\u3002x-_1279") | st.characters(), max_size=12
)
likely_text = st.text(st.sampled_from("abcxyz019-_.%\u00e4\u00df\u65e5"), max_size=12)
some_text = odd_text | likely_text
urls = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "HTTPS://", "http:/", "ftp://", ""]),
    some_text,
    st.sampled_from([".com", ".com.", ".com:80", ".example.org:8443", ":443", ""]),
    st.sampled_from(["", "/", "?", "#"]),
    some_text,
)


@settings(max_examples=500)
@given(urls | odd_text)
def test_whatever_is_typed_is_refused_or_read_alike_by_everyone(url: str) -> None:
    try:
        checked = guard.check_url(url, ADDRESS_RULES)
    except AddressRefused:
        return
    assert checked.isascii()
    assert checked.isprintable()
    assert " " not in checked
    assert guard.check_url(checked, ADDRESS_RULES) == checked
    seen = httpx.URL(checked)
    host = checked.split("/")[2].rpartition(":")[0] or checked.split("/")[2]
    assert seen.raw_host.decode() in {checked.split("/")[2], host.strip("[]"), host}
    assert (seen.port or 80) in DEFAULT_PORTS
    assert not seen.userinfo


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}", "127.{}", "{}."]))
def test_no_number_is_taken_for_a_host(number: int, notation: str) -> None:
    with pytest.raises(AddressRefused):
        guard.check_url(f"http://{notation.format(number)}/", ADDRESS_RULES)
