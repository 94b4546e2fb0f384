"""Transport of boards to Discord."""

import logging
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import discord

from bot.discord.board_card import board_view
from bot.discord.channels import own_rights
from bot.discord.command_tree import NETWORK_ERRORS
from bot.discord.errors import as_delivery_errors
from bot.discord.message_lookup import find_own
from bot.services.boards.snapshot import BoardSnapshot
from bot.words.translator import translator_for

if TYPE_CHECKING:
    from bot.discord.client import VigieClient

log = logging.getLogger(__name__)


class DiscordBoardTransport:
    def __init__(self, client: "VigieClient") -> None:
        self._client = client

    async def post(self, channel_id: int, snapshot: BoardSnapshot, *, nonce: str) -> int:
        """discord.py adds ``enforce_nonce``. Silent: a board is looked at, not heard."""
        with self._delivery_errors():
            sent = await self._client.get_partial_messageable(channel_id).send(
                view=self._view(snapshot),
                nonce=nonce,
                silent=True,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        return sent.id

    async def edit(self, channel_id: int, message_id: int, snapshot: BoardSnapshot) -> None:
        with self._delivery_errors():
            await self._message(channel_id, message_id).edit(
                view=self._view(snapshot), allowed_mentions=discord.AllowedMentions.none()
            )

    async def delete(self, channel_id: int, message_id: int) -> None:
        with self._delivery_errors():
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
        with self._delivery_errors():
            return await find_own(self._client, channel_id, since_ms, _is_board)

    def seen_by_readers(
        self, guild_id: int, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        guild, known = self._client.get_guild(guild_id), self._client.known_channels
        if guild is None or not all(known.is_settled(guild, one) for one in (channel_id, *others)):
            return None
        return self._client.audience.shared(guild, channel_id, others)

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

    def _message(self, channel_id: int, message_id: int) -> discord.PartialMessage:
        return self._client.get_partial_messageable(channel_id).get_partial_message(message_id)

    def _delivery_errors(self) -> AbstractContextManager[None]:
        return as_delivery_errors(self._client.global_limit)


class DiscordPublicView:
    """What may be known of a server: see :class:`bot.services.status_pages.PublicView`."""

    def __init__(self, client: "VigieClient") -> None:
        self._client = client

    def open_to_all(self, guild_id: int, channels: Collection[int]) -> frozenset[int] | None:
        guild, known = self._client.get_guild(guild_id), self._client.known_channels
        if guild is None or not all(known.is_settled(guild, one) for one in channels):
            return None
        return self._client.audience.open_to_all(guild, channels)

    def server_name(self, guild_id: int) -> str | None:
        guild = self._client.get_guild(guild_id)
        return None if guild is None else guild.name


def _is_board(message: discord.Message) -> bool:
    return message.flags.components_v2 and message.interaction_metadata is None
