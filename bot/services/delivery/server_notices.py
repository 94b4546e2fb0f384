"""Notifies a server that its alert channel is lost: by the first route that works, once a day.

Its second channel, its system channel, a private message to whom it concerns or who chose the
alert channel, one to its owner. Sites are named where everybody may know of them.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial

from bot.db import guilds
from bot.db.database import Database
from bot.errors import DeliveryAction, DeliveryError
from bot.models import GuildSettings
from bot.services.delivery.attempts import CHANNEL_REFUSED, find_sent
from bot.services.delivery.messages import Alert, Notice, Transport
from bot.services.delivery.outgoing import OutgoingMessage
from bot.services.delivery.rendering import missed
from bot.words.escaping import markdown

log = logging.getLogger(__name__)

_NAME_LIMIT = 60
_REFUSED = {*CHANNEL_REFUSED, DeliveryAction.REFUSED}


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
            found = await find_sent(
                message.earlier,
                now_ms,
                partial(transport.find, route.channel_id, message.lost(alert)),
            )
            if found is not None:
                return found
            content = f"{route.name} · {alert.content}" if route.name else alert.content
            if notice.kind == "lost":
                hidden = _hidden(transport, settings, message, route)
                named = {one.id for one in message.incidents} - hidden
                content += missed(alert.language, message.incidents, named)
            here = replace(alert, content=content)
            return await transport.post(route.channel_id, here, nonce=message.nonce)
        except DeliveryError as error:
            if error.action not in _REFUSED:
                raise
            names = message.names | {"through": route.channel_id}
            log.info("Guild not reached: %s", error, extra=names)
    raise DeliveryError("nobody of the server can be reached", DeliveryAction.CHANNEL_GONE)


def _hidden(
    transport: Transport, settings: GuildSettings, message: OutgoingMessage, route: _Route
) -> set[int]:
    if route.owner:
        return set()
    second = route.channel_id == settings.fallback_channel_id
    return hidden_incidents(transport, message, route.channel_id, second=second)


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
        may_see = transport.readers_may_see(message.guild_id, place_id, home.channel_id)
        if not (second and not home.own if may_see is None else may_see):
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
