"""Names what went wrong in a check: from exceptions to the closed list of reasons."""

import errno
import ssl

from bot.engine.resolver import NameFailed
from bot.errors import AddressHidden, AddressRefused, TooManyAddresses
from bot.models import HIDDEN, Cause, Reason

# EPERM and EACCES come from a filter on the way or on this machine.
_UNREACHABLE = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EPERM,
        errno.EACCES,
    }
)
# This machine has no more descriptors or memory: no site is to blame.
_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# OpenSSL's word for a first record that is none.
_NOT_TLS = {"WRONG_VERSION_NUMBER": Reason.NOT_TLS}
# OpenSSL's X509_V_ERR_*; every other number is about the chain.
_CERTIFICATES = {
    9: Reason.TLS_NOT_YET_VALID,
    10: Reason.TLS_EXPIRED,
    62: Reason.TLS_NAME,
    64: Reason.TLS_NAME,
}


class BadAnswer(Exception):
    """A peer's answer cannot be used, for ``reason``."""

    def __init__(self, reason: Reason, text: str, number: int | None = None) -> None:
        super().__init__(text)
        self.reason, self.number = reason, number


class EndlessAnswer(BadAnswer):
    """The peer sends more than any answer needs."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.ENDLESS, text)


def cause_of(error: BaseException, deadline_s: float) -> Cause:
    """The cause of a failed check. Anything unforeseen counts as a broken connection."""
    for one in _chain(error):
        if isinstance(one, TimeoutError):
            return Cause(Reason.TIMEOUT, max(1, round(deadline_s)))
        if isinstance(one, AddressHidden):
            return Cause(Reason.ADDRESS_REFUSED, HIDDEN)
        if isinstance(one, BadAnswer):
            return Cause(one.reason, one.number)
        reason = _reason(one)
        if reason is not None:
            return Cause(reason)
    return Cause(Reason.RESET)


def _reason(error: BaseException) -> Reason | None:
    """The reason that one exception alone gives. In this order: special before general."""
    match error:
        case TooManyAddresses():
            reason = Reason.ADDRESSES
        case AddressRefused():
            reason = Reason.ADDRESS_REFUSED
        case NameFailed():
            reason = Reason.DNS
        case ssl.SSLCertVerificationError():
            reason = _CERTIFICATES.get(error.verify_code, Reason.TLS_UNTRUSTED)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            reason = Reason.RESET  # hung up in the middle of the handshake
        case ssl.SSLError():
            reason = _NOT_TLS.get(getattr(error, "reason", ""), Reason.TLS)
        case ConnectionRefusedError():
            reason = Reason.REFUSED
        case OSError():
            reason = _of_number(error.errno)
        case MemoryError():
            reason = Reason.LOCAL_ERROR
        case _:
            return None
    return reason


def _of_number(number: int | None) -> Reason:
    if number in _SHORTAGE:
        return Reason.LOCAL_ERROR
    return Reason.UNREACHABLE if number in _UNREACHABLE else Reason.RESET


def _chain(error: BaseException) -> list[BaseException]:
    """The innermost error first: it saw what happened."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return chain[::-1]
