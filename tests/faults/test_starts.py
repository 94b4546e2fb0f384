"""A crash loop (row 19): the budget of gateway sessions is kept."""

import asyncio

from bot.services.session_starts import SessionStarts
from tests.fakes import FakeClock


class Texts:
    """A store in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def load(self, key: str) -> str | None:
        return self.texts.get(key)

    async def save(self, key: str, value: str) -> None:
        self.texts[key] = value


def test_twenty_starts_in_a_row_cost_ten_sessions_and_a_day_of_them_never_the_token() -> None:
    async def scenario() -> None:
        clock, store = FakeClock(), Texts()

        async def start() -> bool:
            """A process that begins a session at once if it may, and dies a second later."""
            starts = SessionStarts(store, clock)
            may = await starts.delay_s() == 0
            if may:
                await starts.note()
            await clock.advance(1)
            return may

        assert [await start() for _ in range(20)] == [True] * 10 + [False] * 10
        begun = 10
        for _ in range(24 * 60 * 2):
            begun += await start()
            await clock.advance(29)
        assert begun <= 950  # at least 50 of the day's 1,000 are left

    asyncio.run(scenario())
