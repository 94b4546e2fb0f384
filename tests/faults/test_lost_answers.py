"""Discord takes a message and the bot never hears of it (rows 2, 3 and 12)."""

from pathlib import Path

import pytest

from sandbox.faults import FaultName
from tests.faults.discord_fixture import DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL

POST = f"^/channels/{CHANNEL}/messages$"


@pytest.mark.parametrize("fault", ["accept_then_504", "accept_then_reset"])
def test_an_answer_that_is_lost_makes_no_second_message(tmp_path: Path, fault: FaultName) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add(fault, method="POST", path=POST, times=1)
        incident = await r.open("Shop")
        await r.deliver()
        await r.settle(1)
        assert len(r.messages()) == 1
        r.sandbox.faults.add(fault, method="POST", path=POST, times=1)
        await r.close(incident)
        await r.deliver()
        await r.settle(1)
        assert [text[:4] for text in r.said()] == ["🟢 RE", "🟢 UP"]
        assert r.sends() == 4

    discord_fixture(tmp_path, scene)


def test_ten_minutes_later_the_message_is_found_in_the_channel(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        incident = await r.open("Shop")
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.restart()
        await r.settle(600)
        assert len(r.messages()) == 1
        assert r.sends() == 1
        await r.close(incident)
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.restart()
        await r.settle(600)
        assert len(r.messages()) == 2
        assert r.sends() == 2

    discord_fixture(tmp_path, scene)


def test_a_group_and_a_digest_are_found_again_too(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        three = [await r.open(name, wait_s=60) for name in ("a", "b", "c")]
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver(61)
        await r.close(*three)
        late = await r.open("late")
        await r.close(late)
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver(600)
        await r.settle(600)
        assert r.sends() == 2
        assert [text.split(" · ")[0] for text in r.said()] == ["🟢 RESOLVED", "📋 DIGEST"]

    discord_fixture(tmp_path, scene)


def test_where_the_history_may_not_be_read_a_message_is_sent_twice_rather_than_never(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        channel = r.sandbox.channel(str(CHANNEL))
        r.sandbox.admin.set_permissions(channel, "bot", deny="read_message_history")
        await r.open("Shop")
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        await r.settle(600)
        assert len(r.messages()) == 2

    discord_fixture(tmp_path, scene, check=False)


def test_a_message_that_never_arrived_is_sent_after_all(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.open("Shop")
        r.sandbox.faults.add("reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.sandbox.say("Admin", str(CHANNEL), "🔴 DOWN · Shop · somebody else says so")
        await r.settle(600)
        assert len(r.messages()) == 2
        assert r.messages()[-1]["author"]["id"] == r.sandbox.world.bot.id

    discord_fixture(tmp_path, scene)


def test_deleted_within_the_nonces_window_counts_as_sent(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        incident = await r.open("Shop")
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.sandbox.admin.delete_message(r.messages()[0]["id"])
        await r.settle(5)
        assert r.messages() == []
        assert ("open", "sent") in await r.rows()
        await r.close(incident)
        await r.settle(5)
        assert len(r.messages()) == 1
        assert "message_reference" not in r.messages()[0]

    discord_fixture(tmp_path, scene)
