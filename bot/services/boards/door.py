"""Discord, as boards see it."""

from collections.abc import Collection
from typing import Protocol

from bot.services.boards.snapshot import Face


class Door(Protocol):
    """All methods that wait raise errors.DeliveryError with a Remedy."""

    async def post(self, channel_id: int, face: Face, *, nonce: str) -> int:
        """Post a board, without a push, and return its id; a nonce posts nothing twice."""
        ...

    async def edit(self, channel_id: int, message_id: int, face: Face) -> None: ...

    async def delete(self, channel_id: int, message_id: int) -> None: ...

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Pin a board where that is allowed; never raises because it is not."""
        ...

    async def find(self, channel_id: int, *, since_ms: int) -> int | None:
        """The id of the newest board of ours in a channel, posted since that moment."""
        ...

    def seen_by_readers(
        self, guild_id: int, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        """Those of other channels that everybody who can read ``channel_id`` can read too.

        None: not known now, because the gateway has not told.
        """
        ...

    def question(self, language: str, channel_id: int) -> str:
        """The sentence that asks whether a board that was deleted again is still wanted."""
        ...
