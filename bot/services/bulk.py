"""Many monitors at once: taken from a list, or changed alike. Of each it is said what became of it.

A row about a monitor that is here already changes what differs; an unnamed row is about the monitor
of its address. Cost is linear in the number of rows: what a server watches is indexed once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from bot.db.rows import slices
from bot.errors import UserError
from bot.models import Monitor
from bot.services.audit_log import AuditEvent
from bot.services.monitor_options import NAME_LIMIT, OPTIONS, Typed, differing
from bot.services.monitor_rules import NameTaken
from bot.services.monitors import Monitors, check_owner
from bot.services.option_types import NumberOption
from bot.services.silences import Silences
from bot.services.transfer.files import Item
from bot.services.typed_text import Headers
from bot.words.escaping import plain
from bot.words.translator import N_

# Small enough that nobody else waits for the store, large enough for 500 in a second or two.
SLICE = 50
_TAKEN = N_("“{name}” is already watched here.")
_ELSEWHERE = N_("“{name}” is already watched here, at another address.")
_TWIN = N_("the same address is already watched as “{name}”")
_NEW_ADDRESS = N_("its job has to call a new address: {address}")
_HEADER_VALUE = N_("the value of the header {name} is not in the file")

Progress = Callable[[int, int], Awaitable[None]]


class RowState(Enum):
    """The result of a row; in a preview, the one it would have."""

    REFUSED = "refused"
    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row, and the monitor it became, or why it did not.

    ``before``: the monitor there was. In a preview nothing has happened yet.
    """

    item: Item
    monitor: Monitor | None
    error: UserError | None = None
    before: Monitor | None = None

    @property
    def state(self) -> RowState:
        if self.monitor is None:
            return RowState.REFUSED
        if self.before is None:
            return RowState.ADDED
        return RowState.CHANGED if self.changed else RowState.SAME

    @property
    def changed(self) -> list[str]:
        if self.before is None or self.monitor is None:
            return []
        labels = [option.label for option in differing(self.before, self.monitor)]
        if _pause(self.monitor) != _pause(self.before):
            labels.append(N_("Paused") if self.monitor.paused else N_("Resumed"))
        return labels


def _pause(monitor: Monitor) -> tuple[bool, int | None]:
    return monitor.paused, monitor.resume_ms


class BulkImport:
    """Goes on past every row that cannot be taken."""

    def __init__(self, monitors: Monitors, silences: Silences) -> None:
        self._monitors, self._silences = monitors, silences

    async def take(
        self, guild_id: int, items: Sequence[Item], *, by: int, progress: Progress
    ) -> list[Outcome]:
        """Watch what can be watched, from now on; ``progress`` hears how many rows are done."""
        plan, outcomes = _Plan(self._monitors, guild_id), list[Outcome]()
        for some in slices(items, SLICE):
            outcomes += await self._slice(plan, [plan.of(item) for item in some], by)
            await progress(len(outcomes), len(items))
        names = self._monitors.index(guild_id)

        async def connect(one: Monitor, wanted: str | None) -> Monitor:
            named = None if wanted is None else names.named(wanted)
            change = {"depends_on": wanted if named is None else named.id}
            return (await self._monitors.change(guild_id, one.id, change, by)).after

        return await _connected(outcomes, connect)

    async def preview(
        self,
        guild_id: int,
        items: Sequence[Item],
        *,
        progress: Progress,
        pages: Collection[str] = (),
    ) -> list[Outcome]:
        """The outcomes :meth:`take` would have; nothing is added or changed.

        ``pages``: addresses that will be followed by then, so that a monitor may depend on them.
        """
        plan, outcomes = _Plan(self._monitors, guild_id), list[Outcome]()
        for some in slices(items, SLICE):
            outcomes += [plan.of(item) for item in some]
            await asyncio.sleep(0)
            await progress(len(outcomes), len(items))

        async def connect(one: Monitor, wanted: str | None) -> Monitor:
            return one if str(wanted).rstrip("/") in pages else plan.connected(one, wanted)

        return await _connected(outcomes, connect)

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
            if one.state is RowState.ADDED:
                done.append(await self._addressed(replace(one, monitor=next(kept))))
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
        return await self._addressed(replace(planned, monitor=kept))

    async def _addressed(self, added: Outcome) -> Outcome:
        """A push monitor's new secret address is shown here and never again."""
        if added.monitor is None or not added.monitor.is_push:
            return added
        try:
            address = await self._monitors.new_address(added.monitor)
        except UserError as error:
            return replace(added, item=added.item.remarked(error.message, **error.values))
        return replace(added, item=added.item.remarked(_NEW_ADDRESS, address=address))

    async def _apply(self, planned: Outcome, by: int) -> Outcome:
        """Change what differs; a row that is refused or the same is left as it is."""
        wanted, typed = planned.monitor, _alone(planned.item.typed)
        if planned.state is not RowState.CHANGED or wanted is None:
            return planned
        guild_id = wanted.guild_id
        try:
            edited = await self._monitors.change(guild_id, wanted.id, typed, by)
            monitor = edited.after
            if wanted.paused and _pause(wanted) != _pause(monitor):
                monitor = await self._silences.pause(
                    guild_id, wanted.id, by=by, until_ms=wanted.resume_ms
                )
            elif monitor.paused and not wanted.paused:
                monitor, _ = await self._silences.resume(guild_id, wanted.id, by)
        except UserError as error:
            return replace(planned, monitor=None, error=_in_a_file(error))
        return replace(planned, monitor=monitor)


class _Plan:
    """Decides row by row, knowing what the rows before have taken."""

    def __init__(self, monitors: Monitors, guild_id: int) -> None:
        self.guild_id, self._monitors = guild_id, monitors
        self._mine = monitors.index(guild_id)
        self._by_id = {one.id: one for one in monitors.of_guild(guild_id)}
        self._now_ms = monitors.clock.now_ms()
        self._spoken_of: set[int] = set()  # ids of monitors that earlier rows are about

    def of(self, item: Item) -> Outcome:
        if item.error is not None:
            return Outcome(item, None, item.error)
        item = self._within_bounds(item)
        try:
            there = self._there(item)
            return self._new(item) if there is None else self._known(item, there)
        except UserError as error:
            return Outcome(item, None, _in_a_file(error))

    def connected(self, monitor: Monitor, wanted: str | None) -> Monitor:
        """Raises UserError."""
        parent = None if wanted is None else self._mine.parent(monitor, wanted, in_file=True)
        after = replace(monitor, depends_on=parent)
        self._mine.replace(monitor, after)
        return after

    def _there(self, item: Item) -> Monitor | None:
        """The monitor the row is about, if there is one. Raises UserError."""
        url = self._monitors.rules.address(item.typed["url"])
        name = plain(item.typed.get("name") or "", NAME_LIMIT)
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

    def _new(self, item: Item) -> Outcome:
        if item.ours:
            item = _without_lost_values(item, ())
        draft = self._monitors.draft(self.guild_id, _alone(item.typed), self._mine)
        twin = self._mine.at(draft.target.url)
        if twin is not None:
            item = item.remarked(_TWIN, name=twin.name)
        self._mine.add(draft)
        return Outcome(item, self._paused(draft, item.paused))

    def _known(self, item: Item, there: Monitor) -> Outcome:
        if item.ours and "headers" in item.typed:
            url = self._monitors.rules.address(item.typed["url"])
            item = _without_lost_values(item, self._monitors.rules.headers_for(url, there))
        after = self._monitors.rules.changed(there, _alone(item.typed), self._mine)
        self._spoken_of.add(there.id)
        if after.name != there.name or after.target.url != there.target.url:
            self._mine.replace(there, after)
        if item.paused is not None:
            after = self._paused(after, item.paused)
        return Outcome(item, after, before=there)

    def _paused(self, monitor: Monitor, paused: bool | datetime | None) -> Monitor:
        """A pause that is over already is none."""
        end_ms = round(paused.timestamp() * 1_000) if isinstance(paused, datetime) else None
        if not paused or (end_ms is not None and end_ms <= self._now_ms):
            return replace(monitor, paused_ms=None, resume_ms=None)
        return replace(monitor, paused_ms=monitor.paused_ms or self._now_ms, resume_ms=end_ms)

    def _within_bounds(self, item: Item) -> Item:
        for option in OPTIONS.values():
            value = item.typed.get(option.name)
            if not isinstance(option, NumberOption) or value is None:
                continue
            rules, url = self._monitors.rules, item.typed.get("url", "")
            near, sentence = option.bounded(value, rules.least(option), rules.most(option, url))
            if sentence is not None:
                item = replace(item, typed={**item.typed, option.name: near})
                item = item.remarked(sentence, n=near)
        return item


async def _connected(
    outcomes: Sequence[Outcome], connect: Callable[[Monitor, str | None], Awaitable[Monitor]]
) -> list[Outcome]:
    """Each depends on what its row says, last: that may stand in a later row.

    Two that change places depend on each other in between: what is refused is tried again as long
    as others get on.
    """
    found, refused = list(outcomes), dict[int, UserError]()

    async def connect_row(number: int) -> None:
        monitor, typed = found[number].monitor, found[number].item.typed
        if monitor is None or "depends_on" not in typed:
            return
        try:
            after = await connect(monitor, typed["depends_on"])
            found[number] = replace(found[number], monitor=after)
        except UserError as error:
            refused[number] = error

    waiting = list(range(len(found)))
    while waiting:
        refused.clear()
        for number in waiting:
            await connect_row(number)
        waiting = list(refused) if len(refused) < len(waiting) else []
    for number, why in refused.items():
        item = found[number].item.remarked(why.message, **why.values)
        found[number] = replace(found[number], item=item)
    return found


def _alone(typed: Typed) -> Typed:
    """The options that do not depend on other monitors."""
    return {name: value for name, value in typed.items() if name != "depends_on"}


def _without_lost_values(item: Item, stored: Headers) -> Item:
    """An export has the names of headers alone: without a value, there or stored, none is sent."""
    known, kept = {name.lower() for name, value in stored if value}, list[tuple[str, str]]()
    for name, value in item.typed.get("headers") or ():
        if value or name.lower() in known:
            kept.append((name, value))
        else:
            item = item.remarked(_HEADER_VALUE, name=name)
    return replace(item, typed={**item.typed, "headers": tuple(kept)})


def _in_a_file(error: UserError) -> UserError:
    """A file has no options to choose another name with."""
    return UserError(_TAKEN, **error.values) if isinstance(error, NameTaken) else error


_OF_ONE = ("url", "name", "headers")


@dataclass(frozen=True, slots=True)
class Proposal:
    """``changing`` would be other than they are; ``refused``: the change cannot be theirs."""

    guild_id: int
    typed: Typed
    changing: Sequence[Monitor]
    refused: Sequence[tuple[Monitor, UserError]]


def propose(monitors: Monitors, guild_id: int, found: Iterable[Monitor], typed: Typed) -> Proposal:
    """Nothing changes yet. Raises UserError for options that only one monitor can take."""
    if not typed.keys().isdisjoint(_OF_ONE):
        raise UserError("Address, name and request headers belong to one site: choose one.")
    mine = monitors.index(guild_id)
    changing: list[Monitor] = []
    refused: list[tuple[Monitor, UserError]] = []
    for one in found:
        try:
            check_owner(one)
            if monitors.rules.changed(one, typed, mine) != one:
                changing.append(one)
        except UserError as error:
            refused.append((one, error))
    return Proposal(guild_id, typed, changing, refused)


async def take(
    monitors: Monitors, proposal: Proposal, by: int
) -> tuple[list[Monitor], list[tuple[Monitor, UserError]]]:
    """The changed monitors, and the refusals."""
    changed: list[Monitor] = []
    refused = list(proposal.refused)
    for one in proposal.changing:
        try:
            edited = await monitors.change(proposal.guild_id, one.id, proposal.typed, by)
            changed.append(edited.after)
        except UserError as error:
            refused.append((one, error))
    return changed, refused
