"""Takes many monitors at once, a slice at a time, and says of each line what became of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.config import Config
from bot.errors import UserError
from bot.models import Monitor
from bot.services.changes import What
from bot.services.imports import Item, Remark
from bot.services.monitors import Monitors
from bot.services.wishes import NewMonitor
from bot.words.catalogue import N_

# Small enough that nobody else waits for the store, large enough for 500 in a second or two.
SLICE = 25
_FASTER = N_("checked every {n} s: faster is not allowed here")

Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line, and the monitor it became, or why it did not."""

    item: Item
    monitor: Monitor | None
    error: UserError | None = None


class Intake:
    """Goes on past every line that cannot be taken."""

    def __init__(self, config: Config, monitors: Monitors) -> None:
        self._config = config
        self._monitors = monitors

    async def take(
        self, guild_id: int, items: Sequence[Item], *, by: int, progress: Progress
    ) -> list[Outcome]:
        """Watch what can be watched, from now on; ``progress`` hears how many lines are done."""
        outcomes: list[Outcome] = []
        for some in _slices(items):
            outcomes += await self._slice(guild_id, some, by)
            await progress(len(outcomes), len(items))
        return outcomes

    async def _slice(self, guild_id: int, items: Sequence[Item], by: int) -> list[Outcome]:
        mine, drafted = self._monitors.of_guild(guild_id), []
        for item in items:
            outcome = self._drafted(guild_id, item, mine)
            drafted.append(outcome)
            if outcome.monitor is not None:
                mine.append(outcome.monitor)
        drafts = [one.monitor for one in drafted if one.monitor is not None]
        try:
            kept = iter(await self._monitors.keep(guild_id, drafts, by, What.IMPORTED))
        except UserError as error:
            return [replace(one, monitor=None, error=one.error or error) for one in drafted]
        return [one if one.monitor is None else replace(one, monitor=next(kept)) for one in drafted]

    def _drafted(self, guild_id: int, item: Item, mine: Sequence[Monitor]) -> Outcome:
        if item.wanted is None:
            return Outcome(item, None, item.error)
        wanted, remarks = self._allowed(item.wanted)
        item = replace(item, remarks=(*item.remarks, *remarks))
        try:
            draft = self._monitors.draft(guild_id, wanted, mine)
        except UserError as error:
            return Outcome(item, None, error)
        paused_ms = draft.created_ms if item.paused else None
        return Outcome(item, replace(draft, paused_ms=paused_ms))

    def _allowed(self, wanted: NewMonitor) -> tuple[NewMonitor, list[Remark]]:
        low_s = self._config.min_interval_s
        if wanted.every_s >= low_s:
            return wanted, []
        return replace(wanted, every_s=low_s), [(_FASTER, {"n": low_s})]


def _slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))
