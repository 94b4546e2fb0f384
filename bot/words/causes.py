"""What a probe saw, in words: short for the push line, a sentence or two for the card.

Vigie reports what it saw and where to look; it never names a cause it cannot know.
"""

from http import HTTPStatus

from bot.models import Cause, CheckResult, Reason
from bot.words.translator import N_, Translator

# Cloudflare's own codes: the network in front of the site answers, the server behind it does not.
_BEHIND_CDN = range(520, 531)
_NO_SUCH_PAGE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_DEADLINE_S = 10

# For each reason without a number: the few words of the push line.
_SHORT = {
    Reason.DNS: N_("no DNS answer"),
    Reason.REFUSED: N_("connection refused"),
    Reason.UNREACHABLE: N_("no route to the host"),
    Reason.RESET: N_("connection reset"),
    Reason.TLS_NOT_YET_VALID: N_("TLS certificate not valid yet"),
    Reason.TLS_NAME: N_("TLS certificate for another name"),
    Reason.TLS_UNTRUSTED: N_("TLS certificate not trusted"),
    Reason.TLS: N_("TLS handshake failed"),
    Reason.REDIRECTS: N_("too many redirects"),
    Reason.REDIRECT_REFUSED: N_("redirects to a refused address"),
    Reason.ADDRESS_REFUSED: N_("leads to a refused address"),
    Reason.ADDRESSES: N_("too many addresses"),
    Reason.BAD_REDIRECT: N_("redirects to no web address"),
    Reason.NOT_HTTP: N_("no HTTP answer"),
    Reason.MALFORMED: N_("malformed HTTP answer"),
    Reason.ENDLESS: N_("answer without end"),
    Reason.UNREADABLE: N_("answer unreadable"),
    Reason.BROTLI: N_("answer compressed by Brotli"),
    Reason.ZSTD: N_("answer compressed by zstd"),
    Reason.TEXT_MISSING: N_("expected text missing"),
    Reason.TEXT_PRESENT: N_("unwanted text found"),
    Reason.OTHER: N_("check failed"),
    Reason.LOCAL_ERROR: N_("no result: too little room on my side"),
}

_COMPRESSED = N_(
    "The answer came compressed although I asked for it plain, so I cannot read its text."
)
_SENTENCES = {
    Reason.DNS: N_(
        "The name leads to no address that I may visit. Look at the domain and its name servers."
    ),
    Reason.REFUSED: N_(
        "The host answers, but nothing listens on that port. Look whether the server runs."
    ),
    Reason.UNREACHABLE: N_("The network knows no way to the host. Look at its network."),
    Reason.RESET: N_(
        "The connection broke before the answer was whole. Look at the server's logs."
    ),
    Reason.TLS_EXPIRED: N_("The certificate has expired, so browsers warn visitors. Renew it."),
    Reason.TLS_NOT_YET_VALID: N_(
        "The certificate is not valid yet. Look at its dates and at the server's clock."
    ),
    Reason.TLS_NAME: N_(
        "The certificate is for another name. Look at the certificate and the server's settings."
    ),
    Reason.TLS_UNTRUSTED: N_(
        "No authority I trust vouches for the certificate. Look at its chain of certificates."
    ),
    Reason.TLS: N_("No secure connection could be agreed. Look at the server's TLS settings."),
    Reason.REDIRECTS: N_("The site redirects more than five times. Look at its redirects."),
    Reason.REDIRECT_REFUSED: N_(
        "The site redirects to an address that I do not visit. Look at its redirects."
    ),
    Reason.ADDRESS_REFUSED: N_(
        "The address is private or of the network I run in, so I do not visit it. Whoever runs me"
        " can allow it in VIGIE_ALLOW_PRIVATE."
    ),
    Reason.ADDRESSES: N_(
        "The name has more than 64 addresses, and I do not visit such names. Look at its DNS"
        " records."
    ),
    Reason.NOT_HTTP: N_("Something answers on that port, but not in HTTP. Look at the port."),
    Reason.BAD_REDIRECT: N_(
        "The site redirects to something that is no web address. Look at its redirects."
    ),
    Reason.MALFORMED: N_(
        "The server answers, but in HTTP that browsers cannot read either. Look at the server."
    ),
    Reason.ENDLESS: N_(
        "The server sends more before the page than any honest answer needs. Look at the server."
    ),
    Reason.UNREADABLE: N_(
        "The answer came compressed although I asked for it plain, and I cannot unpack it."
    ),
    Reason.BROTLI: _COMPRESSED,
    Reason.ZSTD: _COMPRESSED,
    Reason.TEXT_MISSING: N_("The page answers, but the expected text is not on it."),
    Reason.TEXT_PRESENT: N_("The page answers, but the text that must not be there is on it."),
    Reason.OTHER: N_("The check failed in a way that this version of mine has no words for."),
    Reason.LOCAL_ERROR: N_(
        "My own machine had too few open files or too little memory for this check,"
        " so it says nothing of the site."
    ),
}


def result_text(words: Translator, result: CheckResult) -> str:
    """``fine, 182 ms`` or the cause in a few words."""
    if result.cause is not None:
        return cause_text(words, result.cause)
    return words.text("fine, {ms} ms", ms=round(result.phases.total))


def cause_text(words: Translator, cause: Cause) -> str:
    """A few words for the push line, such as ``HTTP 503`` or ``timed out after 10 s``."""
    cause = _public(cause)
    match cause.reason:
        case Reason.HTTP:
            return f"HTTP {cause.number or '?'}"
        case Reason.TIMEOUT:
            return words.text("timed out after {n} s", n=cause.number or _DEADLINE_S)
        case Reason.TLS_EXPIRED:
            return _expired(words, cause.number)
        case _:
            return words.text(_SHORT[cause.reason])


def cause_sentence(words: Translator, cause: Cause) -> str:
    """What the probe saw and what to look at, for the card."""
    cause = _public(cause)
    match cause.reason:
        case Reason.HTTP:
            return words.text(_http_sentence(cause.number or 0), status=cause.number or "?")
        case Reason.TIMEOUT:
            return words.text(
                "No whole answer came within {n} s. Look at the server's load and its network.",
                n=cause.number or _DEADLINE_S,
            )
        case _:
            return words.text(_SENTENCES[cause.reason])


def _public(cause: Cause) -> Cause:
    """One word whether a name leads inside or does not exist: which names do is not for all."""
    return Cause(Reason.DNS) if cause.hides_a_name else cause


def _http_sentence(status: int) -> str:
    if status in _BEHIND_CDN:
        return N_(
            "The server behind the CDN does not answer properly: the CDN says HTTP {status}."
            " Look at the server behind it."
        )
    if Cause(Reason.HTTP, status).refuses_the_bot:
        return N_(
            "The site answers HTTP {status} to the bot; people may get in."
            " Look at its firewall or bot protection."
        )
    if status in _NO_SUCH_PAGE:
        return N_(
            "The server answers, but it does not find the page (HTTP {status})."
            " Look at the address."
        )
    return _unfit_status(status)


def _unfit_status(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return N_(
            "The server answers, but with an error (HTTP {status}). Look at the server's logs."
        )
    if status >= HTTPStatus.BAD_REQUEST:
        return N_(
            "The server answers, but it does not take the request (HTTP {status})."
            " Look at the address and at what the check sends."
        )
    return N_("The server answers, but HTTP {status} is not the status you expect.")


def _expired(words: Translator, days: int | None) -> str:
    if days is None:
        return words.text("TLS certificate expired")
    if days < 1:
        return words.text("TLS certificate expired today")
    return words.plural(
        "TLS certificate expired {n} day ago", "TLS certificate expired {n} days ago", days
    )
