"""Who sees what is posted: a public answer names nothing that a reader of it may not see."""

from collections.abc import Iterable

from bot.services.status import MonitorStatus
from cogs._ui.asking import Interaction, visible
from cogs._ui.board_readers import Readers


def is_private(interaction: Interaction) -> bool:
    """Whether the pressed message is seen by the person alone."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def public(interaction: Interaction, found: Iterable[MonitorStatus]) -> list[MonitorStatus]:
    """What the person sees, less what is told where somebody who reads this channel cannot look."""
    seen = visible(interaction, found)
    open_to = open_ids(interaction, {status.channel_id for status in seen})
    return [status for status in seen if status.channel_id in open_to]


def open_ids(interaction: Interaction, channel_ids: Iterable[int | None]) -> set[int | None]:
    """Those of the channels that everybody who sees the channel of the interaction sees too.

    What is told nowhere yet is no secret.
    """
    here, wanted = interaction.channel_id or 0, set(channel_ids)
    others = [one for one in wanted if one is not None and one != here]
    shared = Readers().shared(interaction.guild, here, others)
    return wanted & {None, here, *(shared or ())}
