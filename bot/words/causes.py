"""Causes of failed checks in words: short for the alert line, a sentence or two for the card.

Vigie reports what it saw and where to look; it never names a cause it cannot know.
"""

from http import HTTPStatus

from bot.models import Cause, CheckResult, Game, Reason
from bot.words.escaping import markdown
from bot.words.translator import N_, Translator

# Cloudflare's own codes: the network in front of the site answers, the server behind it does not.
_BEHIND_CDN = range(520, 531)
_NO_SUCH_PAGE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_DEADLINE_S = 10
_GAME_LIMIT, _SEEN_LIMIT = 100, 120

# For each reason without a number: the few words of the alert line.
_SHORT = {
    Reason.DNS: N_("no DNS answer"),
    Reason.REFUSED: N_("connection refused"),
    Reason.UNREACHABLE: N_("no route to the host"),
    Reason.RESET: N_("connection reset"),
    Reason.TLS_NOT_YET_VALID: N_("TLS certificate not valid yet"),
    Reason.TLS_NAME: N_("TLS certificate for another name"),
    Reason.TLS_UNTRUSTED: N_("TLS certificate not trusted"),
    Reason.NOT_TLS: N_("TLS handshake failed: not TLS"),
    Reason.TLS: N_("TLS handshake failed"),
    Reason.REDIRECTS: N_("too many redirects"),
    Reason.REDIRECT_REFUSED: N_("redirects to a refused address"),
    Reason.ADDRESS_REFUSED: N_("points to a private address"),
    Reason.ADDRESSES: N_("too many addresses"),
    Reason.BAD_REDIRECT: N_("redirects to a non-web address"),
    Reason.NOT_HTTP: N_("no HTTP answer"),
    Reason.MALFORMED: N_("malformed HTTP answer"),
    Reason.ENDLESS: N_("answer without end"),
    Reason.UNREADABLE: N_("answer unreadable"),
    Reason.BROTLI: N_("answer compressed by Brotli"),
    Reason.ZSTD: N_("answer compressed by zstd"),
    Reason.TEXT_MISSING: N_("expected text missing"),
    Reason.TEXT_PRESENT: N_("unwanted text found"),
    Reason.HEADER_UNMET: N_("response header not as expected"),
    Reason.NOT_JSON: N_("answer is not JSON"),
    Reason.JSON_UNMET: N_("JSON condition not met"),
    Reason.JSON_TOO_MUCH: N_("JSON condition too costly"),
    Reason.WRONG_PROTOCOL: N_("answers in another protocol"),
    Reason.NO_STARTTLS: N_("no STARTTLS offered"),
    Reason.IMAP: N_("IMAP server refuses"),
    Reason.BEAT_LATE: N_("no beat"),
    Reason.BEAT_UNFINISHED: N_("started, not finished"),
    Reason.JOB_FAILED: N_("the job reports a failure"),
    Reason.OTHER: N_("check failed"),
    Reason.LOCAL_ERROR: N_("no result: my machine ran out of room"),
    Reason.MAY_NOT_PING: N_("no result: I am not allowed to ping"),
}

_COMPRESSED = N_(
    "The answer came compressed although I asked for it uncompressed, so I cannot read its text."
)
_SENTENCES = {
    Reason.DNS: N_(
        "The name has no address that I may visit. Check the domain and its name servers."
    ),
    Reason.REFUSED: N_(
        "The host answers, but nothing listens on that port. Check that the service is running."
    ),
    Reason.UNREACHABLE: N_("There is no route to the host. Check its network."),
    Reason.RESET: N_(
        "The connection broke before the answer was complete. Check the server's logs."
    ),
    Reason.TLS_EXPIRED: N_("The certificate has expired, so browsers warn visitors. Renew it."),
    Reason.TLS_NOT_YET_VALID: N_(
        "The certificate is not valid yet. Check its dates and the server's clock."
    ),
    Reason.TLS_NAME: N_(
        "The certificate is for another name. Check the certificate and the server's settings."
    ),
    Reason.TLS_UNTRUSTED: N_(
        "The certificate is not signed by a trusted authority. Check its certificate chain."
    ),
    Reason.NOT_TLS: N_(
        "Something answers on that port, but not in TLS, as a port for http:// does. Check the"
        " port, and whether the address begins as it should."
    ),
    Reason.TLS: N_(
        "The server breaks off the TLS handshake, or I cannot follow it. Check its TLS settings."
    ),
    Reason.REDIRECTS: N_("The site redirects more than five times. Check its redirects."),
    Reason.REDIRECT_REFUSED: N_(
        "The site redirects to an address that I do not visit. Check its redirects."
    ),
    Reason.ADDRESS_REFUSED: N_(
        "The address is private or belongs to the network I run on, so I do not visit"
        " it. The bot's operator can allow it with VIGIE_ALLOW_PRIVATE."
    ),
    Reason.ADDRESSES: N_(
        "The name has more than 64 addresses, and I do not visit such names. Check its DNS records."
    ),
    Reason.NOT_HTTP: N_("Something answers on that port, but not HTTP. Check the port."),
    Reason.BAD_REDIRECT: N_(
        "The site redirects to something that is not a web address. Check its redirects."
    ),
    Reason.MALFORMED: N_(
        "The server answers, but in HTTP that browsers cannot read either. Check the server."
    ),
    Reason.ENDLESS: N_(
        "The server sends far more before the page than an answer needs. Check the server."
    ),
    Reason.UNREADABLE: N_(
        "The answer came compressed although I asked for it uncompressed, and I cannot unpack it."
    ),
    Reason.BROTLI: _COMPRESSED,
    Reason.ZSTD: _COMPRESSED,
    Reason.TEXT_MISSING: N_("The page answers, but the expected text is not on it."),
    Reason.TEXT_PRESENT: N_("The page answers, but the text that must not be there is on it."),
    Reason.HEADER_UNMET: N_("The page answers, but a header of the answer is not as expected."),
    Reason.NOT_JSON: N_(
        "The page answers, but not with one document of JSON in its first 256 KiB."
    ),
    Reason.JSON_UNMET: N_("The page answers, but the condition about its JSON does not hold."),
    Reason.JSON_TOO_MUCH: N_(
        "The condition asks more of this large answer than a check may do. Make it simpler, or"
        " let the page answer with less."
    ),
    Reason.WRONG_PROTOCOL: N_(
        "Something answers on that port, but not in the protocol of the address. Check the port."
    ),
    Reason.NO_STARTTLS: N_(
        "The mail server offers no STARTTLS, so mail would travel unencrypted. Check its TLS"
        " settings."
    ),
    Reason.SMTP: N_("The mail server turns me away. Check its logs."),
    Reason.IMAP: N_("The mail server turns me away. Check its logs."),
    Reason.BEAT_LATE: N_(
        "The job has not called in time. Check that it still runs, and that it can reach me."
    ),
    Reason.BEAT_UNFINISHED: N_(
        "The job said that it starts, and did not say in time that it has finished."
    ),
    Reason.JOB_FAILED: N_("The job itself reports that it failed. Check its own log."),
    Reason.OTHER: N_("The check failed in a way that this version cannot describe."),
    Reason.LOCAL_ERROR: N_(
        "My own machine ran out of memory or open files during this check, so it says"
        " nothing about the site."
    ),
    Reason.MAY_NOT_PING: N_(
        "I am not allowed to ping from here: on my machine, let the setting"
        ' net.ipv4.ping_group_range be "0 2147483647".'
    ),
}


def result_text(words: Translator, result: CheckResult, *, whole: bool = False) -> str:
    """``fine, 182 ms`` or the cause in a few words.

    ``whole``: for managers, who may also read what came in place of what a condition expects.
    """
    if result.cause is not None:
        text = cause_text(words, result.cause, named=True)
        if not whole or result.seen is None:
            return text
        seen = words.text("seen: {value}", value=markdown(result.seen, _SEEN_LIMIT))
        return f"{text} · {seen}"
    fine = words.text("OK, {ms} ms", ms=round(result.phases.total))
    return " · ".join(one for one in (fine, players_text(words, result.game)) if one)


def players_text(words: Translator, game: Game | None) -> str:
    """``5/100 players``; empty when nobody knows."""
    if game is None or game.players is None:
        return ""
    if game.max_players is None:
        return words.plural("{n} player", "{n} players", game.players)
    return words.text("{n}/{max} players", n=game.players, max=game.max_players)


def game_text(words: Translator, game: Game) -> str:
    """All that a game server says of itself. Its texts are foreign: for Discord's markdown."""
    said = [players_text(words, game)]
    if game.version is not None:
        said.append(words.text("version {version}", version=markdown(game.version, _GAME_LIMIT)))
    if game.map is not None:
        said.append(words.text("map {map}", map=markdown(game.map, _GAME_LIMIT)))
    return " · ".join(one for one in said if one)


def cause_text(words: Translator, cause: Cause, *, named: bool = False) -> str:
    """A few words for the alert line, such as ``HTTP 503`` or ``timed out after 10 s``.

    ``named``: where there is room for the name of a status beside its number.
    """
    cause = _public(cause)
    match cause.reason:
        case Reason.HTTP:
            return http_text(words, cause.number) if named else f"HTTP {cause.number or '?'}"
        case Reason.SMTP:
            return f"SMTP {cause.number or '?'}"
        case Reason.TIMEOUT:
            return words.text("timed out after {n} s", n=cause.number or _DEADLINE_S)
        case Reason.TLS_EXPIRED:
            return _expired(words, cause.number)
        case Reason.BEAT_LATE | Reason.BEAT_UNFINISHED | Reason.JOB_FAILED:
            return _beat(words, cause)
        case _:
            return words.text(_SHORT[cause.reason])


def http_text(words: Translator, status: int | None) -> str:
    """``HTTP 503 (Service Unavailable)``; the number alone where no standard names it."""
    try:
        name = words.text(HTTPStatus(status or 0).phrase, context="http")
    except ValueError:
        return f"HTTP {status or '?'}"
    return f"HTTP {status} ({name})"


def _beat(words: Translator, cause: Cause) -> str:
    if cause.number is None:
        return words.text(_SHORT[cause.reason])
    if cause.reason is Reason.JOB_FAILED:
        return words.text("exit status {n}", n=cause.number)
    duration = words.duration(cause.number)
    if cause.reason is Reason.BEAT_LATE:
        return words.text("no beat for {duration}", duration=duration)
    return words.text("started {duration} ago, not finished", duration=duration)


def cause_sentence(words: Translator, cause: Cause) -> str:
    """One or two sentences for the card: what the check saw and where to look."""
    cause = _public(cause)
    match cause.reason:
        case Reason.HTTP:
            answer = http_text(words, cause.number)
            return words.text(_http_sentence(cause.number or 0), answer=answer)
        case Reason.TIMEOUT:
            return words.text(
                "No complete answer came within {n} s. Check the server's load and its network.",
                n=cause.number or _DEADLINE_S,
            )
        case _:
            return words.text(_SENTENCES[cause.reason])


def _public(cause: Cause) -> Cause:
    """The same cause for a private name and one that does not exist: they look alike."""
    return Cause(Reason.DNS) if cause.hides_a_name else cause


def _http_sentence(status: int) -> str:
    if status in _BEHIND_CDN:
        return N_(
            "The server behind the CDN does not answer properly: the CDN returns"
            " {answer}. Check the server behind it."
        )
    if Cause(Reason.HTTP, status).refuses_the_bot:
        return N_(
            "The site answers {answer} to me; visitors may still get through."
            " Check its firewall or bot protection."
        )
    if status in _NO_SUCH_PAGE:
        return N_("The server answers, but it does not find the page: {answer}. Check the address.")
    return _unfit_status(status)


def _unfit_status(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return N_("The server answers, but with an error: {answer}. Check the server's logs.")
    if status >= HTTPStatus.BAD_REQUEST:
        return N_(
            "The server answers, but rejects the request: {answer}. Check the"
            " address and what the check sends."
        )
    return N_("The server answers, but {answer} is not the status you expect.")


def _expired(words: Translator, days: int | None) -> str:
    if days is None:
        return words.text("TLS certificate expired")
    if days < 1:
        return words.text("TLS certificate expired today")
    return words.plural(
        "TLS certificate expired {n} day ago", "TLS certificate expired {n} days ago", days
    )
