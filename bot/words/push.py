"""Push lines: the one plain line of ``content`` that a phone shows. At most 150 characters."""

from collections.abc import Sequence

from bot.models import Incident, Kind
from bot.words.catalogue import Words
from bot.words.causes import cause_text
from bot.words.fractions import share
from bot.words.safe import markdown

NAME_LIMIT = 60
LINE_LIMIT = 150


def opening(words: Words, incident: Incident) -> str:
    """What is true of one incident now."""
    name = markdown(incident.name, NAME_LIMIT)
    match incident.kind:
        case Kind.DOWN:
            return words.text(
                "🔴 DOWN · {name} · {cause} ({n} of {n} checks)",
                name=name,
                cause=cause_of(words, incident),
                n=incident.failed,
            )
        case Kind.UNSTABLE:
            said = share(words, incident.share_ok, incident.share_of)
            return words.text("🟡 UNSTABLE · {name} · {share}", name=name, share=said)
        case Kind.SLOW:
            return words.text(
                "🟡 SLOW · {name} · {ms} ms, limit {limit} ms",
                name=name,
                ms=incident.latency_ms,
                limit=incident.limit_ms,
            )
        case Kind.BLOCKED:
            return words.text(
                "🟡 REFUSED · {name} · answers {cause} to the bot; people may get in",
                name=name,
                cause=cause_of(words, incident),
            )


def cause_of(words: Words, incident: Incident) -> str:
    return "?" if incident.cause is None else cause_text(words, incident.cause)


def group(words: Words, incidents: Sequence[Incident]) -> str:
    """One line for a post that tells of several sites."""
    if len(incidents) == 1:
        return opening(words, incidents[0])
    if any(incident.kind is Kind.DOWN for incident in incidents):
        return words.text("🔴 {n} sites down at once", n=len(incidents))
    return words.text("🟡 {n} sites in trouble at once", n=len(incidents))


def recovery(words: Words, incidents: Sequence[Incident]) -> str:
    """The all-clear of one site, or of several in one line."""
    if len(incidents) == 1:
        incident = incidents[0]
        length_s = ((incident.ended_ms or incident.since_ms) - incident.since_ms) / 1000
        return words.text(
            "🟢 UP · {name} · back after {duration}",
            name=markdown(incident.name, NAME_LIMIT),
            duration=words.duration(length_s),
        )
    names = [markdown(incident.name, NAME_LIMIT) for incident in incidents]
    line = words.text("🟢 UP · {n} sites are back: {names}", n=len(names), names="{names}")
    room = LINE_LIMIT - len(line)
    return line.replace("{names}", _fitting(words, names, room))


def down_for_good(words: Words, incident: Incident) -> str:
    """An incident that was never told as down, and is now."""
    return words.text(
        "🔴 DOWN · {name} · now for good: {cause}",
        name=markdown(incident.name, NAME_LIMIT),
        cause=cause_of(words, incident),
    )


def certificate(words: Words, name: str, days: int) -> str:
    return words.plural(
        "📜 CERTIFICATE · {name} · expires in {n} day",
        "📜 CERTIFICATE · {name} · expires in {n} days",
        days,
        name=markdown(name, NAME_LIMIT),
    )


def blind(words: Words, seconds: float) -> str:
    """Vigie itself had lost the network."""
    return words.text("⚪ BLIND · I was offline for {duration}", duration=words.duration(seconds))


def _fitting(words: Words, names: Sequence[str], room: int) -> str:
    """As many names as fit, then how many more there are."""
    shown = ""
    for index, name in enumerate(names):
        rest = len(names) - index
        longer = f"{shown}, {name}" if shown else name
        if shown and len(longer) + len(words.text(" +{n} more", n=rest)) > room:
            return shown + words.text(" +{n} more", n=rest)
        shown = longer
    return shown
