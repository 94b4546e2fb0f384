"""Words of a report: a message that fits Discord's limit, and a table for spreadsheets."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from babel.dates import format_skeleton

from bot.clock import DAY_MS
from bot.words.escaping import host, markdown, plain, units
from bot.words.translator import N_, Translator

CONTENT_LIMIT = 2_000  # UTF-16 units of a message
NAME_LIMIT = 60
_UP_MARK, _DOWN_MARK, _UNWATCHED_MARK = "✅", "❌", "❔"
_WHOLE, _MILLION = 10_000, 1_000_000
_SOON_MS = 45 * DAY_MS
_CERTIFICATES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site's stretch of time. Shares of watched time that it was not down are None where
    nothing was watched; ``before``: of the stretch before. ``days``: each of the report's days'.
    """

    name: str
    url: str
    watched_s: int
    down_s: int
    before: float | None
    incidents: int
    incident_s: int
    median_ms: int | None
    certificate_ms: int | None
    days: tuple[float | None, ...]

    @property
    def uptime(self) -> float | None:
        return share(self.watched_s, self.down_s)


@dataclass(frozen=True, slots=True)
class Report:
    """``monthly``, else weekly. ``span_ms``: from, until; ``days`` of it by the clocks of ``zone``.

    Sites with the most downtime come first; ``hidden`` ones are left out, because not everybody
    who reads the report may know of them.
    """

    monthly: bool
    span_ms: tuple[int, int]
    zone: tzinfo
    days: tuple[tuple[int, int], ...]
    sites: tuple[SiteLine, ...]
    hidden: int = 0


def share(watched_s: int, down_s: int) -> float | None:
    """Of the watched time, how much was not down; None: nothing was watched."""
    return None if watched_s <= 0 else max(0.0, 1 - down_s / watched_s)


def message(words: Translator, report: Report) -> str:
    """The report, sites in trouble first; what does not fit is counted and stands in the table."""
    head = _head(words, report)
    tail = [line for line in (_slowest(words, report), _certificates(words, report)) if line]
    if report.hidden:
        hidden = words.plural(
            "{n} site is left out: not everyone who reads this may see its alert channel.",
            "{n} sites are left out: not everyone who reads this may see their alert channel.",
            report.hidden,
        )
        tail.append(hidden)
    lines = [_line(words, one) for one in report.sites]
    for shown in range(len(lines), -1, -1):
        more = len(lines) - shown
        rest = [words.plural("+{n} more in the table", "+{n} more in the table", more)] * bool(more)
        text = "\n".join([*head, *lines[:shown], *rest, *tail])
        if units(text) <= CONTENT_LIMIT:
            return text
    return head[0]


def _head(words: Translator, report: Report) -> list[str]:
    title = N_("📊 MONTHLY REPORT · {days}") if report.monthly else N_("📊 WEEKLY REPORT · {days}")
    days = day_range(words, report)
    watched = sum(one.watched_s for one in report.sites)
    down = sum(one.down_s for one in report.sites)
    count = sum(one.incidents for one in report.sites)
    sites = words.plural("{n} site", "{n} sites", len(report.sites))
    incidents = words.plural("{n} incident", "{n} incidents", count)
    up = percent(words, share(watched, down))
    return [
        words.text(title, days=days),
        words.text("{sites} · {up} up · {incidents}", sites=sites, up=up, incidents=incidents),
    ]


def _line(words: Translator, one: SiteLine) -> str:
    name = markdown(one.name, NAME_LIMIT)
    if one.uptime is None:
        return f"{_UNWATCHED_MARK} **{name}** · {words.text('not watched')}"
    parts = [f"**{name}**", percent(words, one.uptime)]
    if one.before is not None and round(one.before * _WHOLE) != round(one.uptime * _WHOLE):
        parts[-1] += words.text(" (before: {share})", share=percent(words, one.before))
    if one.incidents:
        count = words.plural("{n} incident", "{n} incidents", one.incidents)
        parts.append(f"{count}, {words.duration(one.incident_s)}")
    if one.median_ms is not None:
        parts.append(f"{words.number(one.median_ms)} ms")
    mark = _DOWN_MARK if one.down_s else _UP_MARK
    return f"{mark} {' · '.join(parts)}"


def _slowest(words: Translator, report: Report) -> str:
    timed = [one for one in report.sites if one.median_ms is not None]
    if len(timed) <= 1:
        return ""
    slowest = max(timed, key=lambda one: one.median_ms or 0)
    return words.text(
        "Slowest: {name}, typically {ms} ms.",
        name=markdown(slowest.name, NAME_LIMIT),
        ms=words.number(slowest.median_ms or 0),
    )


def _certificates(words: Translator, report: Report) -> str:
    soon = sorted(
        (one.certificate_ms, one.name)
        for one in report.sites
        if one.certificate_ms is not None and one.certificate_ms < report.span_ms[1] + _SOON_MS
    )
    ends = [
        f"{markdown(name, NAME_LIMIT)} {day(words, ms, report.zone)}"
        for ms, name in soon[:_CERTIFICATES_SHOWN]
    ]
    return (
        words.text("Certificates that expire soon: {list}.", list=", ".join(ends)) if ends else ""
    )


def percent(words: Translator, share: float | None) -> str:
    """``99.97%``; a dash where nothing was watched."""
    return "–" if share is None else words.percent(int(share * _MILLION), _MILLION)


def day(words: Translator, ms: int, zone: tzinfo) -> str:
    """``7 Dec`` by the clocks of a zone."""
    return str(format_skeleton("MMMd", ms / 1000, tzinfo=zone, locale=words.locale))


def day_range(words: Translator, report: Report) -> str:
    """``23 Nov – 29 Nov``: its first and its last day."""
    first_ms, end_ms = report.span_ms
    return " – ".join(day(words, ms, report.zone) for ms in (first_ms, end_ms - 1))


def alt_text(words: Translator, report: Report) -> str:
    return "\n".join(_head(words, report))


def table(words: Translator, report: Report) -> bytes:
    """All sites as CSV, with the mark by which spreadsheets know UTF-8."""
    made = io.StringIO()
    rows = csv.writer(made)
    rows.writerow(words.text(one) for one in _COLUMNS)
    for one in report.sites:
        shares = (
            "" if share is None else f"{share * 100:.4f}" for share in (one.uptime, one.before)
        )
        end_s = None if one.certificate_ms is None else one.certificate_ms / 1000
        end = "" if end_s is None else datetime.fromtimestamp(end_s, UTC).date().isoformat()
        rows.writerow(
            [
                *(_cell(one.name), _cell(host(one.url)), *shares, one.watched_s, one.down_s),
                *(one.incidents, one.incident_s, one.median_ms or "", end),
            ]
        )
    return made.getvalue().encode("utf-8-sig")


def _cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula stays a text."""
    shown = plain(text, NAME_LIMIT * 2)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} else shown


_COLUMNS = (
    N_("site"),
    N_("address"),
    N_("up, %"),
    N_("up before, %"),
    N_("watched, s"),
    N_("down, s"),
    N_("incidents"),
    N_("incidents, s"),
    N_("response time, ms"),
    N_("certificate expires"),
)
