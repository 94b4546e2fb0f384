"""The time zones people may name: IANA names, found without case."""

from functools import cache
from zoneinfo import available_timezones

from bot.errors import UserError
from bot.words.safe import plain

_NO_PLACES = {"Factory", "localtime"}
_NAME_LIMIT = 60


@cache
def names() -> tuple[str, ...]:
    """All names, sorted. Reads the zone files once (some 20 ms)."""
    return tuple(sorted(available_timezones() - _NO_PLACES))


def zone_name(text: str) -> str:
    """The name as IANA writes it. Raises UserError."""
    wanted = search_form(text)
    for name in names():
        if search_form(name) == wanted:
            return name
    raise UserError(
        "I know no time zone called “{name}”. Pick one from the list as you type, or Europe/Paris.",
        name=plain(text, _NAME_LIMIT),
    )


def search_form(text: str) -> str:
    """What two spellings of a name have in common: ``New York`` is ``new_york``."""
    return "_".join(text.casefold().split())
