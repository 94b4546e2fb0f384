"""Monitors of web sites: every answer is a verdict with its phases and its cause."""

import asyncio
import gc
import os
import socket
from datetime import UTC, datetime

import httpx
import pytest

from bot import __version__
from bot.engine.kinds.http import HttpChecker
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.sites import (
    HOST,
    OK,
    Behaviour,
    Names,
    Visit,
    answer,
    free_port,
    make_checker,
    paths,
    redirect,
    serve,
    until,
)

SHORT_S = 0.3


async def look(
    behave: Behaviour | bytes,
    *,
    path: str = "/",
    deadline_s: float | None = 5.0,
    certificate: str | None = None,
    **wanted: str | int | tuple[int, ...] | tuple[tuple[str, str], ...],
) -> CheckResult:
    """Probe a server that behaves so, once; over TLS when it has a certificate."""
    async with serve(behave, certificate=certificate) as site:
        url = site.url(path) if certificate is None else site.url(path, HOST, "https")
        target = Target(url, **wanted)  # type: ignore[arg-type]  # each test names real fields
        return await make_checker(deadline_s=deadline_s).check(target)


def cause_of(behave: Behaviour | bytes, **options: str | float) -> Cause | None:
    return asyncio.run(look(behave, **options)).cause  # type: ignore[arg-type]  # as in look


def reason_of(behave: Behaviour | bytes, **options: str | float) -> Reason | None:
    cause = cause_of(behave, **options)
    return None if cause is None else cause.reason


def test_a_plain_answer_is_fine_and_its_phases_are_reported() -> None:
    result = asyncio.run(look(OK))
    assert result.ok
    assert result.status == 200
    assert result.address == "127.0.0.1"
    assert result.final_url is None
    assert result.certificate_expires_ms is None
    phases = result.phases
    assert phases.dns is not None
    assert phases.connect is not None
    assert phases.tls is None
    assert phases.first_byte is not None
    assert phases.total >= phases.dns + phases.connect + phases.first_byte


def test_over_tls_the_end_of_the_certificate_is_reported() -> None:
    result = asyncio.run(look(OK, certificate="good"))
    assert result.ok
    assert result.phases.tls is not None
    end = datetime(2125, 1, 1, tzinfo=UTC)
    assert result.certificate_expires_ms == int(end.timestamp() * 1000)


def test_the_request_is_honest_and_asks_for_no_compression() -> None:
    async def scenario() -> None:
        async with serve() as site:
            await make_checker().check(Target(site.url("/page?q=1")))
            visit = site.visits[0]
        assert visit.request.startswith("GET /page?q=1 HTTP/1.1\r\n")
        assert visit.headers["host"] == f"127.0.0.1:{site.port}"
        assert visit.headers["user-agent"] == f"Vigie/{__version__} (+uptime check)"
        assert visit.headers["accept-encoding"] == "identity"
        assert visit.headers["connection"] == "close"
        assert "cookie" not in visit.headers

    asyncio.run(scenario())


def test_own_headers_replace_defaults_but_not_what_is_fixed() -> None:
    async def scenario() -> None:
        headers = (("User-Agent", "mine"), ("X-Key", "1"), ("accept-encoding", "gzip"))
        async with serve() as site:
            await make_checker().check(Target(site.url(), headers=headers))
            visit = site.visits[0]
        assert visit.headers["user-agent"] == "mine"
        assert visit.headers["x-key"] == "1"
        assert visit.headers["accept-encoding"] == "identity"
        assert visit.request.lower().count("accept-encoding") == 1

    asyncio.run(scenario())


def test_head_asks_for_the_head_alone() -> None:
    async def scenario() -> None:
        async with serve(answer(b"", length=1000)) as site:
            result = await make_checker().check(Target(site.url(), method="HEAD"))
            assert site.visits[0].request.startswith("HEAD ")
        assert result.ok

    asyncio.run(scenario())


def test_a_text_is_looked_for_with_get_even_where_head_was_chosen() -> None:
    assert asyncio.run(look(OK, method="HEAD", contains="hi")).ok


@pytest.mark.parametrize("status", ["400 Bad", "403 No", "404 Gone", "500 Oh", "503 Later"])
def test_a_status_from_400_on_is_the_cause(status: str) -> None:
    result = asyncio.run(look(answer(status=status)))
    assert result.cause == Cause(Reason.HTTP, int(status[:3]))
    assert result.status == int(status[:3])


def test_an_expected_status_is_fine_and_any_other_is_not() -> None:
    assert asyncio.run(look(answer(status="404 No"), expect_status=(404, 410))).ok
    other = asyncio.run(look(OK, expect_status=(204,)))
    assert other.cause == Cause(Reason.HTTP, 200)


def test_an_expected_redirect_is_not_followed() -> None:
    result = asyncio.run(look(redirect("/elsewhere"), expect_status=(302,)))
    assert result.ok
    assert result.status == 302


def test_nobody_listens() -> None:
    result = asyncio.run(make_checker().check(Target(f"http://127.0.0.1:{free_port()}/")))
    assert result.cause == Cause(Reason.REFUSED)
    assert result.phases.connect is None


def test_a_name_without_address() -> None:
    result = asyncio.run(make_checker(Names()).check(Target("https://nothing.example.net/")))
    assert result.cause == Cause(Reason.DNS)
    assert result.phases.dns is None


def test_a_silent_server_times_out_with_the_deadline_as_number() -> None:
    async def behave(visit: Visit) -> None:
        await visit.stay()

    result = asyncio.run(look(behave, deadline_s=SHORT_S))
    assert result.cause == Cause(Reason.TIMEOUT, 1)
    assert result.phases.connect is not None
    assert result.phases.first_byte is None
    assert SHORT_S * 1000 <= result.phases.total < 2_000


def test_the_timeout_of_a_target_is_its_deadline() -> None:
    async def behave(visit: Visit) -> None:
        await visit.stay()

    result = asyncio.run(look(behave, deadline_s=None, timeout_s=1))
    assert result.cause == Cause(Reason.TIMEOUT, 1)
    assert 1_000 <= result.phases.total < 3_000


def test_a_server_that_drips_its_headers_times_out() -> None:
    async def behave(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\n")
        while not visit.site.closing.is_set():
            await visit.send(b"X-Drip: drip\r\n")
            await asyncio.sleep(0.02)

    assert cause_of(behave, deadline_s=SHORT_S) == Cause(Reason.TIMEOUT, 1)


def test_a_server_that_drips_its_body_has_answered() -> None:
    async def behave(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not visit.site.closing.is_set():
            await visit.send(b".")
            await asyncio.sleep(0.02)

    result = asyncio.run(look(behave, deadline_s=SHORT_S))
    assert result.ok
    assert result.status == 200


def test_a_handshake_that_never_ends_times_out() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            checker = make_checker(deadline_s=SHORT_S)
            result = await checker.check(Target(f"https://127.0.0.1:{port}/"))
        assert result.cause == Cause(Reason.TIMEOUT, 1)
        assert result.phases.tls is None

    asyncio.run(scenario())


async def hang_up(visit: Visit) -> None:
    visit.writer.close()


async def reset(visit: Visit) -> None:
    visit.reset()


async def half_a_line(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 O")


async def half_a_head(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Le")


async def half_a_body(visit: Visit) -> None:
    await visit.send(answer(b"half", length=1000))


async def half_a_chunk(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc")


@pytest.mark.parametrize("behave", [hang_up, reset, half_a_line])
def test_a_connection_that_breaks_before_the_answer(behave: Behaviour) -> None:
    assert reason_of(behave) is Reason.RESET


@pytest.mark.parametrize("behave", [half_a_body, half_a_chunk])
def test_a_connection_that_breaks_within_a_body_that_is_searched(behave: Behaviour) -> None:
    assert reason_of(behave) is None
    assert reason_of(behave, contains="another") is Reason.RESET


def test_a_head_that_breaks_off_is_taken_as_browsers_do_and_not_over_tls() -> None:
    assert reason_of(half_a_head) is None
    assert reason_of(half_a_head, certificate="good") is Reason.RESET


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"-",
        b"220 mail.example.net ESMTP\r\n",
        b"\x00\x01\x02\x03" * 10 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_is_garbled(data: bytes) -> None:
    assert cause_of(data) == Cause(Reason.NOT_HTTP)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
)
def test_what_browsers_cannot_read_either_is_malformed(data: bytes) -> None:
    assert cause_of(data) == Cause(Reason.MALFORMED)


def test_chunks_that_are_none_are_malformed_where_a_text_is_looked_for() -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n"
    assert cause_of(chunks) is None
    assert cause_of(chunks, contains="x") == Cause(Reason.MALFORMED)


def test_a_head_of_many_lines_is_without_end() -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"X-Many: 0123456789\r\n" * 8_000
    assert cause_of(endless) == Cause(Reason.ENDLESS)


def test_a_banner_is_garbled_at_once_although_its_server_stays() -> None:
    async def banner(visit: Visit) -> None:
        await visit.send(b"SSH-2.0-OpenSSH_9.6\r\n")
        await visit.stay()

    assert cause_of(banner) == Cause(Reason.NOT_HTTP)


def test_a_head_that_comes_byte_by_byte_is_fine() -> None:
    async def slowly(visit: Visit) -> None:
        for index in range(len(OK)):
            await visit.send(OK[index : index + 1])
            await asyncio.sleep(0)

    assert cause_of(slowly) is None


def test_a_body_of_many_short_lines_is_no_endless_head() -> None:
    for end in (b"\r\n", b"\n"):
        head = end.join([b"HTTP/1.0 200 OK", b"Server: old", b"", b""])
        assert cause_of(head + b"\n" * 20_000) is None


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert cause_of(b"HTTP/1.0 200 OK\r\n\r\nall of it") is None


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("future", Reason.TLS_NOT_YET_VALID),
        ("other", Reason.TLS_NAME),
        ("self-signed", Reason.TLS_UNTRUSTED),
    ],
)
def test_a_bad_certificate_is_named(certificate: str, reason: Reason) -> None:
    assert reason_of(OK, certificate=certificate) is reason


def test_an_expired_certificate_says_since_how_many_days() -> None:
    result = asyncio.run(look(OK, certificate="expired"))
    days = (datetime.now(UTC) - datetime(2020, 1, 31, tzinfo=UTC)).days
    assert result.cause == Cause(Reason.TLS_EXPIRED, days)
    assert result.phases.total < 5_000


def test_an_unknown_authority_is_not_trusted() -> None:
    async def scenario() -> CheckResult:
        async with serve(certificate="good") as site:
            names = Names({HOST: ["127.0.0.1"]})
            strict = make_checker(names, context=httpx.create_ssl_context())
            return await strict.check(Target(site.url("/", HOST, "https")))

    assert asyncio.run(scenario()).cause == Cause(Reason.TLS_UNTRUSTED)


def test_a_certificate_for_the_address_itself_is_fine() -> None:
    async def scenario() -> CheckResult:
        async with serve(certificate="good") as site:
            return await make_checker().check(Target(site.url(scheme="https")))

    assert asyncio.run(scenario()).ok


def test_a_plain_port_asked_for_tls_fails_its_handshake() -> None:
    async def scenario() -> Cause | None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return (await make_checker().check(Target(f"https://127.0.0.1:{port}/"))).cause

    assert asyncio.run(scenario()) == Cause(Reason.NOT_TLS)


def test_hanging_up_in_the_handshake_is_a_broken_connection() -> None:
    async def scenario() -> Cause | None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10_000)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return (await make_checker().check(Target(f"https://127.0.0.1:{port}/"))).cause

    assert asyncio.run(scenario()) == Cause(Reason.RESET)


def test_redirects_are_followed_and_the_end_is_judged() -> None:
    answers = {
        "/": redirect("/one"),
        "/one": redirect("two?x=1", "301 Moved"),
        "/two?x=1": redirect("/a b", "308 Permanent"),
        "/a%20b": OK,
    }
    result = asyncio.run(look(paths(answers)))
    assert result.ok
    assert result.status == 200
    assert result.final_url is not None
    assert result.final_url.endswith("/a%20b")
    assert not result.downgraded


def test_five_redirects_are_fine_and_six_are_not() -> None:
    async def count(visit: Visit) -> None:
        left = int(visit.path[1:])
        await visit.send(redirect(f"/{left - 1}") if left else OK)

    assert cause_of(count, path="/5") is None
    assert cause_of(count, path="/6") == Cause(Reason.REDIRECTS)


def test_a_redirect_without_place_is_an_answer() -> None:
    assert cause_of(answer(b"", status="304 Not Modified")) is None
    assert cause_of(answer(b"", status="302 Found")) is None


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[fd00::1]/",
        "http://2130706433/",
        "http://metadata.google.internal/",
        "http://user:secret@10.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "//inside.example.net/",
    ],
)
def test_a_redirect_to_a_refused_address_is_never_visited(place: str) -> None:
    async def scenario() -> None:
        names = Names({"inside.example.net": ["10.0.0.1"]}, default=["10.0.0.2"])
        async with serve(redirect(place)) as site:
            result = await make_checker(names).check(Target(site.url()))
            assert len(site.visits) == 1
        assert result.cause is not None
        assert result.cause.reason is Reason.REDIRECT_REFUSED

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "javascript:alert(1)",
        "http://exa mple.com/",
        "http://[::1/",
        "/" + "a" * 16_384,
    ],
)
def test_a_redirect_to_what_is_no_web_address_says_so(place: str) -> None:
    assert cause_of(redirect(place)) == Cause(Reason.BAD_REDIRECT)


def test_a_place_is_asked_for_byte_by_byte() -> None:
    async def scenario() -> None:
        async def behave(visit: Visit) -> None:
            first = visit.path == "/"
            await visit.send(redirect("/caf\xe9/100%?a b=\xff|'\"") if first else OK)

        async with serve(behave) as site:
            result = await make_checker().check(Target(site.url()))
            assert [visit.path for visit in site.visits] == ["/", "/caf%E9/100%?a%20b=%FF|%27%22"]
        assert result.ok
        assert result.final_url == site.url("/caf%E9/100%?a%20b=%FF|%27%22")

    asyncio.run(scenario())


def test_a_place_of_16_kib_is_followed() -> None:
    path = "/" + "a" * 16_000
    assert cause_of(paths({"/": redirect(path), path: OK})) is None


def test_from_https_to_http_is_followed_and_reported() -> None:
    async def scenario() -> CheckResult:
        async with serve() as plain, serve(redirect(plain.url()), certificate="good") as safe:
            return await make_checker().check(Target(safe.url("/", HOST, "https")))

    result = asyncio.run(scenario())
    assert result.ok
    assert result.downgraded
    assert result.certificate_expires_ms is not None


@pytest.mark.parametrize("first", ["earlier", "good"])
def test_of_several_certificates_on_the_way_the_first_to_end_is_reported(first: str) -> None:
    async def scenario() -> CheckResult:
        second = "good" if first == "earlier" else "earlier"
        async with serve(certificate=second) as end:
            place = end.url("/", HOST, "https")
            async with serve(redirect(place), certificate=first) as start:
                return await make_checker().check(Target(start.url("/", HOST, "https")))

    end = datetime(2124, 1, 1, tzinfo=UTC)
    assert asyncio.run(scenario()).certificate_expires_ms == int(end.timestamp() * 1000)


def test_from_http_to_https_is_no_downgrade() -> None:
    async def scenario() -> CheckResult:
        async with (
            serve(certificate="good") as safe,
            serve(redirect(safe.url("/", HOST, "https"))) as plain,
        ):
            return await make_checker().check(Target(plain.url()))

    result = asyncio.run(scenario())
    assert result.ok
    assert not result.downgraded


def test_own_headers_never_reach_another_host_nor_come_back_by_it() -> None:
    async def scenario() -> None:
        async with serve() as other:

            async def behave(visit: Visit) -> None:
                await visit.send(redirect("/mine" if visit.path == "/" else other.url("/theirs")))

            async with serve(behave) as own:
                await make_checker().check(Target(own.url(), headers=(("X-Key", "secret"),)))
                assert [v.headers.get("x-key") for v in own.visits] == ["secret", "secret"]
            assert [v.headers.get("x-key") for v in other.visits] == [None]

    asyncio.run(scenario())


def test_cookies_live_for_the_redirects_of_one_check() -> None:
    async def scenario() -> None:
        async def behave(visit: Visit) -> None:
            gate = answer(b"", "Location: /", "Set-Cookie: id=1; Path=/", status="302 Found")
            await visit.send(OK if "cookie" in visit.headers else gate)

        async with serve(behave) as site:
            checker = make_checker()
            for _ in range(2):
                assert (await checker.check(Target(site.url()))).ok
            sent = [visit.headers.get("cookie") for visit in site.visits]
            assert sent == [None, "id=1", None, "id=1"]

    asyncio.run(scenario())


def test_a_persons_own_cookie_stands_before_those_of_the_site() -> None:
    async def scenario() -> None:
        first = answer(b"", "Location: /two", "Set-Cookie: b=\xe9", status="302 Found")
        async with serve(paths({"/": first, "/two": OK})) as site:
            await make_checker().check(Target(site.url(), headers=(("Cookie", "a=1"),)))
            assert [visit.headers["cookie"] for visit in site.visits] == ["a=1", "a=1; b=\xe9"]

    asyncio.run(scenario())


def test_a_hop_that_fails_is_the_cause_and_the_redirect_is_no_status() -> None:
    result = asyncio.run(look(redirect(f"http://127.0.0.1:{free_port()}/")))
    assert result.cause == Cause(Reason.REFUSED)
    assert result.status is None
    assert result.final_url is not None


def test_a_huge_body_costs_256_kib_and_is_up() -> None:
    async def scenario() -> None:
        sent = 0

        async def pour(visit: Visit) -> None:
            nonlocal sent
            await visit.send(answer(b"", length=200_000_000))
            while not visit.site.closing.is_set():
                await visit.send(b"x" * 65_536)
                sent += 65_536

        async with serve(pour) as site:
            result = await make_checker().check(Target(site.url()))
        assert result.ok
        assert sent < 20_000_000

    asyncio.run(scenario())


def test_a_flood_of_tiny_chunks_ends_soon_and_lets_others_run() -> None:
    async def chunks(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not visit.site.closing.is_set():
            await visit.send(b"1\r\na\r\n" * 10_000)

    assert cause_of(chunks) is None


def test_a_flood_of_interim_answers_is_without_end() -> None:
    async def interim(visit: Visit) -> None:
        while not visit.site.closing.is_set():
            await visit.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000)

    assert cause_of(interim) == Cause(Reason.ENDLESS)


def test_ten_interim_answers_are_fine_and_eleven_are_not() -> None:
    one = b"HTTP/1.1 102 Processing\r\n\r\n"
    assert cause_of(one * 10 + OK) is None
    assert cause_of(one * 11 + OK) == Cause(Reason.ENDLESS)


def test_one_interim_answer_is_fine() -> None:
    assert cause_of(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK) is None


def test_a_text_must_be_there_or_must_not() -> None:
    page = answer(b"all systems work")
    assert asyncio.run(look(page, contains="systems")).ok
    assert asyncio.run(look(page, contains="Systems")).cause == Cause(Reason.TEXT_MISSING)
    assert asyncio.run(look(page, not_contains="error")).ok
    assert asyncio.run(look(page, not_contains="work")).cause == Cause(Reason.TEXT_PRESENT)


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-8", "utf-8"),
        ("iso-8859-1", "latin-1"),
        ("WINDOWS-1252", "cp1252"),
        ("shift_jis", "shift_jis"),
        ("utf-16", "utf-16"),
        ("", "utf-8"),
        ("no-such-charset", "utf-8"),
        ("punycode", "utf-8"),
        ("idna", "utf-8"),
        ("undefined", "utf-8"),
        ("unicode_escape", "utf-8"),
        ("hex", "utf-8"),
        ("a\x01b", "utf-8"),
    ],
)
def test_a_text_is_read_by_the_charset_of_the_header(charset: str, codec: str) -> None:
    text = "日本" if codec == "shift_jis" else "café"
    kind = f"Content-Type: text/html; charset={charset}" if charset else "X-None: 1"
    behave = answer(f"- {text} -".encode(codec), kind)
    assert asyncio.run(look(behave, contains=text)).ok


def test_only_the_first_256_kib_are_searched() -> None:
    page = b"x" * 262_140 + b"here"
    assert asyncio.run(look(answer(page), contains="here")).ok
    late = b"x" * 262_144 + b"here"
    assert asyncio.run(look(answer(late), contains="here")).cause == Cause(Reason.TEXT_MISSING)


def test_a_private_address_is_refused_before_it_is_dialled() -> None:
    async def scenario() -> None:
        async with serve() as site:
            checker = make_checker(Names(default=["127.0.0.1"]), allow_private=())
            literal = await checker.check(Target(f"http://127.0.0.1:{site.port}/"))
            assert literal.cause == Cause(Reason.ADDRESS_REFUSED)
            assert not site.visits
        async with serve(port=8080) as site:
            named = await checker.check(Target("http://site.example.net:8080/"))
            assert named.cause == Cause(Reason.ADDRESS_REFUSED, HIDDEN)
            assert not site.visits

    asyncio.run(scenario())


def test_inside_the_own_networks_any_port_and_name_is_fine() -> None:
    async def scenario() -> CheckResult:
        async with serve() as site:
            names = Names({"nas": ["127.0.0.1"]})
            return await make_checker(names).check(Target(site.url("/", "nas")))

    assert asyncio.run(scenario()).ok


def test_ipv6_is_visited_too() -> None:
    async def scenario() -> CheckResult:
        async with serve(host="::1") as site:
            return await make_checker().check(Target(site.url("/", "[::1]")))

    result = asyncio.run(scenario())
    assert result.ok
    assert result.address == "::1"


def test_a_url_that_is_none_is_refused_and_never_raises() -> None:
    for url in ("", "http://", "tcp://example.com:22", "http://\ud800/", "https://xn--/"):
        result = asyncio.run(make_checker().check(Target(url)))
        assert result.cause == Cause(Reason.ADDRESS_REFUSED), url


def test_a_resolver_with_a_bug_is_a_failed_try_not_an_error() -> None:
    class Broken(Names):
        async def addresses(self, host: str, *, fresh: bool = False) -> list[str]:
            raise KeyError(host, fresh)

    result = asyncio.run(make_checker(Broken()).check(Target("http://site.example.net/")))
    assert not result.ok


def test_a_cancelled_try_is_cancelled_and_closes_its_socket() -> None:
    async def scenario() -> None:
        async def behave(visit: Visit) -> None:
            await visit.stay()

        async with serve(behave) as site:
            task = asyncio.ensure_future(make_checker().check(Target(site.url())))
            await until(lambda: bool(site.visits and site.visits[0].request))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await site.visits[0].reader.read() == b""

    asyncio.run(scenario())


async def _silent(visit: Visit) -> None:
    await visit.stay()


@pytest.mark.parametrize("behave", [OK, _silent, half_a_body, reset])
def test_three_hundred_at_once_leave_no_descriptor_behind(behave: Behaviour | bytes) -> None:
    async def scenario() -> None:
        before = _descriptors()
        async with serve(behave) as site:
            # Only a silent site is waited for in vain; a busy machine may take long for the rest.
            checker: HttpChecker = make_checker(deadline_s=3.0 if behave is _silent else 60.0)
            targets = [Target(site.url(f"/{n}")) for n in range(300)]
            results = await asyncio.gather(*map(checker.check, targets))
            assert len({str(result.cause) for result in results}) == 1
        await until(lambda: _descriptors() <= before)

    asyncio.run(scenario())


def test_three_hundred_tls_handshakes_leave_no_descriptor_behind() -> None:
    async def scenario() -> None:
        before = _descriptors()
        for certificate in ("good", "other"):
            async with serve(certificate=certificate) as site:
                checker = make_checker(deadline_s=20)
                target = Target(site.url("/", HOST, "https"))
                results = await asyncio.gather(*(checker.check(target) for _ in range(150)))
                assert len({str(result.cause) for result in results}) == 1
        await until(lambda: _descriptors() <= before)

    asyncio.run(scenario())


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not walked


def test_a_request_is_built_once_and_goes_with_its_target() -> None:
    async def scenario() -> None:
        async with serve() as site:
            checker = make_checker()
            headers = (("X-Key", "secret"),)
            kept = [Target(site.url(f"/{n}"), headers=headers) for n in range(5)]
            for target in kept * 2:
                assert (await checker.check(target)).ok
            assert len(checker._first) == 5
            del target
            del kept[1:]
            gc.collect()
            assert len(checker._first) == 1
            assert site.visits[-1].headers["x-key"] == "secret"

    asyncio.run(scenario())
