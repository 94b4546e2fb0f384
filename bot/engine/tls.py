"""The one TLS context of the process, and what a certificate says of its end."""

import re
import ssl
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import certifi

# In DER a UTCTime (tag 23) or GeneralizedTime (tag 24), as it stands in Validity.
_DER_TIME = re.compile(rb"\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z")
_CENTURY = 50  # RFC 5280: two-digit years below 50 are of this century
DAY_MS = 86_400_000


def client_context() -> ssl.SSLContext:
    """Verifies chain and name with the system's authorities (SSL_CERT_FILE, SSL_CERT_DIR).

    Where the system has none, certifi's bundle is used. Making one costs 30 ms of CPU (measured),
    so the process makes it once.
    """
    context = ssl.create_default_context()
    # Python 3.13 turned on RFC 5280 to the letter, which browsers do not ask of private
    # authorities; a verdict must not hang on the Python that runs Vigie.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    if not _has_authorities(context):
        context.load_verify_locations(certifi.where())
    return context


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


def expires_ms(connection: ssl.SSLSocket) -> int | None:
    """When the peer's verified certificate ends, UTC epoch milliseconds."""
    try:
        certificate = connection.getpeercert()
        ends = certificate.get("notAfter") if certificate else None
        return int(ssl.cert_time_to_seconds(ends) * 1000) if isinstance(ends, str) else None
    except (ValueError, ssl.SSLError):  # names in it that are no text, a time of another form
        ended = _end_of(connection.getpeercert(binary_form=True) or b"")
        return None if ended is None else _ms(ended)


def days_since_end(der: bytes, now_ms: int) -> int | None:
    """Whole days since a certificate ended; None when it has not, or its dates cannot be read.

    Python hides the dates of a certificate that was not verified, so they are read from the
    DER: Validity is the first pair of times in it (RFC 5280, 4.1). One that has not ended stands
    for a chain in which another certificate has.
    """
    ended = _end_of(der)
    if ended is None:
        return None
    since_ms = now_ms - _ms(ended)
    return since_ms // DAY_MS if since_ms >= 0 else None


def _end_of(der: bytes) -> datetime | None:
    times = _DER_TIME.findall(der)
    if len(times) < 2:  # noqa: PLR2004 - notBefore and notAfter
        return None
    short, full = times[1]
    if short:
        century = b"20" if int(short[:2]) < _CENTURY else b"19"
        full = century + short
    try:
        return datetime.strptime(full.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
