"""What a message says of trouble that is over: the line an edit leaves on it."""

from collections.abc import Sequence

from bot.models import Ending, Incident
from bot.words.alert_lines import NAME_LIMIT
from bot.words.escaping import markdown
from bot.words.translator import Translator


def over(words: Translator, incidents: Sequence[Incident]) -> str:
    """One incident in its own words, several as a number. All of them have ended."""
    if len(incidents) > 1:
        return words.text("🟢 RESOLVED · {n} sites", n=words.number(len(incidents)))
    incident = incidents[0]
    name = markdown(incident.name, NAME_LIMIT)
    match incident.ending:
        case Ending.REMOVED:
            return words.text("⚪ NO LONGER WATCHED · {name}", name=name)
        case Ending.PAUSED:
            return words.text("⏸ PAUSED · {name}", name=name)
        case _:
            length_s = ((incident.ended_ms or incident.since_ms) - incident.since_ms) / 1000
            return words.text(
                "🟢 RESOLVED · {name} · lasted {duration}",
                name=name,
                duration=words.duration(length_s),
            )
