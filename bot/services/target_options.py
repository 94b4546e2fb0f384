"""Reads the typed options of a monitor: which statuses are fine, which headers are sent."""

import re
from collections.abc import Sequence
from dataclasses import fields

from bot.engine.kinds import kind_of
from bot.errors import UserError
from bot.models import Target

_STATUS = re.compile(r"([1-5])xx|([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
HEADER_NAME_LIMIT, HEADER_VALUE_LIMIT = 60, 500
OPTIONS = frozenset(one.name for one in fields(Target)) - {"url"}
METHODS = ("GET", "HEAD")
TEXT_LIMIT = 200
MAX_HEADERS = 10
# What the probe decides itself: connection handling, and where the request goes.
RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def target_of(
    url: str,
    *,
    method: str = "GET",
    headers: str | None = None,
    expect_status: str | None = None,
    contains: str | None = None,
    not_contains: str | None = None,
) -> Target:
    """What a probe of a checked address asks for, from options as typed. Raises UserError."""
    if method not in METHODS:
        raise UserError("I can use GET and HEAD, not {method}.", method=method)
    target = Target(
        url=url,
        method=method,
        headers=parse_headers(headers),
        expect_status=parse_statuses(expect_status),
        contains=_searched(contains),
        not_contains=_searched(not_contains),
    )
    kind, plain = kind_of(url), Target(url)
    taken = kind.options if kind is not None else frozenset[str]()
    if any(getattr(target, one) != getattr(plain, one) for one in OPTIONS - taken):
        raise UserError(
            "Only http:// and https:// have a page to request: leave out"
            " expect_status, contains, not_contains, method and headers."
        )
    return target


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


def status_text(codes: Sequence[int]) -> str:
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


def headers_text(headers: Sequence[tuple[str, str]]) -> str:
    """What :func:`parse_headers` reads back as these headers."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


def kept_headers(old: Sequence[tuple[str, str]], text: str | None, *, moved: bool = False) -> str:
    """The headers typed anew; one without a value keeps the value it has. None keeps all.

    ``moved``: to another site, which must not learn the old values: none is kept. Raises UserError.
    """
    if text is None:
        return "" if moved else headers_text(old)
    values = {name.lower(): value for name, value in old}
    typed = parse_headers(text)
    lost = next((name for name, value in typed if not value and name.lower() in values), None)
    if moved and lost is not None:
        raise UserError(
            "That is another site: type the value of the header {name} again.", name=lost
        )
    return headers_text([(name, value or values.get(name.lower(), "")) for name, value in typed])


def parse_headers(text: str | None) -> tuple[tuple[str, str], ...]:
    """``Name: value`` pairs, one a line or separated by `` | ``. Raises UserError."""
    lines = [line.strip() for line in re.split(r"\n|\s\|\s", text or "") if line.strip()]
    if len(lines) > MAX_HEADERS:
        raise UserError("At most {n} request headers can be sent.", n=MAX_HEADERS)
    return tuple(_header(line) for line in lines)


def _header(line: str) -> tuple[str, str]:
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
    if name.lower() in RESERVED_HEADERS:
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


def _searched(text: str | None) -> str | None:
    # Half a pair of UTF-16, as JSON can write it, stands on no page and in no store.
    text = (text or "").encode(errors="ignore").decode()
    if not text.strip():
        return None
    if len(text) > TEXT_LIMIT:
        raise UserError("The text to look for may be at most {n} characters long.", n=TEXT_LIMIT)
    return text
