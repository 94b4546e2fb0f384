"""``/maintenance``: planned work, and what is offered while somebody types its time."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.services import recurrence
from bot.services.maintenance import REASON_LIMIT, NewWindow, WindowStatus
from bot.services.recurrence import wall_time
from bot.services.typed_text import parse_days
from bot.words.escaping import clip, markdown, plain
from bot.words.incident_text import fitting_lines
from bot.words.phrases import day_name, hours, stamp, weekly, weekly_text
from bot.words.translator import N_, Translator
from cogs._ui.interactions import (
    ManagersCog,
    defer_if_slow,
    extension,
    guild_translator,
    is_manager,
    respond,
)
from cogs._ui.monitor_option import ManagedMonitor, Tag
from cogs._ui.monitor_text import shown_name
from cogs._ui.options import Choices, Duration, TimeOfDay, choices, safe_autocomplete

_COLOUR = 0x5865F2
_LABEL_LIMIT, _LABEL_NAME = 100, 40
_UTC = "UTC"
_MEANING = N_(
    "Checks go on; what fails meanwhile is reported at the end only if it is still failing."
)


def started_text(interaction: Interaction, begun: WindowStatus, other: WindowStatus | None) -> str:
    """``other``: a window that is open already, so that to cancel one alone would end nothing."""
    words, mention = translator_of(interaction), interaction.client.commands_tree.mention
    until, cancel = stamp(begun.occurrence.until_ms or 0, "f"), mention("maintenance cancel")
    lines = [
        words.text("Maintenance until {time}: {what}.", time=until, what=_what(words, begun)),
        words.text(_MEANING),
        words.text("To end it: {command}", command=cancel),
    ]
    if other is not None:
        text = N_(
            "It was in maintenance already, until {time}. Each window ends by itself: {command}"
        )
        ends, listed = stamp(other.occurrence.until_ms or 0, "f"), mention("maintenance list")
        lines.append(words.text(text, time=ends, command=listed))
    return "\n".join(lines)


def planned_text(words: Translator, planned: WindowStatus, cancel: str, *, hint: bool) -> str:
    """Time and zone of a planned window, and its effect. ``hint``: nobody chose the zone."""
    said = words.text("The times are those of the zone {zone}.", zone=planned.window.timezone)
    if hint:
        said += " " + words.text("For another one use the option “timezone”; I remember it.")
    begun = words.text("Maintenance is planned: {line}", line=line(words, planned))
    end = words.text("To cancel it: {command}", command=cancel)
    return "\n".join([begun, said, words.text(_MEANING), end])


def announcement(words: Translator, one: WindowStatus, timezone: str) -> str:
    """A line for a channel: the times of the clock on the wall, which a push shows too."""
    window = markdown(label(words, one, timezone), 2 * _LABEL_LIMIT)
    return words.text("🔧 MAINTENANCE · {window}", window=window)


def cancelled_text(words: Translator, cancelled: WindowStatus) -> str:
    """Answer to a cancellation; of a weekly window with its plan, so that a slip loses nothing."""
    what = _what(words, cancelled)
    text = N_("The planned maintenance is cancelled: {what}.")
    said = words.text(
        N_("The maintenance is over: {what}.") if cancelled.active else text, what=what
    )
    if cancelled.window.date is not None:
        return said
    plan = weekly_text(words, cancelled.window)
    return f"{said}\n{words.text('It will not repeat; it was scheduled {plan}.', plan=plan)}"


def list_embed(words: Translator, found: Sequence[WindowStatus]) -> discord.Embed:
    text = "\n".join(fitting_lines(words, [line(words, one) for one in found]))
    embed = discord.Embed(title=words.text("Maintenance"), description=text, colour=_COLOUR)
    count = words.plural("{n} maintenance window", "{n} maintenance windows", len(found))
    return embed.set_footer(text=count)


def line(words: Translator, one: WindowStatus) -> str:
    """``**Shop** · every Monday, 02:30–03:30 (Europe/Paris) · next …``; shows ``<t:…>``."""
    window, occurrence = one.window, one.occurrence
    parts = [f"**{_what(words, one)}**"]
    begun, over = stamp(occurrence.from_ms, "f"), stamp(occurrence.until_ms or 0, "f")
    if window.date is None:
        parts.append(weekly_text(words, window))
    if one.active:
        parts.append(words.text("now, until {time}", time=over))
    elif window.date is None:
        parts.append(words.text("next {time}", time=f"{begun} – {over}"))
    else:
        parts.append(f"{begun} – {over}")
    if window.reason:
        parts.append(markdown(window.reason, REASON_LIMIT))
    if window.from_file:
        parts.append(words.text("from the file of sites"))
    return " · ".join(parts)


def label(words: Translator, one: WindowStatus, timezone: str) -> str:
    """A plain line for autocomplete, which shows no ``<t:…>``; ``timezone`` is the server's."""
    window, name = one.window, _what(words, one) if one.monitor is None else one.monitor.name
    if window.date is None:
        when = f"{weekly(words, window.days)}, {hours(words, window)} {window.timezone}"
    else:
        begun = wall_time(one.occurrence.from_ms, timezone)
        over = wall_time(one.occurrence.until_ms or 0, timezone)
        end = f"{over:%H:%M}" if over.date() == begun.date() else f"{over:%Y-%m-%d %H:%M}"
        when = f"{begun:%Y-%m-%d %H:%M}–{end} {timezone}"
    parts = [plain(name, _LABEL_NAME), when, plain(window.reason or "", _LABEL_NAME)]
    return clip(" · ".join(part for part in parts if part), _LABEL_LIMIT)


def _what(words: Translator, one: WindowStatus) -> str:
    if one.monitor is not None:
        return shown_name(one.monitor)
    return f"#{one.window.tag}" if one.window.tag else words.text("all sites")


_ABBREVIATIONS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PATTERNS = ("daily", "mon-fri", "sat,sun", *_ABBREVIATIONS)
_NEXT_DAYS = 8
ReadDays: TypeAlias = Callable[[str], tuple[int, ...] | date]
# Shown before anything is typed: some of the zones that most people live in.
_USUAL = (
    "UTC", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki", "Europe/Istanbul",
    "America/New_York", "America/Toronto", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Sao_Paulo", "Africa/Lagos", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo",
    "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@safe_autocomplete
def autocomplete_days(interaction: Interaction, typed: str) -> Choices:
    """First how the typed text is read, then patterns and the next dates."""
    words, now_ms = translator_of(interaction), interaction.client.services.clock.now_ms()
    today = wall_time(now_ms, _settings_zone(interaction)).date()
    read = partial(parse_days, today=today, month_first=month_first(interaction))
    labels = [_days_label(words, text, read) for text in _days_texts(typed, today, read)]
    wanted = typed.strip().casefold()
    found = [(text, value) for text, value in labels if wanted in f"{text} {value}".casefold()]
    return choices(found or labels[:1])


@safe_autocomplete
def autocomplete_zones(interaction: Interaction, typed: str) -> Choices:
    """Zones with the time it is there; the server's own first."""
    now_ms = interaction.client.services.clock.now_ms()
    own = _settings_zone(interaction)
    wanted = recurrence.search_form(typed)
    pool = recurrence.names() if wanted else (own, *_USUAL)
    found = [name for name in pool if wanted in recurrence.search_form(name)]
    found.sort(key=lambda name: (name != own, name not in _USUAL, not _begins(name, wanted), name))
    return choices((f"{name} ({wall_time(now_ms, name):%H:%M})", name) for name in found)


@safe_autocomplete
def autocomplete_windows(interaction: Interaction, typed: str) -> Choices:
    if not is_manager(interaction):
        return []
    words, timezone = translator_of(interaction), _settings_zone(interaction)
    found = interaction.client.services.maintenance.of_guild(interaction.guild_id or 0)
    labels = [(label(words, one, timezone), str(one.window.id)) for one in found]
    wanted = typed.strip().casefold()
    return choices(pair for pair in labels if wanted in pair[0].casefold())


def month_first(interaction: Interaction) -> bool:
    """Americans write 3/28/2027, everybody else 28/3/2027."""
    return interaction.locale is discord.Locale.american_english


def _days_texts(typed: str, today: date, read: ReadDays) -> list[str]:
    dates = [(today + timedelta(n)).isoformat() for n in range(_NEXT_DAYS)]
    try:
        read(typed)
    except UserError:
        return [*_PATTERNS, *dates]
    return list(dict.fromkeys([typed.strip(), *_PATTERNS, *dates]))


def _days_label(words: Translator, text: str, read: ReadDays) -> tuple[str, str]:
    meant = read(text)
    if isinstance(meant, date):
        return f"{meant.isoformat()} ({day_name(words, meant.weekday())})", meant.isoformat()
    return weekly(words, meant), ",".join(_ABBREVIATIONS[day] for day in meant)


def _settings_zone(interaction: Interaction) -> str:
    return interaction.client.services.guilds.settings(interaction.guild_id or 0).timezone


def _begins(name: str, wanted: str) -> bool:
    """A city that begins with what was typed comes before one that contains it."""
    return any(part.startswith(wanted) for part in recurrence.search_form(name).split("/"))


_USUAL_S = 3_600


class Maintenance(
    ManagersCog,
    commands.GroupCog,
    group_name="maintenance",
    group_description="Silence alerts while you work on a site.",
):
    @app_commands.command(name="start", description="Maintenance from now on.")
    @app_commands.describe(
        monitor="Only this site, not all of them.",
        length="For how long, such as 30m, 2h or 1d; by default 1 h.",
        reason="The reason, shown in the list.",
        tag="Only sites with this tag.",
        announce="Also post it where the alerts go.",
    )
    @app_commands.rename(length="for")
    async def start(
        self,
        interaction: Interaction,
        monitor: ManagedMonitor | None = None,
        length: Duration | None = None,
        *,
        reason: str | None = None,
        tag: Tag | None = None,
        announce: bool = False,
    ) -> None:
        work = self._services.maintenance.start(
            interaction.guild_id or 0,
            None if monitor is None else monitor.id,
            for_s=length or _USUAL_S,
            reason=reason,
            by=interaction.user.id,
            tag=tag,
        )
        begun = await defer_if_slow(interaction, work)
        text = started_text(interaction, begun, self._services.maintenance.beside(begun))
        await self._answer(interaction, text, begun, announce=announce)

    async def _answer(
        self, interaction: Interaction, text: str, window: WindowStatus, *, announce: bool
    ) -> None:
        if announce:
            text += "\n" + await self._announce(interaction, window)
        self._services.boards.wake()
        await respond(interaction, text)

    async def _announce(self, interaction: Interaction, window: WindowStatus) -> str:
        """Post it where the alerts of its sites go, in the server's language."""
        settings = self._services.guilds.settings(interaction.guild_id or 0)
        words = translator_of(interaction)
        text = announcement(guild_translator(interaction), window, settings.timezone)
        work = self._services.maintenance.announce(window, text)
        channels = await defer_if_slow(interaction, work)
        self._services.delivery.wake()
        if not channels:
            return words.text("It is announced nowhere: no alert channel is set.")
        named = words.list([f"<#{one}>" for one in channels])
        return words.text("Announced in {channels}.", channels=named)

    @app_commands.command(name="schedule", description="Plan maintenance, once or every week.")
    @app_commands.describe(
        days="Every week on these days, such as mon,wed or daily, or one date: 2027-03-28.",
        begins="When it begins, such as 02:30.",
        ends="When it ends, such as 04:00; the next day if that is earlier.",
        length="Its duration instead, such as 2h.",
        monitor="Only this site, not all of them.",
        timezone="The time zone, such as Europe/Paris. I remember it.",
        reason="The reason, shown in the list.",
        tag="Only sites with this tag.",
        announce="Also post it where the alerts go.",
    )
    @app_commands.rename(begins="from", ends="to", length="for")
    @app_commands.autocomplete(days=autocomplete_days, timezone=autocomplete_zones)
    async def schedule(
        self,
        interaction: Interaction,
        *,
        days: str,
        begins: TimeOfDay,
        ends: TimeOfDay | None = None,
        length: Duration | None = None,
        monitor: ManagedMonitor | None = None,
        timezone: str | None = None,
        reason: str | None = None,
        tag: Tag | None = None,
        announce: bool = False,
    ) -> None:
        if (ends is None) == (length is None):
            raise UserError("Set its end with “to” or with “for”, one of the two.")
        guild_id = interaction.guild_id or 0
        usual = self._services.guilds.settings(guild_id).timezone
        zone = usual if timezone is None else recurrence.zone_name(timezone)
        today = wall_time(self._services.clock.now_ms(), zone).date()
        meant = parse_days(days, today, month_first=month_first(interaction))
        wanted = NewWindow(
            days=() if isinstance(meant, date) else meant,
            date=meant if isinstance(meant, date) else None,
            begins=begins,
            ends=ends,
            length_s=length,
            monitor_id=None if monitor is None else monitor.id,
            timezone=zone,
            reason=reason,
            tag=tag,
        )
        work = self._services.maintenance.schedule(guild_id, wanted, interaction.user.id)
        planned = await defer_if_slow(interaction, work)
        cancel = self._client.commands_tree.mention("maintenance cancel")
        hint = timezone is None and zone == _UTC
        text = planned_text(translator_of(interaction), planned, cancel, hint=hint)
        await self._answer(interaction, text, planned, announce=announce)

    @app_commands.command(name="list", description="Show the maintenance windows of this server.")
    async def list(self, interaction: Interaction) -> None:
        words = translator_of(interaction)
        found = self._services.maintenance.of_guild(interaction.guild_id or 0)
        if found:
            await respond(interaction, embed=list_embed(words, found))
            return
        command = self._client.commands_tree.mention("maintenance schedule")
        text = words.text("No maintenance is planned. Try {command}", command=command)
        await respond(interaction, text)

    @app_commands.command(name="cancel", description="Cancel a maintenance window, or end it now.")
    @app_commands.describe(window="Which site.")
    @app_commands.autocomplete(window=autocomplete_windows)
    async def cancel(self, interaction: Interaction, window: str) -> None:
        guild_id = interaction.guild_id or 0
        found = self._services.maintenance.find(guild_id, window)
        work = self._services.maintenance.cancel(guild_id, found.window.id, interaction.user.id)
        cancelled = await defer_if_slow(interaction, work)
        self._services.boards.wake()
        await respond(interaction, cancelled_text(translator_of(interaction), cancelled))


setup = extension(Maintenance)
