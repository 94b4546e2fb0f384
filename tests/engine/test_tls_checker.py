"""Monitors of TLS ports: the handshake and the certificate decide."""

import asyncio
import ssl

import pytest

from bot.clock import SystemClock
from bot.engine.kinds.tls import TlsChecker
from bot.engine.netguard import Netguard
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.line_servers import SILENCE, line_server
from tests.engine.sites import (
    CERTIFICATES,
    HOST,
    LOOPBACK,
    Names,
    free_port,
    make_checker,
    serve,
    trusting_context,
    until,
)

TRUSTS = trusting_context()  # one for all kinds, as in the product


async def checked(url: str, names: Names | None = None, *, deadline_s: float = 5.0) -> CheckResult:
    made = TlsChecker(
        Netguard(allow_private=LOOPBACK),
        names or Names({HOST: ["127.0.0.1"]}),
        clock=SystemClock(),
        context=TRUSTS,
        deadline_s=deadline_s,
    )
    return await made.check(Target(url))


def test_a_handshake_with_a_good_certificate_is_up_and_says_when_that_ends() -> None:
    async def scenario() -> None:
        async with serve(certificate="good") as site:
            result = await checked(f"tls://{HOST}:{site.port}")
        assert result.ok
        assert result.address == "127.0.0.1"
        assert result.certificate_expires_ms == 4_891_363_200_000  # 1 January 2125
        assert (result.status, result.final_url, result.phases.first_byte) == (None,) * 3
        assert result.phases.tls is not None

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("future", Reason.TLS_NOT_YET_VALID),
        ("other", Reason.TLS_NAME),
        ("common", Reason.TLS_NAME),
        ("self-signed", Reason.TLS_UNTRUSTED),
    ],
)
def test_a_certificate_is_judged_as_for_https(certificate: str, reason: Reason) -> None:
    async def scenario() -> None:
        async with serve(certificate=certificate) as site:
            result = await checked(f"tls://{HOST}:{site.port}")
        assert result.cause is not None
        assert result.cause.reason is reason
        if reason is Reason.TLS_EXPIRED:
            assert (result.cause.number or 0) > 365 * 6  # since January 2020
        else:
            assert result.cause.number is None

    asyncio.run(scenario())


def test_what_does_not_speak_tls_is_down_for_its_reason() -> None:
    async def scenario() -> None:
        async with line_server([b"220 ready\r\n", SILENCE]) as plain:
            assert (await checked(f"tls://{HOST}:{plain.port}")).cause == Cause(Reason.NOT_TLS)
        async with line_server([]) as gone:
            assert (await checked(f"tls://{HOST}:{gone.port}")).cause == Cause(Reason.RESET)
        async with line_server([SILENCE]) as silent:
            result = await checked(f"tls://{HOST}:{silent.port}", deadline_s=0.3)
            assert result.cause == Cause(Reason.TIMEOUT, 1)
        closed = await checked(f"tls://{HOST}:{free_port()}")
        assert closed.cause == Cause(Reason.REFUSED)

    asyncio.run(scenario())


def test_nothing_of_http_is_offered() -> None:
    """A name server that speaks TLS ends the handshake when it is offered HTTP alone."""

    async def scenario() -> None:
        offered: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "good.pem")
        context.set_alpn_protocols(["http/1.1", "dot"])

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            shaken = writer.get_extra_info("ssl_object")
            offered.append(shaken.selected_alpn_protocol())
            writer.close()

        server = await asyncio.start_server(note, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert (await checked(f"tls://{HOST}:{port}")).ok
            names = Names({HOST: ["127.0.0.1"]})
            await make_checker(names, context=TRUSTS).check(Target(f"https://{HOST}:{port}/"))
            assert (await checked(f"tls://{HOST}:{port}")).ok
            await until(lambda: len(offered) > 2)
        assert offered == [None, "http/1.1", None]

    asyncio.run(scenario())


def test_where_a_name_leads_inside_nothing_is_dialled() -> None:
    async def scenario() -> None:
        inside = Names({"example.com": ["8.8.8.8", "10.0.0.1"]})
        result = await checked("tls://example.com", inside)
        assert result.cause == Cause(Reason.ADDRESS_REFUSED, HIDDEN)
        mail = await checked("tls://mail.example.com:25", Names({"mail.example.com": ["8.8.8.8"]}))
        assert mail.cause == Cause(Reason.ADDRESS_REFUSED)

    asyncio.run(scenario())
