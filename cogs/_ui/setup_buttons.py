"""Menus and buttons of the card of ``/setup``, and what each of them does.

Two people who set up at once see what the other one did at their next click. The greeting is
everybody's: only a card of the person's own is edited in place.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from discord import ui

from bot.discord.channels import used_channels
from bot.discord.client import Interaction
from bot.discord.command_tree import error_text, translator_of
from bot.discord.states import GREEN, GREY
from bot.errors import Mistyped, UserError
from bot.services.monitor_options import Typed
from bot.services.typed_addresses import typed_address
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.did_you_mean import suggestion_row
from cogs._ui.forms import typed_values
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit
from cogs._ui.options import check_channel_and_role
from cogs._ui.setup_page import (
    CHANNEL,
    ROLE,
    SITE,
    TEST,
    SetUp,
    button,
    channel_menu,
    heading,
    next_commands,
    ready,
    role_menu,
    site_form,
    steps,
)
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
    step: str | None = None,
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
    view = _view(interaction, found, {step or "": note}, {step or "": row})
    await respond_or_edit(interaction, in_place=in_place, view=view)


def welcome_view(words: Translator) -> ui.View:
    """Button under the welcome message."""
    return view_of([SetupItem(button("open", words, main=True))])


def _view(
    interaction: Interaction,
    found: SetUp,
    notes: dict[str, str],
    more: dict[str, ui.ActionRow[Any] | None],
) -> ui.LayoutView:
    words = translator_of(interaction)
    shown_steps = steps(words, interaction, found)
    rows, is_ready = _rows(words, interaction, found), ready(shown_steps)
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=GREEN if is_ready else GREY)
    box.add_item(ui.TextDisplay(heading(words, is_ready=is_ready)))
    for name, step in shown_steps.items():
        box.add_item(ui.TextDisplay(f"{step.shown}\n{notes.get(name, '')}".rstrip()))
        asked = more.get(name)
        for row in [*([asked] if asked is not None else []), *rows[name]]:
            box.add_item(row)
    if is_ready:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(next_commands(words, interaction.client.commands_tree)))
    return ui.LayoutView(timeout=None).add_item(box)


def _rows(
    words: Translator, interaction: Interaction, found: SetUp
) -> dict[str, list[ui.ActionRow[Any]]]:
    channel_id, role_id = found.settings.channel_id, found.settings.role_id
    rows: dict[str, list[list[ui.Item[Any]]]] = {
        CHANNEL: [[channel_menu(words, interaction, channel_id)]],
        ROLE: [[role_menu(words, interaction, role_id)]],
        SITE: [[button("site", words, main=not found.monitors)]],
        TEST: [[button("test", words, disabled=channel_id is None), button("look", words)]],
    }
    if role_id is not None:
        rows[ROLE].append([button("nobody", words)])
    return {
        name: [ui.ActionRow(*map(SetupItem, items)) for items in parts]
        for name, parts in rows.items()
    }


def _picked_id(interaction: Interaction) -> int:
    """Id picked in a menu; 0: nothing."""
    data: Any = interaction.data or {}
    return int(next(iter(data.get("values", ())), 0))


async def _do(interaction: Interaction, step: str, work: Coroutine[Any, Any, str]) -> None:
    """Show the card again, with what came of the work, or why it was refused, under its step."""
    try:
        note = await defer_if_slow(interaction, work, in_place=is_own_message(interaction))
    except UserError as error:
        note = f"✖ {error_text(translator_of(interaction), error)}"
    await show_setup(interaction, step=step, note=note)


async def _channel_chosen(interaction: Interaction) -> None:
    services, channel_id = interaction.client.services, _picked_id(interaction)

    async def choose() -> str:
        await check_channel_and_role(interaction, channel_id, 0)
        guild_id, by = interaction.guild_id or 0, interaction.user.id
        await services.guilds.set_alerts(guild_id, channel_id=channel_id, by=by)
        await services.delivery.channel_chosen(guild_id, channel_id)
        return ""

    await _do(interaction, CHANNEL, choose())


async def _role_chosen(interaction: Interaction) -> None:
    await _do(interaction, ROLE, _set_role(interaction, _picked_id(interaction)))


async def _call_nobody(interaction: Interaction) -> None:
    await _do(interaction, ROLE, _set_role(interaction, 0))


async def _set_role(interaction: Interaction, role_id: int) -> str:
    await check_channel_and_role(interaction, 0, role_id)
    guilds = interaction.client.services.guilds
    await guilds.set_alerts(interaction.guild_id or 0, role_id=role_id, by=interaction.user.id)
    return ""


async def _ask_site(interaction: Interaction) -> None:
    await interaction.response.send_modal(site_form(translator_of(interaction)))


async def take_site(interaction: Interaction, sent: re.Match[str]) -> None:
    """Add the site of the form, the very way ``/watch add`` does."""
    del sent
    values = typed_values(interaction)
    typed = {name: values.get(name, "") for name in ("url", "name")}

    async def add(asked: Interaction, address: str) -> None:
        await _do(asked, SITE, _added(asked, {**typed, "url": address}))

    try:
        address = typed_address(typed["url"])
    except Mistyped as slip:
        row = suggestion_row(interaction, slip, add)
        note = f"✖ {error_text(translator_of(interaction), slip)}"
        await show_setup(interaction, step=SITE, note=note, row=row)
    else:
        await add(interaction, address)


async def _added(interaction: Interaction, typed: Typed) -> str:
    monitors, guild_id = interaction.client.services.monitors, interaction.guild_id or 0
    added = await monitors.add(guild_id, typed, interaction.user.id)
    mark = "✔" if added.first.ok else "⚠"
    return f"{mark} {added_text(translator_of(interaction), added)}"


async def _send_test(interaction: Interaction) -> None:
    trial, guild_id = interaction.client.services.trial, interaction.guild_id or 0

    async def send() -> str:
        await trial.send(guild_id)
        await trial.wait_until_done(guild_id, _ARRIVES_S)
        return ""

    await _do(interaction, TEST, send())


_ACTIONS: dict[str, Callable[[Interaction], Awaitable[None]]] = {
    "open": show_setup,
    "look": show_setup,
    "channel": _channel_chosen,
    "role": _role_chosen,
    "nobody": _call_nobody,
    "site": _ask_site,
    "test": _send_test,
}
