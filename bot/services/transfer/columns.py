"""The settings of a monitor as other programs name them, in the words of our own export.

Pure. Sources: UptimeRobot's CSV and its API v2 (``getMonitors``), StatusCake, Gatus and Checkmate;
column names as people write them in English, French, German and Spanish.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from bot.engine.kinds import KINDS
from bot.engine.netguard import WEB
from bot.errors import UserError
from bot.models import PUSH_URL
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import MAX_TAGS, TAG_LIMIT, read_pause, whole_number
from bot.words.translator import N_

Raw = dict[str, Any]
Remark = tuple[str, dict[str, object]]
Reader = Callable[[Raw], tuple[Raw, list[Remark]]]  # of one entry, in the words of our export

FIELDS = (*OPTIONS, "paused")
NO_KIND = N_("I cannot watch the kind “{kind}”.")
_NOT_READ = N_("not read: {fields}")
_FEW_TAGS = N_("only its first {n} tags are taken")
_ALERTS_WHEN_THERE = N_("“keyword exists” was read as: it fails when the text is there")

_OTHER_NAMES = {
    "name": "nom nombre titre titel title label friendlyname monitorname sitename displayname"
    " websitename bezeichnung",
    "url": "address adresse adressse uri link lien urlip urlorip ipurl monitorurl websiteurl target"
    " targeturl endpoint direccion",
    "host": "hostname host domain domaine website site siteweb ip hote",
    "every": "interval intervalle intervall intervalo frequency frequence checkinterval checkrate"
    " monitorinterval intervalsec intervalsecs intervalsecond intervalseconds intervalinseconds"
    " frequencyseconds rhythm period periode seconds secondes sekunden everyseconds",
    "minutes": "intervalmin intervalmins intervalminute intervalminutes intervalinminutes minutes"
    " frequencyminutes everyminutes checkfrequency resolution",
    "expect_status": "expectedstatus expectedstatuscode expectedstatuscodes acceptedstatuscodes"
    " statuscodes codes httpcodes codeshttp",
    "contains": "keyword keywords keywordvalue motcle findstring searchstring text texte",
    "not_contains": "forbiddentext notcontain",
    "keyword_type": "keywordtype keywordcondition",
    "slow_ms": "slow slowthreshold",
    "method": "httpmethod requestmethod verb methode httpverb",
    "headers": "customheaders httpheaders requestheaders customhttpheaders",
    "channel": "salon kanal canal",
    "role": "rolle",
    "tags": "tag labels etiquettes schlagworte",
    "depends_on": "parent depends dependson dependde",
    "paused": "enpause pausiert disabled pausado",
    "enabled": "active actif aktiv isactive",
    "status": "state monitorstatus etat",
    "kind": "type monitortype testtype checktype",
    "port": "",
}
# What happened to a monitor, not how it is watched; ``id`` is looked at elsewhere.
_PAST = frozenset(
    {
        *("id", "monitorid", "testid", "created", "createdat", "createdatetime", "createdon"),
        *("updated", "updatedat", "lastcheck", "lastchecked", "lastcheckat", "laststatuschange"),
        *("uptime", "uptimeratio", "alltimeuptimeratio", "averageresponsetime", "responsetime"),
        "logs",
    }
)


def _folded(name: str) -> str:
    """``Intervalle (sec)`` and ``intervalle_sec`` are one name."""
    letters = unicodedata.normalize("NFKD", name[:100]).casefold()
    return "".join(c for c in letters if c.isascii() and c.isalnum())


_KNOWN = {
    _folded(other): ours
    for ours, others in _OTHER_NAMES.items()
    for other in (ours, *others.split())
}
# What a column's name has in it, where none of the first row is known by its whole name.
_PARTS = {
    "url": ("url", "adres", "addres", "direcc", "lien", "link"),
    "every": ("interv", "freq"),
    "name": ("nam", "nom"),
}
_SCHEMES = {name: scheme for scheme, kind in KINDS.items() for name in kind.other_names}
_HTTPS = re.compile(r"https?(?:\(s\)|s)?", re.IGNORECASE)
_STOPPED = frozenset({"paused", "pausiert", "en pause", "disabled"})
_YES = frozenset({"1", "true", "yes", "y", "oui", "ja", "x", "on"}) | _STOPPED
_NO = frozenset({"0", "false", "no", "n", "non", "nein", "off", "disabled"})


def ours(name: str) -> str | None:
    """Our name of a column; None: it is none of ours."""
    exact = name.strip().casefold()
    if exact in FIELDS:
        return exact
    main, _, unit = name.partition("(")
    found = _KNOWN.get(_folded(name)) or _KNOWN.get(_folded(main))
    return "minutes" if found == "every" and _folded(unit).startswith("min") else found


def guess(name: str) -> str | None:
    """Our name of a column by a part of its own: ``Adresse du site`` is an address."""
    folded = _folded(name)
    return next((ours for ours, some in _PARTS.items() if any(one in folded for one in some)), None)


def is_header(cells: Iterable[str]) -> bool:
    """Whether a first row names columns: one of them is the address."""
    return not {"url", "host"}.isdisjoint({ours(cell) for cell in cells})


def read(raw: Raw) -> tuple[Raw, list[Remark]]:
    """The settings in our names, and what is not taken. Raises UserError for what cannot be."""
    known: Raw = {}
    strange: list[str] = []
    for name, value in raw.items():
        meant = ours(str(name))
        if value in (None, "", [], {}):
            continue
        if meant is not None:
            # Our own name counts more than somebody else's for the same.
            known[meant] = value if str(name) == meant else known.get(meant, value)
        elif _folded(str(name)) not in _PAST:
            strange.append(str(name)[:40])
    remarks: list[Remark] = []
    if strange:
        remarks.append((_NOT_READ, {"fields": ", ".join(strange[:10])}))
    return _settled(known, remarks), remarks


def _settled(known: Raw, remarks: list[Remark]) -> Raw:
    found = {name: value for name, value in known.items() if name in FIELDS}
    found["url"] = _address(known)
    if "minutes" in known and "every" not in known:
        found["every"] = f"{known['minutes']} min"
    _keyword(known, found, remarks)
    paused = _paused(known)
    return found if paused is None else found | {"paused": paused}


def _address(known: Raw) -> Any:
    url, host, kind = known.get("url"), known.get("host"), known.get("kind")
    address = url or host
    if kind is None:
        return address
    scheme = "http" if _HTTPS.fullmatch(str(kind)) else scheme_named(kind)
    if scheme == "push":
        return PUSH_URL
    if not isinstance(address, str) or "://" in address or scheme in WEB:
        return address
    return address_of(scheme, address, known.get("port"))


def scheme_named(kind: Any) -> str:
    """The scheme of what another monitor calls a kind. Raises UserError when there is none."""
    scheme = _SCHEMES.get(_folded(str(kind)))
    if scheme is None:
        raise UserError(NO_KIND, kind=str(kind)[:100])
    return scheme


def address_of(scheme: str, host: str, port: Any) -> str:
    """The address of a host that is no web site. Raises UserError when the port is missing."""
    rules = KINDS[scheme].rules
    if not rules.has_port:
        return f"{scheme}://{host}"
    shown = (
        f"[{host}]" if ":" in host and host.count(":") > 1 and not host.startswith("[") else host
    )
    number = whole_number(port)
    if number is None and re.search(r"(?<!:):\d+$", shown):
        return f"{scheme}://{shown}"  # the port stands in the address already
    if number is None and not rules.default_port:
        raise UserError(N_("It has no port."))
    return f"{scheme}://{shown}:{rules.default_port if number is None else number}"


def tags_of(texts: Iterable[object], remarks: list[Remark]) -> list[str]:
    """Words of other programs as tags; what cannot stand in one becomes a dash."""
    found: dict[str, None] = {}
    for text in texts:
        folded = unicodedata.normalize("NFKC", str(text or "")[:200]).casefold()
        tag = re.sub(r"[^\w-]+", "-", folded).strip("-")[:TAG_LIMIT].rstrip("-")
        if tag:
            found.setdefault(tag)
    if len(found) > MAX_TAGS:
        remarks.append((_FEW_TAGS, {"n": MAX_TAGS}))
    return list(found)[:MAX_TAGS]


def _keyword(known: Raw, found: Raw, remarks: list[Remark]) -> None:
    """UptimeRobot alerts when a keyword "exists", or when it does not."""
    condition = _folded(str(known.get("keyword_type", "")))
    if condition in {"exists", "1", "alertexists"} and found.get("contains"):
        found["not_contains"] = found.pop("contains")
        remarks.append((_ALERTS_WHEN_THERE, {}))


def _paused(known: Raw) -> bool | datetime | None:
    if "paused" in known:
        return _pause(known["paused"])
    for name, words, negated in (("enabled", _NO, True), ("status", _STOPPED | {"0"}, False)):
        if name in known:
            said = str(known[name]).strip().casefold()
            if said in words or negated:
                return said in words
    return None


def _pause(found: Any) -> bool | datetime:
    """What is no word for it is none."""
    if str(found).strip().casefold() in _YES:
        return True
    with suppress(UserError):
        return read_pause(found)
    return False
