"""What a file says of a server against what there is: compared, taken over, written.

The operator's file of sites and ``/watch import`` go this way in, ``/watch export`` the way out.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias

from bot.errors import NotFound, UserError
from bot.models import GuildSettings, ReportSchedule, Window
from bot.services.audit_log import FILE, Actor, AuditEntry, AuditEvent
from bot.services.boards.boards import Boards
from bot.services.bulk import BulkImport
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.followed_pages import FollowedPages
from bot.services.guilds import Guilds, owned
from bot.services.maintenance import MAX_WINDOWS, Maintenance, NewWindow
from bot.services.monitors import Monitors
from bot.services.reports import Reports
from bot.services.silences import Silences
from bot.services.transfer.files import export
from bot.services.transfer.server_entries import (
    BoardEntry,
    PageEntry,
    Problems,
    ReportEntry,
    ServerEntry,
    WindowEntry,
    window_keys,
)
from bot.services.transfer.settings import SETTINGS, Reference, id_text, looked_up, without_nothing
from bot.words.translator import N_

Find: TypeAlias = Callable[[str, Reference], int | None]  # by the key it stands under

_NOT_THERE = {
    "channel": N_("There is no channel “{name}” on this server."),
    "role": N_("There is no role “{name}” on this server."),
}
_TOO_MANY_WINDOWS = N_("At most {n} maintenance windows are possible.")
_SAME_CHANNELS = N_("The second channel must differ from the first.")


class Directory(Protocol):
    """Looks up what a file names. ``complete``: what it does not know does not exist."""

    complete: bool

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        """The id of a ``server``, or of a ``channel`` or ``role`` of one."""
        ...


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What a server would become, but for its monitors.

    ``settings`` by the names of their fields, ``changes`` as the audit log would have them; pages,
    windows, reports and boards are all that can be taken, with their channels looked up.
    ``unknown``: what only Discord, or a page, knows.
    """

    guild_id: int
    before: GuildSettings
    settings: dict[str, Any] = field(default_factory=dict)
    changes: list[AuditEntry] = field(default_factory=list)
    pages: list[PageEntry] = field(default_factory=list)
    windows: list[WindowEntry] = field(default_factory=list)
    reports: list[tuple[ReportEntry, int | None]] = field(default_factory=list)
    boards: list[tuple[BoardEntry, int]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def owned(self) -> tuple[str, ...]:
        """What is the operator's file's own from now on."""
        return (
            *self.settings,
            *(owned("page", one.address) for one in self.pages),
            *(owned("report", one.period, one.tag) for one, _ in self.reports),
            *(owned("board", channel_id) for _, channel_id in self.boards),
        )


def finder(directory: Directory, guild_id: int, unknown: list[str], problems: Problems) -> Find:
    """Looks up what a file names in a server; what is not there goes to ``problems``."""

    def find(key: str, wanted: Reference) -> int | None:
        number = directory.find(wanted.kind, guild_id, wanted)
        if number is None and not directory.complete:
            unknown.append(f"{wanted.kind} “{wanted.name}”")
        elif number is None:
            with problems.passed_over(key, wanted.line):
                raise NotFound(_NOT_THERE[wanted.kind], name=wanted.name or wanted.id)
        return number

    return find


class Servers:
    """``by`` is the person, or FILE. What cannot be taken goes to ``problems``."""

    def __init__(
        self,
        *,
        guilds: Guilds,
        monitors: Monitors,
        silences: Silences,
        maintenance: Maintenance,
        followed: FollowedPages,
        reports: Reports,
        boards: Boards,
        delivery: Dispatcher,
    ) -> None:
        self._guilds = guilds
        self._monitors = monitors
        self._maintenance = maintenance
        self._followed = followed
        self._reports = reports
        self._boards = boards
        self._delivery = delivery
        self.bulk = BulkImport(monitors, silences)

    async def export(self, guild_id: int) -> bytes:
        """All that a server has chosen as one file, without secrets."""
        monitors, pages = self._monitors.of_guild(guild_id), self._followed.of_guild(guild_id)
        settings = self._guilds.settings(guild_id)
        beside = {key: one.exported(settings) for key, one in SETTINGS.items()}
        beside["maintenance"] = [
            window_keys(one.window, one.monitor) for one in self._maintenance.of_guild(guild_id)
        ]
        beside["reports"] = [
            {"period": one.period, "channel": id_text(one.channel_id), "tag": one.tag}
            for one in await self._reports.of_guild(guild_id)
        ]
        beside["follow"] = [{"page": one.url, "components": list(one.components)} for one in pages]
        beside["boards"] = [
            {
                "channel": id_text(one.channel_id),
                "tag": one.tag,
                "title": one.title,
                "groups": bool(one.grouped) or None,
            }
            for one in self._boards.of_guild(guild_id)
        ]
        beside = {key: _tidy(one) for key, one in beside.items()}
        return export(monitors, pages, without_nothing(beside))

    async def plan(
        self,
        guild_id: int,
        entry: ServerEntry,
        directory: Directory,
        problems: Problems,
        *,
        by: int,
        to_be: Collection[str],
    ) -> ServerPlan:
        """Nothing changes. ``to_be``: names of monitors that the file brings, without case."""
        plan = ServerPlan(guild_id, self._guilds.settings(guild_id))
        find = finder(directory, guild_id, plan.unknown, problems)
        self._plan_settings(plan, entry, find, problems, by)
        before, after = plan.before, replace(plan.before, **plan.settings)
        plan.changes.extend(Actor(guild_id, by, 0).chose(before, after))
        self._plan_pages(plan, entry, problems, by)
        self._plan_windows(plan, entry, problems, by, to_be)
        await self._plan_reports(plan, entry, find, by)
        self._plan_boards(plan, entry, find, by)
        return plan

    async def apply(self, plan: ServerPlan, problems: Problems, by: int) -> None:
        """Settings and followed pages: before the monitors, which may depend on them."""
        guild_id, chosen = plan.guild_id, dict(plan.settings)
        is_moved = chosen.get("channel_id") not in {None, plan.before.channel_id}
        await self._guilds.ensure(guild_id)
        if by == FILE:
            chosen["file_keys"] = plan.owned
        elif is_moved:
            chosen["set_by"] = by
        await self._guilds.take(guild_id, chosen, by)
        if is_moved:
            await self._delivery.channel_chosen(guild_id, chosen["channel_id"])

        async def follow(one: PageEntry) -> None:
            with problems.passed_over("follow", one.line):
                if not self._is_followed(guild_id, one):
                    components = ",".join(one.components)
                    await self._followed.follow(guild_id, one.address, components, by)

        await asyncio.gather(*map(follow, plan.pages))

    async def apply_rest(self, plan: ServerPlan, problems: Problems, by: int) -> None:
        """Windows, reports and boards, when the monitors are there."""
        guild_id = plan.guild_id
        windows = []
        for one in plan.windows:
            with problems.passed_over("maintenance", one.line):
                windows.append(self._of_monitor(guild_id, one))
        with problems.passed_over("maintenance"):
            await self._maintenance.take(guild_id, windows, by)
        there = await self._reports.of_guild(guild_id)
        for report, channel_id in plan.reports:
            with problems.passed_over("reports", report.line):
                if not _is_scheduled(there, report, channel_id):
                    await self._reports.schedule(
                        guild_id, report.period, channel_id, report.tag, by
                    )
        for board, channel_id in plan.boards:
            with problems.passed_over("boards", board.line):
                if not self._is_shown(guild_id, board, channel_id):
                    title, grouped = board.title, board.groups
                    await self._boards.create(
                        guild_id, channel_id, by, board.tag, title=title, grouped=grouped
                    )

    def _plan_settings(
        self, plan: ServerPlan, entry: ServerEntry, find: Find, problems: Problems, by: int
    ) -> None:
        for key, value in entry.settings.items():
            with problems.passed_over(key, entry.line_of[key]):
                found = looked_up(value, partial(find, key))
                if key == "fallback" and found and found == plan.settings.get("channel_id"):
                    raise UserError(_SAME_CHANNELS)
                fields = {} if found is None else SETTINGS[key].fields(found)
                self._check_owner(plan.before, fields, by)
                plan.settings.update(fields)

    def _check_owner(self, before: GuildSettings, fields: Mapping[str, Any], by: int) -> None:
        """Raises UserError for a change of what the operator's file gives."""
        for name, value in fields.items():
            if value != getattr(before, name):
                self._guilds.check_owner(before.id, name, by)

    def _plan_pages(
        self, plan: ServerPlan, entry: ServerEntry, problems: Problems, by: int
    ) -> None:
        known = {one.url: one for one in self._followed.of_guild(plan.guild_id)}
        for one in entry.pages:
            with problems.passed_over("follow", one.line):
                address = self._followed.address(one.address)
                plan.pages.append(replace(one, address=address))
                there = known.get(address)
                if there is None:
                    plan.changes.append(_did(plan, by, AuditEvent.PAGE_FOLLOWED, address))
                elif not set(one.components) <= set(there.components):
                    plan.unknown.append(f"components of {address}")

    def _plan_windows(
        self,
        plan: ServerPlan,
        entry: ServerEntry,
        problems: Problems,
        by: int,
        to_be: Collection[str],
    ) -> None:
        guild_id, here = plan.guild_id, list[NewWindow]()
        for number, one in enumerate(entry.windows):
            with problems.passed_over("maintenance", one.line):
                if number >= MAX_WINDOWS:
                    raise UserError(_TOO_MANY_WINDOWS, n=MAX_WINDOWS)
                self._maintenance.check(guild_id, one.window)
                if self._is_to_be(guild_id, one.monitor, to_be):
                    made = self._maintenance.made(guild_id, one.window, by)
                    said = self._about(plan, made, AuditEvent.MAINTENANCE_PLANNED, by)
                    plan.changes.append(replace(said, name=one.monitor))
                else:
                    here.append(self._of_monitor(guild_id, one))
                plan.windows.append(one)
        new, gone = self._maintenance.compared(guild_id, here, by)
        planned, cancelled = AuditEvent.MAINTENANCE_PLANNED, AuditEvent.MAINTENANCE_CANCELLED
        for what, windows in ((planned, new), (cancelled, gone)):
            plan.changes.extend(self._about(plan, one, what, by) for one in windows)

    def _about(self, plan: ServerPlan, window: Window, what: AuditEvent, by: int) -> AuditEntry:
        guild_id, monitor_id = plan.guild_id, window.monitor_id
        name = None if monitor_id is None else self._monitors.name_of(guild_id, monitor_id)
        return replace(_did(plan, by, what), window=window, name=name)

    async def _plan_reports(
        self, plan: ServerPlan, entry: ServerEntry, find: Find, by: int
    ) -> None:
        there = await self._reports.of_guild(plan.guild_id)
        for one in entry.reports:
            channel_id = None if one.channel is None else find("reports", one.channel)
            if one.channel is not None and channel_id is None:
                continue
            plan.reports.append((one, channel_id))
            if not _is_scheduled(there, one, channel_id):
                said = f"{one.period} #{one.tag}" if one.tag else one.period.value
                plan.changes.append(_did(plan, by, AuditEvent.REPORT_SCHEDULED, said))

    def _plan_boards(self, plan: ServerPlan, entry: ServerEntry, find: Find, by: int) -> None:
        for one in entry.boards:
            channel_id = find("boards", one.channel)
            if channel_id is not None:
                plan.boards.append((one, channel_id))
                if not self._is_shown(plan.guild_id, one, channel_id):
                    plan.changes.append(_did(plan, by, AuditEvent.BOARD_CREATED, channel_id))

    def _is_followed(self, guild_id: int, wanted: PageEntry) -> bool:
        """Names of components may mean others today: the page is asked."""
        pages = self._followed.of_guild(guild_id)
        mine = next((one for one in pages if one.url == wanted.address), None)
        return mine is not None and set(wanted.components) == set(mine.components)

    def _is_shown(self, guild_id: int, wanted: BoardEntry, channel_id: int) -> bool:
        board = self._boards.find(guild_id, channel_id)
        return board is not None and board.looks(wanted.tag, wanted.title, wanted.groups)

    def _is_to_be(self, guild_id: int, name: str | None, to_be: Collection[str]) -> bool:
        """Whether the file brings this monitor, and it is not here yet."""
        is_here = name is not None and self._monitors.index(guild_id).named(name) is not None
        return name is not None and not is_here and name.casefold() in to_be

    def _of_monitor(self, guild_id: int, one: WindowEntry) -> NewWindow:
        """Raises NotFound."""
        if one.monitor is None:
            return one.window
        return replace(one.window, monitor_id=self._monitors.find(guild_id, one.monitor).id)


def _tidy(value: Any) -> Any:
    """Each part of a list without the keys that say nothing."""
    return [without_nothing(one) for one in value] if isinstance(value, list) else value


def _is_scheduled(
    there: Iterable[ReportSchedule], wanted: ReportEntry, channel_id: int | None
) -> bool:
    mine = (wanted.period, wanted.tag, channel_id)
    return any((one.period, one.tag, one.channel_id) == mine for one in there)


def _did(plan: ServerPlan, by: int, what: AuditEvent, after: object = None) -> AuditEntry:
    return Actor(plan.guild_id, by, 0).did(what, None, after)
