"""The alert card: one line for the phone, one embed for the eye, five buttons for the hand.

A card shows what is true of its incidents at the moment of sending; every edit renders it anew.
"""

from collections.abc import Sequence
from functools import partial

import discord

from bot.discord.alert_transport import Card
from bot.models import Incident, Kind
from bot.services.delivery.messages import Alert
from bot.words.escaping import clip
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator, translator_for
from cogs._ui.alert_buttons import alert_view
from cogs._ui.example_alert import sample_embed
from cogs._ui.incident_text import add_fields, colour_of, headline, sentence
from cogs._ui.site_list import LINES, in_common, site_list, sites_file, summary

# With everything else below the 6,000 characters that all of an embed may have.
_IDS_LIMIT = 800


def card(alert: Alert) -> Card:
    """Render an alert. Mentions come last in the line and are the only ones allowed to ping."""
    words = translator_for(alert.language)
    calls = [f"<@&{role}>" for role in alert.role_ids] + [f"<@{user}>" for user in alert.user_ids]
    if alert.kind == "test" and not alert.plain:
        embed = sample_embed(words)
        return Card(alert.content, embed, None, discord.AllowedMentions.none())
    shown = not alert.plain and bool(alert.incidents)
    opened = [one for one in alert.incidents if one.open]
    return Card(
        content=" ".join([alert.content, *calls]),
        embed=_embed(words, alert) if shown else None,
        view=alert_view(opened[0].public_id, words) if shown and opened else None,
        mentions=discord.AllowedMentions(
            everyone=False,
            roles=[discord.Object(role) for role in alert.role_ids] or False,
            users=[discord.Object(user) for user in alert.user_ids] or False,
            replied_user=False,
        ),
        file=partial(sites_file, words, alert.incidents) if shown and _is_long(alert) else None,
    )


def _is_long(alert: Alert) -> bool:
    """Whether a list has more lines than the card shows."""
    return len(alert.incidents) > LINES and alert.kind != "digest"


def _embed(words: Translator, alert: Alert) -> discord.Embed:
    told = alert.incidents
    if alert.kind == "digest":
        return _digest(words, alert)
    alone = len(told) == 1
    said = sentence(words, told[0]) if alone else site_list(words, told)
    notes = [said, in_common(words, told), *_notes(words, told, alert.delayed_ms)]
    embed = discord.Embed(
        title=headline(words, told[0]) if alone else _group_title(words, told),
        description="\n".join(note for note in notes if note),
        colour=colour_of(told),
    )
    add_fields(embed, words, told)
    embed.set_footer(text=_footer(words, told))
    return embed


def _digest(words: Translator, alert: Alert) -> discord.Embed:
    """What came and went during a long silence, a line for each site."""
    said = [summary(words, alert.incidents), *_notes(words, alert.incidents, alert.delayed_ms)]
    embed = discord.Embed(
        title=words.text("While I could not post here"),
        description="\n".join(said),
        colour=colour_of(alert.incidents),
    )
    embed.set_footer(text=_footer(words, alert.incidents))
    return embed


def _notes(
    words: Translator, told: Sequence[Incident], delayed_ms: tuple[int, int] | None
) -> list[str]:
    """What happened to the alert itself: answering again, taken, shared, late."""
    notes = []
    answering = [one.answering_since_ms for one in told if one.open and one.answering_since_ms]
    if answering and len(told) == 1:
        since = stamp(answering[0], "t")
        notes.append(words.text("Answering since {time}; I wait a little to be sure.", time=since))
    who = next((one.acknowledged_by for one in told if one.acknowledged_by), None)
    if who is not None:
        still = any(one.open for one in told)
        text = N_("{user} is on it.") if still else N_("Acknowledged by {user}.")
        notes.append(words.text(text, user=f"<@{who}>"))
    many = sum(one.me_too for one in told)
    if many:
        notes.append(words.plural("{n} person sees it too.", "{n} people see it too.", many))
    if delayed_ms is not None:
        a, b = (stamp(ms, "t") for ms in delayed_ms)
        notes.append(words.text("Sent late: Discord was unreachable {a}–{b}.", a=a, b=b))
    return notes


def _group_title(words: Translator, told: Sequence[Incident]) -> str:
    opened = [one for one in told if one.open]
    if not opened:
        return words.text("Resolved · {name}", name=words.text("{n} sites", n=len(told)))
    if all(one.kind is Kind.DOWN for one in opened):
        return words.plural("{n} site is down", "{n} sites are down", len(opened))
    return words.plural("{n} site in trouble", "{n} sites in trouble", len(opened))


def _footer(words: Translator, told: Sequence[Incident]) -> str:
    """``#K3F9 · every 60 s``. The ids also let a lost message be found again."""
    ids = " ".join(f"#{one.public_id}" for one in told)
    every = [one.interval_s for one in told]
    low, high = min(every), max(every)
    said = words.text("every {n} s", n=low if low == high else f"{low}–{high}")
    return f"{clip(ids, _IDS_LIMIT)} · {said}"
