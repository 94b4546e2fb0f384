"""A thousand sites of one server fail at once (row 27 and its bigger sister)."""

import re
import time
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.db import guilds, monitors
from bot.db.database import Connection
from bot.models import GuildSettings, Monitor, Target
from tests.faults.discord_fixture import DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL
from tests.services.services_fixture import CHANNEL as ALERTS
from tests.services.services_fixture import GUILD, ServicesFixture, play, services_fixture

MANY = 1000


async def watch_many(s: ServicesFixture, many: int) -> dict[str, str]:
    """Watch so many sites; returns one letter a site, all failing."""
    names = [f"site-{number:04}" for number in range(many)]

    def write(conn: Connection) -> None:
        guilds.save(conn, GuildSettings(GUILD, channel_id=ALERTS))
        for name in names:
            target = Target(f"https://{name}.example/")
            monitors.insert(conn, Monitor(0, GUILD, name, target, 60))

    await s.db.write(write)
    await s.load()
    return dict.fromkeys(names, "F")


def test_a_thousand_sites_failing_at_once_are_two_posts_at_most(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=Config(max_monitors=MANY)) as s:
            failing = await watch_many(s, MANY)
            started = time.process_time()
            for _ in range(4):
                await s.play(failing)
            took = time.process_time() - started
            posts = [m for m in s.transport.messages.values() if m.reply_to is None]
            assert 1 <= len(posts) <= 2
            named = {one.name for m in posts for one in m.alert.incidents}
            assert named == set(failing)
            assert posts[-1].alert.content.startswith(("🔴 1,000 down: ", "🔴 999 down: "))
            # Four rounds of a thousand sites, three checks each: a calm minute of one core.
            assert took < 25
            requests = len(s.transport.calls)
            await s.play(dict.fromkeys(failing, "OOOO"))
            replies = [m for m in s.transport.messages.values() if m.reply_to is not None]
            assert 1 <= len(replies) <= 2
            assert len(s.transport.calls) - requests <= 12

    play(scenario())


def test_sites_of_one_list_that_come_back_one_by_one_share_its_edits(tmp_path: Path) -> None:
    """The newest truth within seconds, and no edit for each site."""

    async def scenario() -> None:
        many = 400
        async with services_fixture(tmp_path, config=Config(max_monitors=many)) as s:
            failing = await watch_many(s, many)
            for _ in range(3):
                await s.play(failing)
            [post] = s.transport.messages.values()
            before = s.transport.count("edit")
            for number, name in enumerate(failing):
                await s.round(name, "O", s.clock.now_ms())
                await s.delivery.deliver_due()
                await s.clock.advance(60 / many)
                open_yet = sum(one.answering_since_ms is None for one in post.alert.incidents)
                assert many - number <= open_yet + 20 + many // 15, "it is sent within seconds"
            assert 20 <= s.transport.count("edit") - before <= 60
            await s.clock.advance(3)
            await s.delivery.deliver_due()
            assert all(one.answering_since_ms is not None for one in post.alert.incidents)

    play(scenario())


def test_two_hundred_sites_keep_the_channels_rhythm(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=Config(max_monitors=200)) as s:
            failing = await watch_many(s, 200)
            for _ in range(6):
                before = len(s.transport.calls)
                await s.play(failing)
                assert len(s.transport.calls) - before <= 5
            assert len({m.id for m in s.transport.messages.values()}) <= 2

    play(scenario())


def test_the_post_names_as_many_as_fit_and_the_file_names_all(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        guild = r.sandbox.world.guild("Rig")
        r.client._connection._add_guild_from_data(_guild(r))  # the gateway would bring it
        assert guild.present
        opened = [await r.open(f"site-{number:04}", wait_s=60) for number in range(MANY)]
        await r.deliver(60)
        [message] = r.messages()
        named = [f"site-{number:04}" for number in range(MANY)]
        assert message["content"] == f"🔴 1,000 down: {', '.join(named[:12])} +988"
        [embed] = message["embeds"]
        line = embed["description"].splitlines()[0]
        assert line.startswith("🔴 DOWN · HTTP 503 (1,000): site-0000, ")
        shown = line.count("site-")
        assert 20 <= shown <= 40
        assert line.endswith(f" +{MANY - shown}")
        [attached] = message["attachments"]
        assert attached["filename"] == "sites.txt"
        text = r.sandbox._core.attachments.files[attached["id"]].data.decode()
        lines = text.splitlines()
        assert len(lines) == MANY
        assert re.fullmatch(r"🔴 DOWN\tsite-0000\texample\.com\t#\w{6}", lines[0])
        await r.close(*opened[:900])
        await r.settle(1)
        edited, reply = r.messages()
        assert edited["content"].startswith("🔴 100 of 1,000 still down: site-0900, ")
        assert edited["embeds"][0]["title"] == "100 of 1,000 sites are down"
        [attached] = edited["attachments"]
        assert reply["content"].startswith("🟢 UP · 900 sites are back")
        assert len(r.messages()) == 2

    discord_fixture(tmp_path, scene, check=False)


def test_the_role_that_was_called_stays_named_at_every_edit(tmp_path: Path) -> None:
    """Else those who were called find a badge and nothing behind it."""

    async def scene(r: DiscordFixture) -> None:
        guild = r.sandbox.world.guild("Rig")
        role = int(r.sandbox.admin.add_role(guild, "On call", mentionable=True).id)
        first = await r.open("a", role_id=role)
        await r.deliver()
        await r.change(first, urgent=True)
        assert await r.deliver() == 1
        [message] = r.messages()
        assert message["edited_timestamp"] is not None
        assert message["content"].endswith(f" <@&{role}>")
        assert message["mention_roles"] == [str(role)]
        await r.close(first)
        await r.settle(1)
        assert r.messages()[0]["content"].endswith(f" <@&{role}>")

    discord_fixture(tmp_path, scene)


def test_without_the_right_to_attach_files_the_post_comes_all_the_same(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.client._connection._add_guild_from_data(_guild(r))
        # The cache does not know yet.
        r.sandbox.admin.set_permissions(str(CHANNEL), "bot", deny="attach_files")
        for number in range(30):
            await r.open(f"site {number}", wait_s=60)
        await r.deliver(60)
        [message] = r.messages()
        assert message["attachments"] == []
        assert "(30): site 0, site 1, " in message["embeds"][0]["description"]

    discord_fixture(tmp_path, scene)


def _guild(r: DiscordFixture) -> Any:
    guild = r.sandbox.world.guild("Rig")
    return r.sandbox.gateway.guild_create(guild, unavailable=False)
