"""The three forms under ``/watch edit``: what they ask, and how the answers are read."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.models import Monitor
from bot.services.target_options import status_text
from bot.services.wishes import NAME_LIMIT, Change
from bot.words.escaping import plain
from bot.words.translator import N_
from cogs._ui.channel_options import ALERT_CHANNEL_TYPES, check_channel_and_role
from cogs._ui.forms import form, shown_channel, shown_role, text_field

FORM = r"v1:form:(?P<section>address|fine|told):(?P<monitor>\d{1,18})"
TITLES = {
    "address": N_("Address and interval"),
    "fine": N_("Success criteria"),
    "told": N_("Alert channel"),
}
METHODS = ("GET", "HEAD")
_MOST_DIGITS = 18
# The name of a menu whose being empty leaves the thread where it is.
_OR_THE_THREAD = "channel_or_thread"
_THREAD_NAME = 50
URL_LIMIT = 2_048
_TEXT_LIMIT, _LONG_LIMIT = 200, 4_000


def monitor_form(interaction: Interaction, monitor: Monitor, section: str) -> ui.Modal:
    """That of one section."""
    words = translator_of(interaction)
    fields = _FIELDS[section](interaction, monitor)
    return form(words.text(TITLES[section]), f"v1:form:{section}:{monitor.id}", fields)


async def change_of(interaction: Interaction, section: str, values: dict[str, str]) -> Change:
    """Raises UserError for what cannot be read."""
    match section:
        case "address":
            return Change(
                url=values["url"],
                name=values["name"],
                every_s=_whole(values["every"]),
                method=values.get("method") or None,
            )
        case "fine":
            return Change(
                expect_status=values["expect_status"],
                contains=values["contains"],
                not_contains=values["not_contains"],
                slow_ms=_slow_ms(values["slow_ms"]),
                headers=values["headers"],
            )
        case _:
            role_id = int(values.get("role") or 0)
            channel_id = int(values.get("channel") or values.get(_OR_THE_THREAD) or 0)
            await check_channel_and_role(interaction, channel_id, role_id)
            stays = _OR_THE_THREAD in values and not channel_id
            return Change(channel_id=None if stays else channel_id, role_id=role_id)


def _whole(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise UserError("“{text}” is not a whole number.", text=text)
    return int(text)


def _slow_ms(text: str) -> int:
    return _whole(text) if text.strip() else 0


def _address(interaction: Interaction, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    words, target = translator_of(interaction), monitor.target
    fields = [
        text_field(words.text("Address"), "url", target.url, limit=URL_LIMIT, required=True),
        text_field(words.text("Name"), "name", monitor.name, limit=NAME_LIMIT),
        text_field(words.text("Seconds between checks"), "every", str(monitor.interval_s), limit=5),
    ]
    if target.url.startswith("http"):
        options = [discord.SelectOption(label=one, default=one == target.method) for one in METHODS]
        select: ui.Select[ui.Modal] = ui.Select(custom_id="method", options=options)
        fields.append(ui.Label(text=words.text("Method"), component=select))
    return fields


def _fine(interaction: Interaction, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    words, target = translator_of(interaction), monitor.target
    names = "\n".join(f"{name}:" for name, _ in target.headers)
    slow = "" if monitor.slow_ms is None else str(monitor.slow_ms)
    return [
        text_field(
            words.text("Accepted HTTP codes"),
            "expect_status",
            status_text(target.expect_status),
            limit=_LONG_LIMIT,
            about=words.text("Such as 200, 301 or 2xx. Empty: any below 400."),
        ),
        text_field(words.text("Required text"), "contains", target.contains, limit=_TEXT_LIMIT),
        text_field(
            words.text("Forbidden text"),
            "not_contains",
            target.not_contains,
            limit=_TEXT_LIMIT,
        ),
        text_field(words.text("Slow limit (ms)"), "slow_ms", slow, limit=5),
        text_field(
            words.text("Request headers"),
            "headers",
            names,
            limit=_LONG_LIMIT,
            about=words.text("One per line. I never show values; one left empty stays as it is."),
            long=True,
        ),
    ]


def _told(interaction: Interaction, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    words = translator_of(interaction)
    thread = _thread_of(interaction, monitor)
    channel: ui.ChannelSelect[ui.Modal] = ui.ChannelSelect(
        custom_id="channel" if thread is None else _OR_THE_THREAD,
        channel_types=ALERT_CHANNEL_TYPES,
        min_values=0,
        required=False,
        default_values=shown_channel(interaction, monitor.channel_id),
    )
    role: ui.RoleSelect[ui.Modal] = ui.RoleSelect(
        custom_id="role",
        min_values=0,
        required=False,
        default_values=shown_role(interaction, monitor.role_id),
    )
    about = stays = words.text("Empty: the server's setting.")
    if thread is not None:
        name = plain(thread.name, _THREAD_NAME)
        stays = words.text("Empty: the thread “{name}” stays.", name=name)
    return [
        ui.Label(text=words.text("Channel"), description=stays, component=channel),
        ui.Label(text=words.text("Role"), description=about, component=role),
    ]


def _thread_of(interaction: Interaction, monitor: Monitor) -> discord.Thread | None:
    """The thread in which it is told: a menu cannot show one as chosen."""
    known, channel_id = interaction.client.known_channels, monitor.channel_id
    found = None if channel_id is None else known.find(interaction.guild, channel_id)
    return found if isinstance(found, discord.Thread) else None


_FIELDS = {"address": _address, "fine": _fine, "told": _told}
