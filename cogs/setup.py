"""``/setup``: from nothing to the first alert on one card, and what its menus and buttons do.

Two people who set up at once see what the other one did at their next click. The greeting is
everybody's: only a card of the person's own is edited in place.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from discord import app_commands, ui

from bot.discord.channels import used_channels
from bot.discord.client import Interaction
from bot.discord.command_tree import error_text, translator_of
from bot.errors import AddressRefused, UserError
from bot.services.typed_addresses import typed_address
from cogs._ui.buttons import PersistentItem
from cogs._ui.forms import FormsCog, typed_values
from cogs._ui.interactions import defer_if_slow, extension, is_own_message, respond_or_edit
from cogs._ui.offers import address_offers, offer
from cogs._ui.options import check_channel_and_role
from cogs._ui.setup_page import CHANNEL, FORM, ROLE, SITE, TEST, SetUp, card, site_form
from cogs._ui.watch_answers import added_text

_ARRIVES_S = 2.0  # most have arrived by then; the others are looked for by hand


class SetupItem(
    PersistentItem, template=r"v1:setup:(?P<action>open|channel|role|nobody|site|test|look)"
):
    """A button or a menu of the card, or the button under the greeting (``open``)."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        await _ACTIONS[self.params["action"]](interaction)


async def show_setup(
    interaction: Interaction,
    *,
    step: str = "",
    note: str = "",
    row: ui.ActionRow[Any] | None = None,
) -> None:
    """Show the card as things are now, in place of the old one where that can be.

    ``note``: what just happened, shown under the step it belongs to; ``row``: what to press then.
    """
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    in_place = is_own_message(interaction)
    used = used_channels(services, guild_id)
    known = interaction.client.known_channels
    await defer_if_slow(interaction, known.look_up(interaction.guild, used), in_place=in_place)
    tested = await defer_if_slow(interaction, services.trial.last(guild_id), in_place=in_place)
    found = SetUp(services.guilds.settings(guild_id), services.monitors.of_guild(guild_id), tested)
    view = card(interaction, found, step, note, row)
    await respond_or_edit(interaction, in_place=in_place, view=view)


def _picked_id(interaction: Interaction) -> int:
    """Id picked in a menu; 0: nothing."""
    data: Any = interaction.data or {}
    return int(next(iter(data.get("values", ())), 0))


async def _do(interaction: Interaction, step: str, work: Coroutine[Any, Any, str | None]) -> None:
    """Show the card again, with what came of the work, or why it was refused, under its step."""
    try:
        note = await defer_if_slow(interaction, work, in_place=is_own_message(interaction))
    except UserError as error:
        note = f"✖ {error_text(translator_of(interaction), error)}"
    await show_setup(interaction, step=step, note=note or "")


async def _channel_chosen(interaction: Interaction) -> None:
    await _do(interaction, CHANNEL, _set_channel(interaction, _picked_id(interaction)))


async def _set_channel(interaction: Interaction, channel_id: int) -> None:
    await check_channel_and_role(interaction, channel_id, 0)
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    await services.guilds.set_alerts(guild_id, channel_id=channel_id, by=interaction.user.id)
    await services.delivery.channel_chosen(guild_id, channel_id)


async def _role_chosen(interaction: Interaction) -> None:
    """The button for nobody carries no pick, as a menu that was emptied."""
    await _do(interaction, ROLE, _set_role(interaction, _picked_id(interaction)))


async def _set_role(interaction: Interaction, role_id: int) -> None:
    await check_channel_and_role(interaction, 0, role_id)
    guilds = interaction.client.services.guilds
    await guilds.set_alerts(interaction.guild_id or 0, role_id=role_id, by=interaction.user.id)


async def _ask_site(interaction: Interaction) -> None:
    await interaction.response.send_modal(site_form(translator_of(interaction)))


async def take_site(interaction: Interaction, _sent: re.Match[str]) -> None:
    await _add_site(interaction, typed_values(interaction))


async def _add_site(interaction: Interaction, typed: Mapping[str, str]) -> None:
    """Add the site of the form, the very way ``/watch add`` does; refused, it can be mended."""
    words = translator_of(interaction)

    async def use(asked: Interaction, address: str) -> None:
        await _add_site(asked, {**typed, "url": address})

    async def open_again(asked: Interaction) -> None:
        await asked.response.send_modal(site_form(translator_of(asked), typed))

    try:
        adding = _added(interaction, typed)
        note = await defer_if_slow(interaction, adding, in_place=is_own_message(interaction))
        row: ui.ActionRow[Any] | None = None
    except UserError as error:
        note = f"✖ {error_text(words, error)}"
        buttons = [offer(interaction, words.text("Try again"), open_again, main=False, once=False)]
        if isinstance(error, AddressRefused):
            buttons = [*address_offers(interaction, error, use), *buttons]
        row = ui.ActionRow[Any](*buttons)
    await show_setup(interaction, step=SITE, note=note, row=row)


async def _added(interaction: Interaction, typed: Mapping[str, str]) -> str:
    monitors, guild_id = interaction.client.services.monitors, interaction.guild_id or 0
    wanted = {"name": typed.get("name", ""), "url": typed_address(typed.get("url", ""))}
    added = await monitors.add(guild_id, wanted, interaction.user.id)
    text = added_text(translator_of(interaction), added)
    return f"✔ {text}" if added.first.ok else text


async def _send_test(interaction: Interaction) -> None:
    await _do(interaction, TEST, _test(interaction))


async def _test(interaction: Interaction) -> None:
    trial, guild_id = interaction.client.services.trial, interaction.guild_id or 0
    await trial.send(guild_id)
    await trial.wait_until_done(guild_id, _ARRIVES_S)


_ACTIONS: dict[str, Callable[[Interaction], Awaitable[None]]] = {
    "open": show_setup,
    "look": show_setup,
    "channel": _channel_chosen,
    "role": _role_chosen,
    "nobody": _role_chosen,
    "site": _ask_site,
    "test": _send_test,
}


class Setup(FormsCog):
    forms = {FORM: take_site}  # noqa: RUF012 - never changed

    @app_commands.command(name="setup", description="Set up Vigie step by step.")
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        await show_setup(interaction)


setup = extension(Setup, SetupItem)
