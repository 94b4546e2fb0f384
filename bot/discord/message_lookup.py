"""Messages of ours that were sent but never noted: found again in the channel by what they say."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord

from bot.services.delivery.messages import LostMessage

if TYPE_CHECKING:
    from bot.discord.client import VigieClient

# Messages read at most, from the newest back; then as many from the moment on.
_HISTORY = 1000
DIGEST = "📋"
_IDS = re.compile(r"#(\w+)")


async def find_own(
    client: "VigieClient", channel_id: int, since_ms: int, fits: Callable[[discord.Message], bool]
) -> int | None:
    """Find the newest that fits; our own messages are readable without any intent.

    Where people have written more since than is read, the other end is looked at as well: a
    message arrives soon after it was sent.
    """
    own_id = getattr(client.user, "id", None)
    moment = datetime.fromtimestamp(max(0, since_ms) / 1000, UTC)
    first_id = discord.utils.time_snowflake(moment)
    channel = client.get_partial_messageable(channel_id)
    count = 0
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


def is_lost(message: discord.Message, lost: LostMessage) -> bool:
    """Cards are known by the ids in their footer, lines by what they were sent with."""
    if message.id in lost.known_ids:
        return False
    ids = _ids(message)
    if ids:
        is_digest = message.content.startswith(DIGEST)
        return is_digest is lost.digest and not ids.isdisjoint(lost.public_ids)
    answered = message.reference.message_id if message.reference is not None else None
    if answered is not None and answered != lost.reply_to:
        return False
    return any(line in message.content for line in lost.lines)


def _ids(message: discord.Message) -> set[str]:
    footers = (embed.footer.text or "" for embed in message.embeds)
    return {found for footer in footers for found in _IDS.findall(footer)}
