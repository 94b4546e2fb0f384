"""A board as Discord shows it: one container, problems first, as many sites as fit."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from discord import ui

from bot.discord.states import colour_of, state_word, summary
from bot.models import Kind
from bot.services.boards.state import BoardSnapshot, Planned, response_ms
from bot.services.status import MonitorStatus, game_of, state_of
from bot.words.causes import cause_text, players_text
from bot.words.escaping import markdown, units
from bot.words.incident_text import said_since_ms, works_again
from bot.words.phrases import share, stamp, state_text
from bot.words.translator import Translator

# Documented: 4,000 characters over all texts of a message. Seen: 10,170 bytes of UTF-8 with 12 more
# for each text, beyond which Discord answers 500. The rest is for headline and footer.
_CHARACTERS = 4_000
_BYTES = 10_170
_RESERVED = 700
_NAME_LIMIT = 60
# Up to so many sites of one state have a line each; more of them share a paragraph.
_LINES = 15
# Of so many calm sites of one state none is named: what is in trouble has the room.
_COUNTED = 60
_PLANNED = 3
_TROUBLE = {"down", "unstable", "slow", "refused", "partly", "recovering"}
_Row: TypeAlias = tuple[str, list[str]]  # a state's word, and the sites behind it
_CALM = {"up": 0, "unknown": 1, "paused": 2}


class _Room:
    """Text that a message still takes."""

    def __init__(self) -> None:
        self._characters = _CHARACTERS - _RESERVED
        self._bytes = _BYTES - _RESERVED

    def take(self, text: str) -> bool:
        """Take a text if it still fits; once one does not, nothing does: the order must stay."""
        self._characters -= units(text)
        self._bytes -= len(text.encode())
        if self._characters < 0 or self._bytes < 0:
            self._characters = 0
            return False
        return True


def board_view(words: Translator, snapshot: BoardSnapshot, status_command: str) -> ui.LayoutView:
    """``status_command``: the mention of the command that shows what does not fit."""
    view = ui.LayoutView(timeout=None)
    texts = [
        ui.TextDisplay[ui.LayoutView](text) for text in board_texts(words, snapshot, status_command)
    ]
    view.add_item(ui.Container(*texts, accent_colour=colour_of(snapshot.sites)))
    return view


def board_texts(words: Translator, snapshot: BoardSnapshot, status_command: str) -> list[str]:
    """Headline, sites, and how old that is; the age ticks by itself in people's clients."""
    texts = [_head(words, snapshot)]
    lines, left = _fitting(words, snapshot)
    if left:
        more = words.text("+{n} more", n=left)
        lines.append(f"{more} · {status_command}")
    if lines:
        texts.append("\n".join(lines))
    if snapshot.planned:
        texts.append("\n".join(_planned(words, one) for one in snapshot.planned[:_PLANNED]))
    texts.append(f"-# {words.text('Updated {time}', time=stamp(snapshot.at_ms))}")
    return texts


def _planned(words: Translator, one: Planned) -> str:
    """``**PLANNED** · Shop · <t:…> – <t:…>``."""
    name = words.text("all sites") if one.name is None else markdown(one.name, _NAME_LIMIT)
    times = f"{stamp(one.from_ms, 'f')} – {stamp(one.until_ms or one.from_ms, 't')}"
    return f"**{words.text('PLANNED MAINTENANCE')}** · {name} · {times}"


def _head(words: Translator, snapshot: BoardSnapshot) -> str:
    head = f"### {headline(words, snapshot)}"
    if snapshot.title is not None:
        head = f"### {markdown(snapshot.title, _NAME_LIMIT)}\n{headline(words, snapshot)}"
    if snapshot.offline_ms is None:
        return head
    since = stamp(snapshot.offline_ms, "f")
    note = words.text("⚪ BLIND · I have been offline since {time}. Last seen:", time=since)
    return f"{head}\n{note}"


def headline(words: Translator, snapshot: BoardSnapshot) -> str:
    """``All 12 sites are up``, ``1 down · 1 unstable · 10 up``."""
    sites = snapshot.sites
    if not sites:
        return words.text("No sites to show here yet")
    said = {state_word(words, one) for one in sites}
    if said == {state_text(words, "up")}:
        return words.plural("{n} site is up", "All {n} sites are up", len(sites))
    return summary(words, sites)


def _fitting(words: Translator, snapshot: BoardSnapshot) -> tuple[list[str], int]:
    """Lines, group by group, and how many sites are on none; trouble of any group goes first."""
    room, left = _Room(), 0
    groups = _groups(words, snapshot)
    lines: list[list[str]] = [[] for _ in groups]
    rows = [(n, row) for n, group in enumerate(groups) for row in _trouble(words, group.sites)]
    for n, group in enumerate(groups):
        rows += ((n, row) for row in _calm_rows(words, group.sites, len(groups)))
    for n, (word, items) in rows:
        shown: list[str] = []
        if not lines[n]:
            room.take(f"{groups[n].heading}\n")
        for item in items:
            if room.take(f" · {item}\n" if shown else f"**{word}** · {item}\n"):
                shown.append(item)
        left += len(items) - len(shown)
        if shown:
            lines[n].append(" · ".join((f"**{word}**", *shown)))
    headed = (
        [g.heading, *ls] if g.heading and ls else ls for g, ls in zip(groups, lines, strict=True)
    )
    return [line for group in headed for line in group], left


class _Group(NamedTuple):
    heading: str
    sites: Sequence[MonitorStatus]


def _groups(words: Translator, snapshot: BoardSnapshot) -> list[_Group]:
    """Those in trouble first, the worst before; then by name, and what has no tag."""
    if snapshot.groups is None:
        return [_Group("", snapshot.sites)]
    found: dict[str, list[MonitorStatus]] = {}
    for one in snapshot.sites:
        found.setdefault(snapshot.groups.get(one.monitor.id, ""), []).append(one)
    tags = sorted(found, key=lambda tag: (not tag, tag))
    tags.sort(key=lambda tag: state_of(found[tag][0]) not in _TROUBLE)
    return [_Group(_heading(words, tag, found[tag]), found[tag]) for tag in tags]


def _heading(words: Translator, tag: str, sites: Sequence[MonitorStatus]) -> str:
    name = f"#{markdown(tag, _NAME_LIMIT)}" if tag else words.text("Other sites")
    return f"__{name}__ · {summary(words, sites)}"


def _trouble(words: Translator, sites: Sequence[MonitorStatus]) -> Iterator[_Row]:
    """A line for each site."""
    for one in sites:
        if state_of(one) in _TROUBLE:
            yield state_word(words, one), [_in_trouble(words, one)]


def _calm_rows(words: Translator, sites: Sequence[MonitorStatus], groups: int) -> Iterator[_Row]:
    """A state's word and the sites behind it; of many the number. Groups share the room."""
    calm: dict[str, list[MonitorStatus]] = {}
    for one in sites:
        if state_of(one) not in _TROUBLE:
            calm.setdefault(state_word(words, one), []).append(one)
    for word, alike in sorted(
        calm.items(), key=lambda group: (_CALM[state_of(group[1][0])], group[0])
    ):
        if len(alike) > _COUNTED // groups:
            yield word, [words.plural("{n} site", "{n} sites", len(alike))]
        elif len(alike) > _LINES // groups:
            yield word, [_calm(words, one, "{name} ({took})") for one in alike]
        else:
            yield from ((word, [_calm(words, one, "{name} · {took}")]) for one in alike)


def _in_trouble(words: Translator, status: MonitorStatus) -> str:
    """``Shop API · HTTP 503 · <t:…:R>``."""
    parts = [markdown(status.monitor.name, _NAME_LIMIT)]
    if status.incident is not None:
        parts += [_seen(words, status), stamp(said_since_ms(status.incident))]
    return " · ".join(part for part in parts if part)


def _seen(words: Translator, status: MonitorStatus) -> str:
    incident = status.incident
    if incident is None:
        return ""
    if incident.recovering:
        return works_again(words, incident)
    if incident.kind is Kind.UNSTABLE:
        return share(words, incident.share_ok, incident.share_of, incident.share_said)
    if incident.kind is Kind.SLOW:
        return words.text("{ms} ms", ms=incident.latency_ms)
    return "" if incident.cause is None else cause_text(words, incident.cause)


def _calm(words: Translator, status: MonitorStatus, form: str) -> str:
    """``Shop API · 180 ms``, ``Craft · 20 ms · 5/100 players``; of what is not up its name."""
    name = markdown(status.monitor.name, _NAME_LIMIT)
    took_ms = response_ms(status) if state_of(status) == "up" else None
    if took_ms is None:
        return name
    said = [words.text("{ms} ms", ms=took_ms), players_text(words, game_of(status.latest))]
    return form.format(name=name, took=" · ".join(one for one in said if one))
