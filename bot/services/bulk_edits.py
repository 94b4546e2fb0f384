"""One change of many monitors: proposed, counted, and made when somebody agrees."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.errors import NotFound, UserError
from bot.models import Monitor
from bot.services.monitor_options import Typed
from bot.services.monitors import Monitors, check_owner

# Questions nobody has answered yet; the oldest are forgotten first.
_MOST_OPEN = 200
_OF_ONE = ("url", "name", "headers")


@dataclass(frozen=True, slots=True)
class Proposal:
    """``changing`` would be other than they are; ``refused``: the change cannot be theirs."""

    key: str
    guild_id: int
    typed: Typed
    changing: Sequence[Monitor]
    refused: Sequence[tuple[Monitor, UserError]]


class BulkEdits:
    """Open questions are kept in memory alone: after a restart they have to be asked again."""

    def __init__(self, monitors: Monitors) -> None:
        self._monitors = monitors
        self._open: dict[str, Proposal] = {}

    def propose(self, guild_id: int, monitors: Iterable[Monitor], typed: Typed) -> Proposal:
        """Nothing changes yet. Raises UserError for options that only one monitor can take."""
        if not typed.keys().isdisjoint(_OF_ONE):
            raise UserError("Address, name and request headers belong to one site: choose one.")
        mine = self._monitors.index(guild_id)
        changing: list[Monitor] = []
        refused: list[tuple[Monitor, UserError]] = []
        for one in monitors:
            try:
                check_owner(one)
                if self._monitors.rules.changed(one, typed, mine) != one:
                    changing.append(one)
            except UserError as error:
                refused.append((one, error))
        proposal = Proposal(secrets.token_hex(8), guild_id, typed, changing, refused)
        self._open[proposal.key] = proposal
        for key in list(islice(self._open, max(0, len(self._open) - _MOST_OPEN))):
            del self._open[key]
        return proposal

    async def take(
        self, guild_id: int, key: str, by: int
    ) -> tuple[list[Monitor], list[tuple[Monitor, UserError]]]:
        """What was changed, and what could not be. Raises NotFound for a forgotten question."""
        proposal = self._open.get(key)
        if proposal is None or proposal.guild_id != guild_id:
            raise NotFound("I no longer know what was to change: please give the command again.")
        del self._open[key]
        changed: list[Monitor] = []
        refused = list(proposal.refused)
        for one in proposal.changing:
            try:
                edited = await self._monitors.change(guild_id, one.id, proposal.typed, by)
                changed.append(edited.after)
            except UserError as error:
                refused.append((one, error))
        return changed, refused
