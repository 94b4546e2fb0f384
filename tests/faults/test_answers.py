"""What single answers of Discord's say, and what they do not say, through the real transport."""

from pathlib import Path

import pytest

from bot.db import guilds, outbox
from bot.db.database import Connection
from bot.models import Kind
from bot.services.delivery import enqueue
from bot.services.delivery.messages import Notice
from sandbox.faults import FaultName
from sandbox.messages.posting import post
from tests.faults.discord_fixture import SECOND, SYSTEM, DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD

HOUR, DAY = 3600, 86_400
BAD_NOTICE = (
    "INSERT INTO notification (guild_id, channel_id, kind, payload, created_ms, not_before_ms)"
    " VALUES (1, 100, 'notice', 'no json', 1, 1)"
)
POST = f"^/channels/{CHANNEL}/messages$"


def test_without_read_message_history_the_all_clear_is_sent_without_a_reference(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        r.sandbox.admin.set_permissions(str(CHANNEL), "bot", deny="read_message_history")
        shop = await r.open("shop")
        await r.deliver()
        await r.close(shop)
        await r.deliver()
        await r.open("blog")
        await r.deliver()
        assert [text[:6] for text in r.said()] == ["🟢 RESO", "🟢 UP ·", "🔴 DOWN"[:6]]
        assert [one.get("message_reference") for one in r.messages()] == [None] * 3
        assert r.said(SECOND) == []
        assert [e.code for e in r.sandbox.record.requests if e.code] == [160002]

    discord_fixture(tmp_path, scene)


@pytest.mark.parametrize("code", [160002, 160009])
def test_a_refused_reference_is_left_out(tmp_path: Path, code: int) -> None:
    async def scene(r: DiscordFixture) -> None:
        shop = await r.open("shop")
        await r.deliver()
        r.sandbox.faults.add("400", method="POST", path=POST, code=code, times=1)
        await r.close(shop)
        await r.deliver()
        assert r.said()[-1].startswith("🟢 UP · shop")
        assert len(r.said()) == 2

    discord_fixture(tmp_path, scene)


@pytest.mark.parametrize("name", ["403", "404", "400", "blocked"])
@pytest.mark.parametrize("code", [40333, 0, 99999])
def test_trouble_at_the_edge_of_discord_parks_no_channel(
    tmp_path: Path, name: FaultName, code: int
) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        r.sandbox.faults.add(name, method="POST", path=POST, code=code, times=4)
        await r.open("shop")
        for _ in range(10):
            await r.deliver(10)
        assert len(r.said()) == 1
        assert (await r.delivery.problems(GUILD)).channels == ()
        assert r.said(SECOND) == []

    discord_fixture(tmp_path, scene)


def test_a_single_401_ends_nothing(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("401", method="POST", path=POST, times=1)
        await r.open("shop")
        await r.deliver()
        await r.deliver(10)
        assert len(r.said()) == 1
        assert r.refused == []

    discord_fixture(tmp_path, scene)


def test_ninety_sites_with_ninety_roles_are_posted_and_every_role_is_pinged_once(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        for number in range(90):
            await r.open(f"site {number}", role_id=700_000_000_000_000_000 + number)
        await r.deliver()
        await r.settle(1)
        called = [one["content"].count("<@&") for one in r.messages()]
        assert called == [20, 20, 20, 20, 10]
        assert [state for kind, state in await r.rows() if kind == "open"] == ["sent"] * 90

    discord_fixture(tmp_path, scene, check=False)


def test_an_opening_goes_out_as_a_bare_line_when_nothing_else_is_taken(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("400", method="POST", path=POST, code=50035, times=2)
        await r.open("shop", role_id=700_000_000_000_000_000)
        await r.deliver()
        await r.settle(1)
        # As they were posted: the card that the edit brings names the role, which calls nobody.
        posted = [one.versions[0] for one in r.sandbox.ever]
        assert [one["content"].count("<@&") for one in posted] == [0, 1]
        assert r.messages()[0]["embeds"]

    discord_fixture(tmp_path, scene, check=False)


@pytest.mark.parametrize("chatter", [501, 1100])
def test_a_lost_answer_is_found_below_what_people_wrote_since(tmp_path: Path, chatter: int) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.open("shop")
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.sandbox.faults.clear()
        r.clock.forward(60)
        core, room = r.sandbox._core, r.sandbox.channel(str(CHANNEL))
        for number in range(chatter):
            post(core, r.sandbox.world.user("Admin"), room, {"content": f"chat {number}"}, {})
        await r.deliver(130)
        assert sum("shop" in text for text in r.said()) == 1
        assert await r.active() == 0

    discord_fixture(tmp_path, scene)


def test_an_answer_lost_before_a_rename_and_a_change_of_words_is_found(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        shop = await r.open("shop")
        await r.deliver()
        await r.close(shop)
        r.sandbox.faults.add("accept_then_reset", method="POST", path=POST, times=1)
        await r.deliver()
        r.sandbox.faults.clear()
        await r.db.write(lambda conn: conn.execute("UPDATE monitor SET name = 'store'"))
        r.restart()
        r.delivery._sender.languages = lambda _: "fr"
        await r.deliver(300)
        assert len(r.messages()) == 2

    discord_fixture(tmp_path, scene, check=False)


def test_a_notice_of_a_lost_channel_whose_answer_was_lost_is_not_sent_twice(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        r.sandbox.admin.set_permissions(str(CHANNEL), "bot", deny="send_messages")
        r.sandbox.faults.add(
            "accept_then_reset", method="POST", path=f"^/channels/{SECOND}/", times=2
        )
        incident = await r.open("shop")
        await r.deliver()
        r.sandbox.faults.clear()
        await r.deliver(DAY / 2)
        await r.deliver(10)
        assert sum("NOT HEARD" in text for text in r.said(SECOND)) == 1
        assert incident.name == "shop"

    discord_fixture(tmp_path, scene, check=False)


def test_a_name_is_shown_only_where_all_readers_may_know_it(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        guild = r.sandbox.world.guild("Rig")
        guild.system_channel_id = str(SYSTEM)
        secret = CHANNEL + 1
        await r.open("Merger", secret)
        await r.db.write(lambda conn: conn.execute("UPDATE monitor SET channel_id = ?", (secret,)))
        r.sandbox.admin.set_permissions(str(secret), "bot", deny="send_messages")
        await r.deliver()
        await r.deliver()
        texts = " ".join(r.said(SECOND))
        assert "NOT HEARD" in texts
        assert "1 site is in trouble now." in texts
        assert "🔴 DOWN · a site of another channel" in texts
        everything = str(r.messages(SECOND))
        assert "Merger" not in everything
        assert "example.com" not in everything

    discord_fixture(tmp_path, scene, check=False)


def test_a_chosen_channel_gets_nothing_of_a_site_that_has_its_own(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        secret = CHANNEL + 1
        await r.settings(set_by=None)
        await r.open("Merger", secret)
        await r.db.write(lambda conn: conn.execute("UPDATE monitor SET channel_id = ?", (secret,)))
        r.sandbox.admin.set_permissions(str(secret), "bot", deny="send_messages")
        await r.deliver()
        await r.settings(channel_id=SECOND)
        await r.delivery.channel_chosen(GUILD, SECOND)
        await r.deliver()
        assert r.said(SECOND) == []

    discord_fixture(tmp_path, scene, check=False)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE notification SET kind = 'partly_told' WHERE id = 1",
        "UPDATE incident SET kind = 'swimming' WHERE id = 1",
        "UPDATE notification SET sent_lines = '{' WHERE id = 1",
        BAD_NOTICE,
        "UPDATE notification SET state = 'sending', lead_id = 1, message_kind = 'SING' WHERE id=1",
    ],
)
@pytest.mark.parametrize("together", [False, True])
def test_a_row_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, damage: str, *, together: bool
) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.open("bad")
        if together:
            await r.open("blog", kind=Kind.UNSTABLE)
        await r.db.write(lambda conn: conn.execute(damage))
        await r.deliver(1)
        await r.open("shop")
        await r.deliver(1)
        texts = str(r.messages())
        assert "shop" in texts
        assert not together or "blog" in texts
        assert await r.active() == 0

    discord_fixture(tmp_path, scene, check=False)


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        (Notice("certificate", name="shop", days=12), "📜 CERTIFICATE · shop · expires in 2 days"),
        (Notice("certificate", name="shop", days=3), None),
        (Notice("blind", seconds=600), None),
    ],
)
def test_a_notice_that_waited_ten_days_says_what_is_true_then(
    tmp_path: Path, notice: Notice, said: str | None
) -> None:
    async def scene(r: DiscordFixture) -> None:
        now_ms = r.clock.now_ms()

        def write(conn: Connection) -> None:
            guilds.mark_left(conn, GUILD, now_ms)
            enqueue.notice(conn, GUILD, CHANNEL, notice, now_ms)

        await r.db.write(write)
        await r.deliver(10 * DAY)
        await r.come_back()
        await r.deliver()
        assert r.said() == ([] if said is None else [said])

    discord_fixture(tmp_path, scene, check=False)


def test_what_is_due_is_read_of_one_channel_alone_after_it_was_served(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        for number in range(3):
            await r.open(f"site {number}", CHANNEL + number)
        now_ms = r.clock.now_ms()
        found = await r.db.read(lambda conn: outbox.due_by_channel(conn, now_ms, [CHANNEL + 1]))
        assert list(found) == [CHANNEL + 1]
        assert found[CHANNEL + 1].opening

    discord_fixture(tmp_path, scene, check=False)
