"""Whether a message of ours that stands in a channel says what an alert would say."""

import re

import discord

from bot.services.delivery.messages import Alert

DIGEST = "📋"
_IDS = re.compile(r"#(\w+)")


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
