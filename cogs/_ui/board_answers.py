"""What ``/board`` answers."""

from bot.services.boards.boards import Made
from bot.words.translator import Translator


def made_text(words: Translator, made: Made, message_id: int | None, *, left_out: int) -> str:
    """Where the board is, and what it does not show and why; ``message_id`` None: not yet."""
    board = made.board
    channel = f"<#{board.channel_id}>"
    link = f"https://discord.com/channels/{board.guild_id}/{board.channel_id}/{message_id}"
    if message_id is None:
        said = words.text("The board follows in {channel}, once Discord takes it.", channel=channel)
    elif made.fresh:
        said = words.text("The board is up and keeps itself up to date: {link}", link=link)
    else:
        said = words.text("{channel} has its board already: {link}", channel=channel, link=link)
    if not left_out:
        return said
    hidden = words.plural(
        "It leaves out {n} site: not everybody who reads {channel} can see where its alerts go.",
        "It leaves out {n} sites: not everybody who reads {channel} can see where their alerts go.",
        left_out,
        channel=channel,
    )
    return f"{said}\n{hidden}"


def removed_text(words: Translator, channel: str) -> str:
    return words.text("The board of {channel} is removed.", channel=channel)
