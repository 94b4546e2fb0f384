"""Alert card: one line for the phone, one embed for the eye, five buttons for the hand.

A card shows what is true of its incidents at the moment of sending; every edit renders it anew.
What a press of a button does stands in :mod:`cogs._ui.alert_buttons`.
"""

import asyncio
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import discord
from discord import ui

from bot.discord.states import GREEN, GREY, ORANGE, RED, YELLOW
from bot.models import Cause, Ending, Incident, Kind, Reason
from bot.services.delivery.messages import Alert, Attached
from bot.services.followed_pages import PageReport
from bot.words import incident_text
from bot.words.escaping import clip, markdown
from bot.words.phrases import every, stamp
from bot.words.translator import N_, NN_, Translator, translator_for

FILE = "sites.txt"
_IDS_LIMIT = 800  # with everything else below the 6,000 characters that all of an embed may have
_IDS_SHOWN = 10  # of more sites than this the ids stand in the file alone
# Lists of more sites than this are laid out in a thread of their own.
BESIDE_FROM = 200
_NOTE_LIMIT = 200
_PAGE_LIMIT, _TITLE_LIMIT, _TEXT_LIMIT = 80, 200, 400  # of foreign texts, escapes included
_PAGES, _COMPONENTS = 3, 8
_GREY, _BLUE = discord.ButtonStyle.secondary, discord.ButtonStyle.primary
# In the order they stand under the card of an opening.
BUTTONS = {
    "ack": (N_("Acknowledge"), _BLUE),
    "mute": (N_("Mute 1 h"), _GREY),
    "details": (N_("Details"), _GREY),
    "tell": (N_("Tell me when it is back"), _GREY),
    "metoo": (N_("Me too"), _GREY),
}
# In place of the first two, once somebody has it, and while it is muted.
_INSTEAD = {"ack": ("take", N_("Take over")), "mute": ("unmute", N_("Unmute"))}
BUTTON_ID = r"v1:(?P<action>ack|mute|unmute|details|tell|metoo|take|release):(?P<incident>\w{1,12})"


@dataclass(frozen=True, slots=True)
class Card:
    content: str
    embed: discord.Embed | None
    view: ui.View | None
    mentions: discord.AllowedMentions
    files: tuple[Attached, ...] = ()


def attachments(files: Iterable[Attached]) -> list[discord.File]:
    """Made anew for each request."""
    return [
        discord.File(io.BytesIO(one.data), one.name, description=one.description or None)
        for one in files
    ]


async def laid_out(alert: Alert) -> Card:
    """The card of an alert; a long list is laid out beside the loop, which goes on meanwhile."""
    if len(alert.incidents) <= BESIDE_FROM:
        return card(alert)
    return await asyncio.to_thread(card, alert)


def card(alert: Alert) -> Card:
    """Render an alert. Mentions come last in the line and are the only ones allowed to ping."""
    words = translator_for(alert.language)
    calls = [f"<@&{role}>" for role in alert.role_ids] + [f"<@{user}>" for user in alert.user_ids]
    if alert.report is not None:
        embed = None if alert.plain else _report(words, alert.report)
        return Card(alert.content, embed, None, discord.AllowedMentions.none())
    is_test = alert.kind == "test" and not alert.plain
    shown = not alert.plain and bool(alert.incidents)
    opened = [one for one in alert.incidents if one.open]
    return Card(
        content=" ".join([alert.content, *calls]),
        embed=_example(words) if is_test else _embed(words, alert) if shown else _note(alert),
        view=_buttons(opened, words) if shown and opened else None,
        mentions=discord.AllowedMentions(
            everyone=False,
            roles=[discord.Object(role) for role in alert.role_ids] or False,
            users=[discord.Object(user) for user in alert.user_ids] or False,
            replied_user=False,
        ),
        files=_files(words, alert) if shown and _is_long(alert) else alert.files,
    )


def _note(alert: Alert) -> discord.Embed | None:
    """Below the line of a notice, unless Discord took no embed."""
    if alert.plain or not alert.note:
        return None
    return discord.Embed(description=alert.note, colour=GREY)


def colour_of(incidents: Sequence[Incident]) -> int:
    """That of the worst that is still open; grey when it ended without being over."""
    opened = [one for one in incidents if one.open]
    if any(one.kind is Kind.DOWN and not one.recovering for one in opened):
        return RED
    if opened:
        return YELLOW
    return GREEN if any(one.ending is Ending.RESOLVED for one in incidents) else GREY


def add_fields(embed: discord.Embed, words: Translator, incidents: Sequence[Incident]) -> None:
    for name, value in incident_text.fields(words, incidents):
        embed.add_field(name=name, value=value)


def _buttons(opened: Sequence[Incident], words: Translator) -> ui.View:
    """Always five, by their state; discord.py keeps nothing of a view that has stopped."""
    view = ui.View(timeout=None)
    done = {
        "ack": all(one.acknowledged_by for one in opened),
        "mute": all(one.muted_until_ms for one in opened),
    }
    for name, (text, style) in BUTTONS.items():
        action, label = _INSTEAD[name] if done.get(name) else (name, text)
        custom_id = f"v1:{action}:{opened[0].public_id}"
        shown = style if action == name else _GREY
        view.add_item(ui.Button(label=words.text(label), style=shown, custom_id=custom_id))
    view.stop()
    return view


def _files(words: Translator, alert: Alert) -> tuple[Attached, ...]:
    return (Attached(FILE, incident_text.sites_text(words, alert.incidents).encode()),)


def _is_long(alert: Alert) -> bool:
    """True if a list has more lines than the card shows."""
    return len(alert.incidents) > incident_text.LINES and alert.kind != "digest"


def _embed(words: Translator, alert: Alert) -> discord.Embed:
    incidents = alert.incidents
    if alert.kind == "digest":
        title = words.text("While I could not post here")
        lines = [incident_text.summary(words, incidents)]
    elif len(incidents) == 1:
        title = incident_text.headline(words, incidents[0])
        lines = [incident_text.sentence(words, incidents[0]), *hints(incidents[0])]
    else:
        title = _group_title(words, incidents)
        lines = [
            incident_text.site_list(words, incidents),
            incident_text.in_common(words, incidents),
        ]
    lines += _observed(words, alert)
    lines += _notes(words, incidents, alert.delayed_ms)
    embed = discord.Embed(
        title=title,
        url=site_link(incidents[0].url) if len(incidents) == 1 else None,
        description="\n".join(line for line in lines if line),
        colour=colour_of(incidents),
    )
    if alert.kind != "digest":
        add_fields(embed, words, incidents)
    return embed.set_footer(text=_footer(words, incidents, in_full=alert.kind == "digest"))


def site_link(url: str) -> str | None:
    """Where the title leads: the site's host, which everybody may see; None: not a web site."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in {"http", "https"} else None


def hints(incident: Incident) -> list[str]:
    """What somebody has left for whoever mends it."""
    note = markdown(incident.note or "", _NOTE_LIMIT)
    return [line for line in (note, incident.link) if line] if incident.open else []


def _observed(words: Translator, alert: Alert) -> list[str]:
    """What the pages of others say meanwhile: no cause is named."""
    return [
        words.text(
            "{page} has reported an incident since {time}.",
            page=markdown(page, _PAGE_LIMIT),
            time=stamp(since_ms, "t"),
        )
        for page, since_ms in alert.observed[:_PAGES]
    ]


def _report(words: Translator, report: PageReport) -> discord.Embed:
    """What a followed page says. Every text in it is a stranger's."""
    colour = ORANGE if report.open else GREY if report.unfollowed else GREEN
    page = markdown(report.page, _PAGE_LIMIT)
    note = words.text("This is what {page} says; I have not checked it.", page=page)
    embed = discord.Embed(
        title=markdown(report.title, _TITLE_LIMIT),
        url=report.url,
        description="\n".join(one for one in (markdown(report.text, _TEXT_LIMIT), note) if one),
        colour=colour,
    )
    if report.status:
        embed.add_field(name=words.text("Their status"), value=markdown(report.status, _PAGE_LIMIT))
    if report.components:
        listed = ", ".join(markdown(one, _PAGE_LIMIT) for one in report.components[:_COMPONENTS])
        embed.add_field(name=words.text("Affected"), value=clip(listed, _TEXT_LIMIT))
    since = f"{stamp(report.since_ms, 'f')} ({stamp(report.since_ms)})"
    embed.add_field(name=words.text("Since"), value=since)
    if report.ended_ms is not None and not report.unfollowed:
        embed.add_field(name=words.text("Over since"), value=stamp(report.ended_ms, "f"))
    return embed.set_footer(text=f"#{report.public_id}")


def _notes(
    words: Translator, incidents: Sequence[Incident], delayed_ms: tuple[int, int] | None
) -> list[str]:
    """Notes on the alert itself: answering again, acknowledged, seen by others, late."""
    notes = []
    one = incidents[0]
    if behind := sum(each.behind for each in incidents if each.open):
        notes.append(
            words.plural("Behind it: {n} more site.", "Behind it: {n} more sites.", behind)
        )
    if len(incidents) == 1 and one.open and one.answering_since_ms and not one.recovering:
        text = N_("Answers again since {time}; I wait a little to be sure.")
        if one.kind is Kind.SLOW:
            text = N_("Fast again since {time}; I wait a little to be sure.")
        notes.append(words.text(text, time=stamp(one.answering_since_ms, "t")))
    user_id = next((one.acknowledged_by for one in incidents if one.acknowledged_by), None)
    still_open = any(one.open for one in incidents)
    # The sentence of one that is resolved says who acknowledged it, and when.
    said = len(incidents) == 1 and one.ending is Ending.RESOLVED
    if user_id is not None and not said:
        text = N_("{user} is on it.") if still_open else N_("Acknowledged by {user}.")
        notes.append(words.text(text, user=f"<@{user_id}>"))
    muted = [one.muted_until_ms for one in incidents if one.open and one.muted_until_ms]
    if muted:
        until = stamp(min(muted), "f")
        notes.append(words.text("Alerts are muted until {time}.", time=until))
    people = sum(one.me_too for one in incidents)
    if people:
        notes.append(words.plural("{n} person sees it too.", "{n} people see it too.", people))
    if delayed_ms is not None:
        a, b = (stamp(ms, "t") for ms in delayed_ms)
        notes.append(words.text("Sent late: Discord was unreachable {a}–{b}.", a=a, b=b))
    return notes


def _group_title(words: Translator, incidents: Sequence[Incident]) -> str:
    opened = [one for one in incidents if one.open]
    if not opened:
        return words.text("Resolved · {name}", name=words.text("{n} sites", n=len(incidents)))
    standing = [one for one in opened if not one.recovering]
    if not standing:
        return words.plural("{n} site is recovering", "{n} sites are recovering", len(opened))
    n, total = len(standing), words.number(len(incidents))
    is_down = all(one.kind is Kind.DOWN for one in standing)
    if n < len(incidents) and is_down:
        text = NN_("{n} of {total} sites is down", "{n} of {total} sites are down")
    elif n < len(incidents):
        text = NN_("{n} of {total} sites is in trouble", "{n} of {total} sites are in trouble")
    elif is_down:
        text = NN_("{n} site is down", "{n} sites are down")
    else:
        text = NN_("{n} site in trouble", "{n} sites in trouble")
    return words.plural(*text, n, total=total)


def _footer(words: Translator, incidents: Sequence[Incident], *, in_full: bool = False) -> str:
    """``#K3F9 · every 60 s``. By the first id a lost message is found again; a file has all.

    ``in_full``: all of them stand here, for a message without such a file.
    """
    intervals = [one.interval_s for one in incidents]
    low, high = min(intervals), max(intervals)
    mixed = words.text("every {n} s", n=f"{low}–{high}")
    shown = incidents if len(incidents) <= _IDS_SHOWN or in_full else incidents[:1]
    ids = clip(" ".join(f"#{one.public_id}" for one in shown), _IDS_LIMIT)
    return f"{ids} · {every(words, low) if low == high else mixed}"


_EXAMPLE_CHECKS, _EXAMPLE_EVERY_S = 4, 60  # four failed checks over a minute, as for a real one


def _example(words: Translator) -> discord.Embed:
    """Card of a test alert: of an invented site, grey, without buttons, saying what it is."""
    invented = _invented(words.text("Example"))
    note = words.text(
        "This is a test; nothing is wrong. A real alert looks like this, with five"
        " buttons below it."
    )
    title = incident_text.headline(words, invented)
    embed = discord.Embed(
        title=words.text("TEST · {title}", title=title),
        description=f"{incident_text.sentence(words, invented)}\n{note}",
        colour=GREY,
    )
    add_fields(embed, words, [invented])
    interval = every(words, _EXAMPLE_EVERY_S)
    return embed.set_footer(text=f"{words.text('TEST')} · {interval}")


def _invented(name: str) -> Incident:
    now_ms = round(discord.utils.utcnow().timestamp() * 1000)
    since_ms = now_ms - _EXAMPLE_EVERY_S * 1000
    return Incident(
        id=0,
        public_id="TEST",
        guild_id=0,
        monitor_id=0,
        name=name,
        url="https://example.com/",
        interval_s=_EXAMPLE_EVERY_S,
        kind=Kind.DOWN,
        cause=Cause(Reason.HTTP, 503),
        since_ms=since_ms,
        opened_ms=now_ms,
        failed=_EXAMPLE_CHECKS,
        last_ok_ms=since_ms - _EXAMPLE_EVERY_S * 1000,
    )
