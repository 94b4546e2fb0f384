"""Addresses as people see them. The whole URL, which may hold secrets, is for managers alone."""

from urllib.parse import urlsplit

from bot.models import Monitor
from bot.words.safe import markdown

HOST_LIMIT = 200
_WEB = frozenset({"http", "https"})


def host(url: str) -> str:
    """Host and port as they may be trusted: punycode, with its reading beside it."""
    try:
        netloc = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "?"
    try:
        readable = netloc.encode("ascii").decode("idna")
    except UnicodeError:
        return netloc
    return netloc if readable == netloc else f"{netloc} ({readable})"


def shown_host(url: str) -> str:
    """The host, harmless anywhere in a message; a port or a name says that it is no web site."""
    scheme = _scheme(url)
    said = host(url) if scheme in _WEB else f"{scheme}://{host(url)}"
    return markdown(said, HOST_LIMIT)


def named_by_host(monitor: Monitor) -> bool:
    """Whether the name already says what is watched, so that one of them is enough."""
    name, address = monitor.name.casefold(), host(monitor.target.url).casefold()
    match _scheme(monitor.target.url):
        case "tcp":
            return name == address  # the port says the rest
        case "dns":
            return False
        case _:
            return name in {address, address.partition(":")[0]}


def _scheme(url: str) -> str:
    return url.partition("://")[0]
