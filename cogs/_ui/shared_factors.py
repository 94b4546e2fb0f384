"""What the sites of a group alert share: an observation that may help, never a cause."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from bot.models import Incident
from bot.words.escaping import host, markdown
from bot.words.timestamps import stamp
from bot.words.translator import Translator

COMPANY = 3  # what two sites share is chance as often as not
_LIMIT = 100
T = TypeVar("T")


def in_common(words: Translator, told: Sequence[Incident]) -> str:
    """One line about what is still open: one host, else one address, else one certificate."""
    opened = [one for one in told if one.open]
    if len(opened) < COMPANY:
        return ""
    if name := _same(_hostname(one.url) for one in opened):
        shown = markdown(host(f"https://[{name}]" if ":" in name else f"https://{name}"), _LIMIT)
        return words.text("All are on {host}.", host=shown)
    if address := _same(one.address for one in opened):
        text = markdown(address, _LIMIT)
        return words.text("All last answered from {address}.", address=text)
    if ends_ms := _same(one.certificate_ms for one in opened):
        day = stamp(ends_ms, "f")
        return words.text("All last showed a certificate that ends {time}.", time=day)
    return ""


def _same(values: Iterable[T | None]) -> T | None:
    """The one value that all of them have, if any."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
