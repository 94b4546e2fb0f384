"""Notifies a server that its alert channel is lost: by the first route that works, once a day.

Its second channel, its system channel, a private message to whom it concerns or who chose the
alert channel, one to its owner. Sites are named where everybody may know of them.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bot.db import guilds
from bot.db.database import Database
from bot.errors import DeliveryAction, DeliveryError
from bot.models import GuildSettings
from bot.services.delivery import attempts
from bot.services.delivery.claim import OutgoingMessage
from bot.services.delivery.messages import Alert, LostMessage, Notice, Transport
from bot.services.delivery.rendering import missed
from bot.words.escaping import markdown

log = logging.getLogger(__name__)

_NAME_LIMIT = 60
_REFUSED = {DeliveryAction.CHANNEL_GONE, DeliveryAction.CHANNEL_BLOCKED, DeliveryAction.REFUSED}


@dataclass(frozen=True, slots=True)
class _Route:
    """A channel to use. ``name``: of the server, for those outside of it."""

    channel_id: int
    name: str = ""
    owner: bool = False


async def send(
    db: Database, transport: Transport, message: OutgoingMessage, alert: Alert, now_ms: int
) -> int:
    """Send a notice to whoever of a server can be reached; returns the message's id.

    Raises DeliveryError: with CHANNEL_GONE when nobody can be, else to try again (each place knows
    the nonce, and is looked at once that is old, so none gets it twice).
    """
    guild_id = message.guild_id
    settings = await db.read(lambda conn: guilds.find(conn, guild_id)) or GuildSettings(guild_id)
    notice = message.notice or Notice("notice")
    async for route in _routes(transport, settings, notice.user_id or settings.set_by):
        if route.channel_id == notice.channel_id:
            continue  # that is the lost one
        try:
            found = await _find_existing(transport, message, alert, route.channel_id, now_ms)
            if found is not None:
                return found
            said = _text_for(transport, settings, message, alert, route)
            return await transport.post(route.channel_id, said, nonce=message.nonce)
        except DeliveryError as error:
            if error.action not in _REFUSED:
                raise
            log.info(
                "Guild not reached: %s",
                error,
                extra=message.names | {"through": route.channel_id},
            )
    raise DeliveryError("nobody of the server can be reached", DeliveryAction.CHANNEL_GONE)


async def _find_existing(
    transport: Transport, message: OutgoingMessage, alert: Alert, channel_id: int, now_ms: int
) -> int | None:
    """The notice, if an earlier attempt left it in a place."""
    if not message.maybe_sent:
        return None
    tried = attempts.EarlierAttempts(message.first_try_ms, message.last_try_ms, message.nonce_known)
    lines = message.sent_lines or (alert.content,)
    try:
        return await attempts.find_existing(
            tried,
            now_ms,
            lambda since_ms: transport.find(
                channel_id, LostMessage(since_ms, lines, known_ids=message.known_ids)
            ),
        )
    except attempts.NotDelivered:
        return None


def _text_for(
    transport: Transport,
    settings: GuildSettings,
    message: OutgoingMessage,
    alert: Alert,
    route: _Route,
) -> Alert:
    """The notice as it is worded in one place."""
    content = f"{route.name} · {alert.content}" if route.name else alert.content
    if message.notice is not None and message.notice.kind == "lost":
        named = _nameable(transport, settings, message, route)
        content += missed(alert.language, message.incidents, named)
    return replace(alert, content=content)


def _nameable(
    transport: Transport, settings: GuildSettings, message: OutgoingMessage, route: _Route
) -> set[int]:
    """The incidents that everybody in a place may know by name."""
    if route.owner:
        return {one.id for one in message.incidents}
    hidden = hidden_incidents(
        transport,
        message,
        route.channel_id,
        second=route.channel_id == settings.fallback_channel_id,
    )
    return {one.id for one in message.incidents} - hidden


def hidden_incidents(
    transport: Transport, message: OutgoingMessage, place_id: int, *, second: bool
) -> set[int]:
    """The incidents that not everybody who reads a place may know of.

    ``second``: the place is the server's second channel: chosen for what was meant for the alert
    channel, if that is gone.
    """
    hidden = set()
    for incident in message.incidents:
        if place_id == incident.channel_id:
            continue
        home = message.home_channels[incident.id]
        if home.channel_id in {None, place_id}:
            continue
        readers_may_see = transport.readers_may_see(message.guild_id, place_id, home.channel_id)
        if readers_may_see is None:
            readers_may_see = second and not home.own
        if not readers_may_see:
            hidden.add(incident.id)
    return hidden


async def _routes(
    transport: Transport, settings: GuildSettings, first_id: int | None
) -> AsyncIterator[_Route]:
    """The channels to try, each found out only when the ones before have failed."""
    if settings.fallback_channel_id is not None:
        yield _Route(settings.fallback_channel_id)
    places = await transport.contact_points(settings.id)
    system_id = places.system_channel_id
    if system_id is not None and system_id != settings.fallback_channel_id:
        yield _Route(system_id)
    name = markdown(places.name or "", _NAME_LIMIT)
    for user_id in dict.fromkeys((first_id, places.owner_id)):
        channel_id = None if user_id is None else await _dm_channel(transport, user_id)
        if channel_id is not None:
            yield _Route(channel_id, name, owner=user_id == places.owner_id)


async def _dm_channel(transport: Transport, user_id: int) -> int | None:
    try:
        return await transport.open_dm(user_id)
    except DeliveryError as error:
        if error.action not in _REFUSED:
            raise
        return None
