"""What people want watched, read and checked: new monitors and changes of old ones."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

import idna

from bot.config import Config
from bot.db.monitors import name_key
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.netguard import Netguard
from bot.engine.redirects import WebAddress, may_get_headers
from bot.errors import UserError
from bot.models import CheckResult, Monitor, Target
from bot.services.target_options import kept_headers, status_text, target_of
from bot.words.escaping import plain
from bot.words.translator import N_

NAME_LIMIT = 80
MAX_INTERVAL_S = 86_400
SLOWEST_MS = 60_000
_USUAL_INTERVAL_S = 60
_TAKEN = N_("“{name}” is already watched here. Choose another name with the option “name”.")


@dataclass(frozen=True, slots=True)
class NewMonitor:
    """What somebody asks to be watched, as typed. ``every_s`` is in seconds."""

    url: str
    name: str | None = None
    every_s: int = 60
    channel_id: int | None = None
    role_id: int | None = None
    expect_status: str | None = None
    contains: str | None = None
    not_contains: str | None = None
    slow_ms: int | None = None
    method: str = "GET"
    headers: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants changed, as typed. None keeps what is there.

    An empty text, or 0, takes a setting away: then the server's own channel or role counts. A
    header without a value keeps the value it has.
    """

    url: str | None = None
    name: str | None = None
    every_s: int | None = None
    channel_id: int | None = None
    role_id: int | None = None
    expect_status: str | None = None
    contains: str | None = None
    not_contains: str | None = None
    slow_ms: int | None = None
    method: str | None = None
    headers: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The new monitor, what its first probe saw, and what watches the same address already."""

    monitor: Monitor
    first: CheckResult
    twin: Monitor | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A monitor before and after; ``first`` is what a probe of a changed target saw.

    ``told_elsewhere``: an open alert stays in the channel it is in.
    """

    before: Monitor
    after: Monitor
    first: CheckResult | None = None
    told_elsewhere: bool = False


class NameTaken(UserError):
    """Two monitors of a server cannot have one name."""

    def __init__(self, name: str) -> None:
        super().__init__(_TAKEN, name=name)


class Neighbours:
    """The monitors of a server, found by name and by address however many there are."""

    def __init__(self, monitors: Iterable[Monitor] = ()) -> None:
        self._by_name: dict[str, Monitor] = {}
        self._by_url: dict[str, Monitor] = {}
        for one in monitors:
            self.add(one)

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, monitor: Monitor) -> None:
        self._by_name[name_key(monitor.name)] = monitor
        self._by_url.setdefault(monitor.target.url, monitor)

    def replace(self, before: Monitor, after: Monitor) -> None:
        """Another name or address of one of them."""
        self._by_name.pop(name_key(before.name), None)
        if self._by_url.get(before.target.url) is before:
            del self._by_url[before.target.url]
        self.add(after)

    def named(self, name: str) -> Monitor | None:
        return self._by_name.get(name_key(name))

    def at(self, url: str) -> Monitor | None:
        """The first that watches this checked address."""
        return self._by_url.get(url)


class Wishes:
    """The rules of one installation. Everything raises UserError for what cannot be taken."""

    def __init__(self, config: Config, netguard: Netguard) -> None:
        self._config = config
        self._netguard = netguard

    def new(self, guild_id: int, wanted: NewMonitor, mine: Neighbours, now_ms: int) -> Monitor:
        """A monitor to be, beside those the server has."""
        self.check_room(len(mine) + 1)
        self._check_interval(wanted.every_s)
        _check_slow(wanted.slow_ms)
        target = target_of(
            self._netguard.check_url(wanted.url.strip(), ADDRESS_RULES),
            method=wanted.method,
            headers=wanted.headers,
            expect_status=wanted.expect_status,
            contains=wanted.contains,
            not_contains=wanted.not_contains,
        )
        return Monitor(
            id=0,
            guild_id=guild_id,
            name=_free_name(wanted.name or "", target.url, mine),
            target=target,
            interval_s=wanted.every_s,
            channel_id=wanted.channel_id,
            role_id=wanted.role_id,
            slow_ms=wanted.slow_ms,
            created_ms=now_ms,
        )

    def changed(self, monitor: Monitor, change: Change, mine: Neighbours) -> Monitor:
        """The monitor with the change, among those its server has."""
        target = self._target(monitor.target, change)
        every_s = monitor.interval_s if change.every_s is None else change.every_s
        if every_s != monitor.interval_s:
            self._check_interval(every_s)
        _check_slow(change.slow_ms)
        name = monitor.name if change.name is None else change.name
        return replace(
            monitor,
            target=monitor.target if target == monitor.target else target,
            name=monitor.name
            if name == monitor.name
            else _free_name(name, target.url, mine, but=monitor),
            interval_s=every_s,
            channel_id=_number(monitor.channel_id, change.channel_id),
            role_id=_number(monitor.role_id, change.role_id),
            slow_ms=_number(monitor.slow_ms, change.slow_ms),
        )

    def _target(self, old: Target, change: Change) -> Target:
        url = old.url if change.url is None else change.url.strip()
        url = old.url if url == old.url else self._netguard.check_url(url, ADDRESS_RULES)
        statuses = change.expect_status
        return target_of(
            url,
            method=change.method or old.method,
            headers=kept_headers(
                old.headers,
                change.headers,
                moved=not may_get_headers(WebAddress.of(old.url), WebAddress.of(url)),
            ),
            expect_status=status_text(old.expect_status) if statuses is None else statuses,
            contains=old.contains if change.contains is None else change.contains,
            not_contains=old.not_contains if change.not_contains is None else change.not_contains,
        )

    def address(self, url: str) -> str:
        """A typed address in its one form. Raises UserError."""
        return self._netguard.check_url(url.strip(), ADDRESS_RULES)

    def check_room(self, wanted: int) -> None:
        """Raises UserError when a server would have more than its limit."""
        if wanted > self._config.max_monitors:
            raise UserError(
                "This server already watches {n} of {max} sites. Remove one first.",
                n=min(wanted - 1, self._config.max_monitors),
                max=self._config.max_monitors,
            )

    def _check_interval(self, every_s: int) -> None:
        if not self._config.min_interval_s <= every_s <= MAX_INTERVAL_S:
            raise UserError(
                "“every” must be from {low} to {high} seconds.",
                low=self._config.min_interval_s,
                high=MAX_INTERVAL_S,
            )


def _check_slow(slow_ms: int | None) -> None:
    if (slow_ms or 0) > SLOWEST_MS:
        raise UserError("The limit for slow answers is at most {n} ms.", n=SLOWEST_MS)


def usual_interval_s(config: Config) -> int:
    """How often a site is checked when nobody says: every minute, or as often as is allowed."""
    return max(_USUAL_INTERVAL_S, config.min_interval_s)


def is_cut(name: str) -> bool:
    """Whether a typed name is longer than names are kept."""
    return len(plain(name, 2 * NAME_LIMIT)) > NAME_LIMIT


def host_name(url: str) -> str:
    """What a monitor is called when nobody says: its host, as people write it, and its port."""
    netloc = urlsplit(url).netloc
    host, colon, port = netloc.partition(":")
    try:
        return idna.decode(host) + colon + port if "xn--" in host else netloc
    except idna.IDNAError:
        return netloc


def _free_name(wanted: str, url: str, mine: Neighbours, but: Monitor | None = None) -> str:
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


def _after_the_address(host: str, url: str, mine: Neighbours) -> str:
    """Of two addresses on one host nobody named either: what tells them apart is in the name."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    rest = f"{host}{path}" if path else f"{host} ({parts.scheme})"
    names = (plain(rest, NAME_LIMIT), *(f"{host[:60]} ({n})" for n in range(2, len(mine) + 3)))
    return next(name for name in names if mine.named(name) is None)


def _number(old: int | None, new: int | None) -> int | None:
    return old if new is None else new or None
