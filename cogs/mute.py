"""``/mute``: no alerts of one site for a while. Thin: the rules are in the service of silences."""

import re
from collections.abc import Sequence

from discord import app_commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.services.silences import MUTE_LIMIT_S
from bot.services.status import MonitorStatus
from bot.words.phrases import stamp
from bot.words.translator import N_, Translator
from cogs._ui.alert_buttons import MUTED, UNMUTED
from cogs._ui.interactions import VigieCog, defer_if_slow, extension, respond
from cogs._ui.monitor_option import VisibleMonitors
from cogs._ui.monitor_text import shown_names
from cogs._ui.options import Choices, choices, parse_duration_s, safe_autocomplete

OFF = "off"
_OFF = re.compile(r"off|non|no|stop|0+\s*[smhdjw]?", re.IGNORECASE)
_MEANING = N_("Checks go on; what fails meanwhile is reported at the end if it is still failing.")
_COMMON = ("30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "7d")


@safe_autocomplete
def autocomplete_mutes(interaction: Interaction, typed: str) -> Choices:
    """Offer what was typed if it is a length of time, then the common ones, then "off"."""
    words, typed = translator_of(interaction), typed.strip()
    offered = [(words.duration(parse_duration_s(text)), text) for text in _COMMON]
    offered.append((words.text("off: unmute"), OFF))
    found = [one for one in offered if any(s.casefold().startswith(typed.casefold()) for s in one)]
    if _OFF.fullmatch(typed):
        return choices(offered[-1:])
    try:
        own_s = parse_duration_s(typed)
    except UserError:
        return choices(found)
    own = words.duration(own_s)
    first = [(own, typed)] if own_s <= MUTE_LIMIT_S else []
    return choices([*first, *(pair for pair in found if not first or pair[0] != own)])


def muted_text(words: Translator, muted: Sequence[MonitorStatus], command: str) -> str:
    until = stamp(muted[0].monitor.muted_until_ms or 0, "f")
    name = shown_names(words, [one.monitor for one in muted])
    lines = [
        words.text(MUTED, name=name, time=until),
        words.text(_MEANING),
        words.text("To unmute it sooner: {command} with “off”.", command=command),
    ]
    if any(one.incident is not None and not one.incident.silenced for one in muted):
        lines.insert(1, words.text("The open alert keeps updating; its recovery will be posted."))
    return "\n".join(lines)


def unmuted_text(words: Translator, now: Sequence[MonitorStatus], was_muted: Sequence[bool]) -> str:
    """Effect in words: a pause or a maintenance window silences it whether it is muted or not."""
    status, name = now[0], shown_names(words, [one.monitor for one in now])
    if len(now) > 1:
        text = UNMUTED if any(was_muted) else N_("None of them was muted.")
        return words.text(text, name=name)
    if not was_muted[0]:
        return words.text("{name} was not muted.", name=name)
    text, until = UNMUTED, ""
    if status.paused:
        text = N_("{name} is no longer muted, but it is paused: no checks, no alerts.")
    elif status.maintenance is not None:
        until = stamp(status.maintenance[1].until_ms or 0, "f")
        text = N_(
            "{name} is no longer muted, but in maintenance until {time}; alerts are"
            " silenced until then."
        )
    return words.text(text, name=name, time=until)


class Mute(VigieCog):
    """One command, for whoever may press Mute under an alert."""

    @app_commands.default_permissions(manage_messages=True)
    @app_commands.command(name="mute", description="Silence the alerts of a site for a while.")
    @app_commands.describe(
        monitor="Which site.",
        length="For how long, such as 30m, 2h or 1d, at most 30 days; off to unmute.",
    )
    @app_commands.rename(length="for")
    @app_commands.autocomplete(length=autocomplete_mutes)
    async def mute(self, interaction: Interaction, monitor: VisibleMonitors, length: str) -> None:
        words, by = translator_of(interaction), interaction.user.id
        for_s = None if _OFF.fullmatch(length.strip()) else parse_duration_s(length)
        silences, guild_id = self._services.silences, interaction.guild_id or 0
        ids = [one.monitor.id for one in monitor]
        if for_s is None:
            for one in ids:
                await defer_if_slow(interaction, silences.unmute(guild_id, one, by))
        else:
            await defer_if_slow(interaction, silences.mute(guild_id, ids, by=by, for_s=for_s))
        now = [self._services.status.one(guild_id, one) for one in ids]
        if for_s is None:
            was_muted = [one.monitor.muted_until_ms is not None for one in monitor]
            text = unmuted_text(words, now, was_muted)
        else:
            text = muted_text(words, now, self._client.commands_tree.mention("mute"))
        await respond(interaction, text)


setup = extension(Mute)
