"""What a probe saw, in words: short for the push line, one sentence for the card.

Vigie reports what it saw and never names a cause it cannot know.
"""

from collections.abc import Callable

from bot.models import Cause, Reason
from bot.words.catalogue import N_, Words

# A proxy or CDN answers, the server behind it does not (Cloudflare's own range of codes).
_BEHIND_CDN = range(520, 531)

_SHORT = {
    Reason.DNS: N_("no DNS answer"),
    Reason.REFUSED: N_("connection refused"),
    Reason.UNREACHABLE: N_("no route to the host"),
    Reason.RESET: N_("connection reset"),
    Reason.TLS_NOT_YET_VALID: N_("TLS certificate not valid yet"),
    Reason.TLS_NAME: N_("TLS certificate is for another name"),
    Reason.TLS_UNTRUSTED: N_("TLS certificate not trusted"),
    Reason.TLS: N_("TLS handshake failed"),
    Reason.REDIRECTS: N_("too many redirects"),
    Reason.REDIRECT_REFUSED: N_("redirects to a refused address"),
    Reason.ADDRESS_REFUSED: N_("leads to a refused address"),
    Reason.GARBLED: N_("no HTTP answer"),
    Reason.UNREADABLE: N_("answer unreadable"),
    Reason.TEXT_MISSING: N_("expected text missing"),
    Reason.TEXT_PRESENT: N_("unwanted text found"),
}

_SENTENCES = {
    Reason.DNS: N_("The name has no address in the DNS. Look at the domain and its name servers."),
    Reason.REFUSED: N_("The host answers, but nothing listens on that port."),
    Reason.UNREACHABLE: N_("The network says that there is no way to the host."),
    Reason.RESET: N_("The connection was cut before the answer was complete."),
    Reason.TLS_EXPIRED: N_("The certificate has expired; browsers warn their visitors."),
    Reason.TLS_NOT_YET_VALID: N_("The certificate is not valid yet. Look at the server's clock."),
    Reason.TLS_NAME: N_("The certificate was issued for another name."),
    Reason.TLS_UNTRUSTED: N_("The certificate does not lead to an authority that is trusted."),
    Reason.TLS: N_("No secure connection could be made."),
    Reason.REDIRECTS: N_("The site keeps sending visitors on, more than five times."),
    Reason.REDIRECT_REFUSED: N_("The site sends visitors to an address that I do not visit."),
    Reason.ADDRESS_REFUSED: N_("The name leads to an address that I do not visit."),
    Reason.GARBLED: N_("Something answers on that port, but it is not HTTP."),
    Reason.UNREADABLE: N_("The answer came compressed although I had asked for plain text."),
    Reason.TEXT_MISSING: N_("The page answers, but the expected text is not on it."),
    Reason.TEXT_PRESENT: N_("The page answers, but with the text that must not be there."),
}


def cause_text(words: Words, cause: Cause) -> str:
    """A few words for the push line, such as ``HTTP 503`` or ``timed out after 10 s``."""
    special = _NUMBERED.get(cause.reason)
    return words.text(_SHORT[cause.reason]) if special is None else special(words, cause.number)


def cause_sentence(words: Words, cause: Cause) -> str:
    """One sentence saying what the probe saw."""
    if cause.reason is Reason.HTTP:
        return _http_sentence(words, cause.number or 0)
    if cause.reason is Reason.TIMEOUT:
        return words.text("No complete answer within {n} s.", n=cause.number or 10)
    return words.text(_SENTENCES[cause.reason])


def _http_sentence(words: Words, status: int) -> str:
    if status in _BEHIND_CDN:
        return words.text(
            "The network in front of the site answers HTTP {status}: it gets no answer from the"
            " server behind it.",
            status=status,
        )
    if Cause(Reason.HTTP, status).refuses_the_bot:
        return words.text(
            "The site answers HTTP {status} to the bot. People may well get in.", status=status
        )
    return words.text("The server answers, but with HTTP {status}.", status=status)


def _expired(words: Words, days: int | None) -> str:
    if days is None:
        return words.text("TLS certificate expired")
    if days < 1:
        return words.text("TLS certificate expired today")
    return words.plural(
        "TLS certificate expired {n} day ago", "TLS certificate expired {n} days ago", days
    )


_NUMBERED: dict[Reason, Callable[[Words, int | None], str]] = {
    Reason.HTTP: lambda words, number: words.text("HTTP {status}", status=number),
    Reason.TIMEOUT: lambda words, number: words.text("timed out after {n} s", n=number or 10),
    Reason.TLS_EXPIRED: _expired,
}
