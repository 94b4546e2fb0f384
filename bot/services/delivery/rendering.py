"""From a message's truth to an alert: which kind, which line, whom it calls."""

from collections.abc import Sequence
from dataclasses import replace

from bot.models import Incident, Kind
from bot.services.delivery.flight import Flight
from bot.services.delivery.messages import Alert, AlertKind, Notice
from bot.services.delivery.plan import Verb
from bot.words import endings, push, silence
from bot.words.catalogue import Words, words_for

# What is left of a line when Discord refuses the whole message.
PLAIN_CHARACTERS = 500


def render(flight: Flight, language: str, now_ms: int, *, plain: bool) -> Alert:
    """The alert of one message. ``plain``: Discord refused it with its card, or may well do so."""
    alert = _alert(flight, words_for(language), language)
    if flight.since_ms is not None:
        alert = replace(alert, delayed_ms=(flight.since_ms, now_ms))
    if plain:
        alert = replace(alert, plain=True, content=alert.content[:PLAIN_CHARACTERS])
    return alert


def _alert(flight: Flight, words: Words, language: str) -> Alert:
    told = flight.incidents
    match flight.verb:
        case Verb.NOTICE if flight.notice is not None:
            return _notice(words, language, flight.notice, told)
        case Verb.CLOSE | Verb.LATE:
            return Alert(
                kind="up",
                language=language,
                content=push.recovery(words, told),
                incidents=told,
                user_ids=flight.listeners,
                silent=not flight.listeners,
                plain=flight.verb is Verb.CLOSE,
            )
        case Verb.DIGEST:
            content, users = silence.digest(words, len(told)), flight.listeners
            return Alert("digest", language, content, told, user_ids=users, silent=not users)
        case Verb.REMIND:
            at_ms = max(row.created_ms for row in flight.batch.rows)
            content = push.reminders(words, told, at_ms)
            return Alert(_kind(told), language, content, told, plain=True)
        case Verb.ESCALATE:
            content = push.down_for_good(words, told[0])
            return Alert("down", language, content, told, plain=True)
        case _:
            card = Alert(_kind(told), language, _headline(words, told), told)
            return replace(
                card,
                role_ids=_roles(told) if flight.verb in {Verb.OPEN, Verb.PING} else (),
                plain=flight.verb is Verb.PING,
            )


def _kind(told: Sequence[Incident]) -> AlertKind:
    """The worst of what it still tells of; a list that is not all down is ``unstable``."""
    kinds = {one.kind for one in told if one.open}
    if not kinds:
        return "up"
    if Kind.DOWN in kinds:
        return "down"
    return "unstable" if len(told) > 1 else kinds.pop().value


def _headline(words: Words, told: Sequence[Incident]) -> str:
    """What is still open, one in its own words, several as a number; or that it is over."""
    standing = [one for one in told if one.open]
    return push.group(words, standing) if standing else endings.over(words, told)


def _roles(told: Sequence[Incident]) -> tuple[int, ...]:
    """Roles of what is still open: nobody is called for what is over."""
    roles = (one.role_id for one in told if one.open)
    return tuple(dict.fromkeys(role for role in roles if role is not None))


def _notice(words: Words, language: str, notice: Notice, told: Sequence[Incident]) -> Alert:
    match notice.kind:
        case "blind":
            return Alert("blind", language, push.blind(words, notice.seconds), plain=True)
        case "certificate":
            content = push.certificate(words, notice.name, notice.days)
            return Alert("certificate", language, content, plain=True)
        case "test":
            return Alert("test", language, push.test(words))
        case "lost":
            content = silence.lost(
                words, notice.channel_id, [one.name for one in told], gone=notice.gone
            )
        case _:
            content = notice.text
    return Alert("notice", language, content, plain=True)
