"""Rules of the monitors of an installation: limits, names, addresses, dependencies."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

import idna

from bot.config import Config
from bot.db.followed_pages import FollowedPage
from bot.db.monitors import name_key
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.kinds.push import PUSH
from bot.engine.netguard import Netguard
from bot.engine.redirects import WebAddress, may_get_headers
from bot.errors import NotFound, PortRefused, UserError, raise_all
from bot.models import PUSH_URL, CheckResult, Monitor, Reason, Target
from bot.services.monitor_options import (
    EVERY,
    GRACE,
    MAX_PERIOD_S,
    NAME_LIMIT,
    OPTIONS,
    Typed,
    check_kind,
    usual_grace_s,
)
from bot.services.option_types import MonitorOption, NumberOption, whole_number
from bot.services.typed_text import OTHER_KIND, Headers, kept_headers
from bot.words.escaping import plain
from bot.words.translator import N_

_USUAL_INTERVAL_S = 60
NO_SUCH_SITE = N_("I watch nothing called “{name}” here. Pick one from the list as you type.")
_CIRCLE = N_("It cannot depend on {name}: that depends on it already, or is the same site.")
# As a server that speaks no TLS ends a handshake: by other bytes, by hanging up, by silence.
_NO_TLS = frozenset({Reason.NOT_TLS, Reason.RESET, Reason.TIMEOUT})
_TAKEN = N_("“{name}” is already watched here. Choose another name with the option “name”.")


@dataclass(frozen=True, slots=True)
class Added:
    """The new monitor, the first check of it, and what watches the same address already."""

    monitor: Monitor
    first: CheckResult
    twin: Monitor | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A monitor before and after; ``first`` is the first check of a changed target.

    ``alert_elsewhere``: an open alert stays in the channel it is in.
    """

    before: Monitor
    after: Monitor
    first: CheckResult | None = None
    alert_elsewhere: bool = False


class NameTaken(UserError):
    def __init__(self, name: str) -> None:
        super().__init__(_TAKEN, name=name)


class MonitorIndex:
    """The monitors of a server, found by name and by address however many there are."""

    def __init__(
        self, monitors: Iterable[Monitor] = (), pages: Iterable[FollowedPage] = ()
    ) -> None:
        self._pages = {key: one for one in pages for key in (name_key(one.name), one.url)}
        self._by_name: dict[str, Monitor] = {}
        self._by_url: dict[str, Monitor] = {}
        self._by_id: dict[int, Monitor] = {}
        for one in monitors:
            self.add(one)

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, monitor: Monitor) -> None:
        self._by_name[name_key(monitor.name)] = monitor
        if not monitor.is_push:
            self._by_url.setdefault(monitor.target.url, monitor)
        if monitor.id:  # a draft has none yet
            self._by_id[monitor.id] = monitor

    def replace(self, before: Monitor, after: Monitor) -> None:
        self._by_name.pop(name_key(before.name), None)
        if self._by_url.get(before.target.url) is before:
            del self._by_url[before.target.url]
        self.add(after)

    def named(self, name: str) -> Monitor | None:
        return self._by_name.get(name_key(name))

    def at(self, url: str) -> Monitor | None:
        """The first that watches this checked address."""
        return self._by_url.get(url)

    def parent(self, child: Monitor, wanted: str, *, in_file: bool = False) -> int:
        """The id of the monitor that ``child`` is to depend on, by id or name. Raises UserError.

        In a file a site called 12 is meant before the one with this id. A negative id is that of a
        followed page, by its name or address.
        """
        found = self.named(wanted) if in_file else None
        found = found or self._by_id.get(whole_number(wanted) or 0) or self.named(wanted)
        page = self._pages.get(name_key(wanted)) or self._pages.get(wanted.rstrip("/"))
        if found is None and page is not None:
            return -page.id
        if found is None:
            raise NotFound(NO_SUCH_SITE, name=plain(wanted, NAME_LIMIT))
        above: Monitor | None = found
        passed: set[int] = set()
        while child.id and above is not None:  # on a new one nothing can depend yet
            if above.id in {child.id, *passed}:
                raise UserError(_CIRCLE, name=found.name)
            passed.add(above.id)
            above = self._by_id.get(above.depends_on or 0)
        return found.id


class MonitorRules:
    """The rules of one installation. Everything raises UserError for what cannot be taken."""

    def __init__(self, config: Config, netguard: Netguard) -> None:
        self._config, self._netguard = config, netguard

    @property
    def usual_interval_s(self) -> int:
        """Every minute, or as often as is allowed."""
        return max(_USUAL_INTERVAL_S, self._config.min_interval_s)

    def new(self, guild_id: int, typed: Typed, mine: MonitorIndex, now_ms: int) -> Monitor:
        """A monitor to be, beside those the server has: a change of one with all defaults."""
        self.check_room(len(mine) + 1)
        blank = Monitor(0, guild_id, "", Target(""), self.usual_interval_s, created_ms=now_ms)
        return self.changed(blank, {"name": None, **typed}, mine)

    def changed(self, monitor: Monitor, typed: Typed, mine: MonitorIndex) -> Monitor:
        """The monitor with the change, among those its server has."""
        values = self._checked(monitor, typed, mine)
        name = values.pop("name", monitor.name) or ""
        own = {OPTIONS[n].field: value for n, value in values.items() if not OPTIONS[n].of_target}
        asked = {OPTIONS[n].field: value for n, value in values.items() if OPTIONS[n].of_target}
        target = replace(monitor.target, **asked)
        after = replace(
            monitor, target=monitor.target if target == monitor.target else target, **own
        )
        if after.is_push and after.grace_s is None:
            least_s = self._config.min_interval_s
            after = replace(after, grace_s=usual_grace_s(after.interval_s, least_s))
        if after.is_push and not plain(name, NAME_LIMIT):
            raise UserError("A push monitor needs a name.")
        check_kind(after)
        if name == monitor.name != "":
            return after
        return replace(after, name=_free_name(name, target.url, mine, but=monitor))

    def _checked(self, monitor: Monitor, typed: Typed, mine: MonitorIndex) -> dict[str, Any]:
        """The typed values, read and within bounds; all that is not is reported at once."""
        errors: list[UserError] = []
        values: dict[str, Any] = {}
        for name, value in typed.items():
            try:
                values[name] = OPTIONS[name].read(value)
                self._check(monitor, name, values, typed.get("url") or monitor.target.url)
                if isinstance(OPTIONS[name], MonitorOption) and values[name] is not None:
                    values[name] = mine.parent(monitor, values[name])
            except UserError as error:
                values.pop(name, None)
                errors.append(error)
        try:
            self._keep_headers(monitor.target, values)
        except UserError as error:
            errors.append(error)
        raise_all(errors)
        return values

    def _check(self, monitor: Monitor, name: str, values: dict[str, Any], url: Any) -> None:
        """Put a value into its one form; what is as it was is not refused by newer bounds."""
        value, option = values[name], OPTIONS[name]
        if name == "url" and value != monitor.target.url:
            values[name] = self.address(value or "")
            if monitor.target.url and PUSH_URL in {monitor.target.url, values[name]}:
                raise UserError(PUSH.rules.form)
        elif option is EVERY and value is None:
            values[name] = self.usual_interval_s
        elif isinstance(option, NumberOption) and value not in {option.default, option.of(monitor)}:
            option.check(value, self.least(option), self.most(option, url))

    def least(self, option: NumberOption) -> int:
        return self._config.min_interval_s if option in {EVERY, GRACE} else option.low

    def most(self, option: NumberOption, url: str) -> int:
        """The upper bound for a monitor of that address."""
        return MAX_PERIOD_S if option is EVERY and url == PUSH_URL else option.high

    @staticmethod
    def headers_for(url: str, monitor: Monitor) -> Headers:
        """The stored request headers that may be sent to this address as well."""
        return () if _is_elsewhere(monitor.target.url, url) else monitor.target.headers

    @staticmethod
    def _keep_headers(old: Target, values: dict[str, Any]) -> None:
        moved = _is_elsewhere(old.url, values.get("url") or old.url)
        if moved or "headers" in values:
            values["headers"] = kept_headers(old.headers, values.get("headers"), moved=moved)

    def address(self, url: str) -> str:
        """A typed address in its one form. Raises UserError."""
        if url.strip() == PUSH_URL:
            return PUSH_URL
        try:
            return self._netguard.check_url(url.strip(), ADDRESS_RULES)
        except PortRefused as error:
            fitting = tuple(self._fitting(url.strip()))
            if not fitting:
                raise
            port, listed = error.values["port"], ", ".join(fitting)
            raise PortRefused(OTHER_KIND, instead=fitting, port=port, addresses=listed) from error

    def without_tls(
        self, monitor: Monitor, seen: CheckResult, mine: MonitorIndex
    ) -> Iterator[Typed]:
        """Changes to the same host and port as http:// and tcp://, where TLS got no answer.

        All options stay, and a name that people gave; an address that does not take them, or is
        watched already, is left out.
        """
        scheme, _, rest = monitor.target.url.partition("://")
        reason, has_port = seen.cause and seen.cause.reason, urlsplit(monitor.target.url).port
        reached = seen.phases.connect is not None and seen.phases.tls is None
        if scheme != "https" or not has_port or not reached or reason not in _NO_TLS:
            return
        kept: Typed = {"headers": monitor.target.headers} if monitor.target.headers else {}
        if monitor.name in _usual_names(monitor.target.url):
            kept = {**kept, "name": None}
        for url in (f"http://{rest}", f"tcp://{rest.partition('/')[0]}"):
            change = {**kept, "url": url}
            with suppress(UserError):
                after = self.changed(monitor, change, mine)
                if mine.at(after.target.url) is None:
                    yield {**change, "url": after.target.url}

    def _fitting(self, url: str) -> Iterator[str]:
        """Addresses of other kinds that may be meant by a port which is none of the web's."""
        # urlsplit would raise ValueError for 65536, and for letters that stand for others.
        authority = re.split(r"[/?#]", url.partition("://")[2])[0]
        rules = [one for one in ADDRESS_RULES.values() if one.has_port and not one.is_web]
        usual = [one for one in rules if one.default_port == int(authority.rpartition(":")[2])]
        for one in (*usual, *(one for one in rules if not one.default_port)):
            with suppress(UserError):
                yield self._netguard.check_url(f"{one.scheme}://{authority}", ADDRESS_RULES)

    def check_room(self, wanted: int) -> None:
        """Raises UserError when a server would have more than its limit."""
        if wanted > self._config.max_monitors:
            raise UserError(
                "This server already watches {n} of {max} sites. Remove one first.",
                n=min(wanted - 1, self._config.max_monitors),
                max=self._config.max_monitors,
            )


def _is_elsewhere(old: str, url: str) -> bool:
    """Another site, which must not learn what is sent to the old one."""
    return old not in {"", url} and not may_get_headers(WebAddress.of(old), WebAddress.of(url))


def is_cut(name: str | None) -> bool:
    """True for a typed name beyond NAME_LIMIT: it is kept without its end."""
    return len(plain(name or "", 2 * NAME_LIMIT)) > NAME_LIMIT


def host_name(url: str) -> str:
    """The name of a monitor when nobody gives one: its host as people write it, and its port."""
    netloc = urlsplit(url).netloc
    host, colon, port = netloc.partition(":")
    try:
        return idna.decode(host) + colon + port if "xn--" in host else netloc
    except idna.IDNAError:
        return netloc


def _free_name(wanted: str, url: str, mine: MonitorIndex, but: Monitor | None = None) -> str:
    """The wanted name, or one after the address where nothing of it can be seen.

    Raises UserError if it is another's.
    """
    name = plain(wanted, NAME_LIMIT)
    if name:
        if mine.named(name) not in {None, but}:
            raise NameTaken(name)
        return name
    host = plain(host_name(url), NAME_LIMIT)
    if mine.named(host) in {None, but}:
        return host
    if mine.at(url) is not None:
        raise NameTaken(host)
    return _after_the_address(host, url, mine)


def _after_the_address(host: str, url: str, mine: MonitorIndex) -> str:
    """A name for one of several addresses on one host: where they differ is in the name."""
    names = (*_usual_names(url), *(f"{host[:60]} ({n})" for n in range(2, len(mine) + 3)))
    return next(name for name in names if mine.named(name) is None)


def _usual_names(url: str) -> tuple[str, str]:
    """What an address is called when nobody says; the second where the host is taken."""
    parts, host = urlsplit(url), plain(host_name(url), NAME_LIMIT)
    path = unquote(parts.path).rstrip("/")
    rest = f"{host}{path}" if path else f"{host} ({parts.scheme})"
    return host, plain(rest, NAME_LIMIT)
