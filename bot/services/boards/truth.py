"""What the readers of a board may know, and what of it is true now."""

from collections.abc import Callable

from bot.clock import Clock
from bot.db.boards import Board
from bot.services.boards.door import Door
from bot.services.boards.snapshot import Face
from bot.services.guilds import Guilds
from bot.services.status import Status


class Truth:
    """Answers from memory. ``blind_ms`` tells since when Vigie itself is offline."""

    def __init__(
        self, clock: Clock, guilds: Guilds, status: Status, blind_ms: Callable[[], int | None]
    ) -> None:
        self._clock = clock
        self._guilds = guilds
        self._status = status
        self._blind_ms = blind_ms

    def of(self, door: Door, board: Board) -> Face | None:
        """What a board has to show; None while nobody knows who reads it.

        It names a monitor when everybody who can read the board can also read the channel in
        which that monitor is told, or when it is told nowhere.
        """
        found = self._status.overview(board.guild_id)
        homes = {one.channel_id for one in found if one.channel_id is not None}
        others = homes - {board.channel_id}
        shared = door.seen_by_readers(board.guild_id, board.channel_id, others)
        if shared is None:
            return None
        readable = {None, board.channel_id, *shared}
        return Face(
            language=self._guilds.language(board.guild_id),
            sites=tuple(one for one in found if one.channel_id in readable),
            at_ms=self._clock.now_ms(),
            blind_ms=self._blind_ms(),
        )
