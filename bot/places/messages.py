"""What travels between the bot and its lookouts: small JSON, read as if strangers had written it.

A question is a :class:`bot.models.Target`, an answer a :class:`bot.models.CheckResult` without its
time: no clock of another machine counts here. Options with their default value are left out, so a
newer bot goes on talking to older lookouts. A lookout that does not know an option says so and does
not vote; of an answer or a hello, what is not known is passed over.
"""

import ipaddress
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import pairwise
from typing import Any

from bot.engine.kinds.games import bounded_game
from bot.engine.votes import NoVote
from bot.models import Cause, CheckResult, Game, Phases, Target

VERSION = 1
LIMIT = 4_000  # bytes of a message
URL_LIMIT = 2_048
SHORTEST_S, LONGEST_S = 0.1, 60.0  # deadlines a lookout keeps

PLACE = re.compile(r"[^\W_](?:(?:[^\W_]|-){0,30}[^\W_])?")
RESERVED = frozenset({"home", "vigie", "all"})  # the bot's own words for places
_CAUSE = re.compile(r"[a-z_]{1,30}(?::[0-9]{1,6})?")
_RELEASE = re.compile(r"[\w.+-]{1,40}")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_HALF = re.compile(r"[\ud800-\udfff]")  # of a pair of UTF-16: no text at all
_PHASES = ("dns", "connect", "tls", "first_byte", "total")
_GAME_FIELDS = len(Game.__dataclass_fields__)
_MOST_MS = 10**7
_MOST_EPOCH_MS = 10**15
_KEYS = frozenset(
    "v url deadline_ms method headers expect contains not_contains private".split()  # noqa: SIM905
)


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
    """Whether only a trusted place may learn of it: headers, or a query that may hold a key."""
    return bool(target.headers) or "?" in target.url


def encode_question(question: Question) -> bytes:
    """Raises TooLong."""
    target = question.target
    fields: dict[str, Any] = {
        "v": VERSION,
        "url": target.url,
        "deadline_ms": round(question.deadline_s * 1000),
    }
    if target.method != "GET":
        fields["method"] = target.method
    if target.headers:
        fields["headers"] = target.headers
    if target.expect_status:
        fields["expect"] = _runs(target.expect_status)
    if target.contains is not None:
        fields["contains"] = target.contains
    if target.not_contains is not None:
        fields["not_contains"] = target.not_contains
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
    text = _Fields(fields)
    target = Target(
        url=text.text("url", URL_LIMIT) or "",
        method=text.text("method", 10) or "GET",
        headers=_headers(fields.get("headers", [])),
        expect_status=_statuses(fields.get("expect", [])),
        contains=text.text("contains", LIMIT, hidden=_HALF),
        not_contains=text.text("not_contains", LIMIT, hidden=_HALF),
    )
    deadline_s = text.number("deadline_ms", 0, _MOST_MS)
    if not target.url or deadline_s is None:
        raise Unreadable
    deadline_s = min(max(deadline_s / 1000, SHORTEST_S), LONGEST_S)
    target = replace(target, timeout_s=math.ceil(deadline_s))
    return Question(target, deadline_s, text.flag("private"))


def encode_answer(result: CheckResult) -> bytes:
    """What a check saw; an address that is too long to travel is left out."""
    phases = [getattr(result.phases, name) for name in _PHASES]
    fields = {
        "v": VERSION,
        "cause": None if result.cause is None else str(result.cause),
        "status": result.status,
        "phases": [None if ms is None else round(ms, 1) for ms in phases],
        "certificate_ms": result.certificate_expires_ms,
        "address": result.address,
        "final_url": result.final_url,
        "downgraded": result.downgraded or None,
        "game": None if result.game is None else astuple(result.game),
    }
    kept = {k: v for k, v in fields.items() if v is not None or k == "cause"}
    data = _encode(kept)
    if len(data) <= LIMIT:
        return data
    return encode_answer(replace(result, final_url=None))


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
        if "cause" not in fields:
            return NoVote.GARBLED
        return _result(_Fields(fields), at_ms)
    except OtherVersion:
        return NoVote.VERSION
    except (Unreadable, ValueError, TypeError):
        return NoVote.GARBLED


def encode_hello(hello: Hello) -> bytes:
    fields = {"v": hello.protocol, "release": hello.release, "leaving": hello.leaving or None}
    return _encode({name: value for name, value in fields.items() if value is not None})


def read_hello(data: bytes) -> Hello:
    """Of any version: another one is listed, and not asked. Raises Unreadable."""
    fields = _parsed(data)
    protocol = fields.get("v")
    if type(protocol) is not int or not 0 < protocol < _MOST_MS:
        raise Unreadable
    text = _Fields(fields)
    release = text.text("release", 40) or ""
    if _RELEASE.fullmatch(release) is None:
        raise Unreadable
    return Hello(release, protocol, text.flag("leaving"))


class _Fields:
    """Typed access; anything else than what is expected is Unreadable."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str, limit: int, hidden: re.Pattern[str] = _HIDDEN) -> str | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > limit or hidden.search(value):
            raise Unreadable
        return value

    def phases(self) -> Phases:
        values = self._fields.get("phases")
        if not isinstance(values, list) or len(values) != len(_PHASES) or values[-1] is None:
            raise Unreadable
        read = [None if value is None else _number(value, 0, _MOST_MS) for value in values]
        return Phases(read[0], read[1], read[2], read[3], read[4] or 0.0)

    def game(self) -> Game | None:
        value = self._fields.get("game")
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != _GAME_FIELDS:
            raise Unreadable
        return bounded_game(*value)

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self._fields.get(name)
        return None if value is None else _number(value, low, high)

    def flag(self, name: str) -> bool:
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise Unreadable
        return value


def _result(fields: _Fields, at_ms: int) -> CheckResult:
    cause = fields.text("cause", 40)
    if cause is not None and _CAUSE.fullmatch(cause) is None:
        raise Unreadable
    status = fields.number("status", 100, 999)
    ends_ms = fields.number("certificate_ms", -_MOST_EPOCH_MS, _MOST_EPOCH_MS)
    address = fields.text("address", 64)
    return CheckResult(
        at_ms=at_ms,
        cause=None if cause is None else Cause.parse(cause),
        status=None if status is None else int(status),
        phases=fields.phases(),
        certificate_expires_ms=None if ends_ms is None else int(ends_ms),
        address=None if address is None else str(ipaddress.ip_address(address)),
        final_url=fields.text("final_url", URL_LIMIT),
        downgraded=fields.flag("downgraded"),
        game=fields.game(),
    )


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


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable
    if not low <= value <= high:  # no NaN is
        raise Unreadable
    return value


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise Unreadable
    found = []
    for pair in value:
        match pair:
            case [str(name), str(text)] if not _HIDDEN.search(name + text):
                found.append((name, text))
            case _:
                raise Unreadable
    return tuple(found)


def _runs(codes: Sequence[int]) -> list[list[int]]:
    """``200, 201, 202, 301`` as ``[[200, 202], [301, 301]]``."""
    ordered = sorted(set(codes))
    ends = [a for a, b in pairwise(ordered) if b != a + 1] + ordered[-1:]
    starts = ordered[:1] + [b for a, b in pairwise(ordered) if b != a + 1]
    return [[first, last] for first, last in zip(starts, ends, strict=True)]


def _statuses(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise Unreadable
    found: set[int] = set()
    for run in value:
        match run:
            case [int(first), int(last)] if 100 <= first <= last <= 599:  # noqa: PLR2004
                found.update(range(first, last + 1))
            case _:
                raise Unreadable
    return tuple(sorted(found))
