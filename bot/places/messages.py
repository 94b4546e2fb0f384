"""Messages between the bot and its lookouts: small JSON, read as if strangers had written it.

A question is a :class:`bot.models.Target`, an answer a :class:`bot.models.CheckResult` without its
time: no clock of another machine counts here. What has its default value is left out, so a newer
bot goes on talking to older lookouts. A lookout that does not know an option says so and does not
vote; of an answer or a hello, what is not known is passed over.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

from bot.engine.answer_conditions import EXPRESSION_LIMIT, VALUE_LIMIT, texts_of
from bot.engine.kinds.games import bounded_game
from bot.engine.place_router import NoVote
from bot.models import Cause, CheckResult, Game, Phases, Target

VERSION = 1
LIMIT = 4_000  # bytes of a message
SHORTEST_S, LONGEST_S = 0.1, 60.0  # deadlines a lookout keeps

PLACE = re.compile(r"[^\W_](?:(?:[^\W_]|-){0,30}[^\W_])?")
RESERVED = frozenset({"home", "vigie", "all"})  # the bot's own words for places
_RELEASE = re.compile(r"[\w.+-]{1,40}")
# Nothing invisible; of a text that is looked for only half pairs of UTF-16 are no text at all.
_HIDDEN = r"\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2066-\u2069"
_LINE = rf"[^{_HIDDEN}]*"
_URL = rf"[^{_HIDDEN}]{{1,2048}}"
_ANY_TEXT = r"[^\ud800-\udfff]*"
_ALL_OF = "all_of"  # several texts to look for: an older lookout would take them for one
_MOST_MS = 10**7
_GAME_FIELDS = len(Game.__dataclass_fields__)

# A lookout's own reasons; the bot has more.
SAID = frozenset({NoVote.OFFLINE, NoVote.VERSION, NoVote.CANNOT, NoVote.BUSY})


class Unreadable(Exception):
    """The message is not one of ours."""


class OtherVersion(Unreadable):
    """It is, of a version or with an option that this one does not know."""


class TooLong(Exception):
    """The target does not fit into a message: it is checked from home alone."""


@dataclass(frozen=True, slots=True)
class Question:
    """One check asked of a lookout. ``private``: its own private networks may be visited for it."""

    target: Target
    deadline_s: float
    private: bool = False


@dataclass(frozen=True, slots=True)
class Hello:
    """A lookout's sign of life; ``leaving``: its last."""

    release: str
    protocol: int = VERSION
    leaving: bool = False


def place_name(text: str) -> str:
    """The name of a place in its one form. Raises ValueError."""
    name = unicodedata.normalize("NFC", text.strip())
    if PLACE.fullmatch(name) is None or name.casefold() in RESERVED:
        raise ValueError(
            f"{text!r} names no place: use up to 32 letters, digits and hyphens"
            f" (not {', '.join(sorted(RESERVED))})."
        )
    return name


def has_secret(target: Target) -> bool:
    """Only a trusted place may learn of it: headers, a body, or a query that may hold a key."""
    return bool(target.headers) or target.body is not None or "?" in target.url


def encode_question(question: Question) -> bytes:
    """Raises TooLong."""
    fields: dict[str, Any] = {
        "v": VERSION,
        "url": question.target.url,
        "deadline_ms": round(question.deadline_s * 1000),
    }
    fields |= _written(question.target, _NO_OPTION, _OPTIONS)
    if len(texts_of(question.target.contains)) > 1:
        fields[_ALL_OF] = fields.pop("contains")
    if question.private:
        fields["private"] = True
    data = _encode(fields)
    if len(data) > LIMIT:
        raise TooLong
    return data


def read_question(data: bytes) -> Question:
    """Raises Unreadable; OtherVersion for what a newer bot asks."""
    fields = _object(data)
    if not fields.keys() <= _KEYS:
        raise OtherVersion
    if _ALL_OF in fields:
        fields["contains"] = fields.pop(_ALL_OF)
    asked_s = _MILLISECONDS(fields.get("deadline_ms")) / 1000
    deadline_s = min(max(asked_s, SHORTEST_S), LONGEST_S)
    target = Target(
        _text(_URL)(fields.get("url")), timeout_s=math.ceil(deadline_s), **_read(fields, _OPTIONS)
    )
    return Question(target, deadline_s, _flag(fields.get("private", False)))


def encode_answer(result: CheckResult) -> bytes:
    """What a check saw; an address that is too long to travel is left out."""
    fields = {"v": VERSION, "cause": None, "phases": _written_phases(result.phases)}
    data = _encode(fields | _written(result, _NOTHING_SEEN, _SEEN))
    return data if len(data) <= LIMIT else encode_answer(replace(result, final_url=None))


def encode_refusal(why: NoVote) -> bytes:
    """A lookout's word that it does not vote."""
    return _encode({"v": VERSION, "no": why})


def read_answer(data: bytes, at_ms: int) -> CheckResult | NoVote:
    """What a lookout said, with the bot's own time on it. Never raises: hostile bytes do not vote.

    A check without a cause was fine, so "cause" must be there, null for instance.
    """
    try:
        fields = _object(data)
        if "no" in fields:
            why = NoVote(fields["no"])
            return why if why in SAID else NoVote.GARBLED
        if "cause" not in fields or "phases" not in fields:
            return NoVote.GARBLED
        return CheckResult(**{"at_ms": at_ms, "cause": None} | _read(fields, _SEEN))
    except OtherVersion:
        return NoVote.VERSION
    except (Unreadable, ValueError, TypeError):
        return NoVote.GARBLED


def encode_hello(hello: Hello) -> bytes:
    fields: dict[str, Any] = {"v": hello.protocol, "release": hello.release}
    return _encode(fields | {"leaving": True} if hello.leaving else fields)


def read_hello(data: bytes) -> Hello:
    """Of any version: another one is listed, and not asked. Raises Unreadable."""
    fields = _parsed(data)
    protocol, release = fields.get("v"), fields.get("release")
    if type(protocol) is not int or not 0 < protocol < _MOST_MS:
        raise Unreadable
    if not isinstance(release, str) or _RELEASE.fullmatch(release) is None:
        raise Unreadable
    return Hello(release, protocol, _flag(fields.get("leaving", False)))


def _object(data: bytes) -> dict[str, Any]:
    """A message of this version. Raises Unreadable."""
    fields = _parsed(data)
    version = fields.get("v")
    if type(version) is not int:
        raise Unreadable
    if version != VERSION:
        raise OtherVersion
    return fields


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > LIMIT:
        raise Unreadable
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(fields, dict):
        raise Unreadable
    return fields


def _encode(fields: Mapping[str, Any]) -> bytes:
    # "ignore": half a pair of UTF-16 stands on no page.
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "ignore")


# Readers take one value of a message; anything else than what they expect is Unreadable.
Reader = Callable[[Any], Any]


def _text(pattern: str) -> Reader:
    matches = re.compile(pattern).fullmatch

    def read(value: object) -> str:
        if not isinstance(value, str) or matches(value) is None:
            raise Unreadable
        return value

    return read


def _number(low: int, high: int, *types: type) -> Reader:
    def read(value: Any) -> float:
        if type(value) not in types or not low <= value <= high:  # no NaN is
            raise Unreadable
        return value  # type: ignore[no-any-return]

    return read


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unreadable
    return value


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((_A_LINE(name), _A_LINE(text)) for name, text in _pairs(value))


def _pairs(value: object) -> list[Sequence[Any]]:
    if not isinstance(value, list) or not all(isinstance(p, list) and len(p) == 2 for p in value):  # noqa: PLR2004
        raise Unreadable
    return value


def _runs(codes: Iterable[int]) -> list[list[int]]:
    """``200, 201, 202, 301`` as ``[[200, 202], [301, 301]]``."""
    ordered = sorted(set(codes))
    ends = [a for a, b in pairwise(ordered) if b != a + 1] + ordered[-1:]
    starts = ordered[:1] + [b for a, b in pairwise(ordered) if b != a + 1]
    return [[first, last] for first, last in zip(starts, ends, strict=True)]


def _statuses(value: object) -> tuple[int, ...]:
    found: set[int] = set()
    for first, last in _pairs(value):
        if first > last:
            raise Unreadable
        found.update(range(_A_STATUS(first), _A_STATUS(last) + 1))
    return tuple(sorted(found))


def _written_phases(phases: Phases) -> list[float | None]:
    spent = (phases.dns, phases.connect, phases.tls, phases.first_byte, phases.total)
    return [None if ms is None else round(ms, 1) for ms in spent]


def _phases(value: object) -> Phases:
    if not isinstance(value, list) or len(value) != 5:  # noqa: PLR2004
        raise Unreadable
    dns, connect, tls, first_byte = (ms if ms is None else _MILLISECONDS(ms) for ms in value[:4])
    return Phases(dns, connect, tls, first_byte, _MILLISECONDS(value[4]))


def _game(value: object) -> Game | None:
    if not isinstance(value, list) or len(value) != _GAME_FIELDS:
        raise Unreadable
    return bounded_game(*value)


_A_LINE, _A_STATUS, _MILLISECONDS = (
    _text(_LINE),
    _number(100, 599, int),
    _number(0, _MOST_MS, int, float),
)
_A_CAUSE, _AN_ADDRESS = _text(r"[a-z_]{1,30}(?::[0-9]{1,6})?"), _text(r"[\w.:%-]{1,64}")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a target or a result, and its key in a message."""

    name: str
    key: str
    read: Reader
    write: Callable[[Any], object] = lambda value: value


_OPTIONS = (
    _Field("method", "method", _text(r"[A-Z]{1,10}")),
    _Field("headers", "headers", _headers),
    _Field("expect_status", "expect", _statuses, _runs),
    _Field("contains", "contains", _text(_ANY_TEXT)),
    _Field("not_contains", "not_contains", _text(_ANY_TEXT)),
    _Field("body", "body", _text(_ANY_TEXT)),
    _Field("json", "json", _text(rf"[^\ud800-\udfff]{{1,{EXPRESSION_LIMIT}}}")),
    _Field("header_is", "header_is", _headers),
)
_KEYS = {"v", "url", "deadline_ms", "private", _ALL_OF, *(field.key for field in _OPTIONS)}
_NO_OPTION = Target("")
_SEEN = (
    _Field("cause", "cause", lambda value: Cause.parse(_A_CAUSE(value)), str),
    _Field("status", "status", _number(100, 999, int)),
    _Field("phases", "phases", _phases, _written_phases),
    _Field("certificate_expires_ms", "certificate_ms", _number(-(10**15), 10**15, int)),
    _Field("address", "address", lambda value: str(ip_address(_AN_ADDRESS(value)))),
    _Field("final_url", "final_url", _text(_URL)),
    _Field("downgraded", "downgraded", _flag),
    _Field("game", "game", _game, astuple),
    _Field("seen", "seen", _text(rf"[^{_HIDDEN}]{{1,{VALUE_LIMIT}}}")),
)
_NOTHING_SEEN = CheckResult(0, None)


def _written(value: object, default: object, table: Iterable[_Field]) -> dict[str, object]:
    kept = ((one, getattr(value, one.name)) for one in table)
    return {one.key: one.write(found) for one, found in kept if found != getattr(default, one.name)}


def _read(fields: Mapping[str, Any], table: Iterable[_Field]) -> dict[str, Any]:
    """Arguments for what a message says; what it leaves out keeps its default."""
    present = ((one, fields.get(one.key)) for one in table)
    return {one.name: one.read(found) for one, found in present if found is not None}


HELLO = "vigie.hello"  # .paris: a lookout's sign of life, to the bot
WHO = "vigie.who"  # the bot asks who is there
CHECKS = "vigie.check"  # scheduled checks, to one of the trusted lookouts
GROUP = "lookouts"  # the queue group that shares them


def hello(place: str) -> str:
    return f"{HELLO}.{place}"


def ask(place: str, *, secret: bool = False) -> str:
    """What the bot asks this place. The server lets it alone listen, and what is ``secret``
    (headers, queries) only when it is trusted.
    """
    return f"vigie.place.{place}.{'secret' if secret else 'check'}"
