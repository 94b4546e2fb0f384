"""Takes many monitors at once, a slice at a time, and says of each row what became of it.

A row about a monitor that is here already changes what differs; an unnamed row is about the monitor
of its address. Cost is linear in the number of rows: what a server watches is indexed once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum

from bot.config import Config
from bot.errors import UserError
from bot.models import Monitor
from bot.services.audit_log import AuditEvent, differing
from bot.services.monitors import Monitors
from bot.services.silences import Silences
from bot.services.transfer.columns import Remark
from bot.services.transfer.reader import Item
from bot.services.wishes import MAX_INTERVAL_S, NAME_LIMIT, Change, NameTaken, NewMonitor
from bot.words.escaping import plain
from bot.words.translator import N_

# Small enough that nobody else waits for the store, large enough for 500 in a second or two.
SLICE = 50
_FASTER = N_("checked every {n} s: faster is not allowed here")
_SLOWER = N_("checked every {n} s: slower is not possible here")
_TAKEN = N_("“{name}” is already watched here.")
_ELSEWHERE = N_("“{name}” is already watched here, at another address.")
_TWIN = N_("the same address is already watched as “{name}”")
_HEADER_VALUE = N_("the value of the header {name} is not in the file")

# The settings of a change by the names of a file.
_FIELDS = {"every": "every_s", "channel": "channel_id", "role": "role_id"}

Progress = Callable[[int, int], Awaitable[None]]


class Fate(Enum):
    """What became of a row, or would become of it."""

    REFUSED = "refused"
    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row, and the monitor it became, or why it did not.

    ``changed``: what differs from the monitor there was. In a preview nothing has happened yet.
    """

    item: Item
    monitor: Monitor | None
    error: UserError | None = None
    before: Monitor | None = None
    change: Change | None = None

    @property
    def fate(self) -> Fate:
        if self.monitor is None:
            return Fate.REFUSED
        if self.before is None:
            return Fate.ADDED
        return Fate.CHANGED if self.changed else Fate.SAME

    @property
    def changed(self) -> list[AuditEvent]:
        if self.before is None or self.monitor is None:
            return []
        paused = AuditEvent.PAUSED if self.monitor.paused else AuditEvent.RESUMED
        repaused = [paused] if self.monitor.paused != self.before.paused else []
        return differing(self.before, self.monitor) + repaused


class Intake:
    """Goes on past every row that cannot be taken."""

    def __init__(self, config: Config, monitors: Monitors, silences: Silences) -> None:
        self._config = config
        self._monitors = monitors
        self._silences = silences

    async def take(
        self, guild_id: int, items: Sequence[Item], *, by: int, progress: Progress
    ) -> list[Outcome]:
        """Watch what can be watched, from now on; ``progress`` hears how many rows are done."""
        plan, outcomes = _Plan(self._config, self._monitors, guild_id), list[Outcome]()
        for some in _slices(items):
            outcomes += await self._slice(plan, [plan.of(item) for item in some], by)
            await progress(len(outcomes), len(items))
        return outcomes

    async def preview(
        self, guild_id: int, items: Sequence[Item], *, progress: Progress
    ) -> list[Outcome]:
        """What :meth:`take` would do; nothing is added or changed."""
        plan, outcomes = _Plan(self._config, self._monitors, guild_id), list[Outcome]()
        for some in _slices(items):
            outcomes += [plan.of(item) for item in some]
            await asyncio.sleep(0)
            await progress(len(outcomes), len(items))
        return outcomes

    async def _slice(self, plan: "_Plan", planned: Sequence[Outcome], by: int) -> list[Outcome]:
        new = [one.monitor for one in planned if one.monitor is not None and one.before is None]
        try:
            kept = iter(
                new and await self._monitors.keep(plan.guild_id, new, by, AuditEvent.IMPORTED)
            )
        except UserError:  # somebody else was quicker: which row it hits shows one by one
            return [await self._alone(plan, one, by) for one in planned]
        done = []
        for one in planned:
            if one.fate is Fate.ADDED:
                done.append(replace(one, monitor=next(kept)))
            else:
                done.append(await self._apply(one, by))
        return done

    async def _alone(self, plan: "_Plan", planned: Outcome, by: int) -> Outcome:
        if planned.monitor is None or planned.before is not None:
            return await self._apply(planned, by)
        try:
            (kept,) = await self._monitors.keep(
                plan.guild_id, [planned.monitor], by, AuditEvent.IMPORTED
            )
        except UserError as error:
            return replace(planned, monitor=None, error=_in_a_file(error))
        return replace(planned, monitor=kept)

    async def _apply(self, planned: Outcome, by: int) -> Outcome:
        """Change what differs; a row that is refused or the same is left as it is."""
        if planned.fate is not Fate.CHANGED or planned.monitor is None or planned.change is None:
            return planned
        wanted, guild_id = planned.monitor, planned.monitor.guild_id
        try:
            edited = await self._monitors.change(guild_id, wanted.id, planned.change, by)
            monitor = edited.after
            if wanted.paused and not monitor.paused:
                monitor = await self._silences.pause(guild_id, wanted.id, by=by, for_s=None)
            elif monitor.paused and not wanted.paused:
                monitor, _ = await self._silences.resume(guild_id, wanted.id, by)
        except UserError as error:
            return replace(planned, monitor=None, error=_in_a_file(error))
        return replace(planned, monitor=monitor)


class _Plan:
    """Decides row by row, knowing what the rows before have taken."""

    def __init__(self, config: Config, monitors: Monitors, guild_id: int) -> None:
        self.guild_id = guild_id
        self._config = config
        self._monitors = monitors
        self._mine = monitors.neighbours(guild_id)
        self._by_id = {one.id: one for one in monitors.of_guild(guild_id)}
        self._spoken_of: set[int] = set()  # ids of monitors that earlier rows are about

    def of(self, item: Item) -> Outcome:
        if item.wanted is None:
            return Outcome(item, None, item.error)
        wanted, remarks = self._allowed(item.wanted)
        item = replace(item, wanted=wanted, remarks=(*item.remarks, *remarks))
        try:
            there = self._there(item, wanted)
            return self._new(item, wanted) if there is None else self._known(item, wanted, there)
        except UserError as error:
            return Outcome(item, None, _in_a_file(error))

    def _there(self, item: Item, wanted: NewMonitor) -> Monitor | None:
        """The monitor the row is about, if there is one. Raises UserError."""
        url = self._monitors.address(wanted.url)
        name = plain(wanted.name or "", NAME_LIMIT)
        found = self._mine.named(name) if name else self._mine.at(url)
        exported = self._by_id.get(item.id or 0)
        if found is None and exported is not None and exported.target.url == url:
            found = exported  # renamed in the file
        if found is None:
            return None
        if found.id == 0 or found.id in self._spoken_of:
            raise UserError(_TAKEN, name=found.name)
        if not item.ours and found.target.url != url:
            raise UserError(_ELSEWHERE, name=found.name)
        return found

    def _new(self, item: Item, wanted: NewMonitor) -> Outcome:
        remarks = list[Remark]()
        if item.ours:
            wanted, remarks = _without_lost_values(wanted)
        draft = self._monitors.draft(self.guild_id, wanted, self._mine)
        twin = self._mine.at(draft.target.url)
        if twin is not None:
            remarks.append((_TWIN, {"name": twin.name}))
        self._mine.add(draft)
        paused_ms = draft.created_ms if item.paused else None
        item = replace(item, remarks=(*item.remarks, *remarks))
        return Outcome(item, replace(draft, paused_ms=paused_ms))

    def _known(self, item: Item, wanted: NewMonitor, there: Monitor) -> Outcome:
        change = _change(wanted, item.given)
        after = self._monitors.changed(there, change, self._mine)
        self._spoken_of.add(there.id)
        if after.name != there.name or after.target.url != there.target.url:
            self._mine.replace(there, after)
        if item.given is None or "paused" in item.given:
            paused_ms = there.paused_ms or after.created_ms
            after = replace(after, paused_ms=paused_ms if item.paused else None)
        return Outcome(item, after, before=there, change=change)

    def _allowed(self, wanted: NewMonitor) -> tuple[NewMonitor, list[Remark]]:
        low_s = self._config.min_interval_s
        if wanted.every_s < low_s:
            return replace(wanted, every_s=low_s), [(_FASTER, {"n": low_s})]
        if wanted.every_s > MAX_INTERVAL_S:
            return replace(wanted, every_s=MAX_INTERVAL_S), [(_SLOWER, {"n": MAX_INTERVAL_S})]
        return wanted, []


def _change(wanted: NewMonitor, given: frozenset[str] | None) -> Change:
    """What a row says of a monitor that is here; what it does not speak of stays."""
    named = None if given is None else {_FIELDS.get(name, name) for name in given}
    found: dict[str, object] = {}
    for one in fields(Change):
        value = getattr(wanted, one.name)
        if named is not None and (value is None or one.name not in named):
            continue
        empty = 0 if one.name in {"channel_id", "role_id", "slow_ms"} else ""
        found[one.name] = empty if value is None else value
    if not found.get("name"):
        found.pop("name", None)
    return Change(**found)  # type: ignore[arg-type]  # each of the field's own type


def _without_lost_values(wanted: NewMonitor) -> tuple[NewMonitor, list[Remark]]:
    """An export has the names of headers alone: without its value none is sent."""
    pairs = [line.partition(":") for line in (wanted.headers or "").split("\n") if line]
    remarks: list[Remark] = [(_HEADER_VALUE, {"name": n}) for n, _, v in pairs if not v.strip()]
    kept = "\n".join(f"{name}:{value}" for name, _, value in pairs if value.strip())
    return replace(wanted, headers=kept or None), remarks


def _in_a_file(error: UserError) -> UserError:
    """A file has no options to choose another name with."""
    if isinstance(error, NameTaken):
        return UserError(_TAKEN, **error.values)
    return error


def _slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))
