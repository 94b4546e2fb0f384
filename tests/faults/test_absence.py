"""Discord is away for long, and back (row 4 and the digests of the delivery rules)."""

import random
from pathlib import Path

import pytest

from bot.models import Incident
from sandbox.faults import FaultName
from tests import invariants
from tests.faults.discord_fixture import DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL

HOUR = 3600


def kinds(r: DiscordFixture, channel_id: int = CHANNEL) -> list[str]:
    return [text.split(" · ")[0] for text in r.said(channel_id)]


def test_three_hours_and_forty_flips_become_one_digest_per_channel(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        rng = random.Random(4)
        before = [await r.open(f"old-{n}", CHANNEL + n) for n in range(3)]
        await r.deliver()
        r.sandbox.faults.add("503")
        standing: list[Incident] = [before[2]]
        await r.close(*before[:2])
        for flip in range(40):
            channel_id = CHANNEL + flip % 3
            incident = await r.open(f"site-{flip}", channel_id)
            await r.deliver(rng.uniform(60, 200))
            if flip < 36:
                await r.close(incident)
            else:
                standing.append(incident)
            await r.deliver(rng.uniform(30, 60))
        await r.deliver(HOUR)
        assert len(r.sandbox.record.requests) < 700
        await r.settle(300)
        for channel_id in range(CHANNEL, CHANNEL + 3):
            assert kinds(r, channel_id).count("📋 DIGEST") == 1
        # What was sent before, one digest, and one live message of what is still wrong.
        assert len(r.messages(CHANNEL)) == 3
        sent = "".join(str(m) for n in range(3) for m in r.messages(CHANNEL + n))
        for incident in standing:
            assert incident.public_id in sent
        live = r.messages(CHANNEL)[-1]
        assert "Sent late: Discord was unreachable" in live["embeds"][0]["description"]

    discord_fixture(tmp_path, scene)


@pytest.mark.parametrize("fault", ["503", "reset"])
def test_an_outage_that_came_and_went_while_away_is_a_digest_and_mentions_followers(
    tmp_path: Path, fault: FaultName
) -> None:
    async def scene(r: DiscordFixture) -> None:
        sent = await r.open("told")
        await r.follow(sent, [int(r.sandbox.world.user("Member").id)])
        await r.deliver()
        r.sandbox.faults.add(fault)
        pair = await r.open("pair")
        await r.deliver(60)
        await r.close(pair, sent)
        await r.deliver(HOUR)
        await r.settle(300)
        assert kinds(r) == ["🟢 RESOLVED", "📋 DIGEST"]
        digest = r.messages()[1]
        assert digest["content"].startswith("📋 DIGEST · 2 incidents came and went")
        assert [user["username"] for user in digest["mentions"]] == ["member"]
        lines = digest["embeds"][0]["description"].splitlines()
        assert lines[0].startswith(("pair · in trouble 1 time", "told · in trouble 1 time"))
        assert "Discord was unreachable" in lines[-1]

    discord_fixture(tmp_path, scene)


def test_after_a_short_absence_every_message_is_sent_as_usual(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("503")
        pair, standing = await r.open("pair"), await r.open("standing")
        await r.deliver()
        await r.close(pair)
        await r.settle(300)
        assert "📋 DIGEST" not in kinds(r)
        assert len(r.messages()) == 2
        assert standing.public_id in str(r.messages())

    discord_fixture(tmp_path, scene)


def test_openings_later_than_ten_minutes_say_so(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("503")
        await r.open("shop")
        await r.deliver()
        await r.settle(700)
        [message] = r.messages()
        assert message["content"].startswith("🔴 DOWN · shop")
        assert "Sent late: Discord was unreachable" in message["embeds"][0]["description"]

    discord_fixture(tmp_path, scene)


def test_many_flips_of_one_site_are_one_line(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("503")
        for number in range(60):
            incident = await r.open(f"site {number % 30}-{number}")
            await r.close(incident)
        await r.deliver(HOUR)
        await r.settle(300)
        [digest] = r.messages()
        description = digest["embeds"][0]["description"]
        assert "+35 more" in description
        assert len(invariants.card_ids(r.sandbox.ever[-1])) == 60

    discord_fixture(tmp_path, scene)
