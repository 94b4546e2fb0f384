"""YAML with the line of every key; the lists of Gatus and Upptime in it, in our own words.

It is read safely and by the plain rules of YAML 1.2: ``no`` and ``on`` are words, ``14:00`` is no
number, and a key that stands twice is an error: people write such files by hand.

Sources: Gatus' README and ``config/endpoint``; Upptime's configuration page. Both expand variables
(``${NAME}``, ``$NAME``) that are not in the file: an address with one is refused, a header dropped.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot.errors import UserError, VigieError
from bot.services.transfer.columns import Raw, Reader, Remark, address_of, scheme_named, tags_of
from bot.words.translator import N_

MAX_NODES = 100_000  # aliases of aliases grow without end


class YamlError(VigieError):
    """``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


class Lines(dict[str, Any]):
    """A mapping that knows in which line it begins, and each of its keys stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.line_of: dict[str, int] = {}

    @classmethod
    def of(cls, value: Any, line: int = 0) -> Any:
        """What JSON has: everything in it stands in this one line."""
        if isinstance(value, list):
            return [cls.of(one, line) for one in value]
        if not isinstance(value, dict):
            return value
        found = cls(line)
        for key, one in value.items():
            found[key], found.line_of[key] = cls.of(one, line), line
        return found


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # as above
    """Only what YAML 1.2 calls a number or a truth value is one."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|)", ["~", "n", ""]),
    ("bool", r"(?:true|false)", list("tf")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", list("-+0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"{_pattern}$"), _first)


def load_yaml(text: str) -> Any:
    """Mappings are :class:`Lines`. Raises YamlError."""
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return None if node is None else _Builder(loader).build(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise YamlError(1 if mark is None else mark.line + 1, str(reason)) from error
    except RecursionError as error:
        raise YamlError(1, "it is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Builder:
    def __init__(self, loader: _Loader) -> None:
        self._loader = loader
        self._nodes = 0

    def build(self, node: Any) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise YamlError(node.start_mark.line + 1, "the file has too many parts")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(one) for one in node.value]
        return self._loader.construct_object(node)

    def _mapping(self, node: Any) -> Lines:
        own: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(key.start_mark.line + 1, "a key must be a word")
            if key.value in own:
                raise YamlError(key.start_mark.line + 1, f"“{key.value}” stands here twice")
            own.add(key.value)
        self._loader.flatten_mapping(node)
        found = Lines(node.start_mark.line + 1)
        for key, value in node.value:
            found.line_of[key.value] = key.start_mark.line + 1
            found[key.value] = self.build(value)
        return found


def check_keys(raw: Lines, known: Iterable[str]) -> None:
    """Raises YamlError for a key that is none of these."""
    for key in raw:
        if key not in known:
            raise YamlError(
                raw.line_of[key], f"“{key}” is no key here; there are {', '.join(known)}"
            )


def one_of(raw: Lines, key: str, allowed: Iterable[str]) -> str:
    """Raises YamlError for a value that is none of these."""
    text = str(raw[key])
    if isinstance(raw[key], bool | None) or text not in tuple(allowed):
        raise YamlError(raw.line_of[key], f"“{key}” is one of {', '.join(allowed)}")
    return text


def listed(raw: Lines, key: str) -> list[Any]:
    """Raises YamlError for what is no list."""
    found = raw.get(key)
    if found is not None and not isinstance(found, list):
        raise YamlError(raw.line_of[key], f"“{key}” is a list: each entry begins with “- ”")
    return found or []


def read_text(raw: Lines, key: str, reader: Callable[[str], Any]) -> Any:
    """What ``reader`` makes of a key's value. Raises YamlError with its line and reason."""
    return taken(raw.line_of[key], reader, str(raw[key]))


def taken(line: int, reader: Callable[[Any], Any], value: Any) -> Any:
    """As :func:`read_text`, of any value."""
    try:
        return reader(value)
    except UserError as error:
        raise YamlError(line, str(error)) from error
    except ValueError as error:
        raise YamlError(line, f"“{value}” cannot be read: {error}") from error


SIZE_LIMIT = 256 * 1024  # a reader in Python takes two seconds for it
_LISTS = re.compile(r"^(?:endpoints|external-endpoints|sites)\s*:", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{\w+\}|[A-Z_][A-Z0-9_]*)")
_NO_YAML = N_("I cannot read this file as YAML. Line {line}: {reason}.")
_TOO_LONG = N_("This YAML file is too long: at most {n} KiB.")
_IN_A_VARIABLE = N_("Its address stands in a variable that is not in the file.")
_HEADER_LOST = N_("the header {name} stands in a variable that is not in the file")
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
