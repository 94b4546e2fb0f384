"""The option ``monitor``: offered by name as people type, taken as an id."""

import logging

from discord import app_commands

from bot.errors import NotFound
from bot.models import Monitor
from bot.services.status import MonitorStatus
from bot.words.safe import plain
from cogs._ui.asking import Interaction, manages, sees, visible

log = logging.getLogger(__name__)

_CHOICES = 25
_NAME_LIMIT = 80
_CHOICE_LIMIT = 100


def asked_for(interaction: Interaction, wanted: str) -> MonitorStatus:
    """What a person named, by id or name. Raises NotFound.

    One that is told in a channel they cannot see is refused in the words of one that is unknown.
    """
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    status = services.status.one(guild_id, services.monitors.find(guild_id, wanted).id)
    if sees(interaction, status.channel_id):
        return status
    raise NotFound(
        "I watch nothing called “{name}” here. Pick one from the list as you type.",
        name=plain(wanted.strip(), _NAME_LIMIT),
    )


async def offer_visible(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The monitors a person may see. From memory, and never raising: Discord waits 3 s."""
    try:
        status = interaction.client.services.status
        seen = visible(interaction, status.overview(interaction.guild_id or 0))
        return _choices([one.monitor for one in seen], typed)
    except Exception:
        log.exception("autocomplete failed")
        return []


async def offer_managed(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """All monitors of the server, for those who may change them."""
    try:
        if not manages(interaction):
            return []
        return _choices(
            interaction.client.services.monitors.of_guild(interaction.guild_id or 0), typed
        )
    except Exception:
        log.exception("autocomplete failed")
        return []


def _choices(monitors: list[Monitor], typed: str) -> list[app_commands.Choice[str]]:
    """Names that begin with what was typed come before those that contain it."""
    wanted = typed.strip().casefold()
    found = [one for one in monitors if wanted in one.name.casefold()]
    found.sort(key=lambda one: (not one.name.casefold().startswith(wanted), one.name.casefold()))
    return [
        app_commands.Choice(name=plain(one.name, _CHOICE_LIMIT) or str(one.id), value=str(one.id))
        for one in found[:_CHOICES]
    ]
