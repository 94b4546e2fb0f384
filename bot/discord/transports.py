"""Delivery's way into Discord for alerts and boards. Needs a login only, and no cache if it can."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.discord.alert_card import Card, attachments, laid_out
from bot.discord.board_card import board_view
from bot.discord.channels import access, own_rights, welcome_channel
from bot.discord.command_tree import NETWORK_ERRORS
from bot.discord.errors import as_delivery_errors
from bot.errors import DeliveryAction, DeliveryError
from bot.services.boards.state import BoardSnapshot
from bot.services.delivery.messages import Alert, ChannelAccess, ContactPoints, LostMessage
from bot.words.translator import translator_for

if TYPE_CHECKING:
    from bot.discord.client import VigieClient

log = logging.getLogger(__name__)

_REQUEST_S = 45.0
# Messages read at most, from the newest back; then as many from the moment on.
_HISTORY = 1000
_DIGEST = "📋"
_IDS = re.compile(r"#(\w+)")


class _Requests:
    def __init__(self, client: "VigieClient") -> None:
        self._client = client

    @asynccontextmanager
    async def _request(self) -> AsyncIterator[None]:
        """Raises DeliveryError, also for an answer that takes too long."""
        with as_delivery_errors(self._client.global_limit):
            async with asyncio.timeout(_REQUEST_S):
                yield

    def _message(self, channel_id: int, message_id: int) -> discord.PartialMessage:
        return self._client.get_partial_messageable(channel_id).get_partial_message(message_id)

    async def _find_own(
        self, channel_id: int, since_ms: int, fits: Callable[[discord.Message], bool]
    ) -> int | None:
        """Find the newest that fits; our own messages are readable without any intent.

        Where people have written more since than is read, the other end is looked at as well: a
        message arrives soon after it was sent.
        """
        own_id, count = getattr(self._client.user, "id", None), 0
        moment = datetime.fromtimestamp(max(0, since_ms) / 1000, UTC)
        first_id = discord.utils.time_snowflake(moment)
        async with self._request():
            channel = self._client.get_partial_messageable(channel_id)
            async for message in channel.history(limit=_HISTORY):
                if message.id < first_id:
                    return None
                if message.author.id == own_id and fits(message):
                    return message.id
                count += 1
            if count < _HISTORY:
                return None
            after = discord.Object(first_id)
            async for message in channel.history(limit=_HISTORY, after=after, oldest_first=True):
                if message.author.id == own_id and fits(message):
                    return message.id
        return None


class DiscordTransport(_Requests):
    """Posts, edits and finds alerts, and knows where else a server can be reached."""

    async def post(
        self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        """Send; discord.py adds ``enforce_nonce``, so a repetition within minutes is no double."""
        shown = await laid_out(alert)
        parts = _parts(shown) | {"nonce": nonce, "silent": alert.silent}
        if reply_to is not None and self._may_reply(channel_id):
            reference = discord.MessageReference(
                message_id=reply_to, channel_id=channel_id, fail_if_not_exists=False
            )
            try:
                return await self._send(channel_id, shown, parts | {"reference": reference})
            except DeliveryError as error:
                if error.action is not DeliveryAction.NO_REPLY:
                    raise
                log.info("Sent without its reference: %s", error, extra={"channel": channel_id})
        return await self._send(channel_id, shown, parts)

    async def _send(self, channel_id: int, shown: Card, parts: dict[str, Any]) -> int:
        channel = self._client.get_partial_messageable(channel_id)
        async with self._request():
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
        async with self._request():
            await self._message(channel_id, message_id).edit(
                content=shown.content,
                embed=shown.embed,
                view=shown.view,
                allowed_mentions=shown.mentions,
                **files,
            )

    async def find(self, channel_id: int, lost: LostMessage, since_ms: int) -> int | None:
        return await self._find_own(channel_id, since_ms, partial(_is_lost, lost))

    async def token_works(self) -> bool:
        """One more question, to which the token alone decides the answer."""
        try:
            async with self._request():
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
        if guild := self._client.get_guild(guild_id):
            channel = welcome_channel(guild)
            return ContactPoints(guild.name, channel.id if channel else None, guild.owner_id)
        async with self._request():
            found = await self._client.http.get_guild(guild_id, with_counts=False)
            system_id = found["system_channel_id"]
            return ContactPoints(
                found["name"], int(system_id) if system_id else None, int(found["owner_id"])
            )

    async def open_dm(self, user_id: int) -> int:
        """Open a private channel; Discord returns the same one every time."""
        async with self._request():
            return (await self._client.create_dm(discord.Object(user_id))).id

    def _may_reply(self, channel_id: int) -> bool:
        """In doubt it is tried: the refusal of a reply is no worse than any other."""
        channel = self._client.get_channel(channel_id)
        return channel is None or own_rights(channel).read_message_history

    def _may_attach(self, channel_id: int) -> bool:
        """A card without its file beats no card, so in doubt there is none."""
        return own_rights(self._client.get_channel(channel_id)).attach_files


def _parts(shown: Card) -> dict[str, Any]:
    """Parts of a new message; discord.py takes no None for a part that is not there."""
    parts = {"content": shown.content, "allowed_mentions": shown.mentions}
    parts |= {"embed": shown.embed, "view": shown.view}
    return {name: part for name, part in parts.items() if part is not None}


def _is_lost(lost: LostMessage, message: discord.Message) -> bool:
    """Cards are known by the ids in their footer, lines by what they were sent with."""
    if message.id in lost.known_ids:
        return False
    footers = (embed.footer.text or "" for embed in message.embeds)
    ids = {found for footer in footers for found in _IDS.findall(footer)}
    if ids:
        is_digest = message.content.startswith(_DIGEST)
        return is_digest is lost.digest and not ids.isdisjoint(lost.public_ids)
    answered = message.reference.message_id if message.reference is not None else None
    if answered is not None and answered != lost.reply_to:
        return False
    return any(line in message.content for line in lost.lines)


class DiscordBoardTransport(_Requests):
    """Posts, edits and finds boards; for these and public pages, who may read what."""

    async def post(self, channel_id: int, snapshot: BoardSnapshot, *, nonce: str) -> int:
        """discord.py adds ``enforce_nonce``. Silent: a board is looked at, not heard."""
        async with self._request():
            sent = await self._client.get_partial_messageable(channel_id).send(
                view=self._view(snapshot),
                nonce=nonce,
                silent=True,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        return sent.id

    async def edit(self, channel_id: int, message_id: int, snapshot: BoardSnapshot) -> None:
        async with self._request():
            await self._message(channel_id, message_id).edit(
                view=self._view(snapshot), allowed_mentions=discord.AllowedMentions.none()
            )

    async def delete(self, channel_id: int, message_id: int) -> None:
        async with self._request():
            await self._message(channel_id, message_id).delete()

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Only where the right is known to be there: a refusal would be an invalid request."""
        if not own_rights(self._client.get_channel(channel_id)).pin_messages:
            return
        try:
            await self._message(channel_id, message_id).pin()
        except NETWORK_ERRORS as error:
            log.info("Board not pinned: %r", error, extra={"channel": channel_id})

    async def find(self, channel_id: int, *, since_ms: int) -> int | None:
        """Boards alone are V2 messages that nobody's command has called up."""

        def is_board(message: discord.Message) -> bool:
            return message.flags.components_v2 and message.interaction_metadata is None

        return await self._find_own(channel_id, since_ms, is_board)

    def seen_by_readers(
        self, guild_id: int, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        guild = self._settled(guild_id, (channel_id, *others))
        return None if guild is None else self._client.audience.shared(guild, channel_id, others)

    def open_to_all(self, guild_id: int, channels: Collection[int]) -> frozenset[int] | None:
        guild = self._settled(guild_id, channels)
        return None if guild is None else self._client.audience.open_to_all(guild, channels)

    def _settled(self, guild_id: int, channels: Collection[int]) -> discord.Guild | None:
        """The server, if everything is known that can be of these channels."""
        guild, known = self._client.get_guild(guild_id), self._client.known_channels
        settled = guild is not None and all(known.is_settled(guild, one) for one in channels)
        return guild if settled else None

    def server_name(self, guild_id: int) -> str | None:
        guild = self._client.get_guild(guild_id)
        return None if guild is None else guild.name

    def question(self, language: str, channel_id: int) -> str:
        return translator_for(language).text(
            "The board in {channel} was deleted again, so I no longer update it. To"
            " get it back: {command}",
            channel=f"<#{channel_id}>",
            command=self._client.commands_tree.mention("board create"),
        )

    def _view(self, snapshot: BoardSnapshot) -> discord.ui.LayoutView:
        status = self._client.commands_tree.mention("status")
        return board_view(translator_for(snapshot.language), snapshot, status)
