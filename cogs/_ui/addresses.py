"""Addresses as people see them. The whole URL, which may hold secrets, is for managers alone."""

from urllib.parse import urlsplit

from bot.models import Monitor
from bot.words.safe import markdown

HOST_LIMIT = 200


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
    """The host, harmless anywhere in a message."""
    return markdown(host(url), HOST_LIMIT)


def named_by_host(monitor: Monitor) -> bool:
    """Whether the name already says the host, so that one of them is enough."""
    name, address = monitor.name.casefold(), host(monitor.target.url).casefold()
    return name == address or name == address.partition(":")[0]
