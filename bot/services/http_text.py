"""HTTP status codes, request headers and links as people write them. Pure."""

import re
from collections.abc import Iterable, Sequence

from bot.errors import UserError
from bot.words.escaping import plain

_STATUS = re.compile(r"([1-5])xx|([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)")
_LINK = re.compile(r"https?://[^\s<>()\[\]`\"\\]+", re.IGNORECASE)
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
    if link and (_LINK.fullmatch(link) is None or plain(link, len(link)) != link):
        raise UserError("That is not a link: it looks like https://wiki.example/runbook.")
    return link or None
