"""Names what went wrong in a try: from exceptions to the closed list of reasons."""

import errno
import ssl

import httpcore

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
# OpenSSL's X509_V_ERR_*; every other number is about the chain.
_CERTIFICATES = {
    9: Reason.TLS_NOT_YET_VALID,
    10: Reason.TLS_EXPIRED,
    62: Reason.TLS_NAME,
    64: Reason.TLS_NAME,
}


def cause_of(error: BaseException, deadline_s: float) -> Cause:
    """The cause of a failed try. Anything unforeseen counts as a broken connection."""
    for one in _chain(error):
        if isinstance(one, TimeoutError):
            return Cause(Reason.TIMEOUT, max(1, round(deadline_s)))
        if isinstance(one, AddressHidden):
            return Cause(Reason.ADDRESS_REFUSED, HIDDEN)
        reason = _reason(one)
        if reason is not None:
            return Cause(reason)
    return Cause(Reason.RESET)


def _reason(error: BaseException) -> Reason | None:
    """What one exception alone says. The order matters: the special stands before the general."""
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
            reason = Reason.TLS
        case ConnectionRefusedError():
            reason = Reason.REFUSED
        case OSError():
            reason = Reason.UNREACHABLE if error.errno in _UNREACHABLE else Reason.RESET
        case httpcore.RemoteProtocolError():
            reason = Reason.RESET if _was_cut(str(error)) else Reason.GARBLED
        case _:
            return None
    return reason


def _chain(error: BaseException) -> list[BaseException]:
    """The innermost error first: it saw what happened."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain[::-1]


def _was_cut(text: str) -> bool:
    """h11 and httpcore say so when the peer hung up before its answer was whole."""
    return "disconnected without" in text or "closed connection without" in text
