"""What is stored, and when it is deleted. The spans are those of the parts that do delete it."""

from bot.clock import DAY_MS
from bot.db.delivery_stats import KEPT_MS
from bot.db.storage_stats import Holdings
from bot.services.doctor.findings import Voice
from bot.services.history.retention import FOLLOWERS_MS, GUILD_MS, HOURLY_DAYS, PACKED_DAYS


def lines(voice: Voice, found: Holdings) -> list[str]:
    """How long, then what: ``7 days: 20,160 checks …``. In the order of what stays longest."""
    words = voice.words
    removal = words.text("{time} after I am removed", time=_days(voice, GUILD_MS // DAY_MS))
    told = {
        words.text("For ever"): _for_ever(voice, found),
        words.text("A year"): words.plural(
            "{n} change of settings, and who made it",
            "{n} changes of settings, and who made them",
            found.changes,
        ),
        _days(voice, HOURLY_DAYS): words.text("what each hour came to"),
        _days(voice, PACKED_DAYS): _tries(voice, found.tries),
        _days(voice, min(KEPT_MS, FOLLOWERS_MS) // DAY_MS, after=True): words.plural(
            "the id of {n} message, and who pressed its buttons",
            "the ids of {n} messages, and who pressed their buttons",
            found.messages,
        ),
        words.text("People"): _people(voice, found),
        removal: words.text("all of it is deleted"),
    }
    return [f"**{how_long}** · {what}" for how_long, what in told.items()]


def summary(voice: Voice, found: Holdings) -> str:
    """All servers in one sentence, for whoever runs this."""
    words = voice.words
    servers = words.plural("{n} server", "{n} servers", found.servers)
    left = words.plural(
        "{n} left and not forgotten yet", "{n} left and not forgotten yet", found.left
    )
    parts = [servers, *([left] if found.left else []), _for_ever(voice, found)]
    return f"{', '.join(parts)}; {_people(voice, found)}"


def _for_ever(voice: Voice, found: Holdings) -> str:
    words = voice.words
    parts = [words.plural("{n} site", "{n} sites", found.monitors)]
    if found.removed:
        parts.append(words.plural("{n} removed one", "{n} removed ones", found.removed))
    parts.append(words.plural("{n} incident", "{n} incidents", found.incidents))
    if found.windows:
        parts.append(
            words.plural("{n} maintenance window", "{n} maintenance windows", found.windows)
        )
    parts.append(words.text("what each day came to"))
    said = ", ".join(parts)
    if found.first_ms is None:
        return said
    return words.text("{list}; since {time}", list=said, time=voice.day(found.first_ms))


def _tries(voice: Voice, count: int) -> str:
    """The youngest hours are not counted yet."""
    words = voice.words
    if not count:
        return words.text("every check")
    return words.text("every check ({n} counted so far)", n=words.number(count))


def _people(voice: Voice, found: Holdings) -> str:
    return voice.words.plural(
        "the id of {n} person, no names, no messages",
        "the ids of {n} people, no names, no messages",
        found.people,
    )


def _days(voice: Voice, days: int, *, after: bool = False) -> str:
    said = voice.words.plural("{n} day", "{n} days", days)
    return voice.words.text("{time} after the incident", time=said) if after else said
