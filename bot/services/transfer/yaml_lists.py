"""The lists of Gatus and Upptime, which are YAML, in our own words.

Sources: Gatus' README and ``config/endpoint``; Upptime's configuration page. Both expand variables
(``${NAME}``, ``$NAME``) that are not in the file: an address with one is refused, a header dropped.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bot.errors import UserError
from bot.services.transfer.columns import Raw, Reader, Remark, address_of, scheme_named, tags_of
from bot.services.transfer.yaml_lines import Lines, YamlError, load_yaml
from bot.words.translator import N_

SIZE_LIMIT = 256 * 1024  # a reader in Python takes two seconds for it
_LISTS = re.compile(r"^(?:endpoints|external-endpoints|sites)\s*:", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{\w+\}|[A-Z_][A-Z0-9_]*)")
_NO_YAML = N_("I cannot read this file as YAML. Line {line}: {reason}.")
_TOO_LONG = N_("This YAML file is too long: at most {n} KiB.")
_IN_A_VARIABLE = N_("Its address is in a variable that is not in the file.")
_HEADER_LOST = N_("the header {name} is in a variable that is not in the file")
_CONDITION = N_("its condition “{condition}” is left out")
_SLOW = N_("its limit of {n} ms became a slow limit: slower answers are an alert, not an outage")
_NO_TLS_CHECK = N_("Its certificate is ignored: I always verify it.")
_RECORDS = N_("It asks for DNS records of type {type}: I only look up addresses.")
_NAME_SERVER = N_("its name server is left out: I use those of my own machine")
_PUSHED = N_("Its results are sent by a job: use /watch push for it.")
_FIVE_MINUTES = N_("checked every 5 minutes, as Upptime does")
_EVERY_S = 60
_UPPTIME_EVERY_S = 300


def is_yaml(text: str) -> bool:
    """Whether a list of one of the two begins in one of its lines."""
    return _LISTS.search(text) is not None


def entries(text: str) -> Iterator[tuple[int, Any, Reader]]:
    """Line, entry and its reader. Raises UserError."""
    if len(text) > SIZE_LIMIT:
        raise UserError(_TOO_LONG, n=SIZE_LIMIT // 1024)
    try:
        whole = load_yaml(text)
    except YamlError as error:
        raise UserError(_NO_YAML, line=error.line, reason=error.reason[:100]) from error
    for key, reader in (
        ("endpoints", of_gatus),
        ("external-endpoints", _of_pushed),
        ("sites", of_upptime),
    ):
        found = whole.get(key) if isinstance(whole, Lines) else None
        for one in found if isinstance(found, list) else ():
            yield (one.line if isinstance(one, Lines) else 1), one, reader


def of_gatus(raw: Raw) -> tuple[Raw, list[Remark]]:
    """Raises UserError for what cannot be watched as it is there."""
    remarks: list[Remark] = []
    found = raw.get("client")
    client: Raw = found if isinstance(found, dict) else {}
    if client.get("insecure") is True:
        raise UserError(_NO_TLS_CHECK)
    known: Raw = {
        "name": raw.get("name"),
        "url": _gatus_address(raw, remarks),
        "every": raw.get("interval") or _EVERY_S,
        "timeout": client.get("timeout"),
        "method": raw.get("method"),
        "body": raw.get("body"),
        "headers": _headers(raw.get("headers"), remarks),
        "tags": tags_of([raw.get("group")], remarks),
        "paused": raw.get("enabled") is False,
    }
    conditions = raw.get("conditions")
    for one in conditions if isinstance(conditions, list) else ():
        _condition(str(one), known, remarks)
    if known["headers"] is None:
        del known["headers"]
    return known, remarks


def _of_pushed(_raw: Raw) -> tuple[Raw, list[Remark]]:
    raise UserError(_PUSHED)


def _gatus_address(raw: Raw, remarks: list[Remark]) -> str:
    url, dns = _plain_address(raw.get("url")), raw.get("dns")
    if isinstance(dns, dict):
        asked = str(dns.get("query-type") or "A")[:20].upper()
        if asked not in {"A", "AAAA"}:
            raise UserError(_RECORDS, type=asked)
        remarks.append((_NAME_SERVER, {}))
        return f"dns://{str(dns.get('query-name') or '').rstrip('.')}"
    scheme, sign, rest = url.partition("://")
    if not sign or scheme in {"http", "https"}:
        return url
    meant = {"icmp": "ping", "starttls": "smtp"}.get(scheme, scheme)
    return f"{scheme_named(meant)}://{rest}"


def _condition(text: str, known: Raw, remarks: list[Remark]) -> None:
    """``[STATUS] == 200``, ``[RESPONSE_TIME] < 500``, ``[BODY].status == UP`` …"""
    match = re.fullmatch(r"\s*(\[[A-Z_]+\]\S*)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*", text)
    left, sign, right = match.groups() if match else ("", "", "")
    if (left, sign, right) == ("[CONNECTED]", "==", "true"):
        return
    number = int(right) if re.fullmatch(r"[0-9]{1,7}", right) else None
    path = re.fullmatch(r"\[BODY\]\.([A-Za-z_][\w.]*)", left)
    wanted = re.fullmatch(r"pat\(\*?([^*()]+)\*?\)", right)
    match left, sign:
        case "[STATUS]", _ if (codes := _statuses(sign, right, number)) is not None:
            known["expect_status"] = codes
        case "[RESPONSE_TIME]", "<" | "<=" if number:
            known["slow_ms"] = number
            remarks.append((_SLOW, {"n": number}))
        case "[BODY]", "==" if wanted is not None and "contains" not in known:
            known["contains"] = wanted[1]
        case "[BODY]", "!=" if wanted is not None and "not_contains" not in known:
            known["not_contains"] = wanted[1]
        case _, "==" | "!=" if path is not None and "(" not in right and "json" not in known:
            known["json"] = f"{path[1]} {sign} {_literal(right)}"
        case _:
            remarks.append((_CONDITION, {"condition": text.strip()[:80]}))


def _statuses(sign: str, right: str, number: int | None) -> str | None:
    some = re.fullmatch(r"any\(\s*([\d\s,]+)\)", right)
    if sign == "==" and (number or some):
        return some[1] if some else str(number)
    if sign in {"<", "<="} and number and 200 <= number <= 599:  # noqa: PLR2004 - HTTP codes
        return f"200-{number - (sign == '<')}"
    return None


def _literal(right: str) -> str:
    if re.fullmatch(r"-?\d+(?:\.\d+)?|true|false|null", right):
        return f"`{right}`"
    return "'" + right.strip("\"'").replace("'", "") + "'"


def of_upptime(raw: Raw) -> tuple[Raw, list[Remark]]:
    """Raises UserError for what cannot be watched as it is there."""
    remarks: list[Remark] = [(_FIVE_MINUTES, {})]
    if any(raw.get(f"__dangerous__{key}") for key in ("insecure", "disable_verify_peer")):
        raise UserError(_NO_TLS_CHECK)
    codes, tags = raw.get("expectedStatusCodes"), raw.get("tags")
    limit = raw.get("maxResponseTime")
    if limit:
        remarks.append((_SLOW, {"n": limit}))
    known = {
        "name": raw.get("name"),
        "url": _upptime_address(raw),
        "every": _UPPTIME_EVERY_S,
        "method": raw.get("method"),
        "body": raw.get("body"),
        "expect_status": codes if isinstance(codes, list) else None,
        "slow_ms": limit,
        "not_contains": raw.get("__dangerous__body_down"),
        "contains": raw.get("__dangerous__body_down_if_text_missing"),
        "headers": _headers(raw.get("headers"), remarks),
        "tags": tags_of(tags if isinstance(tags, list) else [tags], remarks),
    }
    return {key: value for key, value in known.items() if value is not None}, remarks


def _upptime_address(raw: Raw) -> str:
    url = _plain_address(raw.get("url"))
    kind = str(raw.get("check") or "http")
    if kind == "http":
        return url
    meant = {"tcp-ping": "tcp", "icmp-ping": "ping"}.get(kind, kind)
    host = urlsplit(url).hostname if "://" in url else url
    return address_of(scheme_named(meant), host or url, raw.get("port"))


def _plain_address(found: object) -> str:
    url = found if isinstance(found, str) else ""
    if _VARIABLE.search(url):
        raise UserError(_IN_A_VARIABLE)
    return url


def _headers(found: object, remarks: list[Remark]) -> Raw | None:
    """A table, or a list of ``Name: value``."""
    pairs: list[tuple[str, str]] = []
    if isinstance(found, dict):
        pairs = [(str(name), str(value)) for name, value in found.items()]
    elif isinstance(found, list):
        halves = (str(one).partition(":") for one in found)
        pairs = [(name.strip(), value.strip()) for name, _, value in halves]
    kept: Raw = {}
    for name, value in pairs:
        if _VARIABLE.search(value):
            remarks.append((_HEADER_LOST, {"name": name[:60]}))
        else:
            kept[name] = value
    return kept or None
