"""Alert lines: the plain line of ``content`` that a phone shows as the push preview.

The transport appends mentions; every line here leaves room for them within ``LINE_LIMIT``, and a
name that is too long for that is shortened.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from bot.models import HOME, PUSH_URL, Cause, Ending, Incident, Kind
from bot.words.causes import cause_text
from bot.words.escaping import clip, markdown, units
from bot.words.phrases import share
from bot.words.translator import N_, NN_, Translator

NAME_LIMIT = 60
LINE_LIMIT = 150
# By whether it was slow: that site answered all the time.
_RECOVERING = {
    False: N_("🟡 RECOVERING · {name} · answers again"),
    True: N_("🟡 RECOVERING · {name} · fast again"),
}
# What hurts most comes first.
_COUNTED = {
    Kind.DOWN: NN_("{n} down", "{n} down"),
    Kind.UNSTABLE: NN_("{n} unstable", "{n} unstable"),
    Kind.SLOW: NN_("{n} slow", "{n} slow"),
    Kind.BLOCKED: NN_("{n} refused", "{n} refused"),
    Kind.PARTLY: NN_("{n} partly", "{n} partly"),
}
_STILL = {
    Kind.DOWN: NN_("{n} of {total} still down", "{n} of {total} still down"),
    Kind.UNSTABLE: NN_("{n} of {total} still unstable", "{n} of {total} still unstable"),
    Kind.SLOW: NN_("{n} of {total} still slow", "{n} of {total} still slow"),
    Kind.BLOCKED: NN_("{n} of {total} still refused", "{n} of {total} still refused"),
    Kind.PARTLY: NN_("{n} of {total} still partly", "{n} of {total} still partly"),
}
_LISTED_NAME_LIMIT = 30  # with a time behind it
# More names than this fit into no line.
_MOST_NAMES = LINE_LIMIT // 3
_PLACES_ROOM = 26  # for the names of places in a line, twice
_ROLE_PING = 24  # " <@&" + an id of up to 19 digits + ">"


def opening(words: Translator, incident: Incident) -> str:
    name = incident.name
    if incident.recovering:
        return named(words, _RECOVERING[incident.kind is Kind.SLOW], name)
    match incident.kind:
        case Kind.DOWN:
            return _down(words, incident)
        case Kind.UNSTABLE:
            gets = share(words, incident.share_ok, incident.share_of, incident.share_said)
            return named(words, N_("🟡 UNSTABLE · {name} · {share}"), name, share=gets)
        case Kind.SLOW:
            return named(
                words,
                N_("🟡 SLOW · {name} · {ms} ms, limit {limit} ms"),
                name,
                ms=incident.latency_ms or 0,
                limit=incident.limit_ms or 0,
            )
        case Kind.BLOCKED:
            return _refused(words, name, incident.cause)
        case Kind.PARTLY:
            return _partly(words, incident)


def _down(words: Translator, incident: Incident) -> str:
    """With the places, where others than this one voted; of a job only what it did not do."""
    if incident.url == PUSH_URL:
        text = N_("🔴 DOWN · {name} · {cause}")
        return named(words, text, incident.name, cause=_said(words, incident.cause))
    text, places = N_("🔴 DOWN · {name} · {cause} ({failed} of {checks} checks)"), incident.places
    if places.voted > 1:
        text = N_(
            "🔴 DOWN · {name} · {cause} ({failed} of {checks} checks, {failing} of {voted} places)"
        )
    return named(
        words,
        text,
        incident.name,
        cause=_said(words, incident.cause),
        failed=incident.failed,
        checks=incident.failed,
        failing=len(places.failing),
        voted=places.voted,
    )


def _partly(words: Translator, incident: Incident) -> str:
    through = incident.places.through
    failing = place_names(words, incident.places.failing, _PLACES_ROOM)
    return shortened(
        incident.name,
        lambda shown: words.plural(
            "🟡 PARTLY · {name} · no answer from {failing}; {through} gets through",
            "🟡 PARTLY · {name} · no answer from {failing}; {through} get through",
            len(through),
            name=shown,
            failing=failing,
            through=place_names(words, through, _PLACES_ROOM),
        ),
    )


def place_names(words: Translator, names: Sequence[str], room: int = LINE_LIMIT) -> str:
    """As many names of places as there is room for, at least one, and how many more there are."""
    shown = [words.text("home") if name == HOME else markdown(name, room) for name in names]
    count = next((n for n in range(len(shown), 1, -1) if units(", ".join(shown[:n])) <= room), 1)
    if count < len(shown):
        more = len(shown) - count
        return words.text("{names} +{n} more", names=", ".join(shown[:count]), n=more)
    return words.list(shown)


def _refused(words: Translator, name: str, cause: Cause | None) -> str:
    """With the status, unless its last failed check saw something else."""
    if cause is None or not cause.refuses_the_bot:
        text = N_("🟡 REFUSED · {name} · refuses the bot; people may get in")
        return named(words, text, name)
    text = N_("🟡 REFUSED · {name} · answers HTTP {status} to the bot; people may get in")
    return named(words, text, name, status=cause.number)


def group(words: Translator, incidents: Sequence[Incident]) -> str:
    """One line for a post about these sites: what is in trouble, by name; or that all is over."""
    opened = [one for one in incidents if one.open]
    if not opened:
        return over(words, incidents)
    standing = [one for one in opened if not one.recovering]
    if len(incidents) == 1 or (len(opened) == 1 and not standing):
        return opening(words, opened[0])
    if not standing:
        text = N_("🟡 RECOVERING · {n} sites: {names}")
        return _several(words, text, [one.name for one in opened])
    standing, text = _by_kind(words, standing)
    if len(standing) < len(incidents):
        total = words.number(len(incidents))
        text = (
            words.plural(*_STILL[standing[0].kind], len(standing), total=total)
            if standing[0].kind is standing[-1].kind
            else words.text(
                "{n} of {total} still in trouble ({counts})",
                n=words.number(len(standing)),
                total=total,
                counts=text,
            )
        )
    sign = "🔴" if standing[0].kind is Kind.DOWN else "🟡"
    return listing(
        words,
        [one.name for one in standing],
        lambda listed: words.text("{sign} {counts}: {names}", sign=sign, counts=text, names=listed),
        more=lambda n: f" +{n}",
    )


def _by_kind(words: Translator, incidents: Sequence[Incident]) -> tuple[list[Incident], str]:
    """What hurts most first, and how many there are of each kind: ``2 down, 1 slow``."""
    counts = Counter(one.kind for one in incidents)
    text = ", ".join(
        words.plural(*said, counts[kind]) for kind, said in _COUNTED.items() if counts[kind]
    )
    return sorted(incidents, key=lambda one: [*_COUNTED].index(one.kind)), text


def _several(words: Translator, text: str, names: Sequence[str], **values: Any) -> str:
    """A line about ``{n}`` sites with ``{names}``, as many as there is room for."""
    n = len(names)
    return listing(words, names, lambda listed: words.text(text, n=n, names=listed, **values))


def listing(
    words: Translator,
    names: Sequence[str],
    line: Callable[[str], str],
    more: Callable[[str], str] | None = None,
) -> str:
    """``line`` with as many names as there is room for, then how many more there are."""
    shown = [markdown(name, NAME_LIMIT) for name in names[:_MOST_NAMES]]

    def full(count: int) -> str:
        listed, left = ", ".join(shown[:count]), len(names) - count
        if left and more is not None:
            return line(listed + more(words.number(left)))
        return line(words.text("{names} +{n} more", names=listed, n=left) if left else listed)

    fitting = (count for count in range(len(shown), 1, -1) if units(full(count)) <= LINE_LIMIT)
    return full(next(fitting, 1))


def recovery(words: Translator, incidents: Sequence[Incident]) -> str:
    """The all-clear of one site, or of several in one line; what was slow was never away."""
    was_slow = all(incident.kind is Kind.SLOW for incident in incidents)
    if len(incidents) > 1:
        text = N_("🟢 UP · {n} sites are back: {names}")
        if was_slow:
            text = N_("🟢 FAST AGAIN · {n} sites: {names}")
        return _several(words, text, [incident.name for incident in incidents])
    text = N_("🟢 UP · {name} · back after {duration}")
    if was_slow:
        text = N_("🟢 FAST AGAIN · {name} · was slow for {duration}")
    length = words.duration(incidents[0].lasted_s)
    return named(words, text, incidents[0].name, duration=length)


def answers_again(words: Translator, incidents: Sequence[Incident], fell_again: int) -> str:
    """For those who asked, before the all-clear; ``fell_again``: how often within a day."""
    if len(incidents) > 1:
        text = N_("🟢 ANSWER AGAIN · {n} sites: {names}; I keep watching")
        return _several(words, text, [incident.name for incident in incidents])
    incident = incidents[0]
    if incident.kind is Kind.SLOW:
        return named(words, N_("🟢 FAST AGAIN · {name} · I keep watching"), incident.name)
    if not fell_again:
        return named(words, N_("🟢 ANSWERS AGAIN · {name} · I keep watching"), incident.name)
    return shortened(
        incident.name,
        lambda shown: words.plural(
            "🟢 ANSWERS AGAIN · {name} · fell again {n} time in 24 h; I keep watching",
            "🟢 ANSWERS AGAIN · {name} · fell again {n} times in 24 h; I keep watching",
            fell_again,
            name=shown,
        ),
    )


_REMINDERS = {
    Kind.DOWN: N_("🔴 STILL DOWN · {name} · for {duration}"),
    Kind.UNSTABLE: N_("🟡 STILL UNSTABLE · {name} · for {duration}"),
    Kind.SLOW: N_("🟡 STILL SLOW · {name} · for {duration}"),
    Kind.BLOCKED: N_("🟡 STILL REFUSED · {name} · for {duration}"),
    Kind.PARTLY: N_("🟡 STILL PARTLY · {name} · for {duration}"),
}


def reminder(words: Translator, incident: Incident, seconds: float) -> str:
    text = _REMINDERS[incident.kind]
    return named(words, text, incident.name, duration=words.duration(seconds))


def reminders(words: Translator, incidents: Sequence[Incident], at_ms: int) -> str:
    """What is still open at that moment, each with its time: what hurts most comes first."""
    if len(incidents) == 1:
        return reminder(words, incidents[0], (at_ms - incidents[0].since_ms) / 1000)
    incidents, text = _by_kind(words, incidents)
    said = [
        words.text(
            "{name} for {duration}",
            name=clip(one.name, _LISTED_NAME_LIMIT),
            duration=words.duration((at_ms - one.since_ms) / 1000),
        )
        for one in incidents
    ]
    template = N_("🔴 STILL IN TROUBLE · {counts}: {names}")
    if incidents[0].kind is not Kind.DOWN:
        template = N_("🟡 STILL IN TROUBLE · {counts}: {names}")
    return _several(words, template, said, counts=text)


def nobody_acknowledged(words: Translator, incidents: Sequence[Incident], at_ms: int) -> str:
    """For who is called next: what goes on, since when, and that nobody is on it."""
    if len(incidents) == 1:
        since = words.duration((at_ms - incidents[0].since_ms) / 1000)
        text = N_("🔴 NOT ACKNOWLEDGED · {name} · {since}, nobody is on it")
        return named(words, text, incidents[0].name, since=since)
    text = N_("🔴 NOT ACKNOWLEDGED · {n} sites, nobody is on them: {names}")
    return _several(words, text, [incident.name for incident in incidents])


def down_for_good(words: Translator, incident: Incident) -> str:
    """Of an incident that was posted as unstable and is down now."""
    text = N_("🔴 DOWN · {name} · completely down now: {cause}")
    return named(words, text, incident.name, cause=_said(words, incident.cause))


def _said(words: Translator, cause: Cause | None) -> str:
    return words.text("no good answer") if cause is None else cause_text(words, cause)


def named(words: Translator, text: str, name: str, **values: Any) -> str:
    return shortened(name, lambda shown: words.text(text, name=shown, **values))


def shortened(name: str, line: Callable[[str], str]) -> str:
    room = LINE_LIMIT - _ROLE_PING - units(line(""))
    return line(markdown(name, max(1, min(NAME_LIMIT, room))))


def digest(words: Translator, n: int) -> str:
    """``n`` incidents ended while nothing could be posted."""
    return words.plural(
        "📋 DIGEST · {n} incident came and went while I could not post here",
        "📋 DIGEST · {n} incidents came and went while I could not post here",
        n,
    )


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
            length = words.duration(incident.lasted_s)
            return words.text(
                "🟢 RESOLVED · {name} · lasted {duration}", name=name, duration=length
            )
