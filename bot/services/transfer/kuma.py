"""One monitor of Uptime Kuma, in the words of our own export, and what of it is not taken.

Sources: ``server/model/monitor.js`` of 1.23 and 2.0, whose backup (``monitorList``), API
(``getMonitors``) and database rows differ only in how the fields are spelled.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from bot.errors import UserError
from bot.models import PUSH_URL
from bot.services.option_types import UNREADABLE, whole_number
from bot.services.transfer.columns import Raw, Remark, address_of, scheme_named, tags_of
from bot.services.typed_text import parse_statuses, status_text
from bot.words.translator import N_

_TYPICAL = frozenset(
    {
        *("acceptedstatuscodes", "acceptedstatuscodesjson", "upsidedown", "maxretries"),
        *("retryinterval", "maxredirects", "ignoretls", "resendinterval", "invertkeyword"),
        "dnsresolvetype",
    }
)
_FOLLOWED, _USUAL_REDIRECTS = 5, 10  # at most; what Kuma has when nobody chose
_CONFIRMED = 2  # how often a failure is checked again before it counts
_MOST_STEPS = 50_000_000  # of SQLite's machine: a list of thousands takes a hundredth
_NOT_KUMA = N_("I cannot read this database. I know that of Uptime Kuma, kuma.db.")
_TAGS = (
    "SELECT m.monitor_id, t.name, m.value FROM monitor_tag m JOIN tag t ON t.id = m.tag_id"
    " ORDER BY m.id LIMIT 50000"
)
_USUAL_RESOLVER = "1.1.1.1"
_USUAL_TIMEOUT = 0.8  # of the interval
_WEB = ("http", "keyword")

_UPSIDE_DOWN = N_("It is inverted (up while the site fails): I cannot watch that.")
_NO_TLS_CHECK = N_("Its certificate is ignored (ignoreTls): I always verify it.")
_PROXY = N_("It uses a proxy: I always connect directly.")
_RECORDS = N_("It asks for DNS records of type {type}: I only look up addresses.")
_A_GROUP = N_("It is a group: I watch the sites in it, without the group.")
_SIGN_IN = N_("I cannot sign in with “{method}”.")


# Of a monitor that is taken otherwise: what is left out where it is set.
_LEFT_OUT = {
    "description": N_("its description is left out"),
    "conditions": N_("its conditions are left out"),
    "resendinterval": N_(
        "its repeated notifications are left out: reminders are set for the whole server"
    ),
    "ipfamily": N_("its choice of IPv4 or IPv6 is left out: I use whichever answers"),
}
_LEFT_OUT_OF_WEB = {"cachebust": N_("its cache busting is left out")}
_GROUP = N_("its group is left out")
_BODY = N_("its request body is left out")
_RETRIES = N_("its retries are left out: I check a failure twice more before it counts")
_NAME_SERVER = N_("its name server is left out: I use those of my own machine")
_REDIRECTS = N_("its limit of redirects is left out: I follow up to 5")


def is_kuma(raw: Any) -> bool:
    """Whether it looks like one: our own export has none of these."""
    if not isinstance(raw, dict) or "type" not in raw:
        return False
    return not _TYPICAL.isdisjoint({_folded(name) for name in raw})


def of_kuma(raw: Raw) -> tuple[Raw, list[Remark]]:
    """Our own words for it, and remarks. Raises UserError for what Vigie cannot watch."""
    monitor = {_folded(name): value for name, value in raw.items()}
    known: Raw = {
        "name": monitor.get("name"),
        "url": _address(monitor),
        "every": monitor.get("interval"),
        "paused": not _truth(monitor.get("active", True)) or _truth(monitor.get("forceinactive")),
    }
    if _truth(monitor.get("upsidedown")):
        raise UserError(_UPSIDE_DOWN)
    known["timeout"] = _timeout(monitor)
    remarks: list[Remark] = [(sentence, {}) for sentence in _left_out(monitor)]
    known["tags"] = tags_of([*_tags(monitor), monitor.get("groupname")], remarks)
    if _truth(monitor.get("parent")) and not monitor.get("groupname"):
        remarks.append((_GROUP, {}))
    if monitor.get("type") not in _WEB:
        return known, remarks
    _refuse_what_changes_the_answer(monitor)
    return known | _of_web(monitor), remarks


def _tags(monitor: Raw) -> Iterator[object]:
    """``{"name": "env", "value": "prod"}`` is ``env-prod``."""
    found = _filled(monitor.get("tags"))
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield "-".join(str(one[key]) for key in ("name", "value") if one.get(key))
        else:
            yield one


def rows_of_database(data: bytes) -> list[Raw]:
    """The monitors in the database of Uptime Kuma, with tags and groups.

    A stranger's file: it is only read from, in memory, and for so long. Raises UserError.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.set_progress_handler(lambda: 1, _MOST_STEPS)
        conn.row_factory = sqlite3.Row
        try:
            # Uptime Kuma's has a log beside it, for which memory has no place: read what is here.
            conn.deserialize(data[:18] + b"\x01\x01" + data[20:])
            conn.execute("PRAGMA trusted_schema = OFF")
            return with_groups(_monitors_of(conn))
        except sqlite3.Error as error:
            raise UserError(_NOT_KUMA) from error


def _monitors_of(conn: sqlite3.Connection) -> list[Raw]:
    plain = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    tables = {row[0] for row in conn.execute(plain)}
    if "monitor" not in tables:
        raise UserError(_NOT_KUMA)
    tags: dict[object, list[Raw]] = {}
    for row in conn.execute(_TAGS) if {"tag", "monitor_tag"} <= tables else ():
        tags.setdefault(row["monitor_id"], []).append(dict(row))
    found = conn.execute("SELECT * FROM monitor ORDER BY id LIMIT 10001")
    return [dict(row) | {"tags": tags.get(row["id"], [])} for row in found]


def with_groups(raws: list[Any]) -> list[Any]:
    """The name of its group with each, where the list has that group."""
    found = [raw for raw in raws if isinstance(raw, dict) and raw.get("type") == "group"]
    names = {str(raw.get("id"))[:20]: raw.get("name") for raw in found}
    return [
        raw | {"group_name": names.get(str(raw.get("parent"))[:20])}
        if isinstance(raw, dict) and is_kuma(raw)
        else raw
        for raw in raws
    ]


def _timeout(monitor: Raw) -> int | None:
    """The time limit that somebody chose: what comes from the interval by itself is no choice."""
    limit, every_s = monitor.get("timeout"), whole_number(monitor.get("interval"))
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0 < limit < 10**6:
        return None
    usual_s = (every_s or 60) * _USUAL_TIMEOUT
    return round(limit) if abs(limit - usual_s) >= 1 else None


def _left_out(monitor: Raw) -> Iterator[str]:
    is_web = monitor.get("type") in _WEB
    for name, sentence in (_LEFT_OUT | (_LEFT_OUT_OF_WEB if is_web else {})).items():
        if _truth(monitor.get(name)):
            yield sentence
    if is_web and _truth(monitor.get("body")) and not _posts(monitor):
        yield _BODY
    if (whole_number(monitor.get("maxretries")) or 0) > _CONFIRMED:
        yield _RETRIES
    server = str(monitor.get("dnsresolveserver") or _USUAL_RESOLVER)
    if monitor.get("type") == "dns" and server != _USUAL_RESOLVER:
        yield _NAME_SERVER
    redirects = _redirects(monitor)
    followed = redirects in {_USUAL_REDIRECTS, _FOLLOWED}
    if is_web and not followed and (redirects or not _judges_redirects(monitor)):
        yield _REDIRECTS


def _of_web(monitor: Raw) -> Raw:
    inverted = _truth(monitor.get("invertkeyword"))
    searched = (monitor.get("keyword") or None) if monitor.get("type") == "keyword" else None
    return {
        "method": monitor.get("method"),
        "body": monitor.get("body") if _posts(monitor) else None,
        "contains": None if inverted else searched,
        "not_contains": searched if inverted else None,
        "expect_status": _statuses(monitor),
        "headers": _headers(monitor),
    }


def _posts(monitor: Raw) -> bool:
    return str(monitor.get("method")).upper() == "POST"


def _address(monitor: Raw) -> str:
    kind, host = monitor.get("type"), str(monitor.get("hostname") or "")
    if kind in _WEB:
        url = str(monitor.get("url") or "")
        return "" if url in {"https://", "http://"} else url
    if kind == "group":
        raise UserError(_A_GROUP)
    scheme = scheme_named(kind)
    if scheme == "push":
        return PUSH_URL
    asked = str(monitor.get("dnsresolvetype") or "A")[:100]
    if scheme == "dns" and asked not in {"A", "AAAA"}:
        raise UserError(_RECORDS, type=asked)
    return address_of(scheme, host, monitor.get("port")) if host else ""


def _refuse_what_changes_the_answer(monitor: Raw) -> None:
    """Imported without these, a healthy site might be reported as down."""
    if _truth(monitor.get("ignoretls")) and str(monitor.get("url")).lower().startswith("https:"):
        raise UserError(_NO_TLS_CHECK)
    if _truth(monitor.get("proxyid")):
        raise UserError(_PROXY)


def _redirects(monitor: Raw) -> int:
    found = whole_number(monitor.get("maxredirects"))
    return _USUAL_REDIRECTS if found is None else found


def _accepted(monitor: Raw) -> list[str]:
    found = monitor.get("acceptedstatuscodes") or monitor.get("acceptedstatuscodesjson") or []
    listed = _filled(found)
    if isinstance(listed, str | int):
        listed = [listed]
    if isinstance(listed, list):
        listed = [str(one) if isinstance(one, int) else one for one in listed]
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise UserError(UNREADABLE, field="accepted_statuscodes")
    return listed


def _judges_redirects(monitor: Raw) -> bool:
    return any(one.strip().startswith("3") for one in _accepted(monitor))


def _statuses(monitor: Raw) -> str:
    """Kuma judges the answer at the end of all redirects, so a 3xx counts only where it ends."""
    codes = parse_statuses(", ".join(_accepted(monitor)))
    at_the_end = [code for code in codes if code // 100 != 3]  # noqa: PLR2004 - redirects
    return status_text(at_the_end if at_the_end and _redirects(monitor) else codes)


def _headers(monitor: Raw) -> Raw | None:
    found = _filled(monitor.get("headers"))
    if found and not isinstance(found, dict):
        raise UserError(UNREADABLE, field="headers")
    headers: Raw = dict(found or {})
    signed_in = _signed_in(monitor)
    if signed_in and not any(str(name).casefold() == "authorization" for name in headers):
        headers["Authorization"] = signed_in
    return headers or None


def _signed_in(monitor: Raw) -> str | None:
    """The header that signs in. A user left from another way to sign in is not sent."""
    user, token = monitor.get("basicauthuser"), monitor.get("bearertoken")
    method = str(monitor.get("authmethod", "basic" if user else "") or "").lower()[:100]
    if method in {"", "null", "none"}:
        return None
    if method == "basic":
        pair = f"{user or ''}:{monitor.get('basicauthpass') or ''}".encode(errors="replace")
        return f"Basic {base64.b64encode(pair).decode()}"
    if method == "bearer" and isinstance(token, str) and token:
        return f"Bearer {token}"
    raise UserError(_SIGN_IN, method=method)


def _filled(found: Any) -> Any:
    """Lists and tables that some dumps write as text of JSON."""
    if not isinstance(found, str):
        return found
    if not found.strip():
        return None
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return found


def _truth(found: Any) -> bool:
    """Dumps of the database have 0 and 1, some ``"0"`` and ``"false"``."""
    return found not in (0, "0", "", "false", "[]", None) and bool(found)


def _folded(name: Any) -> str:
    """``upsideDown`` in an API dump is ``upside_down`` in one of the database."""
    return str(name).replace("_", "").lower()
