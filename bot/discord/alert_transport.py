"""Delivery's way into Discord. Needs a login only: no gateway, and no cache where it can help."""

import asyncio
import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import discord

from bot.discord.alert_card import Card, attachments, laid_out
from bot.discord.channels import access, own_rights, welcome_channel
from bot.discord.errors import as_delivery_errors
from bot.discord.message_lookup import find_own, is_lost
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery.messages import Alert, ChannelAccess, ContactPoints, LostMessage

if TYPE_CHECKING:
    from bot.discord.client import VigieClient

log = logging.getLogger(__name__)

_REQUEST_S = 45.0


class DiscordTransport:
    """Posts, edits and finds alerts, and knows where else a server can be reached."""

    def __init__(self, client: "VigieClient") -> None:
        self._client = client

    async def post(
        self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        """Send; discord.py adds ``enforce_nonce``, so a repetition within minutes is no double."""
        shown = await laid_out(alert)
        parts = _parts(shown) | {"nonce": nonce, "silent": alert.silent}
        if reply_to is not None and self._may_reply(channel_id):
            try:
                reply = parts | _answering(channel_id, reply_to)
                return await self._posted(channel_id, shown, reply)
            except DeliveryError as error:
                if error.action is not DeliveryAction.NO_REPLY:
                    raise
                log.info("Sent without its reference: %s", error, extra={"channel": channel_id})
        return await self._posted(channel_id, shown, parts)

    async def _posted(self, channel_id: int, shown: Card, parts: dict[str, Any]) -> int:
        with self._delivery_errors():
            async with asyncio.timeout(_REQUEST_S):
                return await self._send(channel_id, shown, parts)

    async def _send(self, channel_id: int, shown: Card, parts: dict[str, Any]) -> int:
        channel = self._client.get_partial_messageable(channel_id)
        if shown.files and self._may_attach(channel_id):
            try:
                return (await channel.send(**parts, files=attachments(shown.files))).id
            except discord.Forbidden as error:
                log.info("Channel takes no files: %s", error, extra={"channel": channel_id})
        return (await channel.send(**parts)).id

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        """Replace the whole message. An edit notifies nobody, but keeps whom it mentions."""
        shown = await laid_out(alert)
        files: dict[str, Any] = {}
        if shown.files and self._may_attach(channel_id):
            files["attachments"] = attachments(shown.files)
        with self._delivery_errors():
            async with asyncio.timeout(_REQUEST_S):
                channel = self._client.get_partial_messageable(channel_id)
                await channel.get_partial_message(message_id).edit(
                    content=shown.content,
                    embed=shown.embed,
                    view=shown.view,
                    allowed_mentions=shown.mentions,
                    **files,
                )

    async def find(self, channel_id: int, lost: LostMessage, since_ms: int) -> int | None:
        """Look for a lost one in the channel."""
        with self._delivery_errors():
            async with asyncio.timeout(_REQUEST_S):
                return await find_own(
                    self._client,
                    channel_id,
                    since_ms,
                    lambda message: is_lost(message, lost),
                )

    async def token_works(self) -> bool:
        """One more question, to which the token alone decides the answer."""
        try:
            with self._delivery_errors():
                async with asyncio.timeout(_REQUEST_S):
                    await self._client.http.request(discord.http.Route("GET", "/users/@me"))
        except DeliveryError as error:
            if error.action is not DeliveryAction.TOKEN:
                raise
            return False
        return True

    def access(self, channel_id: int) -> ChannelAccess:
        return access(self._client, channel_id)

    def readers_may_see(self, guild_id: int, place_id: int, channel_id: int) -> bool | None:
        """Nobody knows of a channel that is not in the cache."""
        guild = self._client.get_guild(guild_id)
        if guild is None or self._client.known_channels.find(guild, channel_id) is None:
            return None
        found = self._client.audience.shared(guild, place_id, [channel_id])
        return None if found is None else channel_id in found

    async def contact_points(self, guild_id: int) -> ContactPoints:
        """From the cache, or from the API while there is no gateway."""
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return await self._asked(guild_id)
        channel = welcome_channel(guild)
        return ContactPoints(guild.name, channel.id if channel else None, guild.owner_id)

    async def _asked(self, guild_id: int) -> ContactPoints:
        with self._delivery_errors():
            async with asyncio.timeout(_REQUEST_S):
                found = await self._client.http.get_guild(guild_id, with_counts=False)
        system_id = found["system_channel_id"]
        return ContactPoints(
            found["name"], int(system_id) if system_id else None, int(found["owner_id"])
        )

    async def open_dm(self, user_id: int) -> int:
        """Open a private channel; Discord returns the same one every time."""
        with self._delivery_errors():
            async with asyncio.timeout(_REQUEST_S):
                channel = await self._client.create_dm(discord.Object(user_id))
        return channel.id

    def _delivery_errors(self) -> AbstractContextManager[None]:
        return as_delivery_errors(self._client.global_limit)

    def _may_reply(self, channel_id: int) -> bool:
        """In doubt it is tried: the refusal of a reply is no worse than any other."""
        channel = self._client.get_channel(channel_id)
        return channel is None or own_rights(channel).read_message_history

    def _may_attach(self, channel_id: int) -> bool:
        """A card without its file beats no card, so in doubt there is none."""
        return own_rights(self._client.get_channel(channel_id)).attach_files


def _parts(shown: Card) -> dict[str, Any]:
    """Parts of a new message; discord.py takes no None for a part that is not there."""
    parts: dict[str, Any] = {"content": shown.content, "allowed_mentions": shown.mentions}
    if shown.embed is not None:
        parts["embed"] = shown.embed
    if shown.view is not None:
        parts["view"] = shown.view
    return parts


def _answering(channel_id: int, message_id: int) -> dict[str, Any]:
    reference = discord.MessageReference(
        message_id=message_id, channel_id=channel_id, fail_if_not_exists=False
    )
    return {"reference": reference}
