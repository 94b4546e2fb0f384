"""The options of ``/maintenance``, offered as people type. From memory, and never raising."""

import logging
from collections.abc import Iterable
from datetime import date, timedelta

from discord import app_commands

from bot.errors import UserError
from bot.services import zones
from bot.services.windows import wall_time
from bot.tree import words_of
from bot.words.catalogue import Words
from bot.words.days import day_name, weekly
from cogs._ui.asking import Interaction, manages
from cogs._ui.days import days_of
from cogs._ui.maintenance_answers import label

log = logging.getLogger(__name__)

_CHOICES = 25
_LABEL_LIMIT = 100
_ABBREVIATIONS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PATTERNS = ("daily", "mon-fri", "sat,sun", *_ABBREVIATIONS)
_NEXT_DAYS = 8
# Shown before anything is typed: some of the zones that most people live in.
_USUAL = (
    "UTC", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki", "Europe/Istanbul",
    "America/New_York", "America/Toronto", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Sao_Paulo", "Africa/Lagos", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo",
    "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
Choices = list[app_commands.Choice[str]]


async def offer_days(interaction: Interaction, typed: str) -> Choices:
    """First how the typed text is read, then patterns and the next dates."""
    try:
        today = _wall_date(interaction)
        words = words_of(interaction)
        offered = [_days_label(words, text, today) for text in _days_texts(typed, today)]
        wanted = typed.strip().casefold()
        found = [(text, value) for text, value in offered if wanted in f"{text} {value}".casefold()]
        return _choices(found or offered[:1])
    except Exception:
        log.exception("autocomplete failed")
        return []


async def offer_zones(interaction: Interaction, typed: str) -> Choices:
    """Zones with the time it is there; the server's own first."""
    try:
        now_ms = interaction.client.services.clock.now_ms()
        own = _settings_zone(interaction)
        wanted = zones.search_form(typed)
        pool = zones.names() if wanted else _USUAL
        found = [name for name in pool if wanted in zones.search_form(name)]
        found.sort(key=lambda name: (name != own, name not in _USUAL, _rank(name, wanted)))
        if not wanted and own not in found:
            found.insert(0, own)
        return _choices(
            (f"{name} ({wall_time(now_ms, name):%H:%M})", name) for name in found[:_CHOICES]
        )
    except Exception:
        log.exception("autocomplete failed")
        return []


async def offer_windows(interaction: Interaction, typed: str) -> Choices:
    """The server's windows by a readable line; the value is the id."""
    try:
        if not manages(interaction):
            return []
        words, timezone = words_of(interaction), _settings_zone(interaction)
        found = interaction.client.services.maintenance.of_guild(interaction.guild_id or 0)
        labels = [(label(words, one, timezone), str(one.window.id)) for one in found]
        wanted = typed.strip().casefold()
        return _choices(pair for pair in labels if wanted in pair[0].casefold())
    except Exception:
        log.exception("autocomplete failed")
        return []


def _days_texts(typed: str, today: date) -> list[str]:
    dates = [(today + timedelta(n)).isoformat() for n in range(_NEXT_DAYS)]
    own = [typed.strip()] if _understood(typed, today) else []
    return [*own, *(text for text in (*_PATTERNS, *dates) if text not in own)]


def _understood(typed: str, today: date) -> bool:
    try:
        days_of(typed, today)
    except UserError:
        return False
    return True


def _days_label(words: Words, text: str, today: date) -> tuple[str, str]:
    meant = days_of(text, today)
    if isinstance(meant, date):
        return f"{meant.isoformat()} ({day_name(words, meant.weekday())})", meant.isoformat()
    return weekly(words, meant), ",".join(_ABBREVIATIONS[day] for day in meant)


def _wall_date(interaction: Interaction) -> date:
    now_ms = interaction.client.services.clock.now_ms()
    return wall_time(now_ms, _settings_zone(interaction)).date()


def _settings_zone(interaction: Interaction) -> str:
    return interaction.client.services.guilds.settings(interaction.guild_id or 0).timezone


def _rank(name: str, wanted: str) -> tuple[bool, str]:
    """A city that begins with what was typed comes before one that contains it."""
    parts = zones.search_form(name).split("/")
    return not any(part.startswith(wanted) for part in parts), name


def _choices(pairs: Iterable[tuple[str, str]]) -> Choices:
    seen: dict[str, str] = {}
    for text, value in pairs:
        seen.setdefault(value, text[:_LABEL_LIMIT])
    found = list(seen.items())[:_CHOICES]
    return [app_commands.Choice(name=text, value=value) for value, text in found]
