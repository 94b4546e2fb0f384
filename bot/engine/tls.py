"""The one TLS context of the process, and what a certificate says of its end."""

import re
import ssl
from datetime import UTC, datetime

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
    if not context.cert_store_stats()["x509_ca"] and not ssl.get_default_verify_paths().capath:
        context.load_verify_locations(certifi.where())
    return context


def expires_ms(connection: ssl.SSLSocket) -> int | None:
    """When the peer's verified certificate ends, UTC epoch milliseconds."""
    certificate = connection.getpeercert()
    ends = certificate.get("notAfter") if certificate else None
    return int(ssl.cert_time_to_seconds(ends) * 1000) if isinstance(ends, str) else None


def days_since_end(der: bytes, now_ms: int) -> int | None:
    """Whole days since a certificate ended; None when its dates cannot be read.

    Python hides the dates of a certificate that was not verified, so they are read from the
    DER: Validity is the first pair of times in it (RFC 5280, 4.1).
    """
    times = _DER_TIME.findall(der)
    if len(times) < 2:  # noqa: PLR2004 - notBefore and notAfter
        return None
    short, full = times[1]
    if short:
        century = b"20" if int(short[:2]) < _CENTURY else b"19"
        full = century + short
    ended = datetime.strptime(full.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return max(0, int(now_ms - ended.timestamp() * 1000) // DAY_MS)
