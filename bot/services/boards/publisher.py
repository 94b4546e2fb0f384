"""Carries one board to Discord: posts it, edits it or takes it away. Errors are its caller's."""

from bot.clock import Clock
from bot.services.boards.snapshot import Door, Face, Truth
from bot.services.boards.store import Kept, Ledger
from bot.services.delivery.claim import new_nonce
from bot.services.delivery.sender import (
    CLOCKS_MS,
    NONCE_MS,
    EarlierAttempts,
    NotDelivered,
    standing,
)


class BoardCourier:
    """One request at a time; what it learns goes to the ledger at once."""

    def __init__(self, clock: Clock, ledger: Ledger, truth: Truth) -> None:
        self._clock = clock
        self._ledger = ledger
        self._truth = truth

    async def carry(self, door: Door, kept: Kept) -> None:
        """Do what a board needs next. Raises DeliveryError."""
        if kept.board.removed_ms is not None:
            await self._take_away(door, kept)
        elif kept.board.message_id is None:
            await self._post(door, kept)
        else:
            await self._edit(door, kept, kept.board.message_id)

    async def _edit(self, door: Door, kept: Kept, message_id: int) -> None:
        """Late rendering: it shows what is true when it is sent."""
        face = self._truth.of(door, kept.board)
        if face is None:
            return
        await door.edit(kept.board.channel_id, message_id, face)
        await self._stands(kept, message_id, face)

    async def _post(self, door: Door, kept: Kept) -> None:
        """With a nonce that is stored first: whatever dies when, there is one message."""
        found = await self._standing(door, kept)
        if found is not None:
            await self._stands(kept, found, None)
            return
        face = self._truth.of(door, kept.board)
        if face is None:
            return
        before = kept.board.nonce
        nonce = await self._nonce(kept)
        message_id = await door.post(kept.board.channel_id, face, nonce=nonce)
        # With the same nonce Discord may have answered with the earlier attempt's message.
        await self._stands(kept, message_id, None if nonce == before else face)
        await door.pin(kept.board.channel_id, message_id)

    async def _stands(self, kept: Kept, message_id: int, shown: Face | None) -> None:
        """``shown`` None: what it shows is as old as an earlier attempt; the next step edits it."""
        await self._ledger.change(
            kept,
            message_id=message_id,
            nonce=None,
            words=None if shown is None else shown.words,
            numbers=None if shown is None else shown.numbers,
            edited_ms=None if shown is None else self._clock.now_ms(),
        )
        kept.stands()

    async def _nonce(self, kept: Kept) -> str:
        """The nonce of the attempt that begins now; that of the one before while Discord knows it.

        Random, so that no alert ever has the same.
        """
        board, now_ms = kept.board, self._clock.now_ms()
        first_ms = board.first_try_ms or 0
        if board.nonce is not None and 0 <= now_ms - first_ms <= NONCE_MS:
            await self._ledger.change(kept, last_try_ms=now_ms)
            return board.nonce
        nonce = new_nonce()
        await self._ledger.change(kept, nonce=nonce, first_try_ms=now_ms, last_try_ms=now_ms)
        return nonce

    async def _standing(self, door: Door, kept: Kept) -> int | None:
        """The message of an earlier attempt, where its nonce no longer tells."""
        board, now_ms = kept.board, self._clock.now_ms()
        if board.nonce is None:
            return None
        tried = EarlierAttempts(board.first_try_ms or 0, board.last_try_ms or 0)
        try:
            return await standing(tried, now_ms, lambda since: self._find(door, kept, since))
        except NotDelivered:
            return None

    async def _find(self, door: Door, kept: Kept, since_ms: int) -> int | None:
        # A channel has one board at a time: those made before this one are none of ours.
        since_ms = max(since_ms, kept.board.created_ms - CLOCKS_MS)
        return await door.find(kept.board.channel_id, since_ms=since_ms)

    async def _take_away(self, door: Door, kept: Kept) -> None:
        board = kept.board
        message_id = board.message_id
        if message_id is None and board.nonce is not None:
            message_id = await self._find(door, kept, (board.first_try_ms or 0) - CLOCKS_MS)
        if message_id is not None:
            await door.delete(board.channel_id, message_id)
        await self.taken_away(kept)

    async def taken_away(self, kept: Kept) -> None:
        """Its message is gone or out of reach: forget it, unless somebody wants it again by now."""
        if kept.board.removed_ms is None:
            await self._ledger.change(kept, message_id=None, nonce=None)
        else:
            await self._ledger.forget(kept)
