"""Incidents in sentences: what the card, the lists and the answers say of one or of many."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from bot.clock import DAY_MS
from bot.models import PUSH_URL, Ending, Incident, Kind, SeenFrom
from bot.words import alert_lines
from bot.words.causes import cause_sentence, cause_text
from bot.words.escaping import clip, host, markdown, plain, units
from bot.words.phrases import Style, share, stamp
from bot.words.translator import N_, Translator

T = TypeVar("T")

NAME_LIMIT = 60
# Up to so many sites a list names all of; of more a file has the rest.
LINES = 25
COMPANY = 3  # what two sites share is chance as often as not
_LINE_LIMIT = 150
_SHORT_NAME_LIMIT = 40
# With title, fields and footer below the 6,000 characters that all of an embed may have.
_NAMES_LIMIT, _LONG_NAMES_LIMIT = 3600, 300
# What hurts most comes first; the others have causes that change with every check.
_ORDER = (Kind.DOWN, Kind.UNSTABLE, Kind.SLOW, Kind.BLOCKED, Kind.PARTLY)
_WITH_CAUSE = {Kind.DOWN, Kind.BLOCKED}
_COMMON_LIMIT = 100
_DESCRIPTION_LIMIT = 4_000  # Discord's own is 4,096
_TITLES = {
    Kind.DOWN: N_("{name} is down"),
    Kind.UNSTABLE: N_("{name} is unstable"),
    Kind.SLOW: N_("{name} is slow"),
    Kind.BLOCKED: N_("{name} refuses me"),
    Kind.PARTLY: N_("{name} gives no answer in some places"),
}
# By whether it was slow: that site answered all the time.
_RECOVERING = {False: N_("{name} answers again"), True: N_("{name} is fast again")}
_ENDINGS = {
    Ending.RESOLVED: N_("Resolved · {name}"),
    Ending.REMOVED: N_("No longer watched · {name}"),
    Ending.PAUSED: N_("Paused · {name}"),
}


def headline(words: Translator, incident: Incident) -> str:
    """``Shop is down``, ``Resolved · Shop``."""
    name = markdown(incident.name, NAME_LIMIT)
    if incident.recovering:
        return words.text(_RECOVERING[incident.kind is Kind.SLOW], name=name)
    if incident.open:
        return words.text(_TITLES[incident.kind], name=name)
    return words.text(_ENDINGS[incident.ending or Ending.RESOLVED], name=name)


def sentence(words: Translator, incident: Incident) -> str:
    """One sentence for people: what the checks saw, or what happened."""
    if incident.ending is Ending.RESOLVED:
        return story(words, incident)
    if not incident.open:
        return words.text("Checks were stopped before it was over.")
    if incident.recovering:
        return recovery_text(words, incident)
    if incident.kind is Kind.SLOW:
        return words.text(
            "It answers, but takes {ms} ms; the limit is {limit} ms.",
            ms=incident.latency_ms,
            limit=incident.limit_ms,
        )
    seen = "" if incident.cause is None else cause_sentence(words, incident.cause)
    if incident.kind is not Kind.UNSTABLE:
        return seen
    ratio = share(words, incident.share_ok, incident.share_of, incident.share_said)
    said = [f"{ratio[:1].upper()}{ratio[1:]}."]
    if incident.cause is not None:
        cause = cause_text(words, incident.cause, named=True)
        said.append(words.text("Last failure: {cause}.", cause=cause))
    return " ".join(said)


def recovery_text(words: Translator, incident: Incident) -> str:
    """Since when it works again, and when its all-clear comes."""
    text = N_(
        "It has answered every check since {since}. The all-clear needs {needs} good rounds in a"
        " row and has {has}; if nothing fails, it comes by {until}."
    )
    if incident.kind is Kind.SLOW:
        text = N_(
            "It has been fast since {since}. The all-clear needs {needs} fast rounds and has {has};"
            " if it stays fast, it comes by {until}."
        )
    if incident.clear_by_ms == 0:
        text = N_(
            "It has answered every check since {since}. The all-clear waits until another place"
            " gets through too."
        )
    return words.text(
        text,
        since=stamp(incident.answering_since_ms or incident.since_ms, "t"),
        needs=incident.good_needed,
        has=incident.good_rounds,
        until=stamp(incident.clear_by_ms or incident.since_ms, "t"),
    )


def works_again(words: Translator, incident: Incident) -> str:
    """``answers again``, of what recovers; the moment since when follows."""
    is_slow = incident.kind is Kind.SLOW
    return words.text("fast again") if is_slow else words.text("answers again")


def said_since_ms(incident: Incident) -> int:
    return (incident.answering_since_ms if incident.recovering else None) or incident.since_ms


_HAPPENED = {
    Kind.DOWN: N_("Down {start} → {end} ({duration})"),
    Kind.UNSTABLE: N_("Unstable {start} → {end} ({duration})"),
    Kind.SLOW: N_("Slow {start} → {end} ({duration})"),
    Kind.BLOCKED: N_("Refused me {start} → {end} ({duration})"),
    Kind.PARTLY: N_("No answer in some places {start} → {end} ({duration})"),
}


def story(words: Translator, incident: Incident) -> str:
    """``**Down 18:58 → 19:13 (15 min)** · HTTP 502 · acknowledged by @Mod after 2 min``."""
    # Within a day the time of day says it: the stamp of the message has the date.
    style: Style = "t" if incident.end_ms - incident.since_ms < DAY_MS else "f"
    happened = words.text(
        _HAPPENED[incident.kind],
        start=stamp(incident.since_ms, style),
        end=stamp(incident.end_ms, style),
        duration=words.duration(incident.lasted_s),
    )
    parts = [f"**{happened}**"]
    if incident.cause is not None and incident.kind is not Kind.SLOW:
        parts.append(cause_text(words, incident.cause))
    if incident.kind is Kind.SLOW and incident.limit_ms is not None:
        parts.append(words.text("limit {ms} ms", ms=incident.limit_ms))
    if incident.acknowledged_by is not None and incident.acknowledged_ms is not None:
        after_s = (incident.acknowledged_ms - incident.opened_ms) / 1000
        parts.append(
            words.text(
                "acknowledged by {user} after {duration}",
                user=f"<@{incident.acknowledged_by}>",
                duration=words.duration(after_s),
            )
        )
    return " · ".join(parts)


def fields(words: Translator, incidents: Sequence[Incident]) -> list[tuple[str, str]]:
    """Since, Last OK, Checks, of one incident or all together; Places, where others were asked.

    What is over says all of that in its sentence. What is slow, or recovers, is not failing.
    """
    opened = [one for one in incidents if one.open]
    if not opened:
        return []
    since_ms = min(one.since_ms for one in opened)
    found = [(words.text("Since"), f"{stamp(since_ms)} ({stamp(since_ms, 'T')})")]
    failing = [one for one in opened if not one.recovering and one.kind is not Kind.SLOW]
    if failing:
        ok_ms = max((one.last_ok_ms for one in failing if one.last_ok_ms is not None), default=None)
        found.append((words.text("Last OK"), "–" if ok_ms is None else stamp(ok_ms)))
    checked = [one for one in failing if one.url != PUSH_URL]
    if checks := _checks(words, opened if len(opened) == 1 and checked == failing else checked):
        found.append((words.text("Checks"), checks))
    if len(incidents) == 1 and incidents[0].places:
        found.append((words.text("Places"), places_text(words, incidents[0].places)))
    return found


def places_text(words: Translator, places: SeenFrom) -> str:
    """``✖ home, paris · ✔ sydney``; alone, how many others did not say."""
    if places.voted == 1:
        return words.text("seen from 1 place ({n} did not answer)", n=len(places.silent))
    marked = zip("✖✔?", (places.failing, places.through, places.silent), strict=True)
    return " · ".join(f"{mark} {alert_lines.place_names(words, n)}" for mark, n in marked if n)


def _checks(words: Translator, incidents: Sequence[Incident]) -> str:
    """Counts of one incident by its kind; of several, all failed checks together."""
    failed = sum(one.failed for one in incidents)
    if len(incidents) == 1 and incidents[0].recovering:
        return ""
    if len(incidents) == 1 and incidents[0].kind is Kind.DOWN:
        # The failed ones are counted up to the opening, so the time ends there too.
        time = words.duration((incidents[0].opened_ms - incidents[0].since_ms) / 1000)
        return words.text("{n} of {n} failed in {duration}", n=failed, duration=time)
    if len(incidents) == 1 and incidents[0].kind is not Kind.PARTLY and incidents[0].share_of:
        return _share(words, incidents[0])
    return words.text("{n} of {n} failed", n=failed) if failed else ""


def _share(words: Translator, incident: Incident) -> str:
    """Of the last rounds since it began, by their first checks."""
    ok, of = incident.share_ok, incident.share_of
    if incident.kind is Kind.SLOW:
        return words.text(
            "{n} of the last {of} took over {limit} ms", n=of - ok, of=of, limit=incident.limit_ms
        )
    if ok == 0:  # "0 got through" would deny the confirming checks that did
        return words.text("{n} of the last {of} first checks failed", n=of, of=of)
    return words.text("{ok} of the last {of} got through", ok=ok, of=of)


def site_list(words: Translator, incidents: Sequence[Incident]) -> str:
    """A line for each state and cause, with its sites: what is still open comes first.

    Of a long list a line names the first ones; the attached file has all of them.
    """
    room = _NAMES_LIMIT if len(incidents) <= LINES else _LONG_NAMES_LIMIT
    by_word: dict[tuple[object, ...], list[Incident]] = {}
    for one in incidents:
        by_word.setdefault(_word_key(one), []).append(one)
    groups = sorted(by_word.values(), key=lambda alike: _rank(alike[0]))
    lines = [_alike_line(words, alike, room) for alike in groups]
    return "\n".join(fitting_lines(words, lines, _NAMES_LIMIT))


def _word_key(incident: Incident) -> tuple[object, ...]:
    """Incidents with the same one have the same word and cause."""
    is_slow = incident.kind is Kind.SLOW
    if not incident.open:
        shown = None if is_slow or incident.ending is not Ending.RESOLVED else incident.cause
        return incident.ending, is_slow, shown
    if incident.recovering:
        return "recovering", is_slow, None
    return "open", incident.kind, incident.cause if incident.kind in _WITH_CAUSE else None


def _rank(incident: Incident) -> tuple[object, ...]:
    return (not incident.open, incident.recovering, _ORDER.index(incident.kind))


def _alike_line(words: Translator, alike: Sequence[Incident], room: int) -> str:
    """``🔴 DOWN · HTTP 503 (487): API, Billing 01 +485``."""
    first = alike[0]
    head = state_name(words, first)
    if _word_key(first)[-1] is not None and first.cause is not None:
        head = f"{head} · {cause_text(words, first.cause)}"
    shown: list[str] = []
    for one in sorted(alike, key=lambda one: one.name.casefold()):
        name = markdown(one.name, _SHORT_NAME_LIMIT)
        if one.ending is Ending.RESOLVED:
            name = f"{name} ({words.duration(one.lasted_s)})"
        room -= units(name) + units(", ")
        if room < 0:
            break
        shown.append(name)
    left = len(alike) - len(shown)
    names = ", ".join(shown) + (f" +{words.number(left)}" if left else "")
    n = words.number(len(alike))
    return words.text("{state} ({n}): {names}", state=head, n=n, names=names)


def open_first(incidents: Sequence[Incident]) -> list[Incident]:
    return sorted(incidents, key=lambda one: not one.open)


def site_line(words: Translator, incident: Incident) -> str:
    if incident.open:
        return clip(alert_lines.opening(words, incident), _LINE_LIMIT)
    line = alert_lines.over(words, [incident])
    if incident.cause is not None and incident.kind is not Kind.SLOW:
        line = f"{line} · {cause_text(words, incident.cause)}"
    return clip(line, _LINE_LIMIT)


def sites_text(words: Translator, incidents: Sequence[Incident]) -> str:
    """All of them: state, name, host and id, a line each. Full addresses are not for everybody."""
    names: dict[tuple[object, ...], str] = {}
    lines = []
    for one in open_first(incidents):
        word = _word_key(one)
        if word not in names:
            names[word] = state_name(words, one)
        lines.append(f"{names[word]}\t{plain(one.name, 80)}\t{host(one.url)}\t#{one.public_id}\n")
    return "".join(lines)


def state_name(words: Translator, incident: Incident) -> str:
    """``🔴 DOWN``, ``🟢 RESOLVED``: the word its push line begins with."""
    return site_line(words, incident).partition(" · ")[0]


def summary(words: Translator, incidents: Sequence[Incident]) -> str:
    """Incidents that are over, a line for each site: how often, how long, the last until when."""
    by_site: dict[int, list[Incident]] = {}
    for one in incidents:
        by_site.setdefault(one.monitor_id, []).append(one)
    sites = sorted(by_site.values(), key=_lost_s, reverse=True)
    lines = [_site_summary(words, site) for site in sites]
    return "\n".join(fitting_lines(words, lines, most=LINES))


def _lost_s(incidents: Sequence[Incident]) -> float:
    return sum(one.lasted_s for one in incidents)


def _site_summary(words: Translator, incidents: Sequence[Incident]) -> str:
    return words.plural(
        "{name} · in trouble {n} time, {duration} in total, up since {time}",
        "{name} · in trouble {n} times, {duration} in total, up since {time}",
        len(incidents),
        name=markdown(incidents[0].name, _SHORT_NAME_LIMIT),
        duration=words.duration(_lost_s(incidents)),
        time=stamp(max(one.end_ms for one in incidents), "t"),
    )


def in_common(words: Translator, incidents: Sequence[Incident]) -> str:
    """One line about what is still open: one host, else one address, else one certificate."""
    opened = [one for one in incidents if one.open]
    if len(opened) < COMPANY:
        return ""
    if name := _same(_hostname(one.url) for one in opened):
        shown = host(f"https://[{name}]" if ":" in name else f"https://{name}")
        return words.text("All are on {host}.", host=markdown(shown, _COMMON_LIMIT))
    if address := _same(one.address for one in opened):
        text = markdown(address, _COMMON_LIMIT)
        return words.text("All last answered from {address}.", address=text)
    if ends_ms := _same(one.certificate_ms for one in opened):
        day = stamp(ends_ms, "f")
        return words.text("All last showed a certificate that expires {time}.", time=day)
    return ""


def _same(values: Iterable[T | None]) -> T | None:
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def fitting_lines(
    words: Translator, lines: Sequence[str], room: int = _DESCRIPTION_LIMIT, most: int = sys.maxsize
) -> list[str]:
    """As many whole lines as an embed takes, and how many it does not."""
    shown: list[str] = []
    for number, line in enumerate(lines):
        more = words.text("+{n} more", n=len(lines) - number)
        is_last = number == len(lines) - 1
        room -= units(line) + 1
        if number == most or room < (0 if is_last else units(more)):
            return [*shown, more]
        shown.append(line)
    return shown
