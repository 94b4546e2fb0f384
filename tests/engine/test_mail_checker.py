"""Monitors of mail servers: greeting, STARTTLS, certificate, goodbye."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Debugging
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.clock import SystemClock
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.kinds.mail import LINE_LIMIT, MailChecker
from bot.engine.netguard import Netguard
from bot.errors import AddressRefused
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.line_servers import SILENCE, TLS, Script, line_server
from tests.engine.sites import HOST, LOOPBACK, Names, free_port, server_context, trusting_context

EHLO = "EHLO [127.0.0.1]"
GREETING = b"220-mail.example.net\r\n220 ESMTP ready\r\n"
OFFER = b"250-mail.example.net\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n"
SMTP_TALK: Script = (
    GREETING,
    EHLO,
    OFFER,
    "STARTTLS",
    b"220 go\r\n",
    TLS,
    "QUIT",
    b"221 bye\r\n",
)
# As RFC 9051 shows them.
IMAP_TALK: Script = (
    b"* OK [CAPABILITY IMAP4rev2] ready\r\n",
    "a1 CAPABILITY",
    b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n",
    "a2 STARTTLS",
    b"a2 OK begin TLS\r\n",
    TLS,
    "a3 LOGOUT",
    b"* BYE see you\r\na3 OK done\r\n",
)


async def checked(url: str, names: Names | None = None, *, deadline_s: float = 5.0) -> CheckResult:
    made = MailChecker(
        Netguard(allow_private=LOOPBACK),
        names or Names({HOST: ["127.0.0.1"]}),
        clock=SystemClock(),
        context=trusting_context(),
        deadline_s=deadline_s,
    )
    return await made.check(Target(url))


class Handler(Debugging):
    """Remembers how each visitor introduced itself and whether it said goodbye."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, bool]] = []
        self.left = threading.Event()

    async def handle_QUIT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, envelope
        self.seen.append((str(session.host_name), session.ssl is not None))
        self.left.set()
        return "221 Bye"


@contextmanager
def real_smtp(certificate: str | None) -> Iterator[tuple[int, Handler]]:
    handler = Handler()
    port = free_port()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        tls_context=None if certificate is None else server_context(certificate),
    )
    controller.start()
    try:
        yield port, handler
    finally:
        controller.stop()


def test_a_real_mail_server_with_starttls_is_up_and_hears_a_goodbye() -> None:
    with real_smtp("good") as (port, handler):
        result = asyncio.run(checked(f"smtp://{HOST}:{port}"))
        assert handler.left.wait(2.0)
    assert result.ok
    assert result.certificate_expires_ms == 4_891_363_200_000  # 1 January 2125
    assert result.phases.tls is not None
    assert result.phases.first_byte is not None
    assert [secure for _, secure in handler.seen] == [True]


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("other", Reason.TLS_NAME),
        ("self-signed", Reason.TLS_UNTRUSTED),
        (None, Reason.NO_STARTTLS),
    ],
)
def test_a_real_mail_server_is_judged_by_its_certificate(
    certificate: str | None, reason: Reason
) -> None:
    with real_smtp(certificate) as (port, handler):
        result = asyncio.run(checked(f"smtp://{HOST}:{port}"))
        if certificate is None:
            assert handler.left.wait(2.0)
    assert result.cause is not None
    assert result.cause.reason is reason
    assert (result.cause.number is not None) is (reason is Reason.TLS_EXPIRED)


@pytest.mark.parametrize(("scheme", "talk"), [("smtp", SMTP_TALK), ("imap", IMAP_TALK)])
def test_the_whole_conversation_is_held_to_its_end(scheme: str, talk: Script) -> None:
    async def scenario() -> None:
        async with line_server(talk) as server:
            result = await checked(f"{scheme}://{HOST}:{server.port}")
            assert result.ok
            assert server.ended == ["whole"]
        async with line_server(talk, "expired") as server:
            result = await checked(f"{scheme}://{HOST}:{server.port}")
            assert result.cause is not None
            assert result.cause.reason is Reason.TLS_EXPIRED
            assert (result.cause.number or 0) > 365 * 6

    asyncio.run(scenario())


ODD: list[tuple[str, Script, Cause]] = [
    ("smtp", [b"554 5.7.1 not from there\r\n", "QUIT", b"221 bye\r\n"], Cause(Reason.SMTP, 554)),
    ("smtp", [b"421 busy\r\n"], Cause(Reason.SMTP, 421)),
    ("smtp", [GREETING, EHLO, b"421 closing\r\n"], Cause(Reason.SMTP, 421)),
    ("smtp", [GREETING, EHLO, b"502 no EHLO\r\n"], Cause(Reason.NO_STARTTLS)),
    ("smtp", [GREETING, EHLO, b"250 plain\r\n", "QUIT"], Cause(Reason.NO_STARTTLS)),
    ("smtp", [GREETING, EHLO, b"250 XSTARTTLS\r\n"], Cause(Reason.NO_STARTTLS)),
    ("smtp", [GREETING, EHLO, OFFER, "STARTTLS", b"454 later\r\n"], Cause(Reason.SMTP, 454)),
    ("smtp", [GREETING, EHLO, OFFER, "STARTTLS"], Cause(Reason.RESET)),
    ("smtp", [], Cause(Reason.RESET)),
    ("smtp", [b"220"], Cause(Reason.RESET)),
    ("smtp", [b"354 what\r\n"], Cause(Reason.WRONG_PROTOCOL)),
    ("smtp", [b"SSH-2.0-OpenSSH_9.2\r\n"], Cause(Reason.WRONG_PROTOCOL)),
    ("smtp", [b"x" * (LINE_LIMIT + 9), SILENCE], Cause(Reason.WRONG_PROTOCOL)),
    ("smtp", [b"220-more\r\n" * 300, SILENCE], Cause(Reason.WRONG_PROTOCOL)),
    # Text put in before the handshake must not pass for the server's (CVE-2011-0411).
    (
        "smtp",
        [GREETING, EHLO, OFFER, "STARTTLS", b"220 go\r\n250 mine\r\n", SILENCE],
        Cause(Reason.WRONG_PROTOCOL),
    ),
    ("imap", [b"* BYE too many\r\n"], Cause(Reason.IMAP)),
    ("imap", [b"* PREAUTH welcome\r\n"], Cause(Reason.NO_STARTTLS)),
    ("imap", [b"+OK pop3\r\n"], Cause(Reason.WRONG_PROTOCOL)),
    ("imap", [b"* OK\r\n", "a1 CAPABILITY", b"a1 BAD no\r\n"], Cause(Reason.IMAP)),
    (
        "imap",
        [b"* OK\r\n", "a1 CAPABILITY", b"* CAPABILITY IMAP4rev1\r\na1 OK\r\n", "a3 LOGOUT"],
        Cause(Reason.NO_STARTTLS),
    ),
    (
        "imap",
        [*IMAP_TALK[:4], b"a2 NO not now\r\n"],
        Cause(Reason.IMAP),
    ),
    ("imap", [b"* OK\r\n", "a1 CAPABILITY", b"* x\r\n" * 300], Cause(Reason.WRONG_PROTOCOL)),
]


@pytest.mark.parametrize(("scheme", "talk", "cause"), ODD)
def test_a_server_that_does_not_do_its_part_is_down(
    scheme: str, talk: Script, cause: Cause
) -> None:
    async def scenario() -> None:
        async with line_server(talk) as server:
            result = await checked(f"{scheme}://{HOST}:{server.port}")
        assert result.cause == cause

    asyncio.run(scenario())


@pytest.mark.parametrize("scheme", ["smtp", "imap"])
def test_a_server_that_says_nothing_is_down_at_the_deadline(scheme: str) -> None:
    async def scenario() -> None:
        async with line_server([SILENCE]) as server:
            result = await checked(f"{scheme}://{HOST}:{server.port}", deadline_s=0.3)
            assert result.cause == Cause(Reason.TIMEOUT, 1)
        closed = await checked(f"{scheme}://{HOST}:{free_port()}")
        assert closed.cause == Cause(Reason.REFUSED)

    asyncio.run(scenario())


def test_lines_without_end_end_the_check() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def pour() -> None:
                visitor, _ = server.accept()
                with visitor:
                    try:
                        while True:
                            visitor.sendall(b"220-and more\r\n" * 1000)
                    except OSError:
                        return

            pouring = threading.Thread(target=pour)
            pouring.start()
            result = await checked(f"smtp://{HOST}:{port}")
            await asyncio.to_thread(pouring.join)
        assert result.cause == Cause(Reason.WRONG_PROTOCOL)

    asyncio.run(scenario())


def test_port_25_may_be_watched_by_who_speaks_smtp() -> None:
    guard = Netguard()
    assert guard.check_url("smtp://example.com:25", ADDRESS_RULES) == "smtp://example.com:25"
    assert guard.check_url("smtp://example.com:587", ADDRESS_RULES) == "smtp://example.com"
    for url in ("smtp://example.com:465", "imap://example.com:993"):
        with pytest.raises(AddressRefused, match="watch it with tls://"):
            guard.check_url(url, ADDRESS_RULES)
    for url in ("imap://example.com:25", "tls://example.com:25", "smtp://example.com:23"):
        with pytest.raises(AddressRefused):
            guard.check_url(url, ADDRESS_RULES)


def test_where_a_name_leads_inside_nothing_is_dialled() -> None:
    async def scenario() -> None:
        inside = Names({"example.com": ["8.8.8.8", "10.0.0.1"]})
        for scheme in ("smtp", "imap"):
            result = await checked(f"{scheme}://example.com", inside)
            assert result.cause == Cause(Reason.ADDRESS_REFUSED, HIDDEN)

    asyncio.run(scenario())
