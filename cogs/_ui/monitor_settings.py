"""The settings card of a monitor under ``/watch edit``, its forms, what is said of a change."""

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import error_text, translator_of
from bot.discord.permissions import channel_problem, role_unreachable
from bot.errors import UserError
from bot.models import Monitor, Target
from bot.services.audit_log import IN_THE_FILE
from bot.services.monitor_options import (
    IN_COMMANDS,
    NAME_LIMIT,
    OPTIONS,
    SECTIONS,
    Typed,
    differing,
    of_section,
)
from bot.services.monitor_rules import Edited, is_cut
from bot.services.option_types import (
    AddressOption,
    BodyOption,
    ChannelOption,
    ChoiceOption,
    HeaderConditionOption,
    HeadersOption,
    LinkOption,
    NameOption,
    NumberOption,
    Option,
    RoleOption,
    StatusesOption,
    TextOption,
    YesOption,
)
from bot.services.registry import Services
from bot.services.status import MonitorStatus
from bot.services.typed_text import typed_address
from bot.words.causes import result_text
from bot.words.escaping import clip, code, markdown, plain
from bot.words.phrases import every
from bot.words.translator import Translator
from cogs._ui.alert_settings import goes_to
from cogs._ui.audit_log import add_changes, audit_log_button
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.forms import (
    form,
    mending_offers,
    offers_without_tls,
    shown_channel,
    shown_role,
    text_field,
    typed_values,
    with_address,
)
from cogs._ui.interactions import defer_if_slow, respond, respond_or_edit
from cogs._ui.monitor_option import PINGS_AS_SERVER
from cogs._ui.monitor_text import shown_name
from cogs._ui.options import ALERT_CHANNEL_TYPES, check_channel_and_role

FORM = rf"v1:form:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})"
URL_LIMIT = 2_048
_LONG_LIMIT, _LIMITS = 4_000, {AddressOption: URL_LIMIT, NameOption: NAME_LIMIT, NumberOption: 10}
_SHOWN_URL, _VALUE_LIMIT, _HEADERS_LIMIT, _THREAD_NAME = 1_000, 300, 900, 50
_WIDE = (TextOption, HeadersOption, HeaderConditionOption, LinkOption)
_ALERTS = ("channel_id", "role_id", "quiet")
_IN_HEAD = {"url", "name", "every", "method"}  # title and first field
# The name of a menu whose being empty leaves the thread where it is.
_OR_THE_THREAD = "channel_or_thread"


def card_embed(words: Translator, status: MonitorStatus) -> discord.Embed:
    """Every option the address takes; of request headers the names alone: values may be secrets."""
    monitor = status.monitor
    embed = discord.Embed(title=shown_name(monitor))
    interval = every(words, monitor.interval_s)
    if monitor.is_push:
        embed.add_field(name=words.text("A beat"), value=interval, inline=False)
    else:
        address = f"{asked_address(monitor.target, _SHOWN_URL)} · {interval}"
        embed.add_field(name=words.text("Address"), value=address, inline=False)
    options = [one for section in SECTIONS for one in of_section(section, monitor.target.url)]
    rare = (one for one in IN_COMMANDS if not one.section)
    options += [one for one in rare if one.of(monitor) != one.default]
    for option in sorted(options, key=lambda one: not isinstance(one, _WIDE)):
        if option.name not in _IN_HEAD:
            name, value = words.text(option.label), _shown_value(words, option, status)
            embed.add_field(name=name, value=value, inline=not isinstance(option, _WIDE))
    return embed


def _shown_value(  # noqa: PLR0911 - one for each type
    words: Translator, option: Option, status: MonitorStatus
) -> str:
    value = option.of(status.monitor)
    is_unset = value == option.default and option.removable
    unset = words.text(option.unset) if is_unset else ""
    match option:
        case ChannelOption() if is_unset and status.channel_id is not None:
            return f"{unset} (<#{status.channel_id}>)"
        case RoleOption() if is_unset and status.role_id is not None:
            return f"{unset} (<@&{status.role_id}>)"
        case _ if is_unset:
            return unset
        case NumberOption():
            return words.text(option.shown, n=value)
        case ChannelOption():
            return f"<#{value}>"
        case RoleOption():
            return f"<@&{value}>"
        case HeadersOption():
            return clip(", ".join(code(name, _VALUE_LIMIT) for name, _ in value), _HEADERS_LIMIT)
        case StatusesOption():
            return option.write(value)[:_VALUE_LIMIT]
        case YesOption():
            return words.text("yes")
    return code(option.write(value), _VALUE_LIMIT)


def asked_address(target: Target, limit: int) -> str:
    """``HEAD https://…``; ports and names are asked by no method. For embeds of managers."""
    address = code(target.url, limit)
    method = target.method if target.body is None else "POST"
    return f"{method} {address}" if target.url.startswith("http") else address


def cut_text(words: Translator, name: str | None) -> str:
    return words.text("Its name was cut to {n} characters.", n=NAME_LIMIT) if is_cut(name) else ""


def edited_text(words: Translator, interaction: Interaction, edited: Edited) -> str:
    before, after = edited.before, edited.after
    changed = [words.text(option.label) for option in differing(before, after)]
    if not changed:
        return words.text("Nothing changed.")
    lines = [words.text("Changed: {list}.", list=words.list(changed))]
    if edited.first is not None:
        result = result_text(words, edited.first, whole=True)
        seen = words.text("First check: {result}.", result=result)
        lines.append(seen if edited.first.ok else f"⚠ {seen}")
    if before.target.url != after.target.url:
        lines.append(words.text("The new address starts from scratch."))
    if edited.alert_elsewhere:
        lines.append(
            words.text(
                "The open alert stays where it is; the new channel is used from the next one on."
            )
        )
    status = interaction.client.services.status.one(after.guild_id, after.id)
    if any(getattr(after, one) != getattr(before, one) for one in _ALERTS):
        lines.append(goes_to(interaction, status.channel_id, status.role_id))
    if after.channel_id is not None and after.channel_id != before.channel_id:
        lines.append(channel_problem(words, interaction, after.channel_id))
    if after.role_id is not None and after.role_id != before.role_id:
        channel_id = status.channel_id or 0
        lines.append(role_unreachable(words, interaction, channel_id, after.role_id))
    return "\n".join(line for line in lines if line)


class EditButton(
    PersistentItem,
    template=rf"v1:edit:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})",
):
    """Opens the form of one section."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors = interaction.client.services.monitors
        monitor = monitors.get(interaction.guild_id or 0, int(self.params["monitor"]))
        await interaction.response.send_modal(
            monitor_form(interaction, monitor, self.params["section"])
        )


class ServerRoleButton(PersistentItem, template=r"v1:serverrole:(?P<monitor>\d{1,18})"):
    """Takes a role of its own away."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        await _change(interaction, PINGS_AS_SERVER, monitor_id=int(self.params["monitor"]))


def _parent(services: Services, monitor: Monitor) -> str | None:
    """The name of what it depends on: a monitor, or a page that is still followed."""
    parent_id = monitor.depends_on
    if parent_id is None:
        return None
    if parent_id > 0:
        return shown_name(services.monitors.get(monitor.guild_id, parent_id))
    pages = services.followed.of_guild(monitor.guild_id)
    return next((markdown(one.name, NAME_LIMIT) for one in pages if one.id == -parent_id), None)


async def card(interaction: Interaction, monitor: Monitor) -> tuple[discord.Embed, ui.View]:
    """The settings with what was changed last, and a button for each form and for all changes."""
    words = translator_of(interaction)
    services = interaction.client.services
    embed = card_embed(words, services.status.one(monitor.guild_id, monitor.id))
    parent = _parent(services, monitor)
    if parent is not None:
        label = words.text(OPTIONS["depends_on"].label)
        embed.add_field(name=label, value=parent, inline=False)
    await add_changes(interaction, embed, monitor.id)
    renewal = [renewal_button(words, monitor.id)] if monitor.is_push else []
    if monitor.from_file:  # which has no secret address
        embed.set_footer(text=words.text(IN_THE_FILE))
        return embed, view_of([*renewal, audit_log_button(words, monitor.id)])
    buttons: list[PersistentItem] = [
        EditButton.button(f"v1:edit:{section}:{monitor.id}", words.text(title))
        for section, title in SECTIONS.items()
        if any(of_section(section, monitor.target.url))
    ]
    buttons += renewal
    if monitor.role_id is not None or monitor.quiet:
        label = words.text("Ping the server's role")
        buttons.append(ServerRoleButton.button(f"v1:serverrole:{monitor.id}", label))
    return embed, view_of([*buttons, audit_log_button(words, monitor.id)])


async def take_edited(interaction: Interaction, sent: re.Match[str]) -> None:
    """What a form sends is taken or, with all that is wrong with it, can be mended in it."""
    await _take_form(interaction, int(sent["monitor"]), sent["section"], typed_values(interaction))


async def _take_form(
    interaction: Interaction, monitor_id: int, section: str, values: Mapping[str, str]
) -> None:
    async def use(asked: Interaction, address: str) -> None:
        await _take_form(asked, monitor_id, section, {**values, "url": address})

    async def open_again(asked: Interaction) -> None:
        monitor = asked.client.services.monitors.get(asked.guild_id or 0, monitor_id)
        await asked.response.send_modal(monitor_form(asked, monitor, section, values))

    try:
        work_out = change_of(interaction, values)
        typed = dict(await defer_if_slow(interaction, work_out))
        if "url" in typed:
            typed["url"] = typed_address(typed["url"])
        await _change(interaction, typed, monitor_id=monitor_id)
    except UserError as error:
        view = view_of(mending_offers(interaction, error, use, open_again))
        await respond(interaction, error_text(translator_of(interaction), error), view=view)


async def take_change(interaction: Interaction, monitor_id: int, typed: Typed) -> None:
    """Change what was asked for; an address as it was typed is read first."""

    async def take(asked: Interaction, address: str) -> None:
        await _change(asked, {**typed, "url": address}, monitor_id=monitor_id)

    if "url" in typed:
        await with_address(interaction, typed["url"], take)
    else:
        await _change(interaction, typed, monitor_id=monitor_id)


async def _change(interaction: Interaction, change: Typed, *, monitor_id: int) -> None:
    """Say what changed, with the card as it is now: in place of the old one where that can be."""
    monitors = interaction.client.services.monitors
    work = monitors.edit(interaction.guild_id or 0, monitor_id, change, interaction.user.id)
    edited = await defer_if_slow(interaction, work)
    words = translator_of(interaction)
    said = [edited_text(words, interaction, edited), cut_text(words, change.get("name"))]
    text = "\n".join(line for line in said if line)
    embed, view = await defer_if_slow(interaction, card(interaction, edited.after))
    again = partial(_change, monitor_id=monitor_id)
    for one in offers_without_tls(interaction, edited.after, edited.first, again):
        view.add_item(one)
    await respond_or_edit(interaction, content=text, embed=embed, view=view)


def monitor_form(
    interaction: Interaction,
    monitor: Monitor,
    section: str,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> ui.Modal:
    """``typed``: what stands in the fields instead of what is set."""
    words = translator_of(interaction)
    options = of_section(section, monitor.target.url)
    fields = [_field(interaction, option, monitor, typed.get(option.name)) for option in options]
    return form(words.text(SECTIONS[section]), f"v1:form:{section}:{monitor.id}", fields)


async def change_of(interaction: Interaction, values: Mapping[str, str]) -> Typed:
    """What was typed, by the names of options. Raises UserError for a place alerts cannot have."""
    typed: dict[str, Any] = {name: values[name] for name in OPTIONS if name in values}
    if picked := values.get(_OR_THE_THREAD):
        typed["channel"] = picked
    channel_id, role_id = int(typed.get("channel") or 0), int(typed.get("role") or 0)
    await check_channel_and_role(interaction, channel_id, role_id)
    return typed


def _field(
    interaction: Interaction, option: Option, monitor: Monitor, typed: str | None
) -> ui.Label[ui.Modal]:
    words = translator_of(interaction)
    label = words.text(option.label)
    match option:
        case ChannelOption():
            return _channel_menu(interaction, option, monitor, typed)
        case RoleOption():
            roles: ui.RoleSelect[ui.Modal] = ui.RoleSelect(
                custom_id=option.name,
                min_values=0,
                required=False,
                default_values=shown_role(interaction, _picked(typed, option.of(monitor))),
            )
            about = words.text("Empty: the server's setting.")
            return ui.Label(text=label, description=about, component=roles)
        case ChoiceOption():
            options = [
                discord.SelectOption(label=one, default=one == (typed or option.of(monitor)))
                for one in option.choices
            ]
            menu: ui.Select[ui.Modal] = ui.Select(custom_id=option.name, options=options)
            return ui.Label(text=label, component=menu)
    return text_field(
        label,
        option.name,
        option.write(option.of(monitor)) if typed is None else typed,
        limit=getattr(option, "limit", _LIMITS.get(type(option), _LONG_LIMIT)),
        about=option.form_help and words.text(option.form_help),
        required=isinstance(option, AddressOption),
        long=isinstance(option, (HeadersOption, BodyOption)),
    )


def _picked(typed: str | None, set_now: int | None) -> int | None:
    """The id that a menu shows as chosen; an emptied one stays empty."""
    return set_now if typed is None else int(typed or 0) or None


def _channel_menu(
    interaction: Interaction, option: Option, monitor: Monitor, typed: str | None
) -> ui.Label[ui.Modal]:
    """A menu cannot show a thread as chosen: empty, it leaves the one there is."""
    words, known = translator_of(interaction), interaction.client.known_channels
    chosen = known.find(interaction.guild, monitor.channel_id or 0)
    name, about = option.name, words.text("Empty: the server's setting.")
    if isinstance(chosen, discord.Thread):
        thread = plain(chosen.name, _THREAD_NAME)
        name, about = _OR_THE_THREAD, words.text("Empty: the thread “{name}” stays.", name=thread)
    channels: ui.ChannelSelect[ui.Modal] = ui.ChannelSelect(
        custom_id=name,
        channel_types=ALERT_CHANNEL_TYPES,
        min_values=0,
        required=False,
        default_values=shown_channel(interaction, _picked(typed, monitor.channel_id)),
    )
    return ui.Label(text=words.text(option.label), description=about, component=channels)


class RenewalButton(PersistentItem, template=r"v1:pushaddress:(?P<monitor>\d{1,18})"):
    """Makes a new address; the one before is not found any more."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors = interaction.client.services.monitors
        work = monitors.renew_address(
            interaction.guild_id or 0, int(self.params["monitor"]), interaction.user.id
        )
        monitor, address = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        said = words.text("The old address no longer works.")
        text = f"{said}\n{address_text(words, monitor, address)}"
        view = view_of([renewal_button(words, monitor.id)])
        await respond_or_edit(interaction, content=text, embed=None, view=view)


def renewal_button(words: Translator, monitor_id: int) -> PersistentItem:
    return RenewalButton.button(f"v1:pushaddress:{monitor_id}", words.text("New address"))


def address_text(words: Translator, monitor: Monitor, address: str) -> str:
    """Where the job calls, when, and what else it may say there."""
    waits = words.text(
        "{name} waits for a beat every {every}, at most {grace} late. Its job calls:",
        name=shown_name(monitor),
        every=words.duration(monitor.interval_s),
        grace=words.duration(monitor.grace_s or 0),
    )
    more = words.text(
        "Add `/start` when it begins, `/fail` when it failed, or its exit status, as in"
        " `/$?`. The address is a secret, and I show it only now."
    )
    return f"{waits}\n```\ncurl -fsS -m 10 --retry 3 {address}\n```\n{more}"
