"""A status page in words and shapes: pure, from facts to what the template puts in its places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_date, format_datetime

from bot.clock import DAY_MS
from bot.models import Incident, Kind
from bot.services.history.uptime import Level, Uptime
from bot.services.recurrence import zone_of
from bot.services.status import STATE_OF_KIND
from bot.services.status_pages import DAYS, Page, PageSite, PageWork
from bot.words.causes import players_text
from bot.words.phrases import state_on_page
from bot.words.translator import N_, Translator

UP, UNSTABLE, DOWN, NONE = "up", "unstable", "down", "none"
_COLOURS = {"up": UP, "down": DOWN, "unknown": NONE, "paused": NONE}
# Where a day's bar ends above: trouble stands out, without its colour too.
_DAYS = {
    Level.FINE: (UP, 16),
    Level.SHAKY: (UNSTABLE, 10),
    Level.POOR: (UNSTABLE, 5),
    Level.BAD: (DOWN, 0),
    Level.UNWATCHED: (NONE, 30),
}
_MEANINGS = {
    Level.FINE: N_("no trouble"),
    Level.SHAKY: N_("unstable or briefly down"),
    Level.POOR: N_("over 1% down"),
    Level.BAD: N_("over 10% down"),
    Level.UNWATCHED: N_("not watched"),
}
_HEIGHT, _STEP = 32, 4
# Headings and other words of the template.
HEADINGS = {
    "work": N_("Planned work"),
    "opened": N_("Open incidents"),
    "sites": N_("Sites"),
    "past": N_("Past incidents"),
    "nothing": N_("There is nothing to show yet."),
    "none": N_("None in 90 days."),
    "today": N_("today"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its colour: a state, an incident, a part of a bar."""

    colour: str
    text: str = ""
    name: str = ""
    word: str = ""
    when: str = ""
    path: str = ""


def colour_of(state: str) -> str:
    return _COLOURS.get(state, UNSTABLE)


def title(words: Translator, page: Page) -> str:
    return words.text("Status of {name}", name=page.name) if page.name else words.text("Status")


def whole(words: Translator, page: Page) -> Line:
    """One sentence for everything: down counts more than unstable."""
    down = sum(one.state == "down" for one in page.sites)
    if down:
        return Line(DOWN, words.plural("{n} site is down", "{n} sites are down", down))
    shaky = sum(colour_of(one.state) == UNSTABLE for one in page.sites)
    if shaky:
        text = words.plural("{n} site is in trouble now.", "{n} sites are in trouble now.", shaky)
        return Line(UNSTABLE, text)
    if any(one.state == "up" for one in page.sites):
        return Line(UP, words.text("All sites are up"))
    return Line(NONE, words.text("Nothing is known yet"))


def moment(words: Translator, page: Page, ms: int) -> str:
    """``29 November 2026, 16:20``, by the clock of the server."""
    local = datetime.fromtimestamp(ms / 1000, zone_of(page.timezone))
    return format_datetime(local, "d MMMM y, HH:mm", locale=words.locale)


def as_of(words: Translator, page: Page) -> str:
    return words.text(
        "As of {time}. Times are those of {zone}.",
        time=moment(words, page, page.at_ms),
        zone=page.timezone,
    )


def offline(words: Translator, page: Page) -> str:
    if page.offline_ms is None:
        return ""
    since = moment(words, page, page.offline_ms)
    return words.text("Nothing has been watched since {time}: Vigie is offline.", time=since)


def site_line(words: Translator, page: Page, site: PageSite) -> dict[str, object]:
    """One site. ``label`` says of the bar what there is to see."""
    said = [state_on_page(words, site.state)]
    if site.in_maintenance:
        said.append(words.text("MAINTENANCE"))
    uptime, players = uptime_text(words, site.uptime), players_text(words, site.game)
    first_ms = page.at_ms - (max(1, len(site.days)) - 1) * DAY_MS
    bad = sum(level not in {Level.FINE, Level.UNWATCHED} for level in site.days)
    trouble = words.plural("trouble on {n} day", "trouble on {n} days", bad)
    first = datetime.fromtimestamp(first_ms / 1000, UTC)
    return {
        "name": site.name,
        "colour": colour_of(site.state),
        "word": " · ".join(said),
        "parts": tuple(bars(site.days)),
        "width": _STEP * max(DAYS, len(site.days)),
        "label": f"{site.name}: {uptime}, {trouble}",
        "first": format_date(first, "d MMM", locale=words.locale),
        "uptime": f"{players} · {uptime}" if players else uptime,
    }


def uptime_text(words: Translator, uptime: Uptime) -> str:
    """Of the watched time alone: what nobody watched is neither up nor down."""
    if uptime.watched_s <= 0:
        return words.text("not watched")
    if not uptime.down_s and uptime.unstable_s:
        return words.text("never down")
    up = words.percent(max(0, uptime.watched_s - uptime.down_s), uptime.watched_s)
    return words.text("{share} up", share=up)


def bars(days: Sequence[Level]) -> Iterator[Line]:
    """One path for each colour: ninety bars of a site in a kilobyte. The newest is at the right."""
    offset = _STEP * max(0, DAYS - len(days))
    paths: dict[str, list[str]] = {}
    for at, level in enumerate(days):
        colour, top = _DAYS[level]
        paths.setdefault(colour, []).append(_bar(offset + at * _STEP, top))
    for colour, drawn in paths.items():
        yield Line(colour, path="".join(drawn))


def _bar(x: int, top: int) -> str:
    return f"M{x + _STEP // 2} {top}V{_HEIGHT}"


def legend(words: Translator) -> list[Line]:
    return [
        Line(_DAYS[level][0], words.text(text), path=_bar(0, _DAYS[level][1]))
        for level, text in _MEANINGS.items()
    ]


def incident_line(words: Translator, page: Page, incident: Incident) -> Line:
    since = moment(words, page, incident.since_ms)
    word = state_on_page(words, incident_state(incident))
    colour = DOWN if incident.kind is Kind.DOWN else UNSTABLE
    if incident.open:
        length = words.duration((page.at_ms - incident.since_ms) / 1000)
        when = words.text("since {time}, for {duration}", time=since, duration=length)
    else:
        length = words.duration(incident.lasted_s)
        when = words.text("{time}, lasted {duration}", time=since, duration=length)
    return Line(colour, name=incident.name, word=word, when=when)


def incident_state(incident: Incident) -> str:
    if incident.open and incident.recovering:
        return "recovering"
    return STATE_OF_KIND.get(incident.kind, incident.kind.value)


def work_line(words: Translator, page: Page, work: PageWork) -> dict[str, str]:
    what = words.list(work.sites) if work.sites else words.text("all sites")
    begin, end = moment(words, page, work.from_ms), work.until_ms
    if end is None:
        return {"what": what, "when": words.text("from {time} on", time=begin)}
    until = moment(words, page, end)
    return {"what": what, "when": words.text("{time} until {until}", time=begin, until=until)}
