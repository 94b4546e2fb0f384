"""Reads other people's status pages: Statuspage, incident.io, Instatus and Better Stack.

Everything on them is a stranger's: read within bounds, made plain and short. Formats: the pages'
own documentation of ``/api/v2/summary.json`` (Statuspage, and incident.io alike), ``/summary.json``
(Instatus) and ``/index.json`` (Better Stack).
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.engine.kinds.base import DEADLINE_S
from bot.engine.kinds.http import USER_AGENT
from bot.engine.netguard import WEB, Netguard
from bot.engine.redirects import MAX_HOPS, WebAddress, location, next_address
from bot.engine.transport import TARGET, Body, OneShotTransport
from bot.words.escaping import plain

PAGE_LIMIT = 1024 * 1024  # the summaries of the largest pages have 300 KB
NAME_LIMIT, TITLE_LIMIT, TEXT_LIMIT = 60, 120, 200
MOST_INCIDENTS, MOST_COMPONENTS = 50, 2_000
_ID_LIMIT = 100
_OVER = frozenset({"resolved", "postmortem", "completed"})
_NO_INCIDENT = frozenset({"maintenance"})


@dataclass(frozen=True, slots=True)
class PageIncident:
    """One incident that a page reports, in plain and short texts; ``components`` are ids."""

    id: str
    title: str
    status: str = ""
    text: str = ""
    components: frozenset[str] = frozenset()
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page says now: its open incidents, its components by their ids."""

    name: str
    incidents: tuple[PageIncident, ...]
    components: Mapping[str, str]


class NotAStatusPage(Exception):
    """Nothing there is in one of the known formats."""


class Unchanged(Exception):
    """The page says what it said before."""


def _statuspage(found: Any) -> PageState:
    page = found["page"]
    components = {_id(one["id"]): _name(one["name"]) for one in _dicts(found["components"])}
    incidents = [
        PageIncident(
            id=_id(one["id"]),
            title=_title(one["name"]),
            status=_word(one.get("status")),
            text=_newest(one.get("incident_updates"), "body"),
            components=frozenset(_affected(one)),
            since_ms=_when(one.get("started_at") or one.get("created_at")),
        )
        for one in _dicts(found.get("incidents"))
        if one.get("status") not in _OVER and one.get("impact") not in _NO_INCIDENT
    ]
    return PageState(_name(page["name"]), tuple(incidents), components)


def _affected(incident: Mapping[str, Any]) -> Iterable[str]:
    """Ids of components; where the incident itself names none, its updates do."""
    named = [_id(one["id"]) for one in _dicts(incident.get("components")) if "id" in one]
    updates = _dicts(incident.get("incident_updates"))
    parts = (part for one in updates for part in _dicts(one.get("affected_components")))
    return named or [_id(part["code"]) for part in parts if "code" in part]


def _instatus(found: Any) -> PageState:
    page = found["page"]
    if _status_of(page) not in {"UP", "HASISSUES", "UNDERMAINTENANCE"}:
        raise NotAStatusPage
    incidents = [
        PageIncident(
            # Some answers have no id; the address of an incident is its own for ever.
            id=_id(one.get("id") or one.get("url") or one["name"]),
            title=_title(one["name"]),
            status=_word(one.get("status")),
            since_ms=_when(one.get("started")),
        )
        for one in _dicts(found.get("activeIncidents"))
        if str(one.get("status")).lower() not in _OVER
    ]
    return PageState(_name(page["name"]), tuple(incidents), {})


def _status_of(page: Mapping[str, Any]) -> object:
    status = page.get("status")
    return status.get("type") if isinstance(status, dict) else status


def _better_stack(found: Any) -> PageState:
    about = found["data"]["attributes"]
    if "aggregate_state" not in about:
        raise NotAStatusPage
    included = [one for one in _dicts(found.get("included")) if isinstance(one.get("id"), str)]
    parts = {kind: _of_type(included, kind) for kind in ("status_page_resource", "status_report")}
    components = {
        _id(key): _name(one.get("public_name"))
        for key, one in parts["status_page_resource"].items()
    }
    incidents = [
        PageIncident(
            id=_id(key),
            title=_title(one.get("title")),
            status=_word(one.get("aggregate_state")),
            text=_newest(_updates(included, key), "message"),
            components=frozenset(
                _id(part.get("status_page_resource_id"))
                for part in _dicts(one.get("affected_resources"))
            ),
            since_ms=_when(one.get("starts_at")),
        )
        for key, one in _of_type(included, "status_report").items()
        if one.get("ends_at") is None and one.get("report_type") not in _NO_INCIDENT
    ]
    return PageState(_name(about.get("company_name")), tuple(incidents), components)


def _of_type(included: Iterable[Mapping[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {
        one["id"]: one["attributes"]
        for one in included
        if one.get("type") == kind and isinstance(one.get("attributes"), dict)
    }


def _updates(included: Iterable[Mapping[str, Any]], report_id: str) -> list[Any]:
    mine = []
    for one in included:
        with suppress(LookupError, TypeError):
            if one["relationships"]["status_report"]["data"]["id"] == report_id:
                mine.append(one["attributes"])
    return sorted(_dicts(mine), key=lambda one: str(one.get("published_at")), reverse=True)


# Where each format is found, and how it is read; in the order in which they are looked for.
FORMATS: Mapping[str, tuple[str, Callable[[Any], PageState]]] = {
    "statuspage": ("/api/v2/summary.json", _statuspage),
    "instatus": ("/summary.json", _instatus),
    "betterstack": ("/index.json", _better_stack),
}


def read_page(kind: str, body: bytes) -> PageState:
    """Raises NotAStatusPage."""
    try:
        state = FORMATS[kind][1](json.loads(body))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotAStatusPage from error
    if not state.name:
        raise NotAStatusPage
    known = dict(list(state.components.items())[:MOST_COMPONENTS])
    return PageState(state.name, state.incidents[:MOST_INCIDENTS], known)


class StatusPages:
    """Fetches pages over our own vetted connections; remembers of each what it said last."""

    def __init__(self, transport: OneShotTransport, guard: Netguard) -> None:
        self._transport, self._guard = transport, guard
        self._tags: dict[str, str] = {}  # ETag by address

    async def detect(self, url: str) -> tuple[str, PageState]:
        """The format of a page, and what it says. Raises NotAStatusPage, or what fetching raises.

        ``url`` is checked already; what stands behind its path is not looked at.
        """
        errors: list[Exception] = []
        for kind in FORMATS:
            try:
                return kind, await self._read(url, kind, tag=None)
            except NotAStatusPage:
                continue
            except Exception as error:  # noqa: BLE001 - one of the formats may answer all the same
                errors.append(error)
        raise errors[0] if len(errors) == len(FORMATS) else NotAStatusPage

    async def poll(self, url: str, kind: str) -> PageState:
        """What a page says now. Raises Unchanged, NotAStatusPage, or what fetching raises."""
        return await self._read(url, kind, tag=self._tags.get(url))

    async def _read(self, url: str, kind: str, *, tag: str | None) -> PageState:
        path = FORMATS[kind][0]
        async with asyncio.timeout(DEADLINE_S):
            body, new_tag = await self._fetch(f"{url.rstrip('/')}{path}", tag)
        state = read_page(kind, body)
        self._tags.pop(url, None)
        if new_tag is not None:
            self._tags[url] = new_tag
        return state

    async def _fetch(self, url: str, tag: str | None) -> tuple[bytes, str | None]:
        """The body and its ETag, redirects followed; every hop is judged."""
        hop = WebAddress.of(self._guard.check_url(url, WEB))
        for _ in range(MAX_HOPS + 1):
            response = await self._transport.handle_async_request(_request(hop, tag))
            try:
                where = location(response)
                if where is None:
                    return await _body(response), response.headers.get("etag")
                hop = next_address(self._guard, hop, where)
            finally:
                await response.aclose()
        raise NotAStatusPage


def _request(hop: WebAddress, tag: str | None) -> httpx.Request:
    fields = {
        "Host": hop.host,
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if tag is not None:
        fields["If-None-Match"] = tag
    return httpx.Request(
        "GET",
        f"{hop.scheme}://{hop.host}/",
        headers=fields,
        extensions={TARGET: hop.target.encode("ascii")},
    )


async def _body(response: httpx.Response) -> bytes:
    if response.status_code == httpx.codes.NOT_MODIFIED:
        raise Unchanged
    if response.status_code != httpx.codes.OK:
        raise NotAStatusPage
    return await Body.of(response).read(PAGE_LIMIT)


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _id(found: object) -> str:
    """Raises TypeError for what is no id."""
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise TypeError
    return plain(str(found)[:_ID_LIMIT], _ID_LIMIT)


def _text(found: object, limit: int) -> str:
    return plain(found, limit) if isinstance(found, str) else ""


def _name(found: object) -> str:
    return _text(found, NAME_LIMIT)


def _title(found: object) -> str:
    return _text(found, TITLE_LIMIT) or "?"


def _word(found: object) -> str:
    return _text(found, 30).lower().replace("_", " ")


def _newest(updates: object, key: str) -> str:
    first = next(iter(_dicts(updates)), {})
    return _text(first.get(key), TEXT_LIMIT)


def _when(found: object) -> int | None:
    """UTC epoch milliseconds; None for a time that cannot be read."""
    if not isinstance(found, str):
        return None
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(found[:40].strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    with suppress(ValueError, OverflowError):  # as JavaScript writes it
        moment = datetime.strptime(found[:33], "%a %b %d %Y %H:%M:%S GMT%z")
        return int(moment.timestamp() * 1000)
    return None
