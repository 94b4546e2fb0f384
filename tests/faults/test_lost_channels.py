"""A channel is gone, or refuses the bot (rows 9 to 11 and 13, and the chain of fallbacks)."""

from pathlib import Path

from sandbox.world.world import Channel, ChannelType, Thread
from tests.faults.discord_fixture import SECOND, SYSTEM, DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD

HOUR = 3600
DAY = 24 * HOUR


def room(r: DiscordFixture, number: int = CHANNEL) -> str:
    return r.sandbox.channel(str(number)).id


async def block(r: DiscordFixture, number: int = CHANNEL) -> None:
    r.sandbox.admin.set_permissions(room(r, number), "bot", deny="send_messages")


async def find_out(r: DiscordFixture) -> None:
    """Without a gateway a channel counts as lost after the second refusal, a second later."""
    await r.deliver()
    await r.deliver(1)
    await r.deliver()


async def unblock(r: DiscordFixture, number: int = CHANNEL) -> None:
    r.sandbox.admin.set_permissions(room(r, number), "bot")
    await r.delivery.rights_changed(GUILD, [number])


def add_thread(r: DiscordFixture) -> Channel:
    """A public thread under the first channel."""
    now = r.sandbox.clock.iso()
    made = r.sandbox.admin.add_channel("Rig", "talk", ChannelType.PUBLIC_THREAD)
    made.parent_id = room(r)
    made.thread = Thread(r.sandbox.world.bot.id, now, now)
    return made


def private(r: DiscordFixture, name: str) -> list[str]:
    return [str(m["content"]) for m in r.sandbox.dm(name)]


def test_a_deleted_channel_is_reported_once_and_nothing_more_is_sent_there(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        first = await r.open("shop")
        await r.deliver()
        r.sandbox.admin.delete_channel(room(r))
        await r.close(first)
        await find_out(r)
        for number in range(5):
            await r.open(f"next {number}")
            await r.deliver(HOUR)
        sends = r.sends() + len(r.sandbox.record.of("PATCH"))
        assert sends == 3
        notices = [text for text in r.said(SECOND) if text.startswith("🔕 NOT HEARD")]
        [notice] = notices
        assert notice.startswith("🔕 NOT HEARD · <#100> is gone, so my alerts reach nobody.")
        # The second channel also gets the alerts meanwhile.
        assert sum("DOWN · next" in text for text in r.said(SECOND)) == 5

    discord_fixture(tmp_path, scene, unsent=True)


def test_a_deleted_channel_is_noticed_by_the_gateway_event_before_any_alert_is_lost(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        await r.delivery.channel_deleted(GUILD, CHANNEL)
        await r.delivery.channel_deleted(GUILD, CHANNEL + 1)  # nobody's channel
        await r.deliver()
        assert len(r.said(SECOND)) == 1
        await r.open("shop")
        await r.deliver()
        assert r.sends() == 0
        assert "DOWN · shop" in r.said(SECOND)[1]
        troubles = await r.delivery.problems(GUILD)
        assert [one.channel_id for one in troubles.channels] == [CHANNEL]
        assert troubles.unreachable_ms is None

    discord_fixture(tmp_path, scene)


def test_a_right_that_comes_back_wakes_the_channel_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(set_by=int(r.sandbox.world.user("Moderator").id))
        await block(r)
        shop, _ = await r.open("shop"), await r.open("blog")
        for _ in range(5):
            await r.deliver(10)
        assert r.sends() == 1
        await r.close(shop)
        await r.deliver(60)
        assert r.messages() == []
        await unblock(r)
        await r.deliver()
        assert [text[:10] for text in r.said()] == ["🔴 DOWN · b", "🟢 UP · sho"]
        assert (await r.delivery.problems(GUILD)).channels == ()

    discord_fixture(tmp_path, scene)


def test_without_an_event_a_blocked_channel_is_looked_at_every_six_hours(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await block(r)
        await r.open("shop")
        for _ in range(6):
            await r.deliver(HOUR - 60)
        assert r.sends() == 1
        await r.deliver(2 * HOUR)
        assert r.sends() == 1
        r.sandbox.admin.set_permissions(room(r), "bot")
        await r.deliver(6 * HOUR)
        assert len(r.messages()) == 1

    discord_fixture(tmp_path, scene)


def test_the_chain_goes_on_to_the_first_place_that_takes_it(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        guild = r.sandbox.world.guild("Rig")
        moderator = r.sandbox.world.user("Moderator")
        r.sandbox.world.guild("Rig").members[moderator.id] = guild.members[
            r.sandbox.world.user("Admin").id
        ]
        guild.system_channel_id = str(SYSTEM)
        await r.settings(fallback_channel_id=SECOND, set_by=int(moderator.id))
        texts: list[str] = []
        for step, broken in enumerate((None, SECOND, SYSTEM, moderator, guild.owner_id)):
            if isinstance(broken, int):
                await block(r, broken)
            elif broken is not None:
                r.sandbox.admin.close_dms(broken if step == 3 else "Admin")
            await block(r)
            await r.open(f"site {step}", CHANNEL + 1 + step)
            await block(r, CHANNEL + 1 + step)
            await r.deliver(DAY + 60)
            texts = [
                *(text for place in (SECOND, SYSTEM) for text in r.said(place)),
                *private(r, "Moderator"),
                *private(r, "Admin"),
            ]
            texts = [text for text in texts if "NOT HEARD" in text]
            own = [text for text in texts if f"<#{SECOND}>" not in text]
            assert len(own) == min(step + 1, 4)
        assert [text.startswith("Rig · 🔕") for text in own] == [False, False, True, True]
        assert len(texts) - len(own) == 3, "the second channel too, on each day that needed it"
        troubles = await r.delivery.problems(GUILD)
        assert {one.channel_id for one in troubles.channels} == {*range(101, 106), SECOND}
        assert troubles.unreachable_ms is not None

    discord_fixture(tmp_path, scene, unsent=True)


def test_a_server_hears_of_each_lost_channel_once_a_day(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(set_by=int(r.sandbox.world.user("Admin").id))
        for number in range(4):
            await block(r, CHANNEL + number)
            await r.open(f"site {number}", CHANNEL + number)
        await r.deliver()
        await r.deliver(HOUR)
        heard = private(r, "Admin")
        assert len(heard) == 4, "each channel once"
        assert all(f"In trouble now: site {n}" in "".join(heard) for n in range(4))
        await r.deliver(DAY)
        assert len(private(r, "Admin")) == 8

    discord_fixture(tmp_path, scene, unsent=True)


def test_a_notice_survives_a_kill_and_discords_absence(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(set_by=int(r.sandbox.world.user("Admin").id))
        await block(r)
        r.sandbox.faults.add("503", path="^/guilds/|^/users/@me/channels")
        await r.open("shop")
        await r.deliver()
        await r.deliver(60)
        assert private(r, "Admin") == []
        r.restart()
        r.sandbox.faults.clear()
        await r.deliver(60)
        assert len(private(r, "Admin")) == 1

    discord_fixture(tmp_path, scene, unsent=True)


def test_a_new_channel_gets_what_the_lost_one_never_got(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.admin.delete_channel(room(r), announce=False)
        shop, blog = await r.open("shop"), await r.open("blog")
        await find_out(r)
        await r.settings(channel_id=SECOND)
        await r.delivery.channel_chosen(GUILD, SECOND)
        await r.deliver()
        assert len(r.said(SECOND)) == 1
        assert r.said(SECOND)[0].startswith("🔴 2 down: ")
        await r.close(shop, blog)
        await r.deliver()
        assert r.said(SECOND)[-1].startswith("🟢 UP · 2 sites")

    discord_fixture(tmp_path, scene)


def test_a_message_deleted_by_a_moderator_leaves_the_reply(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        shop = await r.open("shop")
        await r.deliver()
        r.sandbox.admin.delete_message(r.messages()[0]["id"])
        await r.close(shop)
        await r.deliver()
        assert [text[:4] for text in r.said()] == ["🟢 UP"]

    discord_fixture(tmp_path, scene)


def test_a_sleeping_thread_is_woken_by_the_reply_and_then_edited(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        shop = await r.open("shop")
        await r.deliver()
        made = add_thread(r)
        thread_id = int(made.id)
        blog = await r.open("blog", thread_id)
        await r.deliver()
        r.sandbox.admin.set_thread(made, archived=True)
        await r.close(shop, blog)
        await r.deliver()
        await r.settle(1)
        texts = r.said(thread_id)
        assert [text.split(" · ")[0] for text in texts] == ["🟢 RESOLVED", "🟢 UP"]
        assert not r.sandbox.channel(made.id).thread.archived  # type: ignore[union-attr]

    discord_fixture(tmp_path, scene)


def test_a_locked_thread_is_a_lost_channel(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        made = add_thread(r)
        r.sandbox.admin.set_thread(made, archived=True, locked=True)
        await r.open("shop", int(made.id))
        await find_out(r)
        assert [text[:6] for text in r.said(SECOND)] == ["🔴 DOWN", "🔕 NOT "]
        r.sandbox.admin.set_thread(made, locked=False)
        await r.delivery.rights_changed(GUILD, [int(made.id)])
        await r.open("blog", int(made.id))
        await r.deliver()
        assert "DOWN · blog" in r.said(int(made.id))[0]

    discord_fixture(tmp_path, scene)


def test_what_automod_blocks_waits_by_itself_and_its_channel_goes_on(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SYSTEM)
        blocked = r.sandbox.faults.add(
            "400", method="POST", path=f"^/channels/{CHANNEL}/messages$", code=200000
        )
        await r.open("badword")
        await r.deliver()
        assert blocked.hits == 2
        r.sandbox.faults.clear()
        await r.open("shop")
        await r.deliver(1)
        assert [text[:13] for text in r.said()] == ["🔴 DOWN · shop"[:13]]
        assert r.said(SYSTEM) == []
        await r.deliver(HOUR)
        assert len(r.said()) == 2

    discord_fixture(tmp_path, scene)


def test_the_second_channel_hands_back_when_the_first_takes_alerts_again(tmp_path: Path) -> None:
    """Also without an event: after six hours the next opening checks the first one."""

    async def scene(r: DiscordFixture) -> None:
        await r.settings(fallback_channel_id=SECOND)
        await block(r)
        shop = await r.open("shop")
        await r.deliver()
        await r.open("blog")
        await r.deliver()
        assert sum("DOWN" in text for text in r.said(SECOND)) == 2
        r.sandbox.admin.set_permissions(room(r), "bot")
        await r.deliver(6 * HOUR)
        await r.open("wiki")
        await r.close(shop)
        await r.deliver()
        assert ["DOWN · wiki" in text for text in r.said()] == [True]
        assert any(text.startswith("🟢 UP · shop") for text in r.said(SECOND))

    discord_fixture(tmp_path, scene)
