"""One incident in words: the headline, the sentence and the fields that every surface shows."""

from collections.abc import Sequence

import discord

from bot.models import Ending, Incident, Kind
from bot.words.causes import cause_sentence, cause_text
from bot.words.escaping import markdown
from bot.words.ratios import share
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator
from cogs._ui.lines import GREEN, GREY, RED, YELLOW

_COLOURS = {Kind.DOWN: RED, Kind.UNSTABLE: YELLOW, Kind.SLOW: YELLOW, Kind.BLOCKED: YELLOW}
_TITLES = {
    Kind.DOWN: N_("{name} is down"),
    Kind.UNSTABLE: N_("{name} is unstable"),
    Kind.SLOW: N_("{name} is slow"),
    Kind.BLOCKED: N_("{name} refuses the bot"),
}
_ENDINGS = {
    Ending.RESOLVED: N_("Resolved · {name}"),
    Ending.REMOVED: N_("No longer watched · {name}"),
    Ending.PAUSED: N_("Paused · {name}"),
}
NAME_LIMIT = 60


def colour_of(told: Sequence[Incident]) -> int:
    """That of the worst that is still open; grey when it ended without being over."""
    for kind, colour in _COLOURS.items():
        if any(one.open and one.kind is kind for one in told):
            return colour
    return GREEN if any(one.ending is Ending.RESOLVED for one in told) else GREY


def headline(words: Translator, incident: Incident) -> str:
    """``Shop is down``, ``Resolved · Shop``."""
    name = markdown(incident.name, NAME_LIMIT)
    if incident.open:
        return words.text(_TITLES[incident.kind], name=name)
    return words.text(_ENDINGS[incident.ending or Ending.RESOLVED], name=name)


def sentence(words: Translator, incident: Incident) -> str:
    """One sentence for people: what the probe saw, or how long it lasted."""
    if incident.ending is Ending.RESOLVED:
        return words.text("It lasted {duration}.", duration=lasted(words, incident))
    if not incident.open:
        return words.text("I stopped checking before it was over.")
    if incident.kind is Kind.SLOW:
        return words.text(
            "It answers, but takes {ms} ms; the limit is {limit} ms.",
            ms=incident.latency_ms,
            limit=incident.limit_ms,
        )
    seen = "" if incident.cause is None else cause_sentence(words, incident.cause)
    if incident.kind is not Kind.UNSTABLE:
        return seen
    gets = share(words, incident.share_ok, incident.share_of)
    return f"{gets[:1].upper()}{gets[1:]}. {_last_seen(words, incident)}".strip()


def _last_seen(words: Translator, incident: Incident) -> str:
    if incident.cause is None:
        return ""
    return words.text("The last that failed: {cause}.", cause=cause_text(words, incident.cause))


def lasted(words: Translator, incident: Incident) -> str:
    ended_ms = incident.ended_ms or incident.resolved_ms or incident.since_ms
    return words.duration((ended_ms - incident.since_ms) / 1000)


def add_fields(embed: discord.Embed, words: Translator, told: Sequence[Incident]) -> None:
    """Since, Last OK, Checks: of one incident, or of all of them together."""
    since_ms = min(one.since_ms for one in told)
    since = f"{stamp(since_ms)} ({stamp(since_ms, 'T')})"
    embed.add_field(name=words.text("Since"), value=since)
    fine = [one.last_ok_ms for one in told if one.last_ok_ms is not None]
    embed.add_field(name=words.text("Last OK"), value=stamp(max(fine)) if fine else "–")
    embed.add_field(name=words.text("Checks"), value=_checks(words, told))


def _checks(words: Translator, told: Sequence[Incident]) -> str:
    failed = sum(one.failed for one in told)
    first = told[0]
    if len(told) == 1 and first.kind in {Kind.UNSTABLE, Kind.BLOCKED} and first.share_of:
        ok, of = first.share_ok, first.share_of
        return words.text("{ok} of the last {of} got through", ok=ok, of=of)
    if len(told) == 1 and first.kind is Kind.DOWN:
        # The failed ones are counted up to the opening, so the time ends there too.
        time = words.duration((first.opened_ms - first.since_ms) / 1000)
        return words.text("{n} of {n} failed in {duration}", n=failed, duration=time)
    return words.text("{n} of {n} failed", n=failed)
