"""The three forms under ``/watch edit``: pre-filled modals, and how they are read.

A form keeps no state but its monitor's id, so that it can be sent after a restart too.
"""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.errors import UserError
from bot.models import Monitor
from bot.services.target_options import status_text
from bot.services.wishes import NAME_LIMIT, Change, with_scheme
from bot.words.catalogue import N_, Words
from cogs._ui.asking import Interaction
from cogs._ui.channel_rights import ALERT_CHANNEL_TYPES, check_place

FORM = r"v1:form:(?P<section>address|fine|told):(?P<monitor>\d{1,18})"
TITLES = {
    "address": N_("Address and rhythm"),
    "fine": N_("What counts as fine"),
    "told": N_("Where it is told"),
}
METHODS = ("GET", "HEAD")
_MOST_DIGITS = 18
_URL_LIMIT, _TEXT_LIMIT, _SHORT_LIMIT, _LONG_LIMIT = 2_048, 200, 100, 4_000


def form(words: Words, monitor: Monitor, section: str) -> ui.Modal:
    """The modal of one section; discord.py is not to remember it."""
    modal = ui.Modal(
        title=words.text(TITLES[section]), custom_id=f"v1:form:{section}:{monitor.id}", timeout=None
    )
    for item in _FIELDS[section](words, monitor):
        modal.add_item(item)
    modal.stop()
    return modal


def typed_values(interaction: Interaction) -> dict[str, str]:
    """What was typed and picked, by the names of the fields; a pick of nothing is empty."""
    data: Any = interaction.data or {}
    parts = [one.get("component") for one in data.get("components", [])]
    return {part["custom_id"]: _value(part) for part in parts if part}


def change_of(section: str, values: dict[str, str], guild: discord.Guild | None) -> Change:
    """Raises UserError for what cannot be read."""
    match section:
        case "address":
            return Change(
                url=with_scheme(values["url"]),
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
            channel_id, role_id = (int(values.get(name) or 0) for name in ("channel", "role"))
            check_place(guild, channel_id, role_id)
            return Change(channel_id=channel_id, role_id=role_id)


def _value(part: dict[str, Any]) -> str:
    if "values" in part:
        return str(next(iter(part["values"]), ""))
    return str(part.get("value") or "")


def _whole(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise UserError("“{text}” is not a whole number.", text=text)
    return int(text)


def _slow_ms(text: str) -> int:
    return _whole(text) if text.strip() else 0


def _address(words: Words, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    target = monitor.target
    fields = [
        _text(words.text("Address"), "url", target.url, limit=_URL_LIMIT, required=True),
        _text(words.text("Name"), "name", monitor.name, limit=NAME_LIMIT),
        _text(words.text("Seconds between checks"), "every", str(monitor.interval_s), limit=5),
    ]
    if target.url.startswith("http"):
        options = [discord.SelectOption(label=one, default=one == target.method) for one in METHODS]
        select: ui.Select[ui.Modal] = ui.Select(custom_id="method", options=options)
        fields.append(ui.Label(text=words.text("Method"), component=select))
    return fields


def _fine(words: Words, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    target = monitor.target
    names = "\n".join(f"{name}:" for name, _ in target.headers)
    slow = "" if monitor.slow_ms is None else str(monitor.slow_ms)
    return [
        _text(
            words.text("Fine HTTP codes"),
            "expect_status",
            status_text(target.expect_status),
            limit=_LONG_LIMIT,
            about=words.text("Such as 200, 301 or 2xx. Empty: any below 400."),
        ),
        _text(
            words.text("Text that must be there"), "contains", target.contains, limit=_TEXT_LIMIT
        ),
        _text(
            words.text("Text that must not be there"),
            "not_contains",
            target.not_contains,
            limit=_TEXT_LIMIT,
        ),
        _text(words.text("Slow from this many milliseconds"), "slow_ms", slow, limit=5),
        _text(
            words.text("Request headers"),
            "headers",
            names,
            limit=_LONG_LIMIT,
            about=words.text("One a line. I never show values; one left empty stays as it is."),
            long=True,
        ),
    ]


def _told(words: Words, monitor: Monitor) -> Sequence[ui.Label[ui.Modal]]:
    channel: ui.ChannelSelect[ui.Modal] = ui.ChannelSelect(
        custom_id="channel",
        channel_types=ALERT_CHANNEL_TYPES,
        min_values=0,
        required=False,
        default_values=picked(monitor.channel_id, discord.SelectDefaultValueType.channel),
    )
    role: ui.RoleSelect[ui.Modal] = ui.RoleSelect(
        custom_id="role",
        min_values=0,
        required=False,
        default_values=picked(monitor.role_id, discord.SelectDefaultValueType.role),
    )
    about = words.text("Empty: as for the whole server.")
    return [
        ui.Label(text=words.text("Channel"), description=about, component=channel),
        ui.Label(text=words.text("Role"), description=about, component=role),
    ]


def picked(
    found: int | None, kind: discord.SelectDefaultValueType
) -> list[discord.SelectDefaultValue]:
    """What a menu of channels or roles shows as chosen."""
    return [] if found is None else [discord.SelectDefaultValue(id=found, type=kind)]


def _text(
    label: str,
    name: str,
    value: str | None,
    *,
    limit: int = _SHORT_LIMIT,
    about: str | None = None,
    required: bool = False,
    long: bool = False,
) -> ui.Label[ui.Modal]:
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=name,
        style=style,
        default=(value or "")[:limit] or None,
        required=required,
        max_length=limit,
    )
    return ui.Label(text=label, description=about, component=field)


_FIELDS = {"address": _address, "fine": _fine, "told": _told}
