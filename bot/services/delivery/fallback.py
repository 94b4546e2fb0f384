"""How a server hears that its alert channel is lost: the first way that works, once a day.

Its second channel, its system channel, a private message to whom it concerns or who chose the
alert channel, one to its owner.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

from bot.db import guilds
from bot.db.database import Database
from bot.errors import DeliveryError, Remedy
from bot.models import GuildSettings
from bot.services.delivery.flight import Flight
from bot.services.delivery.messages import Alert, Notice, Sink
from bot.words.safe import markdown

log = logging.getLogger(__name__)

_NAME_LIMIT = 60
_REFUSED = {Remedy.CHANNEL_GONE, Remedy.CHANNEL_BLOCKED, Remedy.REFUSED}


async def tell(db: Database, sink: Sink, flight: Flight, alert: Alert) -> int:
    """Send a notice to whoever of a server can be reached; returns the message's id.

    Raises DeliveryError: with CHANNEL_GONE when nobody can be, else to try again (each place knows
    the nonce, so none is told twice).
    """
    guild_id = flight.guild_id
    settings = await db.read(lambda conn: guilds.find(conn, guild_id)) or GuildSettings(guild_id)
    notice = flight.notice or Notice("notice")
    async for channel_id, name in _ways(sink, settings, notice.user_id or settings.set_by):
        if channel_id == notice.channel_id:
            continue  # that is the lost one
        said = replace(alert, content=f"{name} · {alert.content}") if name else alert
        try:
            return await sink.post(channel_id, said, nonce=flight.nonce)
        except DeliveryError as error:
            if error.remedy not in _REFUSED:
                raise
            log.info(
                "A server is not reached: %s", error, extra=flight.names | {"through": channel_id}
            )
    raise DeliveryError("nobody of the server can be told", Remedy.CHANNEL_GONE)


async def _ways(
    sink: Sink, settings: GuildSettings, first_id: int | None
) -> AsyncIterator[tuple[int, str]]:
    """The channels to try, each found out only when the ones before have failed.

    With each the name of the server, for those outside of it.
    """
    if settings.fallback_channel_id is not None:
        yield settings.fallback_channel_id, ""
    places = await sink.places(settings.id)
    system_id = places.system_channel_id
    if system_id is not None and system_id != settings.fallback_channel_id:
        yield system_id, ""
    name = markdown(places.name or "", _NAME_LIMIT)
    for user_id in dict.fromkeys((first_id, places.owner_id)):
        channel_id = None if user_id is None else await _private(sink, user_id)
        if channel_id is not None:
            yield channel_id, name


async def _private(sink: Sink, user_id: int) -> int | None:
    try:
        return await sink.private(user_id)
    except DeliveryError as error:
        if error.remedy not in _REFUSED:
            raise
        return None
