"""Ten thousand alerts leave nothing behind (row 35)."""

import gc
from dataclasses import replace
from pathlib import Path

from bot.discord.alert_card import card
from bot.models import Incident
from bot.services.delivery.messages import Alert
from tests.faults.discord_fixture import DiscordFixture, discord_fixture

MANY = 10_000


def test_the_buttons_of_ten_thousand_alerts_stay_in_no_memory(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        shop = await r.open("shop")
        send(r, shop, 0, 200)
        gc.collect()
        before = len(gc.get_objects())
        send(r, shop, 200, MANY)
        gc.collect()
        assert len(gc.get_objects()) - before < 1000
        assert r.client._connection._view_store._views.get(None, {}) == {}
        await r.deliver()

    discord_fixture(tmp_path, scene)


def send(r: DiscordFixture, like: Incident, first: int, last: int) -> None:
    """What discord.py keeps of each message it has sent."""
    for number in range(first, last):
        reported = replace(like, public_id=f"A{number:05}")
        shown = card(Alert("down", "en", "🔴 DOWN", (reported,)))
        assert shown.view is not None
        if shown.view.is_dispatchable() and not shown.view.is_finished():
            r.client._connection.store_view(shown.view, number)
