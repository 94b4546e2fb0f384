"""One change of many monitors: proposed and counted, then made when somebody agrees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.errors import UserError
from bot.models import Monitor
from bot.services.monitor_options import Typed
from bot.services.monitors import Monitors, check_owner

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
    """What was changed, and what could not be."""
    changed: list[Monitor] = []
    refused = list(proposal.refused)
    for one in proposal.changing:
        try:
            edited = await monitors.change(proposal.guild_id, one.id, proposal.typed, by)
            changed.append(edited.after)
        except UserError as error:
            refused.append((one, error))
    return changed, refused
