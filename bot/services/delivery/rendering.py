"""From a message's truth to an alert: which kind, which line, whom it calls."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import IntEnum

from bot.models import Incident, Kind
from bot.services.delivery.claim import OutgoingMessage
from bot.services.delivery.messages import Alert, AlertKind, Notice
from bot.services.delivery.planning import MessageKind
from bot.words import alert_lines
from bot.words.translator import Translator, translator_for

# Roles one message calls at most: with their mentions it stays well below 2,000 characters, and
# below the 100 roles that may be allowed to be called.
ROLES = 20
# What is left of a line when Discord refuses the whole message.
PLAIN_CHARACTERS = 500


class Form(IntEnum):
    """How much of a message is sent: less each time that Discord refuses it."""

    CARD = 0
    LINE = 1  # no embed, no buttons
    BARE = 2  # a line that calls nobody


def render(message: OutgoingMessage, language: str, now_ms: int, form: Form = Form.CARD) -> Alert:
    """The alert of one message."""
    alert = _alert(message, translator_for(language), language)
    if message.since_ms is not None:
        alert = replace(alert, delayed_ms=(message.since_ms, now_ms))
    if form > Form.CARD:
        alert = replace(alert, plain=True, content=alert.content[:PLAIN_CHARACTERS])
    if form is Form.BARE:
        alert = replace(alert, role_ids=(), user_ids=())
    return alert


def mask(message: OutgoingMessage, hidden: Collection[int], language: str) -> OutgoingMessage:
    """The same message without what tells which sites ``hidden`` (incidents) are about."""
    if not hidden:
        return message
    name = translator_for(language).text("a site of another channel")
    told = [
        replace(one, name=name, url="", address=None, certificate_ms=None)
        if one.id in hidden
        else one
        for one in message.incidents
    ]
    return replace(message, incidents=tuple(told))


def _alert(message: OutgoingMessage, words: Translator, language: str) -> Alert:
    told = message.incidents
    match message.kind:
        case MessageKind.NOTICE if message.notice is not None:
            return _notice(words, language, message.notice)
        case MessageKind.CLOSE | MessageKind.LATE:
            return Alert(
                kind="up",
                language=language,
                content=alert_lines.recovery(words, told),
                incidents=told,
                user_ids=message.subscribers,
                silent=not message.subscribers,
                plain=message.kind is MessageKind.CLOSE,
            )
        case MessageKind.DIGEST:
            content, users = alert_lines.digest(words, len(told)), message.subscribers
            return Alert("digest", language, content, told, user_ids=users, silent=not users)
        case MessageKind.REMIND:
            at_ms = max(row.created_ms for row in message.batch.rows)
            content = alert_lines.reminders(words, told, at_ms)
            return Alert(_kind(told), language, content, told, plain=True)
        case MessageKind.ESCALATE:
            content = alert_lines.down_for_good(words, told[0])
            return Alert("down", language, content, told, plain=True)
        case _:
            card = Alert(_kind(told), language, _headline(words, told), told)
            return replace(
                card,
                role_ids=_roles(told)
                if message.kind in {MessageKind.OPEN, MessageKind.PING}
                else (),
                plain=message.kind is MessageKind.PING,
            )


def _kind(told: Sequence[Incident]) -> AlertKind:
    """The worst of what it still tells of; a list that is not all down is ``unstable``."""
    kinds = {one.kind for one in told if one.open}
    if not kinds:
        return "up"
    if Kind.DOWN in kinds:
        return "down"
    return "unstable" if len(told) > 1 else kinds.pop().value


def _headline(words: Translator, told: Sequence[Incident]) -> str:
    """What is still open, one in its own words, several as a number; or that it is over."""
    standing = [one for one in told if one.open]
    return alert_lines.group(words, standing) if standing else alert_lines.over(words, told)


def _roles(told: Sequence[Incident]) -> tuple[int, ...]:
    """Roles of what is still open: nobody is called for what is over. The rest is called later."""
    roles = (one.role_id for one in told if one.open)
    return tuple(dict.fromkeys(role for role in roles if role is not None))[:ROLES]


def _notice(words: Translator, language: str, notice: Notice) -> Alert:
    match notice.kind:
        case "blind":
            return Alert("blind", language, alert_lines.blind(words, notice.seconds), plain=True)
        case "certificate":
            content = alert_lines.certificate(words, notice.name, notice.days)
            return Alert("certificate", language, content, plain=True)
        case "test":
            return Alert("test", language, alert_lines.test(words))
        case "lost":
            content = alert_lines.lost(words, notice.channel_id, gone=notice.gone)
        case _:
            content = notice.text
    return Alert("notice", language, content, plain=True)


def missed(language: str, told: Sequence[Incident], named: Collection[int]) -> str:
    """What people of a lost channel do not hear of now; only ``named`` incidents by their name."""
    if not told:
        return ""
    names = [one.name for one in told if one.id in named]
    return "\n" + alert_lines.missed(translator_for(language), names, len(told) - len(names))
