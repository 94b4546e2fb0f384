"""The card of ``/setup`` with its menus and buttons, and what each of them does.

None keeps any state: what is set is read anew at each click, so they work after a restart, and
two people who set up at once see what the other one did at their next click.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from bot.errors import UserError
from bot.tree import told_error, words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction, answering, managing, owns, patiently, say
from cogs._ui.channel_rights import check_place
from cogs._ui.setup_form import is_site_form, site_form, wanted_site
from cogs._ui.setup_menus import button, channel_menu, role_menu
from cogs._ui.setup_page import (
    CHANNEL,
    ROLE,
    SITE,
    TEST,
    SetUp,
    further,
    head,
    ready,
    steps,
)
from cogs._ui.watch_answers import added_text

_ARRIVES_S = 2.0  # most have arrived by then; the others are looked for by hand
_GREEN, _GREY = discord.Colour(0x23A55A), discord.Colour(0x80848E)


class SetupItem(
    ui.DynamicItem[ui.Item[Any]],
    template=r"v1:setup:(?P<action>open|channel|role|nobody|site|test|look)",
):
    """A button or a menu of the card, or the button under the greeting (``open``)."""

    def __init__(self, item: ui.Item[Any]) -> None:
        super().__init__(item)
        self.action = self.custom_id.rpartition(":")[2]

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "SetupItem":
        del interaction, match
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _guarded(interaction, _ACTIONS[self.action])


async def show_setup(interaction: Interaction, *, step: str | None = None, note: str = "") -> None:
    """The card as things are now, in place of the old one where that can be.

    ``note``: what just happened, told under the step it belongs to.
    """
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    in_place = _in_place(interaction)
    tested = await patiently(interaction, services.trial.last(guild_id), in_place=in_place)
    found = SetUp(services.guilds.settings(guild_id), services.monitors.of_guild(guild_id), tested)
    view = _view(interaction, found, {step or "": note})
    if not in_place:
        await say(interaction, view=view)
    elif interaction.response.is_done():
        await interaction.edit_original_response(view=view)
    else:
        await interaction.response.edit_message(view=view)


async def site_sent(interaction: Interaction) -> None:
    """Take the form of a site, if it is one. Never raises."""
    if is_site_form(interaction):
        await _guarded(interaction, _site_sent)


def welcome_view(words: Words) -> ui.View:
    """The button under the greeting."""
    view = ui.View(timeout=None)
    return view.add_item(SetupItem(button("open", words, main=True)))


def _view(interaction: Interaction, found: SetUp, notes: dict[str, str]) -> ui.LayoutView:
    words = words_of(interaction)
    told = steps(words, interaction, found)
    rows, is_ready = _rows(words, found), ready(told)
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=_GREEN if is_ready else _GREY)
    box.add_item(ui.TextDisplay(head(words, is_ready=is_ready)))
    for name, step in told.items():
        box.add_item(ui.TextDisplay(f"{step.shown}\n{notes.get(name, '')}".rstrip()))
        for row in rows[name]:
            box.add_item(row)
    if is_ready:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(further(words, interaction.client.commands_tree)))
    return ui.LayoutView(timeout=None).add_item(box)


def _rows(words: Words, found: SetUp) -> dict[str, list[ui.ActionRow[Any]]]:
    channel_id, role_id = found.settings.channel_id, found.settings.role_id
    rows: dict[str, list[list[ui.Item[Any]]]] = {
        CHANNEL: [[channel_menu(words, channel_id)]],
        ROLE: [[role_menu(words, role_id)]],
        SITE: [[button("site", words, main=not found.monitors)]],
        TEST: [[button("test", words, disabled=channel_id is None), button("look", words)]],
    }
    if role_id is not None:
        rows[ROLE].append([button("nobody", words)])
    return {
        name: [ui.ActionRow(*map(SetupItem, items)) for items in parts]
        for name, parts in rows.items()
    }


def _in_place(interaction: Interaction) -> bool:
    """The greeting is everybody's: only a card of the person's own is edited."""
    return interaction.message is not None and owns(interaction)


async def _guarded(
    interaction: Interaction, action: Callable[[Interaction], Awaitable[None]]
) -> None:
    """Every click is checked anew, for rights can be taken away."""
    async with answering(interaction):
        if await managing(interaction):
            await action(interaction)


def _picked_id(interaction: Interaction) -> int:
    """What was picked in a menu; 0: nothing."""
    data: Any = interaction.data or {}
    return int(next(iter(data.get("values", ())), 0))


async def _channel_chosen(interaction: Interaction) -> None:
    services, channel_id = interaction.client.services, _picked_id(interaction)
    guild_id = interaction.guild_id or 0
    try:
        check_place(interaction.guild, channel_id, 0)
    except UserError as error:
        await show_setup(interaction, step=CHANNEL, note=_refusal(interaction, error))
        return

    async def choose() -> None:
        await services.guilds.set_alerts(guild_id, channel_id=channel_id, by=interaction.user.id)
        await services.delivery.channel_chosen(guild_id, channel_id)

    await patiently(interaction, choose(), in_place=_in_place(interaction))
    await show_setup(interaction)


async def _role_chosen(interaction: Interaction) -> None:
    await _set_role(interaction, _picked_id(interaction))


async def _call_nobody(interaction: Interaction) -> None:
    await _set_role(interaction, 0)


async def _set_role(interaction: Interaction, role_id: int) -> None:
    try:
        check_place(interaction.guild, 0, role_id)
    except UserError as error:
        await show_setup(interaction, step=ROLE, note=_refusal(interaction, error))
        return
    work = interaction.client.services.guilds.set_alerts(
        interaction.guild_id or 0, role_id=role_id, by=interaction.user.id
    )
    await patiently(interaction, work, in_place=_in_place(interaction))
    await show_setup(interaction)


async def _ask_site(interaction: Interaction) -> None:
    await interaction.response.send_modal(site_form(words_of(interaction)))


async def _site_sent(interaction: Interaction) -> None:
    """The very way of ``/watch add``: watched at once, looked at once."""
    monitors, in_place = interaction.client.services.monitors, _in_place(interaction)
    work = monitors.add(interaction.guild_id or 0, wanted_site(interaction), interaction.user.id)
    try:
        added = await patiently(interaction, work, in_place=in_place)
    except UserError as error:
        await show_setup(interaction, step=SITE, note=_refusal(interaction, error))
        return
    mark = "✔" if added.first.ok else "⚠"
    told = f"{mark} {added_text(words_of(interaction), added)}"
    await show_setup(interaction, step=SITE, note=told)


async def _send_test(interaction: Interaction) -> None:
    trial, guild_id = interaction.client.services.trial, interaction.guild_id or 0

    async def send() -> None:
        await trial.send(guild_id)
        await trial.settle(guild_id, _ARRIVES_S)

    await patiently(interaction, send(), in_place=_in_place(interaction))
    await show_setup(interaction)


def _refusal(interaction: Interaction, error: UserError) -> str:
    return f"✖ {told_error(words_of(interaction), error)}"


_ACTIONS: dict[str, Callable[[Interaction], Awaitable[None]]] = {
    "open": show_setup,
    "look": show_setup,
    "channel": _channel_chosen,
    "role": _role_chosen,
    "nobody": _call_nobody,
    "site": _ask_site,
    "test": _send_test,
}
