"""Visibility: an answer names nothing that the person, or a reader of it, may not see."""

from collections.abc import Iterable

import discord

from bot.discord.channels import permissions_of, sees_text
from bot.discord.client import Interaction
from bot.errors import NotFound
from bot.models import Incident
from bot.services.incidents import UNKNOWN_ALERT
from bot.services.status import MonitorStatus, as_known
from cogs._ui.interactions import is_manager


def can_see(interaction: Interaction, channel_id: int | None) -> bool:
    """True if the person sees a channel; one that is not known any more, managers alone."""
    user, guild = interaction.user, interaction.guild
    if channel_id is None:
        return True
    channel = interaction.client.known_channels.find(guild, channel_id)
    if channel is None or not isinstance(user, discord.Member):
        return is_manager(interaction)
    granted = permissions_of(user, channel)
    return is_manager(interaction) if granted is None else sees_text(granted, channel)


def visible_monitors(
    interaction: Interaction, found: Iterable[MonitorStatus]
) -> list[MonitorStatus]:
    """Leave out the monitors whose alert channel the person cannot see."""
    shown = list(found)
    open_to = visible_channels(interaction, {status.channel_id for status in shown})
    return [status for status in shown if status.channel_id in open_to]


def known_monitors(interaction: Interaction, found: Iterable[MonitorStatus]) -> list[MonitorStatus]:
    """Those, and of public monitors the outline."""
    shown = list(found)
    return as_known(shown, visible_channels(interaction, {one.channel_id for one in shown}))


def visible_channels(interaction: Interaction, channel_ids: set[int | None]) -> set[int | None]:
    return {channel_id for channel_id in channel_ids if can_see(interaction, channel_id)}


async def find_visible_incident(interaction: Interaction, public_id: str) -> Incident:
    """Find an incident of the pressed message, or of a channel the person may see.

    A press can be made up, and a private answer outlives the right to see what it names. Raises
    NotFound, as for one that never was.
    """
    incidents, guild_id = interaction.client.services.incidents, interaction.guild_id or 0
    found = await incidents.by_public_id(guild_id, public_id)
    if can_see(interaction, found.channel_id):
        return found
    message = interaction.message
    named = [] if message is None else await incidents.of_message(guild_id, message.id)
    if found.id not in {one.id for one in named}:
        raise NotFound(UNKNOWN_ALERT)
    return found


def public_monitors(
    interaction: Interaction, found: Iterable[MonitorStatus]
) -> list[MonitorStatus]:
    """Monitors that the person and every reader of this channel see, as far as all of them do."""
    shown = list(found)
    channels = {status.channel_id for status in shown}
    open_to = public_channels(interaction, channels) & visible_channels(interaction, channels)
    return as_known(shown, open_to)


def public_channels(interaction: Interaction, channel_ids: Iterable[int | None]) -> set[int | None]:
    """Those of the channels that everybody who sees the channel of the interaction sees too.

    What no alert channel names yet is no secret.
    """
    here, wanted = interaction.channel_id or 0, set(channel_ids)
    others = [one for one in wanted if one is not None and one != here]
    shared = interaction.client.audience.shared(interaction.guild, here, others)
    return wanted & {None, here, *(shared or ())}
