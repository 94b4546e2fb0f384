"""``/board`` through the whole Vigie: real delivery, unmodified discord.py, the sandbox."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import State
from bot.services.boards import publisher, state
from bot.services.delivery import throttle
from sandbox import Refused, Sandbox
from sandbox.interactions.answer import readable
from sandbox.world.world import Channel, ChannelType, Thread
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot, running_bot, until
from tests.cogs.test_watch_files import take

V2 = 1 << 15
SILENT = 1 << 12


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spacing is proven with a clock in the tests of the service."""
    monkeypatch.setattr(state, "STATES_APART_MS", 100)
    monkeypatch.setattr(publisher, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(publisher, "LOOKS_APART_S", 0.05)


def boards(fixture: BotFixture, channel: str = "general") -> list[Json]:
    return [m for m in fixture.sandbox.messages(channel) if m["flags"] & V2]


async def shows(fixture: BotFixture, text: str, channel: str = "general") -> Json:
    return await fixture.sandbox.wait_for_message(channel, text)


async def watched(fixture: BotFixture, name: str = "Shop", **more: Any) -> None:
    """Add a site and wait until it is known to be up: a board's edits are 15 seconds apart."""
    await fixture.run("watch add", url=fixture.site.url, name=name, every=1, **more)
    found = fixture.app.services.monitors.find(fixture.guild_id, name)
    status = fixture.app.services.status
    await until(lambda: status.one(fixture.guild_id, found.id).state is State.UP)


def edits(fixture: BotFixture) -> int:
    return len(fixture.sandbox.record.of("PATCH", "/messages/"))


def add_thread(fixture: BotFixture, kind: ChannelType = ChannelType.PUBLIC_THREAD) -> Channel:
    now = fixture.sandbox.clock.iso()
    made = Channel(
        fixture.sandbox._core.ids.new(),
        "talk",
        kind,
        str(fixture.guild_id),
        parent_id=fixture.sandbox.channel("general").id,
        thread=Thread(fixture.sandbox.world.bot.id, now, now),
    )
    fixture.sandbox.world.guild("Harbour").channels[made.id] = made
    fixture.sandbox._core.events.channel_made(made)
    return made


def test_a_board_follows_the_truth_and_is_otherwise_left_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await watched(fixture)
        answer = await fixture.run("board create")
        [board] = boards(fixture)
        assert answer.ephemeral
        assert answer.content == (
            f"The board is posted and keeps itself up to date: https://discord.com/channels/{fixture.guild_id}/{fixture.channel_id('general')}/{board['id']}"
        )
        assert board["flags"] == V2 | SILENT
        assert board["content"] == ""
        assert board["components"][0]["type"] == 17
        await shows(fixture, "1 site is up")
        before = edits(fixture)
        await asyncio.sleep(0.5)
        assert edits(fixture) == before
        fixture.site.status = 503
        down = await shows(fixture, "1 down")
        assert "**🔴 DOWN** · Shop · HTTP 503 · <t:" in readable(down)
        await fixture.site.heal()
        await shows(fixture, "1 site is up")
        assert [one["id"] for one in boards(fixture)] == [board["id"]]
        assert "Shop" in fixture.sandbox.texts("alerts")[0]
        sent = fixture.sandbox.record.of(
            "POST", f"/channels/{fixture.channel_id('general')}/messages"
        )
        [request] = sent
        assert isinstance(request.body, dict)
        assert request.body["allowed_mentions"] == {"parse": []}
        assert request.body["enforce_nonce"] is True

    run_with_bot(tmp_path, scenario)


def test_a_second_create_says_where_the_board_is_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        general = fixture.sandbox.channel("general").id
        first, second = await asyncio.gather(
            fixture.run("board create"),
            fixture.run("board create", where="alerts", channel=general),
        )
        [board] = boards(fixture)
        assert sorted(one.content.partition(": ")[0] for one in (first, second)) == [
            f"<#{general}> already has a board",
            "The board is posted and keeps itself up to date",
        ]
        assert all(one.content.endswith(board["id"]) for one in (first, second))
        again = await fixture.run("board create", locale="fr")
        assert again.content.startswith(f"<#{general}> a déjà son tableau\u202f: https://")
        assert len(boards(fixture)) == 1

    run_with_bot(tmp_path, scenario)


def test_a_create_after_an_unnoticed_deletion_links_to_a_living_board(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("board create")
        fixture.sandbox.admin.delete_message(boards(fixture)[0]["id"])
        answer = await fixture.run("board create")
        [board] = boards(fixture)
        assert answer.content.endswith(board["id"])
        await fixture.run("board create")
        assert [one["id"] for one in boards(fixture)] == [board["id"]]

    run_with_bot(tmp_path, scenario)


def test_while_discord_takes_no_messages_the_board_is_promised_and_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.faults.add("503", method="POST", path="/messages$")
        answer = await fixture.run("board create")
        general = fixture.channel_id("general")
        assert answer.content == f"The board will appear in <#{general}> once Discord accepts it."
        fixture.sandbox.faults.clear()
        await shows(fixture, "No sites to show here yet")
        assert len(boards(fixture)) == 1

    monkeypatch.setattr("cogs.board._POSTED_WITHIN_S", 0.3)
    run_with_bot(tmp_path, scenario)


def test_only_people_with_manage_server_have_boards(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        for who in ("Moderator", "Member"):
            with pytest.raises(Refused):
                await fixture.run("board create", who=who)
            with pytest.raises(Refused):
                await fixture.run("board remove", who=who)
        assert boards(fixture) == []

    run_with_bot(tmp_path, scenario)


def test_channels_that_cannot_have_a_board_are_refused_in_one_sentence(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        news = fixture.sandbox.channel("news").id
        picked = await fixture.run("board create", channel=news)
        here = await fixture.run("board create", where="news")
        for answer in (picked, here):
            assert answer.content == (
                "A board is edited often, which Discord hardly allows in an announcement"
                " channel. Choose a text channel."
            )
        french = await fixture.run("board create", channel=news, locale="fr")
        assert french.content.endswith("Choisissez un salon textuel.")
        hidden = add_thread(fixture, ChannelType.PRIVATE_THREAD)
        private = await fixture.run("board create", where=hidden.id)
        assert private.content == "A board needs a text or voice channel, or a public thread."
        none = await fixture.run("board remove")
        assert none.content == "There is no board in that channel."

    run_with_bot(tmp_path, scenario)


def test_what_is_missing_in_the_channel_is_named_on_the_spot(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        admin, general = fixture.sandbox.admin, fixture.sandbox.channel("general").id
        admin.set_permissions("general", "bot", deny=["SEND_MESSAGES", "READ_MESSAGE_HISTORY"])
        for where in ("alerts", "general"):
            answer = await fixture.run("board create", where=where, channel=general)
            assert answer.content == (
                f"In <#{general}> I still need: Send Messages and Read Message History."
            )
        here = await fixture.run("board create")
        assert here.content == answer.content
        assert fixture.app.services.boards.find(fixture.guild_id, int(general)) is None
        # Embeds are no part of it.
        admin.set_permissions("general", "bot", deny="EMBED_LINKS")
        await fixture.run("board create")
        assert len(boards(fixture)) == 1

    run_with_bot(tmp_path, scenario)


def test_a_board_is_pinned_where_that_is_allowed(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("board create")
        assert [one["pinned"] for one in boards(fixture)] == [False]
        fixture.sandbox.admin.set_permissions("alerts", "bot", allow="PIN_MESSAGES")
        await asyncio.sleep(0.1)
        await fixture.run("board create", where="alerts")
        await fixture.sandbox.wait_for(lambda: boards(fixture, "alerts")[0]["pinned"])
        refused = [e for e in fixture.sandbox.record.requests if e.status == 403]
        assert refused == []

    run_with_bot(tmp_path, scenario)


def test_a_removed_board_is_deleted_and_forgotten(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        general = fixture.sandbox.channel("general").id
        await fixture.run("board create")
        answer = await fixture.run("board remove", where="alerts", channel=general)
        assert answer.content == f"The board of <#{general}> is removed."
        await fixture.sandbox.wait_for(lambda: not boards(fixture))
        answer = await fixture.run("board remove")
        assert answer.content == "There is no board in that channel."
        await fixture.run("board create")
        assert len(boards(fixture)) == 1

    run_with_bot(tmp_path, scenario)


def test_a_deleted_board_comes_back_once_then_people_are_asked_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await watched(fixture)
        await fixture.run("board create")
        await shows(fixture, "1 site is up")
        fixture.sandbox.admin.delete_message(boards(fixture)[0]["id"])
        await fixture.run("watch pause", monitor="Shop")
        await shows(fixture, "1 paused")
        fixture.sandbox.admin.delete_message(boards(fixture)[0]["id"])
        await fixture.run("watch resume", monitor="Shop")
        asked = await fixture.sandbox.wait_for_message("alerts", "deleted again")
        general = fixture.channel_id("general")
        assert asked["content"].startswith(
            f"The board in <#{general}> was deleted again, so I no longer update it."
            " To get it back: </board create:"
        )
        await fixture.run("watch pause", monitor="Shop")
        await asyncio.sleep(0.4)
        assert boards(fixture) == []
        assert len(fixture.sandbox.texts("alerts")) == 1
        answer = await fixture.run("board create")
        assert answer.content.startswith("The board is posted")
        await shows(fixture, "1 paused")

    run_with_bot(tmp_path, scenario)


def test_a_restart_goes_on_with_the_same_message_and_its_newest_truth(tmp_path: Path) -> None:
    async def whole_run() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.set_channel("alerts")
                await watched(fixture)
                await fixture.run("board create")
                board = await shows(fixture, "1 site is up")
                sandbox.faults.add("503", method="PATCH")
                await fixture.run("watch pause", monitor="Shop")
                await asyncio.sleep(0.3)
            sandbox.faults.clear()
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await shows(again, "1 paused")
                assert [one["id"] for one in boards(again)] == [board["id"]]

    asyncio.run(whole_run())


@pytest.mark.parametrize("late", [False, True])
def test_a_crash_between_post_and_commit_leaves_one_board(tmp_path: Path, *, late: bool) -> None:
    """``late``: the next start comes when Discord no longer knows the nonce."""

    async def whole_run() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                path = f"/channels/{sandbox.channel('general').id}/messages"
                sandbox.faults.add("accept_then_stall", method="POST", path=path, times=1)
                asking = asyncio.create_task(fixture.run("board create"))
                await sandbox.wait_for(lambda: boards(fixture))
                asking.cancel()
            sandbox.faults.clear()
            if late:
                sandbox.clock.advance(3_600)
                await _long_ago(tmp_path)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                kept = again.app.services.boards

                def known() -> bool:
                    found = kept.find(again.guild_id, again.channel_id("general"))
                    return found is not None and found.message_id is not None

                await until(known)
                assert len(boards(again)) == 1

    asyncio.run(whole_run())


async def _long_ago(path: Path) -> None:
    """The latest try was an hour ago, while the message stands in the sandbox's own time."""
    db = await Database.open(path / "vigie.db")
    await db.write(
        lambda conn: (
            conn.execute(
                "UPDATE board SET first_try_ms = first_try_ms - 3600000, last_try_ms = 0"
            ).rowcount
        )
    )
    await db.close()


def test_a_board_never_names_what_some_of_its_readers_may_not_know(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        admin = fixture.sandbox.admin
        guild, other = fixture.sandbox.world.guild("Harbour"), admin.add_guild("Other", ["far"])
        everyone = guild.roles[guild.id]
        await until(lambda: len(fixture.app.guilds.known()) == 2)
        far = next(iter(other.channels.values()))
        await fixture.sandbox.command("Admin", far, "watch add", {"url": f"{fixture.site.url}/far"})
        await watched(fixture, "Open")
        await watched(fixture, "Staff", channel=fixture.sandbox.channel("alerts").id)
        answer = await fixture.run("board create")
        assert "hidden" not in answer.content
        await shows(fixture, "All 2 sites are up")
        # Hidden from everybody but the bot.
        admin.set_permissions("alerts", "bot", allow="VIEW_CHANNEL")
        admin.set_permissions("alerts", everyone, deny="VIEW_CHANNEL")
        board = await shows(fixture, "1 site is up")
        assert "Staff" not in readable(board)
        answer = await fixture.run("board create")
        assert answer.content.splitlines()[1] == (
            f"1 site hidden: not everyone who reads <#{fixture.channel_id('general')}>"
            " can see its alert channel."
        )
        # The board's channel is hidden in the very same way.
        admin.set_permissions("general", "bot", allow="VIEW_CHANNEL")
        admin.set_permissions("general", everyone, deny="VIEW_CHANNEL")
        await shows(fixture, "All 2 sites are up")
        # One more may read the board.
        admin.set_permissions("general", "On call", allow="VIEW_CHANNEL")
        await shows(fixture, "1 site is up")
        # The board of the alert channel itself shows what is reported there.
        await fixture.run("board create", where="alerts")
        assert "Staff" in readable(await shows(fixture, "up", "alerts"))
        # Open to everybody, but for one person or one role.
        for target in ("Member", "On call"):
            admin.set_permissions("general", "On call")
            admin.set_permissions("general", everyone)
            admin.set_permissions("alerts", everyone)
            await shows(fixture, "All 2 sites are up")
            admin.set_permissions("alerts", target, deny="VIEW_CHANNEL")
            await shows(fixture, "1 site is up")
            admin.set_permissions("alerts", target)
        await shows(fixture, "All 2 sites are up")
        assert "far" not in "".join(map(readable, fixture.sandbox.messages("general")))

    run_with_bot(tmp_path, scenario)


def test_a_board_in_a_thread_wakes_with_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watched(fixture)
        thread = add_thread(fixture)
        answer = await fixture.run("board create", where=thread.id)
        assert answer.content.startswith("The board is posted")
        await shows(fixture, "1 site is up", thread.id)
        fixture.sandbox.admin.set_thread(thread, archived=True)
        await fixture.run("watch pause", monitor="Shop")
        await fixture.sandbox.wait_for(lambda: fixture.sandbox.record.of("PATCH", thread.id))
        await asyncio.sleep(0.3)
        checks = len(fixture.sandbox.record.of("PATCH", thread.id))
        fixture.sandbox.admin.set_thread(thread, archived=False)
        await shows(fixture, "1 paused", thread.id)
        assert len(fixture.sandbox.record.of("PATCH", thread.id)) == checks + 1

    run_with_bot(tmp_path, scenario)


def test_a_channel_that_refuses_is_asked_once_and_again_when_it_changes(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watched(fixture)
        await fixture.run("board create")
        await shows(fixture, "1 site is up")
        admin = fixture.sandbox.admin
        admin.set_permissions("general", "bot", deny="VIEW_CHANNEL")
        await asyncio.sleep(0.1)
        await fixture.run("watch pause", where="alerts", monitor="Shop")
        await fixture.sandbox.wait_for(
            lambda: any(e.code == 50001 for e in fixture.sandbox.record.of("PATCH"))
        )
        await asyncio.sleep(0.4)
        assert len([e for e in fixture.sandbox.record.requests if e.code == 50001]) == 1
        admin.set_permissions("general", "bot")
        await shows(fixture, "1 paused")
        assert len(boards(fixture)) == 1

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize("announce", [True, False])
def test_a_board_is_forgotten_with_its_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, announce: bool
) -> None:
    monkeypatch.setattr(throttle, "PATIENCE_MS", 100)

    async def scenario(fixture: BotFixture) -> None:
        await watched(fixture)
        await fixture.run("board create")
        await shows(fixture, "1 site is up")
        general = fixture.channel_id("general")
        fixture.sandbox.admin.delete_channel("general", announce=announce)
        await fixture.run("watch pause", where="alerts", monitor="Shop")
        await until(lambda: fixture.app.services.boards.find(fixture.guild_id, general) is None)
        if announce:
            return
        codes = [e.code for e in fixture.sandbox.record.of("PATCH") if e.code]
        assert set(codes) == {10003}
        assert len(codes) >= 2, "one answer is not believed against the gateway"

    run_with_bot(tmp_path, scenario)


def test_a_server_that_comes_back_finds_its_board_kept_up_again(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watched(fixture)
        await fixture.run("board create")
        await shows(fixture, "1 site is up")
        board_id = boards(fixture)[0]["id"]
        fixture.sandbox.admin.remove_guild("Harbour")
        await until(lambda: not fixture.app.guilds.known())
        await asyncio.sleep(0.3)
        before = len(fixture.sandbox.record.of("PATCH"))
        fixture.sandbox.admin.readd_guild("Harbour")
        await until(lambda: fixture.app.monitors.of_guild(fixture.guild_id))
        await fixture.run("watch pause", monitor="Shop")
        await shows(fixture, "1 paused")
        assert before <= len(fixture.sandbox.record.of("PATCH"))
        assert [one["id"] for one in boards(fixture)] == [board_id]
        assert [e for e in fixture.sandbox.record.requests if e.code == 50001] == []

    run_with_bot(tmp_path, scenario)


def test_fifty_sites_with_awkward_names_fit_in_a_french_board(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.set_locale("Harbour", "fr")
        await until(lambda: fixture.app.guilds.language(fixture.guild_id) == "fr")
        fixture.site.status = 503  # one failed check says nothing yet
        rows = ["name,url,every"]
        for number in range(50):
            text = ("שלום עולם ", "**gras** <@1> ", "مرحبا بالعالم ", "網站監視器 ")[number % 4]
            name = (text * 20)[:76] + f"{number:04}"
            rows.append(f"{name},{fixture.site.url}/{number},3600")
        await take(fixture, "sites.csv", "\n".join(rows))
        answer = await fixture.run("board create")
        assert answer.content.startswith("The board is posted")
        board = await shows(fixture, "50 en attente")
        text = readable(board)
        assert "**⚪ EN ATTENTE** · " in text
        assert text.count(" · ") == 50
        assert "Mis à jour <t:" in text
        assert "<@1>" not in text.replace("\\<@1>", "")
        assert board["mentions"] == []

    run_with_bot(tmp_path, scenario)


def test_the_commands_have_french_names(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        [board] = [one for one in fixture.sandbox.commands if one["name"] == "board"]
        names = {one["name"]: one["name_localizations"]["fr"] for one in board["options"]}
        assert board["name_localizations"]["fr"] == "tableau"
        assert names == {"create": "créer", "page": "page", "remove": "supprimer"}

    run_with_bot(tmp_path, scenario)


def test_maintenance_of_the_next_day_is_on_the_board(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        await fixture.run("board create", channel=fixture.sandbox.channel("general").id)
        begin = datetime.now(UTC) + timedelta(hours=2)
        await fixture.run(
            "maintenance schedule",
            days=f"{begin:%Y-%m-%d}",
            from_=f"{begin:%H:%M}",
            for_="1h",
            monitor="Shop",
        )
        await fixture.sandbox.wait_for_message("general", "PLANNED MAINTENANCE")

    run_with_bot(tmp_path, scenario)


def test_a_board_has_a_title_and_its_sites_in_groups(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await watched(fixture, "Shop", tags="#eu #web", public=True)
        await watched(fixture, "Blog", public=True)
        await fixture.run("board create", title="  *Our* \u202esites ", groups=True)
        shown = readable(await shows(fixture, "Our"))
        assert shown.startswith("### \\*Our\\* sites\nAll 2 sites are up")
        assert shown.index("__#eu__ · 1 up") < shown.index("Shop") < shown.index("Other sites")
        await fixture.run("board create", title="Plain")
        await fixture.sandbox.wait_for(lambda: "Plain" in str(boards(fixture)[0]), 20)
        assert "#eu" not in str(boards(fixture)[0])
        assert len(boards(fixture)) == 1

    run_with_bot(tmp_path, scenario)
