"""Who may take and mute alerts: Manage Messages, or the role that is called."""

from collections.abc import Iterable

import discord

from bot.errors import UserError
from cogs._ui.interactions import Interaction


def require_on_call(interaction: Interaction, role_ids: Iterable[int | None]) -> None:
    """Read anew at every click. Raises UserError."""
    granted = interaction.permissions
    if granted.manage_messages or granted.administrator:
        return
    user = interaction.user
    mine = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    if not mine.intersection(role_ids):
        raise UserError("You need “Manage Messages” or the role of this alert for this.")
