"""Interactions: answers in time, what the person may do, and what they may see.

An answer names nothing that the person, or a reader of it, may not see.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord.channels import permissions_of, sees_text
from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import (
    NEEDS_MANAGE_SERVER,
    NETWORK_ERRORS,
    answer_error,
    translator_of,
)
from bot.errors import NotFound
from bot.models import Incident
from bot.services.incidents import UNKNOWN_ALERT
from bot.services.status import MonitorStatus, as_known
from bot.words.translator import Translator, translator_for

log = logging.getLogger(__name__)

T = TypeVar("T")

# Discord drops an interaction after 3 s, and a slow line takes its part of them.
_DEFER_AFTER_S = 1.0


async def defer_if_slow(
    interaction: Interaction,
    work: Awaitable[T],
    *,
    ephemeral: bool = True,
    after_s: float = _DEFER_AFTER_S,
) -> T:
    """Await ``work``; after a second defer the answer.

    ``after_s``: 0 for what always takes long. What was begun is finished even when that fails.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=after_s)
        if not task.done() and not interaction.response.is_done():
            thinking = not is_own_message(interaction)
            await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
    except NETWORK_ERRORS as error:
        log.info("Interaction %s not deferred: %r", interaction.id, error)
    except asyncio.CancelledError:
        task.cancel()
        raise
    return await task


async def respond(
    interaction: Interaction,
    content: str | None = None,
    *,
    embed: discord.Embed | None = None,
    view: ui.View | ui.LayoutView | None = None,
    files: Sequence[discord.File] = (),
    ephemeral: bool = True,
) -> None:
    """Answer, whether the interaction is fresh or was deferred."""
    shown: dict[str, Any] = {
        "content": content,
        "embed": embed or discord.utils.MISSING,
        "view": view if view is not None and view.children else discord.utils.MISSING,
        "files": list(files) or discord.utils.MISSING,
    }
    if interaction.response.is_done():
        await interaction.followup.send(**shown, ephemeral=ephemeral)
    else:
        await interaction.response.send_message(**shown, ephemeral=ephemeral)


async def respond_or_edit(
    interaction: Interaction, *, ephemeral: bool = True, **parts: Any
) -> None:
    """Answer with the parts of a message: in place of the pressed one, if that is the person's own.

    Parts that are not named stay as they are, and a view without items takes the buttons away. A
    layout has neither text nor embeds beside it: Discord wants them taken away by name.
    """
    if not is_own_message(interaction):
        await respond(interaction, ephemeral=ephemeral, **parts)
        return
    if isinstance(parts.get("view"), ui.LayoutView):
        parts |= {"content": None, "embed": None}
    if interaction.response.is_done():
        await interaction.edit_original_response(**parts)
    else:
        await interaction.response.edit_message(**parts)


def guild_translator(interaction: Interaction) -> Translator:
    """Translator for the server's language: for what everybody sees."""
    return translator_for(interaction.client.services.guilds.language(interaction.guild_id or 0))


@asynccontextmanager
async def errors_answered(interaction: Interaction) -> AsyncIterator[None]:
    """Answer and log errors behind a button or a form as those of a command."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - answered and logged in one place
        await answer_error(interaction, error)


def is_own_message(interaction: Interaction) -> bool:
    """True if the pressed message is the person's own: only they see it, or they asked for it."""
    message = interaction.message
    if message is None:
        return False
    asked = message.interaction_metadata
    return message.flags.ephemeral or (asked is not None and asked.user.id == interaction.user.id)


def is_manager(interaction: Interaction) -> bool:
    """True if the person may change settings and read full addresses."""
    granted = interaction.permissions
    return (
        granted.manage_guild
        or granted.administrator
        or has_managers_role(interaction)
        or _is_asked_by_discord(interaction)
    )


def has_managers_role(interaction: Interaction) -> bool:
    """True if ``/alerts managers`` has given the person's role this right."""
    settings = interaction.client.services.guilds.settings(interaction.guild_id or 0)
    user = interaction.user
    mine = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    return settings.manager_role_id in mine


def _is_asked_by_discord(interaction: Interaction) -> bool:
    """True within a command that Discord offers to managers alone, and to whom they let have it.

    Servers open it to roles and people in Server Settings → Integrations: whoever got here may.
    """
    command = interaction.command
    if not isinstance(command, app_commands.Command):
        return False
    needed = (command.root_parent or command).default_permissions
    return needed is not None and needed.manage_guild


async def is_allowed(interaction: Interaction, *, managers: bool = True) -> bool:
    """Refuse, in words, servers that are not served and whoever may not change settings.

    For buttons and forms: those never pass through the command tree.
    """
    if not await interaction.client.commands_tree.interaction_check(interaction):
        return False
    if not managers or is_manager(interaction):
        return True
    await respond(interaction, translator_of(interaction).text(NEEDS_MANAGE_SERVER))
    return False


class VigieCog(commands.Cog):
    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services


@app_commands.default_permissions(manage_guild=True)
class ManagersCog(VigieCog):
    """Commands for managers, and for those whom their servers let have them: Discord asks."""


def extension(
    cog: type[VigieCog], *buttons: type[ui.DynamicItem[Any]]
) -> Callable[[VigieClient], Coroutine[Any, Any, None]]:
    """``setup`` of a module that discord.py loads: a cog, and the buttons of its answers."""

    async def setup(client: VigieClient) -> None:
        client.add_dynamic_items(*buttons)
        await client.add_cog(cog(client))

    return setup


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
