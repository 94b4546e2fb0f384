"""Compares the file of sites with what there is, and makes it so: all of it, or nothing."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bot.errors import UserError
from bot.models import GuildSettings, Monitor, TagAlerts, Target
from bot.services.audit_log import FILE
from bot.services.bulk import BulkImport, Outcome, RowState
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.guilds import Guilds, KeyValueStore
from bot.services.maintenance import MAX_WINDOWS, Maintenance, NewWindow
from bot.services.monitor_options import differing
from bot.services.monitors import Monitors
from bot.services.silences import Silences
from bot.services.transfer.files import Item
from bot.services.transfer.sites_file import MonitorEntry, Reference, ServerEntry, read_sites
from bot.services.transfer.yaml_lists import YamlError

log = logging.getLogger(__name__)

NAMES = "sites_names"  # the setting with the ids that names of the file were found to have
_KINDS = {"channel": "channel", "fallback": "channel", "role": "role"}
_FIELDS = {"channel": "channel_id", "role": "role_id", "fallback": "fallback_channel_id"}


class Directory(Protocol):
    """Looks up what the file names. ``complete``: what it does not know does not exist."""

    complete: bool

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        """The id of a ``server``, or of a ``channel`` or ``role`` of one."""
        ...


class RememberedNames:
    """What was found the last time, where Discord cannot be asked."""

    complete = False

    def __init__(self, found: Mapping[str, int] | None = None) -> None:
        self.found = dict(found or {})

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        return wanted.id or self.found.get(_key(kind, guild_id, wanted))


def _key(kind: str, guild_id: int, wanted: Reference) -> str:
    return f"{kind}:{guild_id}:{wanted.name.casefold()}"


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What one server would become. ``unknown``: names that can only be looked up on Discord.

    ``settings`` by the names of their fields; ``released``: monitors that the file once had, which
    stay and can be edited in Discord again.
    """

    guild_id: int
    name: str
    before: GuildSettings
    settings: dict[str, Any]
    outcomes: list[Outcome]
    windows: list[tuple[NewWindow, str | None]]
    released: list[Monitor]
    unknown: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"server {self.name}"
        for name, value in self.settings.items():
            old = getattr(self.before, name)
            if old != value:
                yield f"  ~ {name}: {_shown(old)} → {_shown(value)}"
        same = 0
        for one in self.outcomes:
            same += one.state is RowState.SAME
            yield from _outcome_lines(one)
        for monitor in self.released:
            yield f"  - {monitor.name}: no longer in the file; it stays, and Discord can edit it"
        for name in self.unknown:
            yield f"  ? {name}: looked up when the bot is online"
        yield f"  = {same} unchanged, {len(self.windows)} maintenance windows"


def _outcome_lines(one: Outcome) -> Iterator[str]:
    if one.monitor is None or one.state is RowState.SAME:
        return
    if one.before is None:
        yield f"  + {one.monitor.name}: {one.monitor.target.url}"
    else:
        before, after = one.before, one.monitor
        for option in differing(before, after):
            old, new = option.logged(option.of(before)), option.logged(option.of(after))
            yield f"  ~ {after.name}: {option.name} {_shown(old)} → {_shown(new)}"
        if before.paused != after.paused:
            yield f"  ~ {after.name}: {'paused' if after.paused else 'resumed'}"
    for sentence, values in one.item.remarks:
        yield f"    ! {sentence.format(**values)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(f"#{one.tag}" for one in value)
    return "none" if value in {None, ""} else str(value)


class SitesFile:
    """Reads ``path`` at the start, as soon as Discord's names are known, and when it is asked to.

    A file that cannot be taken changes nothing.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        monitors: Monitors,
        silences: Silences,
        guilds: Guilds,
        maintenance: Maintenance,
        delivery: Dispatcher,
        store: KeyValueStore,
    ) -> None:
        self._path, self._monitors = path, monitors
        self._bulk = BulkImport(monitors, silences)
        self._guilds, self._maintenance, self._delivery = guilds, maintenance, delivery
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
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._path is not None:
                await self._apply_file(self._path, self._directory)

    async def _apply_file(self, path: Path, directory: Directory | None) -> None:
        try:
            text = await asyncio.to_thread(path.read_text, encoding="utf-8-sig")
            entries = await asyncio.to_thread(read_sites, text)
            if directory is None:
                log.info("%s: read, to be applied as soon as Discord is reached", path)
                return
            for plan in await self.plan(entries, directory):
                await self._apply(plan)
                log.info("%s: applied\n%s", path, "\n".join(plan.lines()))
            await self._remember(entries, directory)
        except YamlError as error:
            log.error("%s, %s: nothing is changed", path, error)  # noqa: TRY400 - no bug of ours
        except (OSError, UnicodeDecodeError) as error:
            log.error("%s cannot be read, nothing is changed: %s", path, error)  # noqa: TRY400
        except Exception:
            log.exception("%s could not be applied whole", path)

    async def plan(self, entries: Sequence[ServerEntry], directory: Directory) -> list[ServerPlan]:
        """Nothing changes. Raises YamlError for what cannot be taken, with its line."""
        plans = []
        for entry in entries:
            guild_id = directory.find("server", 0, entry.server)
            if guild_id is not None:
                plans.append(await self._plan(guild_id, entry, directory))
            elif directory.complete:
                log.warning("line %d: Vigie is not in this server yet", entry.server.line)
        return plans

    async def _plan(self, guild_id: int, entry: ServerEntry, directory: Directory) -> ServerPlan:
        unknown: list[str] = []

        def found(kind: str, wanted: Reference) -> int | None:
            number = directory.find(kind, guild_id, wanted)
            if number is None and directory.complete:
                what = wanted.name or wanted.id
                raise YamlError(wanted.line, f"there is no {kind} “{what}” in this server")
            if number is None:
                unknown.append(f"{kind} “{wanted.name}”")
            return number

        def places(named: Mapping[str, Reference]) -> dict[str, int]:
            pairs = ((key, found(_KINDS[key], one)) for key, one in named.items())
            return {key: number for key, number in pairs if number is not None}

        settings = self._settings(entry, places)
        items = [_item(one, places(one.places)) for one in entry.monitors]
        outcomes = await self._bulk.preview(guild_id, items, progress=_quietly)
        for one in outcomes:
            if one.error is not None:
                raise YamlError(one.item.number, str(one.error))
        mine = self._monitors.of_guild(guild_id)
        kept = {one.monitor.id for one in outcomes if one.monitor is not None}
        self._check_names(guild_id, entry, outcomes)
        name = f"{guild_id} ({entry.server.name})" if entry.server.name else str(guild_id)
        return ServerPlan(
            guild_id,
            name,
            self._guilds.settings(guild_id),
            settings,
            outcomes,
            [(one.window, one.monitor) for one in entry.windows],
            [one for one in mine if one.from_file and one.id not in kept],
            unknown,
        )

    def _settings(self, entry: ServerEntry, places: Any) -> dict[str, Any]:
        chosen: dict[str, Any] = {_FIELDS[k]: one for k, one in places(entry.places).items()}
        second = chosen.get("fallback_channel_id")
        if second is not None and second == chosen.get("channel_id"):
            line = entry.places["fallback"].line
            raise YamlError(line, "the second channel must differ from the first")
        given = {
            "reminder_h": entry.reminder_h,
            "language": entry.language,
            "timezone": entry.timezone,
        }
        chosen |= {name: value for name, value in given.items() if value is not None}
        if entry.tags:
            found = {tag: places(named) for tag, named in sorted(entry.tags.items())}
            chosen["tag_alerts"] = tuple(
                TagAlerts(tag, one.get("channel"), one.get("role")) for tag, one in found.items()
            )
        return chosen

    def _check_names(self, guild_id: int, entry: ServerEntry, outcomes: Sequence[Outcome]) -> None:
        """Whatever a window or a monitor refers to is there, or will be."""
        names = {one.monitor.name.casefold() for one in outcomes if one.monitor is not None}
        mine, new = self._monitors.index(guild_id), Monitor(0, guild_id, "", Target(""), 60)
        for one in entry.monitors:
            name = one.item.typed.get("depends_on")
            if name is not None and str(name).casefold() not in names:
                _on_line(one.item.number, mine.parent, new, name)
        for window in entry.windows:
            name = window.monitor
            if name is not None and name.casefold() not in names:
                _on_line(window.line, self._monitors.find, guild_id, name)
        if len(entry.windows) > MAX_WINDOWS:
            line = entry.windows[MAX_WINDOWS].line
            raise YamlError(line, f"at most {MAX_WINDOWS} maintenance windows are possible")
        for window in entry.windows:
            _on_line(window.line, self._maintenance.check_from_file, guild_id, window.window)

    async def _apply(self, plan: ServerPlan) -> None:
        guild_id = plan.guild_id
        await self._guilds.ensure(guild_id)
        await self._guilds.take_from_file(guild_id, plan.settings)
        if plan.settings.get("channel_id") not in {None, plan.before.channel_id}:
            await self._delivery.channel_chosen(guild_id, plan.settings["channel_id"])
        items = [one.item for one in plan.outcomes]
        done = await self._bulk.take(guild_id, items, by=FILE, progress=_quietly)
        for one in done:
            if one.error is not None:
                log.warning("line %d: not taken: %s", one.item.number, one.error)
        ids = {one.monitor.id for one in done if one.monitor is not None}
        await self._monitors.set_from_file(guild_id, ids)
        windows = [
            window
            if name is None
            else replace(window, monitor_id=self._monitors.find(guild_id, name).id)
            for window, name in plan.windows
        ]
        await self._maintenance.take_from_file(guild_id, windows)

    async def _remember(self, entries: Sequence[ServerEntry], directory: Directory) -> None:
        """For ``vigie plan``, which cannot ask Discord."""
        found: dict[str, int] = {}
        for entry in entries:
            guild_id = directory.find("server", 0, entry.server)
            named = [("server", 0, entry.server)]
            groups = [entry.places, *entry.tags.values(), *(one.places for one in entry.monitors)]
            for group in groups:
                named += [(_KINDS[key], guild_id or 0, one) for key, one in group.items()]
            for kind, where, one in named:
                number = directory.find(kind, where, one)
                if one.id is None and number is not None:
                    found[_key(kind, where, one)] = number
        await self._store.save(NAMES, json.dumps(found))


def _on_line(line: int, work: Callable[..., object], *args: object) -> None:
    """What is refused is refused with its line."""
    try:
        work(*args)
    except UserError as error:
        raise YamlError(line, str(error)) from error


def _item(one: MonitorEntry, places: Mapping[str, int]) -> Item:
    """A place that is named but not known yet stays as it is; one that is not named is none."""
    unnamed = dict.fromkeys({"channel", "role"} - one.places.keys())
    return replace(one.item, typed={**one.item.typed, **unnamed, **places})


async def _quietly(_done: int, _of: int) -> None:
    """Nobody watches the progress; others have their turn."""
    await asyncio.sleep(0)
