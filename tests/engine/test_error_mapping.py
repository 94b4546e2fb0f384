"""What exceptions say went wrong, and whose fault it was."""

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.engine.error_mapping import BadAnswer, EndlessAnswer, cause_of
from bot.models import Cause, CheckResult, Reason, Target
from tests.engine.sites import HOST, make_checker, serve


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EMFILE, "Too many open files"), Reason.LOCAL_ERROR),
        (OSError(errno.ENFILE, "Too many open files in system"), Reason.LOCAL_ERROR),
        (OSError(errno.ENOBUFS, "No buffer space"), Reason.LOCAL_ERROR),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), Reason.LOCAL_ERROR),
        (MemoryError(), Reason.LOCAL_ERROR),
        (OSError(errno.ENETUNREACH, "unreachable"), Reason.UNREACHABLE),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Reason.REFUSED),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Reason.RESET),
        (BadAnswer(Reason.MALFORMED, "x"), Reason.MALFORMED),
        (EndlessAnswer("x"), Reason.ENDLESS),
        (ssl.SSLError(1, "x"), Reason.TLS),
        (KeyError("a bug of ours"), Reason.RESET),
    ],
)
def test_an_error_has_its_reason(error: BaseException, reason: Reason) -> None:
    cause = cause_of(error, 10.0)
    assert cause == Cause(reason)
    assert cause.is_ours == (reason is Reason.LOCAL_ERROR)


def test_an_error_that_was_put_aside_says_nothing() -> None:
    def fail() -> None:
        try:
            raise ConnectionRefusedError
        except OSError:
            raise BadAnswer(Reason.BAD_REDIRECT, "x") from None

    with pytest.raises(BadAnswer) as caught:
        fail()
    assert cause_of(caught.value, 10.0) == Cause(Reason.BAD_REDIRECT)


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """Whoever opens anything meets EMFILE; what is open stays so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as checker:
        lowest = checker.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_our_own_shortage_is_not_reported_of_the_site(scheme: str) -> None:
    async def scenario() -> CheckResult:
        certificate = "good" if scheme == "https" else None
        async with serve(certificate=certificate) as site:
            checker = make_checker()
            target = Target(site.url("/", HOST, scheme))
            assert (await checker.check(target)).ok
            with no_descriptors_left():
                return await checker.check(target)

    cause = asyncio.run(scenario()).cause
    assert cause is not None
    assert cause.is_ours
