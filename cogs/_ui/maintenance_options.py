"""The options of ``/maintenance``, offered as people type."""

from datetime import date, timedelta

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.services import recurrence
from bot.services.recurrence import wall_time
from bot.words.timestamps import day_name, weekly
from bot.words.translator import Translator
from cogs._ui.autocomplete import Choices, choices, safe_autocomplete
from cogs._ui.interactions import is_manager
from cogs._ui.maintenance_answers import label
from cogs._ui.time_options import parse_days

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


@safe_autocomplete
def autocomplete_days(interaction: Interaction, typed: str) -> Choices:
    """First how the typed text is read, then patterns and the next dates."""
    today, words = _wall_date(interaction), translator_of(interaction)
    labels = [_days_label(words, text, today) for text in _days_texts(typed, today)]
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
    found.sort(key=lambda name: (name != own, name not in _USUAL, _rank(name, wanted)))
    return choices((f"{name} ({wall_time(now_ms, name):%H:%M})", name) for name in found)


@safe_autocomplete
def autocomplete_windows(interaction: Interaction, typed: str) -> Choices:
    """The server's windows by a readable line; the value is the id."""
    if not is_manager(interaction):
        return []
    words, timezone = translator_of(interaction), _settings_zone(interaction)
    found = interaction.client.services.maintenance.of_guild(interaction.guild_id or 0)
    labels = [(label(words, one, timezone), str(one.window.id)) for one in found]
    wanted = typed.strip().casefold()
    return choices(pair for pair in labels if wanted in pair[0].casefold())


def _days_texts(typed: str, today: date) -> list[str]:
    dates = [(today + timedelta(n)).isoformat() for n in range(_NEXT_DAYS)]
    own = [typed.strip()] if _understood(typed, today) else []
    return [*own, *(text for text in (*_PATTERNS, *dates) if text not in own)]


def _understood(typed: str, today: date) -> bool:
    try:
        parse_days(typed, today)
    except UserError:
        return False
    return True


def _days_label(words: Translator, text: str, today: date) -> tuple[str, str]:
    meant = parse_days(text, today)
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
    parts = recurrence.search_form(name).split("/")
    return not any(part.startswith(wanted) for part in parts), name
