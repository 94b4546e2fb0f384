"""The five buttons under an alert, and what each of them does."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord

from bot.discord.alert_card import BUTTON_ID
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.models import Incident
from bot.words.escaping import markdown
from bot.words.timestamps import stamp
from bot.words.translator import N_
from cogs._ui.buttons import PersistentItem
from cogs._ui.incident_details import details
from cogs._ui.interactions import defer_if_slow, respond
from cogs._ui.visibility import find_visible_incident

_MUTE_S = 3600
_NAME_LIMIT = 80
_CLOSED = N_("This alert is already closed.")


class IncidentButton(PersistentItem, template=BUTTON_ID):
    """One button of one incident."""

    async def pressed(self, interaction: Interaction) -> None:
        await _ACTIONS[self.params["action"]](interaction, self.params["incident"])


async def _open_incidents(interaction: Interaction, public_id: str) -> list[Incident]:
    """What the pressed message tells of and is still going on, the named one first."""
    incidents = interaction.client.services.incidents
    guild_id = interaction.guild_id or 0
    told = [await find_visible_incident(interaction, public_id)]
    if interaction.message is not None:
        told += await incidents.of_message(guild_id, interaction.message.id)
    found = {one.id: one for one in told if one.open}
    if not found:
        raise UserError(_CLOSED)
    return list(found.values())


async def _on_call(interaction: Interaction, public_id: str) -> list[Incident]:
    """The same, for whoever may take and mute them. Raises UserError for others."""
    told = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    require_on_call(interaction, [one.role_id for one in told])
    return told


async def _acknowledge(interaction: Interaction, public_id: str) -> None:
    words = translator_of(interaction)
    await _on_call(interaction, public_id)
    work = interaction.client.services.incidents.acknowledge(
        interaction.guild_id or 0, public_id, interaction.user.id
    )
    done = await defer_if_slow(interaction, work)
    if done.first:
        await respond(interaction, words.text("Acknowledged; the alert now shows your name."))
        return
    who = next((one.acknowledged_by for one in done.incidents if one.acknowledged_by), None)
    await respond(interaction, words.text("{user} has already acknowledged it.", user=f"<@{who}>"))


async def _mute(interaction: Interaction, public_id: str) -> None:
    words, told = translator_of(interaction), await _on_call(interaction, public_id)
    work = interaction.client.services.silences.mute(
        interaction.guild_id or 0,
        [one.monitor_id for one in told],
        by=interaction.user.id,
        for_s=_MUTE_S,
    )
    muted = await defer_if_slow(interaction, work)
    until_ms = muted[0].muted_until_ms or 0
    names = words.list([markdown(one.name, _NAME_LIMIT) for one in told[:10]])
    text = words.text(
        "Alerts for {name} are muted until {time}.", name=names, time=stamp(until_ms, "f")
    )
    await respond(interaction, text)


async def _details(interaction: Interaction, public_id: str) -> None:
    await defer_if_slow(interaction, details(interaction, public_id))


async def _tell(interaction: Interaction, public_id: str) -> None:
    words = translator_of(interaction)
    told = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    new = False
    for one in told:
        followed = await defer_if_slow(interaction, _follow(interaction, one, "tell_me"))
        new = new or followed.new
    if new:
        await respond(interaction, words.text("I will mention you here when it is over."))
    else:
        await respond(interaction, words.text("Already noted."))


async def _me_too(interaction: Interaction, public_id: str) -> None:
    words = translator_of(interaction)
    told = await defer_if_slow(interaction, _open_incidents(interaction, public_id))
    followed = await defer_if_slow(interaction, _follow(interaction, told[0], "me_too"))
    if followed.new:
        interaction.client.services.monitors.nudge(told[0].guild_id, told[0].monitor_id)
    await respond(
        interaction,
        words.plural(
            "Noted: {n} person sees the same.", "Noted: {n} people see the same.", followed.count
        ),
    )


def _follow(interaction: Interaction, incident: Incident, wish: str) -> Awaitable[Any]:
    return interaction.client.services.incidents.follow(
        incident.guild_id, incident.public_id, interaction.user.id, wish
    )


_ACTIONS: dict[str, Callable[[Interaction, str], Awaitable[None]]] = {
    "ack": _acknowledge,
    "mute": _mute,
    "details": _details,
    "tell": _tell,
    "metoo": _me_too,
}


def require_on_call(interaction: Interaction, role_ids: Iterable[int | None]) -> None:
    """Read anew at every click. Raises UserError."""
    granted = interaction.permissions
    if granted.manage_messages or granted.administrator:
        return
    user = interaction.user
    mine = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    if not mine.intersection(role_ids):
        raise UserError("You need “Manage Messages” or the role of this alert for this.")
