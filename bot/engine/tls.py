"""The one TLS context of the process, and what a certificate says of its end."""

import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import certifi

from bot.clock import DAY_MS

# Validity in DER (RFC 5280, 4.1.2.5): two times, each a UTCTime (tag 23) or a GeneralizedTime (24).
_VALIDITY = re.compile(
    rb"\x30[\x1e\x20\x22](?:\x17\x0d\d{12}|\x18\x0f\d{14})Z(?:\x17\x0d(\d{12})|\x18\x0f(\d{14}))Z"
)
_CENTURY = b"50"  # RFC 5280: two-digit years below 50 are of this century


def client_context() -> ssl.SSLContext:
    """Verifies chain and name with the system's authorities (SSL_CERT_FILE, SSL_CERT_DIR).

    Where the system has none, certifi's bundle is used. Making one costs 30 ms of CPU (measured),
    so the process makes it once.
    """
    context = ssl.create_default_context()
    # Python 3.13 turned on RFC 5280 to the letter, which browsers do not ask of private
    # authorities; a verdict must not hang on the Python that runs Vigie.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    as_browsers_name(context)
    if not _has_authorities(context):
        context.load_verify_locations(certifi.where())
    return context


def as_browsers_name(context: ssl.SSLContext) -> ssl.SSLContext:
    """A name stands among the alternative names, or the certificate is not for it (RFC 9525)."""
    context.hostname_checks_common_name = False
    return context


def client_object(
    context: ssl.SSLContext,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    host: str,
    protocols: Sequence[str],
) -> ssl.SSLObject:
    """Our end of a connection. OpenSSL compares the name, but for those that ``is_named`` does.

    It takes no underscore under a wildcard, and browsers do. Whether it compares, and what is
    offered by ALPN, is settled as the object is made.
    """
    context.set_alpn_protocols(list(protocols))
    compares = context.check_hostname
    context.check_hostname = compares and "_" not in host
    try:
        return context.wrap_bio(incoming, outgoing, server_hostname=host)
    finally:
        context.check_hostname = compares


def is_named(tls: ssl.SSLObject, host: str) -> bool:
    """True when a verified certificate is for that name; OpenSSL said so where it compared."""
    if "_" not in host:
        return True
    with suppress(ValueError):  # names that are no text
        names: Any = (tls.getpeercert() or {}).get("subjectAltName", ())
        return any(kind == "DNS" and _covers(name, host) for kind, name in names)
    return False


def _covers(name: str, host: str) -> bool:
    """A star stands for one whole label, and never right below a top level (RFC 9525, 6.3)."""
    first, _, rest = name.lower().removesuffix(".").partition(".")
    if first == "*":
        return "." in rest and host.partition(".")[2] == rest
    return host == f"{first}.{rest}"


def _has_authorities(context: ssl.SSLContext) -> bool:
    """From a file they are loaded at once, from a directory when one is needed."""
    if context.cert_store_stats()["x509_ca"]:
        return True
    directory = ssl.get_default_verify_paths().capath
    # c_rehash names them by hash: 5ad8a5d6.0
    return any(Path(directory).glob("*.[0-9]")) if directory else False


@lru_cache(maxsize=1)
def unverified_context() -> ssl.SSLContext:
    """Takes any certificate: only to read the dates of one that was refused, never to ask."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def expires_ms(der: bytes) -> int | None:
    """When a certificate ends, UTC epoch milliseconds; None when that cannot be read.

    Read from the DER: Python hides the dates of a certificate that was not verified, and making
    its dictionary of names for every check costs four times as much (measured).
    """
    validity = _VALIDITY.search(der)
    if validity is None:
        return None
    short, full = validity.groups()
    if short:
        full = (b"20" if short < _CENTURY else b"19") + short
    try:
        ends = datetime.fromisoformat(f"{full[:8].decode()}T{full[8:].decode()}Z")
    except ValueError:
        return None
    return int(ends.timestamp() * 1000)


def days_since_end(der: bytes, now_ms: int) -> int | None:
    """Whole days since a certificate ended; None when it has not, or its dates cannot be read.

    One that has not ended stands for a chain in which another certificate has.
    """
    ended_ms = expires_ms(der)
    if ended_ms is None or ended_ms > now_ms:
        return None
    return (now_ms - ended_ms) // DAY_MS
