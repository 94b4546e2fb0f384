"""Incidents in sentences: what the card, the lists and the answers say of one or of many."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from bot.models import Ending, Incident, Kind, SeenFrom
from bot.words import alert_lines
from bot.words.causes import cause_sentence, cause_text
from bot.words.escaping import clip, host, markdown, plain, units
from bot.words.ratios import share
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator

T = TypeVar("T")

NAME_LIMIT = 60
# Up to so many a list has a line each; beyond that the names alone, as many as fit.
LINES = 25
COMPANY = 3  # what two sites share is chance as often as not
_LINE_LIMIT = 150
_SHORT_NAME_LIMIT = 40
# With title, fields and footer below the 6,000 characters that all of an embed may have.
_NAMES_LIMIT = 3600
_COMMON_LIMIT = 100
_DESCRIPTION_LIMIT = 4_000  # Discord's own is 4,096
_TITLES = {
    Kind.DOWN: N_("{name} is down"),
    Kind.UNSTABLE: N_("{name} is unstable"),
    Kind.SLOW: N_("{name} is slow"),
    Kind.BLOCKED: N_("{name} refuses the bot"),
    Kind.PARTLY: N_("{name} gives no answer in some places"),
}
_ENDINGS = {
    Ending.RESOLVED: N_("Resolved · {name}"),
    Ending.REMOVED: N_("No longer watched · {name}"),
    Ending.PAUSED: N_("Paused · {name}"),
}


def headline(words: Translator, incident: Incident) -> str:
    """``Shop is down``, ``Resolved · Shop``."""
    name = markdown(incident.name, NAME_LIMIT)
    if incident.open:
        return words.text(_TITLES[incident.kind], name=name)
    return words.text(_ENDINGS[incident.ending or Ending.RESOLVED], name=name)


def sentence(words: Translator, incident: Incident) -> str:
    """One sentence for people: what the checks saw, or how long it lasted."""
    if incident.ending is Ending.RESOLVED:
        return words.text("It lasted {duration}.", duration=duration(words, incident))
    if not incident.open:
        return words.text("Checks were stopped before it was over.")
    if incident.kind is Kind.SLOW:
        return words.text(
            "It answers, but takes {ms} ms; the limit is {limit} ms.",
            ms=incident.latency_ms,
            limit=incident.limit_ms,
        )
    seen = "" if incident.cause is None else cause_sentence(words, incident.cause)
    if incident.kind is not Kind.UNSTABLE:
        return seen
    ratio = share(words, incident.share_ok, incident.share_of)
    return f"{ratio[:1].upper()}{ratio[1:]}. {_last_failure(words, incident)}".strip()


def _last_failure(words: Translator, incident: Incident) -> str:
    if incident.cause is None:
        return ""
    return words.text("Last failure: {cause}.", cause=cause_text(words, incident.cause))


def duration(words: Translator, incident: Incident) -> str:
    ended_ms = incident.ended_ms or incident.resolved_ms or incident.since_ms
    return words.duration((ended_ms - incident.since_ms) / 1000)


def fields(words: Translator, incidents: Sequence[Incident]) -> list[tuple[str, str]]:
    """Since, Last OK, Checks, of one incident or all together; Places, where others were asked."""
    since_ms = min(one.since_ms for one in incidents)
    ok_ms = max((one.last_ok_ms for one in incidents if one.last_ok_ms is not None), default=None)
    found = [
        (words.text("Since"), f"{stamp(since_ms)} ({stamp(since_ms, 'T')})"),
        (words.text("Last OK"), "–" if ok_ms is None else stamp(ok_ms)),
        (words.text("Checks"), _checks(words, incidents)),
    ]
    if len(incidents) == 1 and incidents[0].open and incidents[0].places:
        found.append((words.text("Places"), places_text(words, incidents[0].places)))
    return found


def places_text(words: Translator, places: SeenFrom) -> str:
    """``✖ home, paris · ✔ sydney``; alone, how many others did not say."""
    if places.voted == 1:
        return words.text("seen from 1 place ({n} did not answer)", n=len(places.silent))
    marked = zip("✖✔?", (places.failing, places.through, places.silent), strict=True)
    return " · ".join(f"{mark} {alert_lines.place_names(words, n)}" for mark, n in marked if n)


def _checks(words: Translator, incidents: Sequence[Incident]) -> str:
    failed, first = sum(one.failed for one in incidents), incidents[0]
    if len(incidents) == 1 and first.kind in {Kind.UNSTABLE, Kind.BLOCKED} and first.share_of:
        ok, of = first.share_ok, first.share_of
        return words.text("{ok} of the last {of} got through", ok=ok, of=of)
    if len(incidents) == 1 and first.kind is Kind.DOWN:
        # The failed ones are counted up to the opening, so the time ends there too.
        time = words.duration((first.opened_ms - first.since_ms) / 1000)
        return words.text("{n} of {n} failed in {duration}", n=failed, duration=time)
    return words.text("{n} of {n} failed", n=failed)


def site_list(words: Translator, incidents: Sequence[Incident]) -> str:
    """A line for each site, or their names; what is still open comes first."""
    ordered = open_first(incidents)
    if len(ordered) > LINES:
        return _names(words, ordered)
    return "\n".join(site_line(words, one) for one in ordered)


def open_first(incidents: Sequence[Incident]) -> list[Incident]:
    return sorted(incidents, key=lambda one: not one.open)


def site_line(words: Translator, incident: Incident) -> str:
    if incident.open:
        return clip(alert_lines.opening(words, incident), _LINE_LIMIT)
    return clip(alert_lines.over(words, [incident]), _LINE_LIMIT)


def _names(words: Translator, ordered: Sequence[Incident]) -> str:
    """``Shop · Blog · ✔ Wiki · +970 more``: what is over has a tick."""
    shown: list[str] = []
    length = 0
    for one in ordered:
        name = markdown(one.name, _SHORT_NAME_LIMIT)
        name = name if one.open else f"✔ {name}"
        length += units(name) + units(" · ")
        if length > _NAMES_LIMIT:
            break
        shown.append(name)
    if len(shown) < len(ordered):
        shown.append(words.text("+{n} more", n=len(ordered) - len(shown)))
    return " · ".join(shown)


def sites_text(words: Translator, incidents: Sequence[Incident]) -> str:
    """All of them: state, name and host, a line each. Full addresses are not for everybody."""
    lines = [_plain_line(words, one) for one in open_first(incidents)]
    return "\n".join(lines) + "\n"


def _plain_line(words: Translator, incident: Incident) -> str:
    return f"{state_name(words, incident)}\t{plain(incident.name, 80)}\t{host(incident.url)}"


def state_name(words: Translator, incident: Incident) -> str:
    """``🔴 DOWN``, ``🟢 RESOLVED``: the word its push line begins with."""
    return site_line(words, incident).partition(" · ")[0]


def summary(words: Translator, incidents: Sequence[Incident]) -> str:
    """Incidents that are over, a line for each site: how often, how long, the last until when."""
    by_site: dict[int, list[Incident]] = {}
    for one in incidents:
        by_site.setdefault(one.monitor_id, []).append(one)
    sites = sorted(by_site.values(), key=_lost_ms, reverse=True)
    lines = [_site_summary(words, site) for site in sites]
    return "\n".join(fitting_lines(words, lines, most=LINES))


def _lost_ms(incidents: Sequence[Incident]) -> int:
    return sum((one.ended_ms or one.since_ms) - one.since_ms for one in incidents)


def _site_summary(words: Translator, incidents: Sequence[Incident]) -> str:
    ended_ms = max(one.ended_ms or one.since_ms for one in incidents)
    return words.plural(
        "{name} · in trouble {n} time, {duration} in total, up since {time}",
        "{name} · in trouble {n} times, {duration} in total, up since {time}",
        len(incidents),
        name=markdown(incidents[0].name, _SHORT_NAME_LIMIT),
        duration=words.duration(_lost_ms(incidents) / 1000),
        time=stamp(ended_ms, "t"),
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
    """The one value that all of them have, if any."""
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
