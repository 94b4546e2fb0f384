"""``/setup``: from nothing to the first alert on one card of four steps.

Two people who set up at once see what the other one did at their next click. The greeting is
everybody's: only a card of the person's own is edited in place.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import discord
from discord import app_commands, ui

from bot.discord.channels import used_channels
from bot.discord.client import Interaction
from bot.discord.command_tree import VigieTree, error_text, translator_of
from bot.discord.permissions import channel_problem, own_permissions, remedy, role_problem
from bot.discord.states import GREEN, GREY
from bot.errors import UserError
from bot.models import GuildSettings, Monitor
from bot.services.guilds import LastTest
from bot.services.monitor_options import NAME_LIMIT
from bot.services.monitor_rules import Added
from bot.services.typed_text import typed_address
from bot.words.phrases import stamp
from bot.words.translator import N_, Translator
from cogs._ui.alert_settings import test_alert_text
from cogs._ui.buttons import PersistentItem
from cogs._ui.forms import (
    FormsCog,
    form,
    mending_offers,
    shown_channel,
    shown_role,
    text_field,
    typed_values,
)
from cogs._ui.interactions import defer_if_slow, extension, respond_or_edit
from cogs._ui.monitor_settings import URL_LIMIT
from cogs._ui.monitor_text import shown_name
from cogs._ui.options import ALERT_CHANNEL_TYPES, check_channel_and_role
from cogs._ui.watch_answers import added_text, scheme_offers

_NAMES = 5  # sites that the card names
CHANNEL, ROLE, SITE, TEST = "channel", "role", "site", "test"


class StepState(StrEnum):
    """State of a step; the value is its mark."""

    DONE = "✔"
    TO_DO = "▸"
    OPTIONAL = "○"
    BROKEN = "✖"


@dataclass(frozen=True, slots=True)
class SetUp:
    """Settings and monitors of a server; ``tested``: the newest test alert, if any."""

    settings: GuildSettings
    monitors: Sequence[Monitor]
    tested: LastTest | None


class Step(NamedTuple):
    title: str
    text: str
    state: StepState


def card(
    interaction: Interaction,
    found: SetUp,
    noted: str,
    note: str,
    row: ui.ActionRow[Any] | None,
) -> ui.LayoutView:
    """All four steps with what to press; ``note`` and ``row`` belong to the step ``noted``."""
    words = translator_of(interaction)
    shown = {
        CHANNEL: _channel_step(words, interaction, found),
        ROLE: _role_step(words, interaction, found),
        SITE: _site_step(words, found),
        TEST: _test_step(words, interaction, found),
    }
    # Alerts would arrive now: nothing that must be there is missing or broken.
    must = {shown[CHANNEL].state, shown[SITE].state}
    is_ready = must == {StepState.DONE} and shown[ROLE].state is not StepState.BROKEN
    rows = _rows(words, interaction, found)
    if row is not None:
        rows[noted].insert(0, row)
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=GREEN if is_ready else GREY)
    box.add_item(ui.TextDisplay(_heading(words, is_ready=is_ready)))
    for name, step in shown.items():
        text = f"**{step.state} {step.title}**\n{step.text}\n{note if name == noted else ''}"
        box.add_item(ui.TextDisplay(text.rstrip()))
        for one in rows[name]:
            box.add_item(one)
    if is_ready:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(_next_commands(words, interaction.client.commands_tree)))
    view = ui.LayoutView(timeout=None).add_item(box)
    view.stop()  # discord.py is not to remember it
    return view


def _heading(words: Translator, *, is_ready: bool) -> str:
    if is_ready:
        return f"## ✔ {words.text('You are all set')}"
    first = words.text("Four steps, one minute. You can change all of it later.")
    return f"## {words.text('Set up Vigie')}\n{first}"


def _rows(
    words: Translator, interaction: Interaction, found: SetUp
) -> dict[str, list[ui.ActionRow[Any]]]:
    channel_id, role_id = found.settings.channel_id, found.settings.role_id
    channels: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id="v1:setup:channel",
        channel_types=ALERT_CHANNEL_TYPES,
        placeholder=words.text("Choose a channel"),
        default_values=shown_channel(interaction, channel_id),
    )
    roles: ui.RoleSelect[Any] = ui.RoleSelect(
        custom_id="v1:setup:role",
        min_values=0,
        placeholder=words.text("Choose a role, or none"),
        default_values=shown_role(interaction, role_id),
    )
    # Emptied, the menu of roles means nobody; not every client shows how, so a button says it too.
    nobody = [ui.ActionRow(_button("nobody", words))] if role_id is not None else []
    test = _button("test", words, disabled=channel_id is None)
    return {
        CHANNEL: [ui.ActionRow(channels)],
        ROLE: [ui.ActionRow(roles), *nobody],
        SITE: [ui.ActionRow(_button("site", words, main=not found.monitors))],
        TEST: [ui.ActionRow(test, _button("look", words))],
    }


def _channel_step(words: Translator, interaction: Interaction, found: SetUp) -> Step:
    title = words.text("1 · Where do alerts go?")
    channel_id = found.settings.channel_id
    if channel_id is None:
        text = words.text("Choose a channel. I check at once that I can post there.")
        return Step(title, text, StepState.TO_DO)
    problem = channel_problem(words, interaction, channel_id)
    if not problem:
        text = words.text("{channel}: permissions OK", channel=f"<#{channel_id}>")
        return Step(title, text, StepState.DONE)
    mend = remedy(words, interaction, channel_id)
    if own_permissions(interaction, channel_id) is not None:
        mend = f"{mend} {words.text('Then press “Check again”.')}"
    return Step(title, f"{problem}\n→ {mend}", StepState.BROKEN)


def _role_step(words: Translator, interaction: Interaction, found: SetUp) -> Step:
    title = words.text("2 · Who gets pinged? (optional)")
    if found.settings.role_id is None:
        text = words.text("Nobody: alerts are posted without a ping.")
        return Step(title, text, StepState.OPTIONAL)
    if problem := role_problem(words, interaction, found.settings):
        return Step(title, problem, StepState.BROKEN)
    role = f"<@&{found.settings.role_id}>"
    text = words.text("{role} is pinged once, when an incident opens.", role=role)
    return Step(title, text, StepState.DONE)


def _site_step(words: Translator, found: SetUp) -> Step:
    title = words.text("3 · What is watched?")
    if not found.monitors:
        text = words.text("Nothing yet. An address is enough; I check it at once.")
        return Step(title, text, StepState.TO_DO)
    names = [shown_name(one) for one in found.monitors[:_NAMES]]
    more = len(found.monitors) - len(names)
    if more:
        names.append(words.text("+{n} more", n=more))
    count = words.plural("{n} site", "{n} sites", len(found.monitors))
    return Step(title, f"{count} · {' · '.join(names)}", StepState.DONE)


def _test_step(words: Translator, interaction: Interaction, found: SetUp) -> Step:
    title = words.text("4 · See an alert before you need one")
    tested = found.tested
    if tested is None:
        text = words.text("A test alert is marked as one and pings nobody.")
        return Step(title, text, StepState.OPTIONAL)
    at = stamp(tested.at_ms)
    match tested.state:
        case "sent":
            return Step(title, words.text("A test alert arrived {time}.", time=at), StepState.DONE)
        case "pending" | "sending":
            text = test_alert_text(words, interaction, found.settings.channel_id, pings=False)
            return Step(title, text, StepState.OPTIONAL)
        case _:
            text = words.text("The test alert of {time} could not be delivered.", time=at)
            return Step(title, text, StepState.BROKEN)


def _next_commands(words: Translator, tree: VigieTree) -> str:
    add, several = tree.mention("watch add"), tree.mention("watch import")
    second = words.text(
        "{command} sets a second channel, in case the first fails, and reminders.",
        command=tree.mention("alerts channel"),
    )
    lines = (
        f"**{words.text('Next steps')}**",
        words.text("{command} shows the state of every site.", command=tree.mention("status")),
        words.text(
            "{command} adds more sites; a whole list at once: {list}", command=add, list=several
        ),
        second,
        words.text("{command} checks that everything works.", command=tree.mention("doctor")),
        words.text("Everything else: {command}", command=tree.mention("help")),
    )
    return "\n".join(lines)


FORM = "v1:setup:form"
_LABELS = {
    "nobody": N_("No ping"),
    "site": N_("Add a site"),
    "test": N_("Send a test alert"),
    "look": N_("Check again"),
}


def _button(
    action: str, words: Translator, *, main: bool = False, disabled: bool = False
) -> ui.Button[Any]:
    style = discord.ButtonStyle.primary if main else discord.ButtonStyle.secondary
    label, custom_id = words.text(_LABELS[action]), f"v1:setup:{action}"
    return ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled)


def site_form(words: Translator, typed: Mapping[str, str] = MappingProxyType({})) -> ui.Modal:
    """``typed``: what stands in its fields."""
    address = text_field(
        words.text("Address"),
        "url",
        typed.get("url"),
        limit=URL_LIMIT,
        about=words.text("As in a browser; /help has the other kinds of address."),
        placeholder="example.com",
        required=True,
    )
    about = words.text("Its name here; by default its host.")
    name = text_field(words.text("Name"), "name", typed.get("name"), limit=NAME_LIMIT, about=about)
    return form(words.text("Add a site"), FORM, [address, name])


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
    used = used_channels(services, guild_id)
    known = interaction.client.known_channels
    await defer_if_slow(interaction, known.look_up(interaction.guild, used))
    tested = await defer_if_slow(interaction, services.trial.last(guild_id))
    found = SetUp(services.guilds.settings(guild_id), services.monitors.of_guild(guild_id), tested)
    view = card(interaction, found, step, note, row)
    await respond_or_edit(interaction, view=view)


def _picked_id(interaction: Interaction) -> int:
    """Id picked in a menu; 0: nothing."""
    data: Any = interaction.data or {}
    return int(next(iter(data.get("values", ())), 0))


async def _do(
    step: str, work: Callable[[Interaction], Awaitable[None]], interaction: Interaction
) -> None:
    """Show the card again; why something was refused stands under its step."""
    note = ""
    try:
        await defer_if_slow(interaction, work(interaction))
    except UserError as error:
        note = f"✖ {error_text(translator_of(interaction), error)}"
    await show_setup(interaction, step=step, note=note)


async def _set_channel(interaction: Interaction) -> None:
    channel_id = _picked_id(interaction)
    await check_channel_and_role(interaction, channel_id, 0)
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    await services.guilds.set_alerts(guild_id, channel_id=channel_id, by=interaction.user.id)
    await services.delivery.channel_chosen(guild_id, channel_id)


async def _set_role(interaction: Interaction) -> None:
    """The button for nobody carries no pick, as a menu that was emptied."""
    role_id = _picked_id(interaction)
    await check_channel_and_role(interaction, 0, role_id)
    guilds = interaction.client.services.guilds
    await guilds.set_alerts(interaction.guild_id or 0, role_id=role_id, by=interaction.user.id)


async def _ask_site(interaction: Interaction) -> None:
    await interaction.response.send_modal(site_form(translator_of(interaction)))


async def take_site(interaction: Interaction, _sent: re.Match[str]) -> None:
    await _add_site(interaction, typed_values(interaction))


async def _add_site(interaction: Interaction, typed: Mapping[str, str]) -> None:
    """Add the site of the form, the very way ``/watch add`` does; refused, it can be mended."""

    async def use(asked: Interaction, address: str) -> None:
        await _add_site(asked, {**typed, "url": address})

    async def open_again(asked: Interaction) -> None:
        await asked.response.send_modal(site_form(translator_of(asked), typed))

    monitors, guild_id = interaction.client.services.monitors, interaction.guild_id or 0
    try:
        wanted = {"name": typed.get("name", ""), "url": typed_address(typed.get("url", ""))}
        work = monitors.add(guild_id, wanted, interaction.user.id)
        added = await defer_if_slow(interaction, work)
    except UserError as error:
        note = f"✖ {error_text(translator_of(interaction), error)}"
        row = ui.ActionRow[Any](*mending_offers(interaction, error, use, open_again, main=False))
        await show_setup(interaction, step=SITE, note=note, row=row)
        return
    await _show_added(interaction, added)


async def _show_added(interaction: Interaction, added: Added) -> None:
    text = added_text(translator_of(interaction), added)
    offers = scheme_offers(interaction, added, _show_added)
    await show_setup(
        interaction,
        step=SITE,
        note=f"✔ {text}" if added.first.ok else text,
        row=ui.ActionRow[Any](*offers) if offers else None,
    )


async def _send_test(interaction: Interaction) -> None:
    trial, guild_id = interaction.client.services.trial, interaction.guild_id or 0
    await trial.send(guild_id)
    await trial.wait_until_done(guild_id, _ARRIVES_S)


_ACTIONS: dict[str, Callable[[Interaction], Awaitable[None]]] = {
    "open": show_setup,
    "look": show_setup,
    "channel": partial(_do, CHANNEL, _set_channel),
    "role": partial(_do, ROLE, _set_role),
    "nobody": partial(_do, ROLE, _set_role),
    "site": _ask_site,
    "test": partial(_do, TEST, _send_test),
}


class Setup(FormsCog):
    forms = {FORM: take_site}  # noqa: RUF012 - never changed

    @app_commands.command(name="setup", description="Set up Vigie step by step.")
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        await show_setup(interaction)


setup = extension(Setup, SetupItem)
