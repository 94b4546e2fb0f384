"""Renders a message: kind, line, mentions."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import IntEnum

from bot.db.followed_pages import PageReport
from bot.models import Incident, Kind
from bot.services.delivery.messages import Alert, AlertKind, Notice, OutgoingMessage
from bot.services.delivery.planning import MessageKind
from bot.words import alert_lines, notices
from bot.words.escaping import clip
from bot.words.translator import Translator, translator_for

# Roles one message calls at most: with their mentions it stays well below 2,000 characters, and
# below the 100 roles that may be allowed to be called.
ROLES = 20
# What is left of a line when Discord refuses the whole message.
PLAIN_CHARACTERS = 500

_PLAIN = {
    MessageKind.ANSWERS,
    MessageKind.CLOSE,
    MessageKind.REMIND,
    MessageKind.CALL,
    MessageKind.ESCALATE,
    MessageKind.PING,
}
# Silent, unless somebody asked for them.
_AWAITED = {MessageKind.ANSWERS, MessageKind.CLOSE, MessageKind.LATE, MessageKind.DIGEST}


class Form(IntEnum):
    """Form of a message: plainer each time that Discord refuses it."""

    CARD = 0
    LINE = 1  # no embed, no buttons
    BARE = 2  # a line that calls nobody


def render(message: OutgoingMessage, language: str, form: Form = Form.CARD) -> Alert:
    words = translator_for(language)
    if message.report is not None:
        alert = _page_report(words, language, message.report)
    else:
        alert = _alert(message, words, language)
    alert = replace(alert, observed=tuple(message.observed.items()))
    if message.since_ms is not None:
        alert = replace(alert, delayed_ms=(message.since_ms, message.read_ms))
    if form > Form.CARD:
        line = clip(alert.content, PLAIN_CHARACTERS)
        alert = replace(alert, plain=True, note="", content=line, files=())
    if form is Form.BARE:
        alert = replace(alert, role_ids=(), user_ids=())
    return alert


def mask(message: OutgoingMessage, hidden: Collection[int], language: str) -> OutgoingMessage:
    """The same message without names and addresses of ``hidden`` incidents."""
    name = translator_for(language).text("a site of another channel")
    incidents = (
        replace(one, name=name, url="", link=None, note=None, address=None, certificate_ms=None)
        if one.id in hidden
        else one
        for one in message.incidents
    )
    return replace(message, incidents=tuple(incidents))


def _page_report(words: Translator, language: str, found: PageReport) -> Alert:
    line = notices.reported(words, found.page, found.title, over=not found.open)
    if found.unfollowed:
        line = notices.unfollowed(words, found.page)
    return Alert("reported", language, line, report=found)


def _alert(message: OutgoingMessage, words: Translator, language: str) -> Alert:
    incidents, asked_ms = message.incidents, max(row.created_ms for row in message.batch.rows)
    kind, roles = alert_kind(incidents), tuple[int, ...]()
    match message.kind:
        case MessageKind.NOTICE if message.notice is not None:
            return _notice(words, language, message.notice)
        case MessageKind.CLOSE | MessageKind.LATE:
            content = alert_lines.recovery(words, incidents)
        case MessageKind.ANSWERS:
            content = alert_lines.answers_again(words, incidents, message.fell_again)
        case MessageKind.DIGEST:
            kind, content = "digest", alert_lines.digest(words, len(incidents))
        case MessageKind.REMIND:
            content = alert_lines.reminders(words, incidents, asked_ms)
            roles = _roles(incidents) if message.pings else ()
        case MessageKind.CALL:
            content = alert_lines.nobody_acknowledged(words, incidents, asked_ms)
            roles = () if message.role_id is None else (message.role_id,)
        case MessageKind.ESCALATE:
            kind, content = "down", alert_lines.down_for_good(words, incidents[0])
        case _:
            content = alert_lines.group(words, incidents)
            calls = message.kind in {MessageKind.OPEN, MessageKind.PING}
            roles = _roles(incidents) if calls else _kept_roles(message)
    users, is_plain = message.subscribers, message.kind in _PLAIN
    is_quiet = message.kind in _AWAITED and not users
    return Alert(kind, language, content, incidents, roles, users, silent=is_quiet, plain=is_plain)


def alert_kind(incidents: Sequence[Incident]) -> AlertKind:
    """The worst kind that is still open; a list that is not all down is ``unstable``."""
    opened = [one for one in incidents if one.open]
    if not opened:
        return "fast" if all(one.kind is Kind.SLOW for one in incidents) else "up"
    standing = [one for one in opened if not one.recovering]
    if not standing:
        return "recovering"
    if any(one.kind is Kind.DOWN for one in standing):
        return "down"
    return "unstable" if len(incidents) > 1 else standing[0].kind.value


def _kept_roles(message: OutgoingMessage) -> tuple[int, ...]:
    """What it called stays in a message: an edit calls nobody, but who was called finds it."""
    called = message.own_post.pinged
    roles = dict.fromkeys(one.role_id for one in message.incidents if one.role_id in called)
    return tuple(roles)[:ROLES]


def _roles(incidents: Sequence[Incident]) -> tuple[int, ...]:
    """Roles of what is still open: nobody is called for what is over. The rest is called later."""
    roles = (one.role_id for one in incidents if one.open)
    return tuple(dict.fromkeys(role for role in roles if role is not None))[:ROLES]


def _notice(words: Translator, language: str, notice: Notice) -> Alert:
    kind: AlertKind = "notice"
    note = ""
    match notice.kind:
        case "blind":
            kind, content = "blind", notices.was_offline(words, notice.seconds)
            note = notices.offline_note(words, notice.seconds, notice.until_ms)
        case "own_line":
            kind, content = "blind", notices.own_line(words)
        case "places":
            content = notices.missing_places(words, notice.name.split())
        case "certificate":
            content = notices.certificate(words, notice.name, notice.days)
            kind = "certificate"
            note = notices.certificate_note(words, notice.until_ms, notice.renewed_ms)
            if notice.renewed_ms:
                content = f"~~{content}~~"
        case "test":
            users = () if notice.user_id is None else (notice.user_id,)
            return Alert("test", language, notices.test(words), user_ids=users)
        case "lost":
            content = notices.lost(words, notice.channel_id, gone=notice.gone)
        case "notice":
            content = notice.text
    roles = () if notice.role_id is None else (notice.role_id,)
    return Alert(
        kind, language, content, role_ids=roles, plain=not note, note=note, files=notice.files
    )


def missed(language: str, incidents: Sequence[Incident], named: Collection[int]) -> str:
    """Line on the open incidents of a lost channel; only ``named`` ones by their name."""
    if not incidents:
        return ""
    names = [one.name for one in incidents if one.id in named]
    return "\n" + notices.missed(translator_for(language), names, len(incidents) - len(names))
