"""The operator's file of sites: read, compared with what there is, and applied: all, or nothing."""

import asyncio
import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.models import Monitor, Target, Window
from bot.services.audit_log import FILE, AuditEntry, AuditEvent
from bot.services.bulk import Outcome, RowState
from bot.services.guilds import KeyValueStore
from bot.services.monitor_options import differing
from bot.services.monitors import Monitors
from bot.services.option_types import MonitorOption, NumberOption, Option, PlaceOption
from bot.services.transfer.files import Item, pause_text
from bot.services.transfer.server_entries import (
    MonitorEntry,
    Problems,
    ServerEntry,
    read_at_most,
    read_sites,
    references,
    window_keys,
)
from bot.services.transfer.servers import Directory, ServerPlan, Servers, finder
from bot.services.transfer.settings import SETTINGS, Reference, looked_up
from bot.services.transfer.yaml_lines import YamlError

log = logging.getLogger(__name__)

NAMES = "sites_names"  # the setting with the ids that names of the file were found to have
_AGAIN_S = 600.0  # until what could not be taken is tried once more
_KEYS = {setting.event: key for key, setting in SETTINGS.items()}
_DONE = {
    AuditEvent.PAGE_FOLLOWED: "+ follow",
    AuditEvent.REPORT_SCHEDULED: "+ report",
    AuditEvent.BOARD_CREATED: "+ board in channel",
    AuditEvent.MAINTENANCE_PLANNED: "+ maintenance",
    AuditEvent.MAINTENANCE_CANCELLED: "- maintenance",
}
_UNSET = {"reminders": "off", "page": "off", "language": "automatic"}
_MENTION = re.compile(r"<(#|@&)(\d+)>")


class RememberedNames:
    """What was found the last time, where Discord cannot be asked."""

    complete = False

    def __init__(self, found: Mapping[str, int] | None = None) -> None:
        self.found = dict(found or {})

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        return wanted.id or self.found.get(_key(kind, guild_id, wanted))

    def named(self, kind: str, guild_id: int, number: int) -> str:
        """The name that was found to have this id, else the id."""
        begin = f"{kind}:{guild_id}:"
        names = (key for key, one in self.found.items() if one == number and key.startswith(begin))
        name = next(names, None)
        sign = "#" if kind == "channel" else "@"
        return f"{kind} {number}" if name is None else f"{sign}{name.removeprefix(begin)}"


def _key(kind: str, guild_id: int, wanted: Reference) -> str:
    return f"{kind}:{guild_id}:{wanted.name.casefold()}"


@dataclass(frozen=True, slots=True)
class SitesPlan:
    """What the file would make of one server.

    ``released``: monitors that it once had, which stay and can be edited in Discord again.
    """

    name: str
    server: ServerPlan
    items: list[Item]
    outcomes: list[Outcome]
    released: list[Monitor]
    monitors: Monitors

    def lines(self, names: RememberedNames) -> Iterator[str]:
        """The differences for a terminal, in the words of the file."""
        yield f"server {self.name}"
        show = partial(_readable, names, self.server.guild_id)
        for change in self.server.changes:
            yield show(_change_line(change))
        same = 0
        for one in self.outcomes:
            same += one.state is RowState.SAME
            yield from map(show, self._outcome_lines(one))
        for monitor in self.released:
            yield f"  - {monitor.name}: no longer in the file; it stays, and Discord can edit it"
        for name in self.server.unknown:
            yield f"  ? {name}: looked up when the bot is online"
        yield f"  = {same} sites unchanged"

    def _outcome_lines(self, one: Outcome) -> Iterator[str]:
        if one.monitor is None or one.state is RowState.SAME:
            return
        if one.before is None:
            yield f"  + {one.monitor.name}: {one.monitor.target.url}"
        else:
            before, after = one.before, one.monitor
            for option in differing(before, after):
                old, new = self._shown(option, before), self._shown(option, after)
                if isinstance(option, MonitorOption):  # it may be one of the file that is not yet
                    new = str(one.item.typed.get(option.name) or option.unset)
                yield f"  ~ {after.name}: {option.name}: {old} → {new}"
            if (before.paused, before.resume_ms) != (after.paused, after.resume_ms):
                until = f" until {pause_text(after.resume_ms)}" if after.resume_ms else ""
                yield f"  ~ {after.name}: {f'paused{until}' if after.paused else 'resumed'}"
        for sentence, values in one.item.remarks:
            yield f"    ! {sentence.format(**values)}"

    def _shown(self, option: Option, monitor: Monitor) -> str:
        value = option.of(monitor)
        if isinstance(option, PlaceOption) and value is not None:
            return f"<{'#' if option.name == 'channel' else '@&'}{value}>"
        if isinstance(option, MonitorOption) and value is not None:
            return self.monitors.name_of(self.server.guild_id, value)
        if isinstance(option, NumberOption) and value is not None:
            return option.shown.format(n=value)
        return option.logged(value) or option.unset


def _change_line(change: AuditEntry) -> str:
    if change.window is not None:
        return f"  {_DONE[AuditEvent(change.field)]}: {_window_text(change.window, change.name)}"
    if change.field in _DONE:
        after = f"<#{change.after}>" if change.field == AuditEvent.BOARD_CREATED else change.after
        return f"  {_DONE[AuditEvent(change.field)]}: {after}"
    key, values = _KEYS[AuditEvent(change.field)], (change.before, change.after)
    mention = {"channel": "<#{}>", "fallback": "<#{}>", "role": "<@&{}>", "managers": "<@&{}>"}
    old, new = (one and mention.get(key, "{}").format(one) for one in values)
    unset = _UNSET.get(key, "none")
    return f"  ~ {key}: {old or unset} → {new or unset}"


def _window_text(window: Window, monitor: str | None) -> str:
    """``sun 02:30 to 04:00 (Europe/Paris), #shop``."""
    keys = window_keys(window, None)
    end = f"to {keys['to']}" if keys["to"] else f"for {keys['for']}"
    what = monitor or (f"#{window.tag}" if window.tag else "everything")
    return f"{keys['days']} {keys['from']} {end} ({window.timezone}), {what}"


def _readable(names: RememberedNames, guild_id: int, line: str) -> str:
    """Channels and roles by their names, or as ids that look like none of Discord's signs."""

    def shown(found: re.Match[str]) -> str:
        kind = "channel" if found[1] == "#" else "role"
        return names.named(kind, guild_id, int(found[2]))

    return _MENTION.sub(shown, line)


class SitesFile:
    """Reads ``path`` at the start, as soon as Discord's names are known, and when it is asked to.

    A file that cannot be taken changes nothing.
    """

    def __init__(
        self, path: Path | None, *, servers: Servers, monitors: Monitors, store: KeyValueStore
    ) -> None:
        self._path = path
        self.servers = servers
        self._monitors = monitors
        self._store = store
        self._directory: Directory | None = None
        self._wanted = asyncio.Event()

    def attach(self, directory: Directory) -> None:
        """Discord's names are known now; of a new connection only the names are new."""
        is_first, self._directory = self._directory is None, directory
        if is_first and self._path is not None:
            self._wanted.set()

    def read_again(self) -> None:
        if self._path is None:
            log.info("SIGHUP: there is nothing to read again (VIGIE_SITES is not set)")
        self._wanted.set()

    async def run(self) -> None:
        """Read it at once, and apply it whenever that is wanted, until cancelled."""
        self._wanted.set()
        again_s: float | None = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(again_s):
                    await self._wanted.wait()
            self._wanted.clear()
            if self._path is not None:
                is_whole = await self._apply_file(self._path, self._directory)
                again_s = None if is_whole else _AGAIN_S

    async def _apply_file(self, path: Path, directory: Directory | None) -> bool:
        """False: a part of it was not to be had now, such as a page to follow."""
        is_whole = True
        try:
            data = await asyncio.to_thread(read_at_most, path)
            entries = await asyncio.to_thread(read_sites, data)
            if directory is None:
                log.info("%s: read, to be applied as soon as Discord is reached", path)
                return True
            names = RememberedNames(_found(entries, directory))
            for plan in await self.plan(entries, directory):
                is_whole = await self._apply(plan) and is_whole
                log.info("%s: applied\n%s", path, "\n".join(plan.lines(names)))
            await self._store.save(NAMES, json.dumps(names.found))
        except YamlError as error:
            log.error("%s, %s: nothing is changed", path, error)  # noqa: TRY400 - no bug of ours
        except OSError as error:
            log.error("%s cannot be read, nothing is changed: %s", path, error.strerror)  # noqa: TRY400
        except Exception:
            log.exception("%s could not be applied whole", path)
        return is_whole

    async def plan(self, entries: Sequence[ServerEntry], directory: Directory) -> list[SitesPlan]:
        """Nothing changes. Raises YamlError for what cannot be taken, with its line."""
        plans, seen = [], dict[int, int]()
        for entry in entries:
            guild_id = directory.find("server", 0, entry.server)
            if guild_id is not None:
                if guild_id in seen:
                    raise YamlError(entry.server.line, "this server stands in the file twice")
                seen[guild_id] = entry.server.line
                plans.append(await self._plan(guild_id, entry, directory))
            elif directory.complete:
                log.warning("line %d: Vigie is not in this server yet", entry.server.line)
        return plans

    async def _plan(self, guild_id: int, entry: ServerEntry, directory: Directory) -> SitesPlan:
        unknown, problems = list[str](), Problems()
        find = partial(finder(directory, guild_id, unknown, problems), "monitors")
        items = [_item(one, looked_up(dict(one.places), find)) for one in entry.monitors]
        outcomes = await self.servers.bulk.preview(
            guild_id, items, progress=_quietly, pages=entry.page_addresses
        )
        for one in outcomes:
            if one.error is not None:
                raise YamlError(one.item.number, str(one.error))
        to_be = {one.monitor.name.casefold() for one in outcomes if one.monitor is not None}
        server = await self.servers.plan(guild_id, entry, directory, problems, by=FILE, to_be=to_be)
        self._check_parents(guild_id, entry, {*to_be, *entry.page_addresses})
        server.unknown.extend(unknown)
        mine = self._monitors.of_guild(guild_id)
        kept = {one.monitor.id for one in outcomes if one.monitor is not None}
        name = f"{guild_id} ({entry.server.name})" if entry.server.name else str(guild_id)
        released = [one for one in mine if one.from_file and one.id not in kept]
        return SitesPlan(name, server, items, outcomes, released, self._monitors)

    def _check_parents(self, guild_id: int, entry: ServerEntry, known: Collection[str]) -> None:
        """Whatever a monitor depends on is there, or will be."""
        mine, new = self._monitors.index(guild_id), Monitor(0, guild_id, "", Target(""), 60)
        for one in entry.monitors:
            name = str(one.item.typed.get("depends_on") or "")
            if name and name.casefold() not in known and name.rstrip("/") not in known:
                try:
                    mine.parent(new, name)
                except UserError as error:
                    raise YamlError(one.item.number, str(error)) from error

    async def _apply(self, plan: SitesPlan) -> bool:
        problems, guild_id = Problems(lenient=True), plan.server.guild_id
        await self.servers.apply(plan.server, problems, FILE)
        done = await self.servers.bulk.take(guild_id, plan.items, by=FILE, progress=_quietly)
        for one in done:
            if one.error is not None:
                log.warning("line %d: not taken: %s", one.item.number, one.error)
        ids = {one.monitor.id for one in done if one.monitor is not None}
        await self._monitors.set_from_file(guild_id, ids)
        await self.servers.apply_rest(plan.server, problems, FILE)
        for key, error in problems.found:
            log.warning("%s: not taken: %s", key, error)
        return not problems.found


def _found(entries: Sequence[ServerEntry], directory: Directory) -> dict[str, int]:
    """For ``vigie plan``, which cannot ask Discord."""
    found: dict[str, int] = {}
    for entry in entries:
        guild_id = directory.find("server", 0, entry.server)
        named = [(0, entry.server), *((guild_id or 0, one) for one in references(entry))]
        for where, wanted in named:
            number = directory.find(wanted.kind, where, wanted)
            if wanted.id is None and number is not None:
                found[_key(wanted.kind, where, wanted)] = number
    return found


def _item(one: MonitorEntry, places: Mapping[str, Any]) -> Item:
    """A place that is named but not known yet stays as it is."""
    typed = {key: value for key, value in one.item.typed.items() if key not in places}
    known = {key: value for key, value in places.items() if value is not None}
    return replace(one.item, typed={**typed, **known})


async def _quietly(_done: int, _of: int) -> None:
    """Nobody watches the progress; others have their turn."""
    await asyncio.sleep(0)
