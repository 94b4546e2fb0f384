"""One monitor of an Uptime Kuma 1.x backup, in the words of our own export.

Source: the backup's ``monitorList``, as ``server/model/monitor.js`` (1.23) writes it.
"""

import base64
import json
from typing import Any

from bot.errors import UserError

Raw = dict[str, Any]


def of_kuma(raw: Raw) -> Raw:
    """Raises UserError for what Vigie cannot watch."""
    keyword, inverted = raw.get("keyword") or None, bool(raw.get("invertKeyword"))
    searched = keyword if raw.get("type") == "keyword" else None
    known: Raw = {
        "name": raw.get("name"),
        "url": _address(raw),
        "every": raw.get("interval"),
        "paused": not raw.get("active", True),
    }
    if known["url"].partition("://")[0] not in {"http", "https"}:
        return known
    return known | {
        "method": raw.get("method"),
        "contains": None if inverted else searched,
        "not_contains": searched if inverted else None,
        "expect_status": _statuses(raw.get("accepted_statuscodes")),
        "headers": _headers(raw),
    }


def _address(raw: Raw) -> str:
    host, port = str(raw.get("hostname") or ""), raw.get("port")
    match raw.get("type"):
        case "http" | "keyword":
            return str(raw.get("url") or "")
        case "port":
            return f"tcp://{host}:{port}"
        case "dns":
            return f"dns://{host}"
        case kind:
            raise UserError("I have no monitors of the kind “{kind}”.", kind=str(kind))


def _statuses(found: Any) -> str:
    if not isinstance(found, list | None) or not all(isinstance(one, str) for one in found or ()):
        raise UserError("“{field}” cannot be read.", field="accepted_statuscodes")
    return ", ".join(found or ())


def _headers(raw: Raw) -> Raw | None:
    found = raw.get("headers")
    if isinstance(found, str) and found.strip():
        try:
            found = json.loads(found)
        except (ValueError, RecursionError) as error:
            raise UserError("“{field}” cannot be read.", field="headers") from error
    headers: Raw = dict(found) if isinstance(found, dict) else {}
    method, user = raw.get("authMethod"), raw.get("basic_auth_user")
    if method and method != "basic":
        raise UserError("I cannot sign in with “{method}”.", method=str(method))
    if user:
        pair = f"{user}:{raw.get('basic_auth_pass') or ''}".encode(errors="replace")
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return headers or None
