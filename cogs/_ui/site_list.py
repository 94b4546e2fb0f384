"""Many sites in one message: as lines, as names, as pages, as a file, or summed up."""

import io
from collections.abc import Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import discord

from bot.models import Incident
from bot.words import alert_lines
from bot.words.alert_lines import over
from bot.words.escaping import clip, host, markdown, plain
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.lines import fitting

# Up to so many a list has a line each; beyond that the names alone, as many as fit.
LINES = 25
_LINE_LIMIT = 150
_NAME_LIMIT = 40
# With title, fields and footer below the 6,000 characters that all of an embed may have.
_NAMES_LIMIT = 3600
FILE = "sites.txt"


def site_list(words: Translator, told: Sequence[Incident]) -> str:
    """What is still open comes first; fits every limit of an embed."""
    ordered = in_order(told)
    if len(ordered) > LINES:
        return _names(words, ordered)
    return "\n".join(site_line(words, one) for one in ordered)


def in_order(told: Sequence[Incident]) -> list[Incident]:
    return sorted(told, key=lambda one: not one.open)


def site_line(words: Translator, incident: Incident) -> str:
    """One site in its own words."""
    said = alert_lines.opening(words, incident) if incident.open else over(words, [incident])
    return clip(said, _LINE_LIMIT)


def _names(words: Translator, ordered: Sequence[Incident]) -> str:
    """``Shop · Blog · ✔ Wiki · +970 more``: what is over has a tick."""
    shown: list[str] = []
    length = 0
    for one in ordered:
        name = markdown(one.name, _NAME_LIMIT)
        name = name if one.open else f"✔ {name}"
        length += len(name) + len(" · ")
        if length > _NAMES_LIMIT:
            break
        shown.append(name)
    if len(shown) < len(ordered):
        shown.append(words.text("+{n} more", n=len(ordered) - len(shown)))
    return " · ".join(shown)


def sites_file(words: Translator, told: Sequence[Incident]) -> discord.File:
    """All of them: state, name and host, a line each. Full addresses are not for everybody."""
    lines = [_file_line(words, one) for one in in_order(told)]
    text = "\n".join(lines) + "\n"
    return discord.File(io.BytesIO(text.encode()), filename=FILE)


def _file_line(words: Translator, incident: Incident) -> str:
    state = site_line(words, incident).partition(" · ")[0]
    return f"{state}\t{plain(incident.name, 80)}\t{host(incident.url)}"


def summary(words: Translator, told: Sequence[Incident]) -> str:
    """Incidents that are over, a line for each site: how often, how long, the last until when."""
    by_site: dict[int, list[Incident]] = {}
    for one in told:
        by_site.setdefault(one.monitor_id, []).append(one)
    sites = sorted(by_site.values(), key=_lost_ms, reverse=True)
    return "\n".join(fitting(words, [_summed_up(words, site) for site in sites], most=LINES))


def _lost_ms(incidents: Sequence[Incident]) -> int:
    return sum((one.ended_ms or one.since_ms) - one.since_ms for one in incidents)


def _summed_up(words: Translator, incidents: Sequence[Incident]) -> str:
    ended_ms = max(one.ended_ms or one.since_ms for one in incidents)
    return words.plural(
        "{name} · in trouble {n} time, {duration} in all, fine since {time}",
        "{name} · in trouble {n} times, {duration} in all, fine since {time}",
        len(incidents),
        name=markdown(incidents[0].name, _NAME_LIMIT),
        duration=words.duration(_lost_ms(incidents) / 1000),
        time=stamp(ended_ms, "t"),
    )


COMPANY = 3  # what two sites share is chance as often as not
_LIMIT = 100
T = TypeVar("T")


def in_common(words: Translator, told: Sequence[Incident]) -> str:
    """One line about what is still open: one host, else one address, else one certificate."""
    opened = [one for one in told if one.open]
    if len(opened) < COMPANY:
        return ""
    if name := _same(_hostname(one.url) for one in opened):
        shown = markdown(host(f"https://[{name}]" if ":" in name else f"https://{name}"), _LIMIT)
        return words.text("All are on {host}.", host=shown)
    if address := _same(one.address for one in opened):
        text = markdown(address, _LIMIT)
        return words.text("All last answered from {address}.", address=text)
    if ends_ms := _same(one.certificate_ms for one in opened):
        day = stamp(ends_ms, "f")
        return words.text("All last showed a certificate that ends {time}.", time=day)
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
