"""Reads what people type: status codes, request headers, links, addresses, days and times."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from functools import cache

from bot.engine.kinds import ADDRESS_RULES, kind_of
from bot.engine.netguard import DEFAULT_PORTS, WEB
from bot.errors import Mistyped, PortRefused, UserError
from bot.words.escaping import plain
from bot.words.phrases import day_name
from bot.words.translator import LANGUAGES, N_, translator_for

_STATUS = re.compile(r"([1-5])xx|([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)")
_PLAIN_LINK = re.compile(r"https?://[^\s<>()\[\]`\"\\]+", re.IGNORECASE)
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
HEADER_NAME_LIMIT, HEADER_VALUE_LIMIT = 60, 500
MAX_HEADERS = 10
# Connection handling, and where the request goes, are the check's own.
RESERVED_HEADERS = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)

Headers = tuple[tuple[str, str], ...]


def parse_statuses(text: str | None) -> tuple[int, ...]:
    """``"200"``, ``"200, 301"``, ``"2xx"`` or ``"200-204"``; empty means any below 400.

    Raises UserError.
    """
    found: list[int] = []
    for word in (text or "").replace(";", ",").lower().split(","):
        if not word.strip():
            continue
        match = _STATUS.fullmatch(word.strip())
        if match is None:
            raise UserError("“expect_status” takes codes such as 200, 301 or 2xx.")
        family, low, high = match.groups()
        first = int(family) * 100 if family else int(low)
        last = first + 99 if family else int(high or low)
        found.extend(range(first, last + 1))
    return tuple(sorted(set(found)))


def status_text(codes: Iterable[int]) -> str:
    """What :func:`parse_statuses` reads back as these codes, as short as it can be."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == runs[-1][-1] + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(_run_text(run) for run in runs)


def _run_text(run: Sequence[int]) -> str:
    first, last = run[0], run[-1]
    if first == last:
        return str(first)
    return f"{first // 100}xx" if (first % 100, last - first) == (0, 99) else f"{first}-{last}"


def kept_headers(old: Headers, typed: Headers | None, *, moved: bool = False) -> Headers:
    """The headers typed anew; one without a value keeps the value it has. None keeps all.

    ``moved``: to another site, which must not learn the old values: none is kept. Raises UserError.
    """
    if typed is None:
        return () if moved else old
    values = {name.lower(): value for name, value in old}
    lost = next((name for name, value in typed if not value and name.lower() in values), None)
    if moved and lost is not None:
        raise UserError(
            "That is another site: type the value of the header {name} again.", name=lost
        )
    return tuple((name, value or values.get(name.lower(), "")) for name, value in typed)


def parse_headers(text: str | None, reserved: frozenset[str] = RESERVED_HEADERS) -> Headers:
    """``Name: value`` pairs, one a line or separated by `` | ``. Raises UserError."""
    lines = [line.strip() for line in re.split(r"\n|\s\|\s", text or "") if line.strip()]
    if len(lines) > MAX_HEADERS:
        raise UserError("At most {n} request headers can be sent.", n=MAX_HEADERS)
    return tuple(_header(line, reserved) for line in lines)


def _header(line: str, reserved: frozenset[str]) -> tuple[str, str]:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise UserError("A header looks like “Name: value”; put “ | ” between two of them.")
    name, value = match[1], match[2].strip()
    if len(name) > HEADER_NAME_LIMIT:
        raise UserError(
            "The name of the header {name} is too long: at most {n} characters.",
            name=name[:HEADER_NAME_LIMIT],
            n=HEADER_NAME_LIMIT,
        )
    if name.lower() in reserved:
        raise UserError("The header {name} is set by the check itself.", name=name)
    if len(value) > HEADER_VALUE_LIMIT:
        raise UserError(
            "The value of the header {name} is too long: at most {n} characters.",
            name=name,
            n=HEADER_VALUE_LIMIT,
        )
    if _HEADER_VALUE.fullmatch(value) is None:
        raise UserError(
            "The value of the header {name} has characters that a header cannot carry.", name=name
        )
    return name, value


def is_pair(found: object) -> bool:
    return (
        isinstance(found, list | tuple)
        and len(found) == 2  # noqa: PLR2004 - name and value
        and all(isinstance(one, str) for one in found)
    )


def parse_link(text: str | None) -> str | None:
    """An address as it stands in a message: nothing hidden in it, nothing that breaks markdown.

    Raises UserError.
    """
    link = (text or "").strip()
    if link and (_PLAIN_LINK.fullmatch(link) is None or plain(link, len(link)) != link):
        raise UserError("That is not a link: it looks like https://wiki.example/runbook.")
    return link or None


OTHER_KIND = N_("Port {port} is not a web port. These fit: {addresses}.")
MISTYPED = N_("“{typed}” is not an address I can read. Did you mean {meant}?")
# How addresses look that are no web sites'.
OTHER_EXAMPLES = tuple(rules.example for rules in ADDRESS_RULES.values() if not rules.is_web)
_SHOWN = 200
# As people write links in Discord, alone or one in the other.
_AROUND = (("<", ">"), ("`", "`"))
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?(?P<url>[^\s<>()]+)>?\s*\)")
# A word before what should be ://, with the signs that slip in its stead.
_BEGINNING = re.compile(
    r"[^\w/\\]{0,3}(?P<word>[A-Za-z][A-Za-z0-9]{1,11})\s*(?P<sign>[:;.,\uff1a\uff1b]*\s*[/\\\uff0f]*)\s*"
)
_SLASHES = re.compile(r"[/\\\uff0f]")
_BARE = re.compile(r"\s*[:;]+\s*[/\\]*\s*|[/\\]{3,}")
_QUOTES = "'\"\u201d\u2019\u00bb)>]}*_|`"  # what closes that which stood before an address
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):(?P<port>[0-9]{1,5})")
_MOST_SLIPS = 4  # https://http://https//…
_ALIKE = 0.8


def is_web(url: str) -> bool:
    """A web site's: people know it without its scheme."""
    return url.partition("://")[0] in WEB


def names_its_port(url: str) -> bool:
    """True when the port always stands in such an address, so that host and port are enough."""
    kind = kind_of(url)
    return kind is not None and kind.rules.has_port and not kind.rules.default_port


def typed_address(text: str) -> str:
    """With its scheme; what has one, or begins with a slash, stays as it is.

    Raises Mistyped, and PortRefused where the port alone says that no web site is meant.
    """
    url = _unwrapped(text)
    if fitting := _by_port(url):
        port, listed = url.rpartition(":")[2], ", ".join(fitting)
        raise PortRefused(OTHER_KIND, instead=fitting, port=port, addresses=listed)
    meant = _meant(url)
    if meant is not None:
        better = _meant(meant)
        raise Mistyped(MISTYPED, typed=url[:_SHOWN], meant=better or meant)
    return url if "://" in url or url.startswith("/") else f"https://{url}"


def _by_port(url: str) -> tuple[str, ...]:
    """What ``host:25565`` is: a game's, a mail server's; at least a port that can be reached."""
    match = _HOST_AND_PORT.fullmatch(url)
    usual = (
        []
        if match is None
        else [
            rules.scheme
            for rules in ADDRESS_RULES.values()
            if not rules.is_web and 0 < rules.default_port == int(match["port"])
        ]
    )
    if match is None or not usual or int(match["port"]) in DEFAULT_PORTS:
        return ()
    return (*(f"{scheme}://{match['host']}" for scheme in usual), f"tcp://{url}")


def _unwrapped(text: str) -> str:
    text = text.strip()
    for _ in range(_MOST_SLIPS):
        for left, right in _AROUND:
            if len(text) > 1 and text.startswith(left) and text.endswith(right):
                text = text[1:-1].strip()
    return text


def _meant(url: str) -> str | None:
    """What a slip of typing was meant to be; None: there is none, or nobody can know."""
    link = _LINK.fullmatch(url)
    if link is not None:
        return _meant(link["url"]) or _with_scheme(link["url"])
    scheme, rest, slipped = "", url, False
    for _ in range(_MOST_SLIPS):
        begun = _BEGINNING.match(rest)
        known = begun and _scheme_of(begun, rest)
        if not begun or not known:
            break
        clean = rest.lower().startswith(f"{known}://") and begun["sign"] == "://"
        slipped = slipped or bool(scheme) or not clean or rest[begun.end() - 1].isspace()
        scheme, rest = known, rest[begun.end() :]
    if not scheme and _BARE.match(rest):
        scheme, rest, slipped = "https", _BARE.sub("", rest, count=1), True
    if not slipped:
        return None
    if not url[0].isalnum():
        rest = rest.rstrip(f"{_QUOTES} ")
    rest = (rest.replace("\\", "/") if scheme in WEB else rest).lstrip(":;/ ")
    return _with_scheme(rest, scheme) if rest.strip(".") else None


def _with_scheme(rest: str, scheme: str = "https") -> str:
    return rest if "://" in rest else f"{scheme}://{rest}"


def _scheme_of(begun: re.Match[str], text: str) -> str | None:
    """The scheme a word before a sign stands for; None where it is a host's name, or no scheme."""
    word, sign = begun["word"].lower(), begun["sign"].strip()
    known = word if word in ADDRESS_RULES else _alike(word)
    if known is None or not sign:
        return None
    after = text[begun.end() :]
    if word in WEB or "//" in _SLASHES.sub("/", sign):
        # Nobody's host is called https; http.cat is one, and so may be http:8080.
        is_host = sign in {".", ","} or (sign == ":" and re.match(r"\d{1,5}(?!\S)|\d+/", after))
        return None if is_host else known
    # A host of the own network may be called dns or tcp: dns/admin, tcp:8080.
    has_port = after[:1].isdigit() and not _SLASHES.search(sign)
    return known if sign[0] in ":;\uff1a" and not has_port else None


@cache
def _alike(word: str) -> str | None:
    """The scheme that a word differs from by a slip: htp, htps, ttps, hxxps, tpc."""
    if set(word) <= set("htpsx") and {"t", "x", "p"} & set(word) and word[0] in "ht":
        return "https" if "s" in word else "http"
    turned = (scheme for scheme in sorted(ADDRESS_RULES) if sorted(scheme) == sorted(word))
    close = difflib.get_close_matches(word, sorted(ADDRESS_RULES), n=1, cutoff=_ALIKE)
    return next(turned, None) or next(iter(close), None)


_SETS = {
    "daily": range(7), "every day": range(7), "everyday": range(7), "all": range(7),
    "tous les jours": range(7), "chaque jour": range(7), "quotidien": range(7),
    "weekdays": range(5), "workdays": range(5), "en semaine": range(5), "jours ouvres": range(5),
    "weekend": range(5, 7), "weekends": range(5, 7), "week-end": range(5, 7),
    "week-ends": range(5, 7),
}  # fmt: skip
_NEAR = {"today": 0, "tomorrow": 1, "aujourd'hui": 0, "demain": 1}
_FILLERS = re.compile(r"\b(?:every|each|chaque|on|from|le|les|du|de)\s+")
_RANGE = re.compile(r"([a-z]+)\.?\s*(?:-|\bto\b|\bau?\b)\s*([a-z]+)\.?")
_LOCAL_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_SHORTEST, _MONTHS = 2, 12
_DAYS_LIMIT = 200  # of what is read as days


def parse_days(
    text: str, today: date | None, *, month_first: bool = False
) -> tuple[int, ...] | date:
    """Days of the week (0 is Monday) or one date. Raises UserError with examples.

    ``today``: the date in the zone that is meant, for "tomorrow"; None in a file, which is read
    again on other days. ``month_first``: 3/4/2027 is in March, as Americans write it.
    """
    wanted = _simple(text[:_DAYS_LIMIT])
    if today is not None and wanted in _NEAR:
        return today + timedelta(_NEAR[wanted])
    if wanted[:1].isdigit():
        return _date(wanted, month_first=month_first)
    found: set[int] = set(_SETS.get(wanted, ()))
    if not found:
        for part in re.split(r"\s*(?:[,;&+/]|\band\b|\bet\b)\s*", _FILLERS.sub("", wanted)):
            found |= _days(part.strip())
    return tuple(sorted(found))


def _date(text: str, *, month_first: bool) -> date:
    """2026-12-24, 24/12/2026, 24.12.2026; where one number can be no month, the other one is."""
    try:
        if (match := _LOCAL_DATE.fullmatch(text)) is None:
            return date.fromisoformat(text)
        first, second, year = map(int, match.groups())
        if second > _MONTHS or (month_first and first <= _MONTHS):
            first, second = second, first
        return date(year, second, first)
    except ValueError:
        raise _not_understood() from None


def _simple(text: str) -> str:
    """Lower case, without accents, one kind of dash and apostrophe."""
    spread = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in spread if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub("[‐-―]", "-", bare).replace("’", "'").split())


@cache
def _day_names() -> list[tuple[int, str]]:
    """Every day (0 is Monday) in every language; where two begin alike, English comes first."""
    found = ((day, translator_for(language)) for language in LANGUAGES for day in range(7))
    return [(day, _simple(day_name(words, day))) for day, words in found]


def _days(part: str) -> set[int]:
    if part in _SETS:
        return set(_SETS[part])
    if match := _RANGE.fullmatch(part):
        first, last = _day(match[1]), _day(match[2])
        return {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    # "mon wed" is two days, as "mon, wed" is.
    return {_day(word) for word in part.split()} or {_day("")}


def _day(word: str) -> int:
    """A name in any language there is, in the plural, or its beginning."""
    begun = word.rstrip(".")
    for day, name in _day_names() if len(begun) >= _SHORTEST else ():
        if name.startswith(begun) or f"{name}s" == begun:
            return day
    raise _not_understood()


def _not_understood() -> UserError:
    return UserError("I did not understand those days. Examples: mon,wed; daily; 2027-03-28.")


_TIME = re.compile(r"(\d{1,2})\s*(?:[:h.]\s*(?:([0-5]\d)(?::([0-5]\d))?)?)?\s*(am|pm)?", re.ASCII)
_HALF_DAY, _DAY = 12, 24


def parse_time(text: str) -> time:
    """Parse a time of day; ``24:00`` is midnight. Raises UserError with an example."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or not (match[2] or match[4] or "h" in text.lower()):
        raise _no_time()
    hour, minute, second = (int(match[n] or 0) for n in (1, 2, 3))
    if match[4]:
        if not 1 <= hour <= _HALF_DAY:
            raise _no_time()
        hour = hour % _HALF_DAY + (_HALF_DAY if match[4] == "pm" else 0)
    if hour > _DAY or (hour == _DAY and (minute or second)):
        raise _no_time()
    return time(hour % _DAY, minute, second)


def _no_time() -> UserError:
    return UserError("I did not understand that time of day. Examples: 02:30, 14:00.")
