"""``/status/{server}``: the page itself, ``.json``, ``.atom``, and a badge for each site.

A page is put together once for all who ask within two seconds, in each language once.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.models import Incident
from bot.services.status_pages import NotKnownYet, Page, PageSite, StatusPages
from bot.web import page_text
from bot.web.answers import HTML, answer, not_found, only
from bot.words.phrases import state_on_page
from bot.words.translator import LANGUAGES, Translator, translator_for

_HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = _TEMPLATES.get_template("page.css").render()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_REST = re.compile(
    r"(?P<server>\d{1,19})(?:(?P<kind>\.json|\.atom)|/badge/(?P<site>[^/]{1,400}?)(?:\.svg)?)?"
)
_CACHED = "public, max-age=10"
_SMALL = 1_000  # bytes that are not worth packing
_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q=([01](?:\.\d+)?))?")
_MOST_READ = 500  # characters of Accept-Language


@dataclass(frozen=True, slots=True)
class _Rendered:
    body: bytes
    packed: bytes | None
    tag: str
    kind: str
    style: str = ""

    @classmethod
    def of(cls, text: str, kind: str, style: str = "") -> "_Rendered":
        body = text.encode()
        packed = gzip.compress(body, 6, mtime=0) if len(body) > _SMALL else None
        return cls(body, packed, f'"{hashlib.sha256(body).hexdigest()[:24]}"', kind, style)


class StatusPage:
    """Answers whoever asks; a server without a page is as one that never was."""

    def __init__(self, pages: StatusPages) -> None:
        self._pages = pages
        self._rendered: WeakKeyDictionary[Page, dict[tuple[str, str], _Rendered]] = (
            WeakKeyDictionary()
        )

    async def __call__(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        match = _REST.fullmatch(rest)
        if match is None:
            return not_found()
        if request.method not in {"GET", "HEAD"}:
            return only("GET", "HEAD")
        try:
            page = await self._pages.page(int(match["server"]))
        except NotKnownYet:
            return answer("just started, try again\n", status=503, headers={"Retry-After": "5"})
        if page is None:
            return not_found()
        language = spoken(request.headers.get("Accept-Language", ""))
        found = self._found(page, language, match)
        return not_found() if found is None else _sent(request, found)

    def _found(self, page: Page, language: str, match: re.Match[str]) -> _Rendered | None:
        known, kind = self._rendered.setdefault(page, {}), match["kind"] or ""
        if match["site"] is None:
            if (kind, language) not in known:
                made = _RENDER[kind](page, translator_for(language), self._pages.url(page.guild_id))
                known[kind, language] = made
            return known[kind, language]
        site = _named(page, unquote(match["site"]))
        return None if site is None else badge(translator_for(language), site)


def spoken(accepted: str) -> str:
    """The language a reader likes best of those there are; English, if none."""
    best, liked = LANGUAGES[0], 0.0
    for part in accepted[:_MOST_READ].split(","):
        match = _LANGUAGE.fullmatch(part)
        if match is None:
            continue
        quality, wanted = float(match[2] or 1), match[1]
        found = LANGUAGES[0] if wanted == "*" else translator_for(wanted).language
        is_there = wanted == "*" or wanted.lower().startswith(found.lower())
        if is_there and quality > liked:
            best, liked = found, quality
    return best


def _sent(request: web.BaseRequest, found: _Rendered) -> web.StreamResponse:
    fields = {
        "Cache-Control": _CACHED,
        "Vary": "Accept-Language, Accept-Encoding",
        "ETag": found.tag,
    }
    if not found.style:  # to be put into other pages
        fields |= {
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
    if request.headers.get("If-None-Match") == found.tag:
        return answer(b"", status=304, kind=found.kind, style=found.style, headers=fields)
    body = found.body
    if found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        body, fields["Content-Encoding"] = found.packed, "gzip"
    return answer(body, kind=found.kind, style=found.style, headers=fields)


def html(page: Page, words: Translator, _url: str) -> _Rendered:
    opened = [one for one in page.incidents if one.open]
    past = [one for one in page.incidents if not one.open]
    text = _TEMPLATES.get_template("page.html").render(
        language=words.language,
        heads={key: words.text(text) for key, text in page_text.HEADINGS.items()},
        page=page,
        title=page_text.title(words, page),
        whole=page_text.whole(words, page),
        offline=page_text.offline(words, page),
        as_of=page_text.as_of(words, page),
        work=[page_text.work_line(words, page, one) for one in page.work],
        opened=[page_text.incident_line(words, page, one) for one in opened],
        past=[page_text.incident_line(words, page, one) for one in past],
        sites=[page_text.site_line(words, page, one) for one in page.sites],
        legend=page_text.legend(words),
        more=words.text("+{n} more", n=page.more) if page.more else "",
    )
    return _Rendered.of(text, HTML, _STYLE_HASH)


def as_json(page: Page, words: Translator, url: str) -> _Rendered:
    """States and levels are keys, the same in every language; times are ISO 8601 in UTC."""
    whole: dict[str, Any] = {
        "server": str(page.guild_id),
        "name": page.name,
        "url": url,
        "at": _iso(page.at_ms),
        "offline_since": _iso(page.offline_ms),
        "state": page_text.whole(words, page).colour,
        "sites": [_site_json(one, url) for one in page.sites],
        "incidents": [_incident_json(one) for one in page.incidents],
        "planned_work": [
            {"sites": list(one.sites), "from": _iso(one.from_ms), "until": _iso(one.until_ms)}
            for one in page.work
        ],
    }
    return _Rendered.of(json.dumps(whole, ensure_ascii=False) + "\n", "application/json")


def _site_json(site: PageSite, url: str) -> dict[str, Any]:
    watched_s, down_s = site.uptime.watched_s, site.uptime.down_s
    return {
        "id": site.id,
        "name": site.name,
        "state": site.state,
        "since": _iso(site.since_ms),
        "in_maintenance": site.in_maintenance,
        "uptime": round((watched_s - down_s) / watched_s, 5) if watched_s > 0 else None,
        "players": site.game and site.game.players,
        "max_players": site.game and site.game.max_players,
        "days": [level.name.lower() for level in site.days],
        "badge": f"{url}/badge/{site.id}.svg",
    }


def _incident_json(incident: Incident) -> dict[str, Any]:
    ended_ms = None if incident.open else incident.ended_ms or incident.resolved_ms
    return {
        "id": incident.public_id,
        "site": incident.name,
        "state": page_text.incident_state(incident),
        "since": _iso(incident.since_ms),
        "until": _iso(ended_ms),
    }


def atom(page: Page, words: Translator, url: str) -> _Rendered:
    """An entry for each incident, updated when it ends."""
    changed_ms = [one.resolved_ms or one.opened_ms for one in page.incidents]
    lines = [page_text.incident_line(words, page, one) for one in page.incidents]
    text = _TEMPLATES.get_template("feed.xml").render(
        language=words.language,
        title=page_text.title(words, page),
        page=page,
        url=url,
        updated=_iso(max(changed_ms, default=page.at_ms)),
        entries=zip(page.incidents, lines, map(_iso, changed_ms), strict=True),
        iso=_iso,
    )
    return _Rendered.of(f"{text}\n", "application/atom+xml; charset=utf-8")


def _iso(ms: int | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat().replace("+00:00", "Z")


_RENDER: dict[str, Callable[[Page, Translator, str], _Rendered]] = {
    "": html,
    ".json": as_json,
    ".atom": atom,
}
_NAME_LIMIT, _CHARACTER, _PADDING = 40, 7, 12
# White on each of these is readable (at least 4.5 to 1).
_BADGE_COLOURS = {
    page_text.UP: "#1a7f37",
    page_text.UNSTABLE: "#8a5d00",
    page_text.DOWN: "#c41e2a",
    page_text.NONE: "#57606a",
}


def _named(page: Page, wanted: str) -> PageSite | None:
    key = wanted.strip().casefold()
    return next((one for one in page.sites if key in {str(one.id), one.name.casefold()}), None)


def badge(words: Translator, site: PageSite) -> _Rendered:
    """``Shop | UP`` as a picture for other pages."""
    name = site.name if len(site.name) <= _NAME_LIMIT else f"{site.name[: _NAME_LIMIT - 1]}…"
    word = state_on_page(words, site.state)
    left, right = (len(text) * _CHARACTER + _PADDING for text in (name, word))
    colour = _BADGE_COLOURS[page_text.colour_of(site.state)]
    text = _TEMPLATES.get_template("badge.svg").render(
        name=name, word=word, left=left, right=right, padding=_PADDING, colour=colour
    )
    return _Rendered.of(f"{text}\n", "image/svg+xml; charset=utf-8")
