"""Messages of ours that were sent but never noted: found again in the channel by what they say."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import discord

from bot.client import VigieClient
from bot.services.delivery.messages import Alert

# Messages read back at most.
_HISTORY = 500
DIGEST = "📋"
_IDS = re.compile(r"#(\w+)")


async def find_own(
    client: VigieClient, channel_id: int, after_ms: int, fits: Callable[[discord.Message], bool]
) -> int | None:
    """The first that fits; our own messages are readable without any intent."""
    own_id = getattr(client.user, "id", None)
    moment = datetime.fromtimestamp(after_ms / 1000, UTC)
    after = discord.Object(discord.utils.time_snowflake(moment))
    channel = client.get_partial_messageable(channel_id)
    async for message in channel.history(limit=_HISTORY, after=after, oldest_first=True):
        if message.author.id == own_id and fits(message):
            return message.id
    return None


def says_the_same(message: discord.Message, alert: Alert, reply_to: int | None) -> bool:
    """Cards are known by the ids in their footer, lines by what they say and what they answer."""
    answered = message.reference.message_id if message.reference is not None else None
    if alert.incidents and not alert.plain:
        ids = {one.public_id for one in alert.incidents}
        is_digest = message.content.startswith(DIGEST)
        return is_digest is (alert.kind == "digest") and not ids.isdisjoint(_ids(message))
    if reply_to is not None and answered != reply_to:
        return False
    # Who answered an original that is gone by now is known by the words alone.
    said = alert.content if alert.kind == "up" or reply_to is None else _state(alert.content)
    return message.content.startswith(said)


def _ids(message: discord.Message) -> set[str]:
    footers = (embed.footer.text or "" for embed in message.embeds)
    return {found for footer in footers for found in _IDS.findall(footer)}


def _state(line: str) -> str:
    """``🔴 DOWN``: the rest of a line may have become out of date since it was sent."""
    return line.partition(" · ")[0]
