"""``/board`` through the whole Vigie: real delivery, unmodified discord.py, the sandbox."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import State
from bot.services.boards import snapshot, worker
from bot.services.delivery import throttle
from sandbox import Refused, Sandbox
from sandbox.interactions.answer import readable
from sandbox.world.nouns import Channel, ChannelType, Thread
from tests.cogs.harbour import Harbour, Json, harbour, sail, until

V2 = 1 << 15
SILENT = 1 << 12


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spacing is proven with a clock in the tests of the service."""
    monkeypatch.setattr(snapshot, "STATES_APART_MS", 100)
    monkeypatch.setattr(worker, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(worker, "_LOOKS_APART_S", 0.05)


def boards(ship: Harbour, channel: str = "general") -> list[Json]:
    return [m for m in ship.sandbox.messages(channel) if m["flags"] & V2]


async def shows(ship: Harbour, text: str, channel: str = "general") -> Json:
    return await ship.sandbox.wait_for_message(channel, text, timeout=40)


async def watched(ship: Harbour, name: str = "Shop", **more: Any) -> None:
    """Add a site and wait until it is known to be up: a board's edits are 15 seconds apart."""
    await ship.run("watch add", url=ship.site.url, name=name, every=1, **more)
    found = ship.app.services.monitors.find(ship.guild_id, name)
    status = ship.app.services.status
    await until(lambda: status.one(ship.guild_id, found.id).state is State.UP, seconds=20)


def edits(ship: Harbour) -> int:
    return len(ship.sandbox.record.of("PATCH", "/messages/"))


def add_thread(ship: Harbour, kind: ChannelType = ChannelType.PUBLIC_THREAD) -> Channel:
    now = ship.sandbox.clock.iso()
    made = Channel(
        ship.sandbox._core.ids.new(),
        "talk",
        kind,
        str(ship.guild_id),
        parent_id=ship.sandbox.channel("general").id,
        thread=Thread(ship.sandbox.world.bot.id, now, now),
    )
    ship.sandbox.world.guild("Harbour").channels[made.id] = made
    ship.sandbox._core.news.channel_made(made)
    return made


def test_a_board_follows_the_truth_and_is_otherwise_left_alone(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await watched(ship)
        answer = await ship.run("board create")
        [board] = boards(ship)
        assert answer.ephemeral
        assert answer.content == (
            "The board is up and keeps itself up to date: https://discord.com/channels/"
            f"{ship.guild_id}/{ship.channel_id('general')}/{board['id']}"
        )
        assert board["flags"] == V2 | SILENT
        assert board["content"] == ""
        assert board["components"][0]["type"] == 17
        await shows(ship, "1 site is up")
        before = edits(ship)
        await asyncio.sleep(0.5)
        assert edits(ship) == before
        ship.site.status = 503
        down = await shows(ship, "1 down")
        assert "**✖ DOWN** · Shop · HTTP 503 · <t:" in readable(down)
        await ship.site.heal()
        await shows(ship, "1 site is up")
        assert [one["id"] for one in boards(ship)] == [board["id"]]
        assert "Shop" in ship.sandbox.texts("alerts")[0]
        sent = ship.sandbox.record.of("POST", f"/channels/{ship.channel_id('general')}/messages")
        [request] = sent
        assert isinstance(request.body, dict)
        assert request.body["allowed_mentions"] == {"parse": []}
        assert request.body["enforce_nonce"] is True

    sail(tmp_path, scenario)


def test_a_second_create_says_where_the_board_is_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        general = ship.sandbox.channel("general").id
        first, second = await asyncio.gather(
            ship.run("board create"), ship.run("board create", where="alerts", channel=general)
        )
        [board] = boards(ship)
        assert sorted(one.content.partition(": ")[0] for one in (first, second)) == [
            f"<#{general}> has its board already",
            "The board is up and keeps itself up to date",
        ]
        assert all(one.content.endswith(board["id"]) for one in (first, second))
        again = await ship.run("board create", locale="fr")
        assert again.content.startswith(f"<#{general}> a déjà son tableau\u202f: https://")
        assert len(boards(ship)) == 1

    sail(tmp_path, scenario)


def test_a_create_after_an_unnoticed_deletion_links_to_a_living_board(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("board create")
        ship.sandbox.admin.delete_message(boards(ship)[0]["id"])
        answer = await ship.run("board create")
        [board] = boards(ship)
        assert answer.content.endswith(board["id"])
        await ship.run("board create")
        assert [one["id"] for one in boards(ship)] == [board["id"]]

    sail(tmp_path, scenario)


def test_while_discord_takes_no_messages_the_board_is_promised_and_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.faults.add("503", method="POST", path="/messages$")
        answer = await ship.run("board create")
        general = ship.channel_id("general")
        assert answer.content == f"The board follows in <#{general}>, once Discord takes it."
        ship.sandbox.faults.clear()
        await shows(ship, "No sites to show here yet")
        assert len(boards(ship)) == 1

    monkeypatch.setattr("cogs.board._POSTED_WITHIN_S", 0.3)
    sail(tmp_path, scenario)


def test_only_people_with_manage_server_have_boards(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        for who in ("Moderator", "Member"):
            with pytest.raises(Refused):
                await ship.run("board create", who=who)
        ship.open_commands()
        for name in ("board create", "board remove"):
            refused = await ship.run(name, who="Member")
            assert refused.content == "You need “Manage Server” for this."
        assert boards(ship) == []

    sail(tmp_path, scenario)


def test_channels_that_cannot_have_a_board_are_refused_in_one_sentence(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        news = ship.sandbox.channel("news").id
        picked = await ship.run("board create", channel=news)
        here = await ship.run("board create", where="news")
        for answer in (picked, here):
            assert answer.content == (
                "A board is edited often, and Discord hardly allows that in an announcement"
                " channel. Choose a text channel."
            )
        french = await ship.run("board create", channel=news, locale="fr")
        assert french.content.endswith("Choisissez un salon textuel.")
        hidden = add_thread(ship, ChannelType.PRIVATE_THREAD)
        private = await ship.run("board create", where=hidden.id)
        assert private.content == "A board needs a text channel or a public thread."
        none = await ship.run("board remove")
        assert none.content == "There is no board in that channel."

    sail(tmp_path, scenario)


def test_what_is_missing_in_the_channel_is_named_on_the_spot(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        admin, general = ship.sandbox.admin, ship.sandbox.channel("general").id
        admin.set_permissions("general", "bot", deny=["SEND_MESSAGES", "READ_MESSAGE_HISTORY"])
        for where in ("alerts", "general"):
            answer = await ship.run("board create", where=where, channel=general)
            assert answer.content == (
                f"In <#{general}> I still need: Send Messages and Read Message History."
            )
        here = await ship.run("board create")
        assert here.content == answer.content
        assert ship.app.services.boards.find(ship.guild_id, int(general)) is None
        # Embeds are no part of it.
        admin.set_permissions("general", "bot", deny="EMBED_LINKS")
        await ship.run("board create")
        assert len(boards(ship)) == 1

    sail(tmp_path, scenario)


def test_a_board_is_pinned_where_that_is_allowed(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("board create")
        assert [one["pinned"] for one in boards(ship)] == [False]
        ship.sandbox.admin.set_permissions("alerts", "bot", allow="PIN_MESSAGES")
        await asyncio.sleep(0.1)
        await ship.run("board create", where="alerts")
        await ship.sandbox.wait_for(lambda: boards(ship, "alerts")[0]["pinned"])
        refused = [e for e in ship.sandbox.record.requests if e.status == 403]
        assert refused == []

    sail(tmp_path, scenario)


def test_a_removed_board_is_deleted_and_forgotten(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        general = ship.sandbox.channel("general").id
        await ship.run("board create")
        answer = await ship.run("board remove", where="alerts", channel=general)
        assert answer.content == f"The board of <#{general}> is removed."
        await ship.sandbox.wait_for(lambda: not boards(ship))
        answer = await ship.run("board remove")
        assert answer.content == "There is no board in that channel."
        await ship.run("board create")
        assert len(boards(ship)) == 1

    sail(tmp_path, scenario)


def test_a_deleted_board_comes_back_once_then_people_are_asked_once(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await watched(ship)
        await ship.run("board create")
        await shows(ship, "1 site is up")
        ship.sandbox.admin.delete_message(boards(ship)[0]["id"])
        await ship.run("watch pause", monitor="Shop")
        await shows(ship, "1 paused")
        ship.sandbox.admin.delete_message(boards(ship)[0]["id"])
        await ship.run("watch resume", monitor="Shop")
        asked = await ship.sandbox.wait_for_message("alerts", "deleted again", timeout=40)
        general = ship.channel_id("general")
        assert asked["content"].startswith(
            f"The board in <#{general}> was deleted again, so I no longer keep it up."
            " Do you want it back? </board create:"
        )
        await ship.run("watch pause", monitor="Shop")
        await asyncio.sleep(0.4)
        assert boards(ship) == []
        assert len(ship.sandbox.texts("alerts")) == 1
        answer = await ship.run("board create")
        assert answer.content.startswith("The board is up")
        await shows(ship, "1 paused")

    sail(tmp_path, scenario)


def test_a_restart_goes_on_with_the_same_message_and_its_newest_truth(tmp_path: Path) -> None:
    async def voyage() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await ship.set_channel("alerts")
                await watched(ship)
                await ship.run("board create")
                board = await shows(ship, "1 site is up")
                sandbox.faults.add("503", method="PATCH")
                await ship.run("watch pause", monitor="Shop")
                await asyncio.sleep(0.3)
            sandbox.faults.clear()
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await shows(again, "1 paused")
                assert [one["id"] for one in boards(again)] == [board["id"]]

    asyncio.run(voyage())


@pytest.mark.parametrize("late", [False, True])
def test_a_crash_between_post_and_commit_leaves_one_board(tmp_path: Path, *, late: bool) -> None:
    """``late``: the next start comes when Discord no longer knows the nonce."""

    async def voyage() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                path = f"/channels/{sandbox.channel('general').id}/messages"
                sandbox.faults.add("accept_then_stall", method="POST", path=path, times=1)
                asking = asyncio.create_task(ship.run("board create"))
                await sandbox.wait_for(lambda: boards(ship))
                asking.cancel()
            sandbox.faults.clear()
            if late:
                sandbox.clock.advance(3_600)
                await _long_ago(tmp_path)
            async with harbour(tmp_path, sandbox=sandbox) as again:
                kept = again.app.services.boards

                def known() -> bool:
                    found = kept.find(again.guild_id, again.channel_id("general"))
                    return found is not None and found.message_id is not None

                await until(known, 15)
                assert len(boards(again)) == 1

    asyncio.run(voyage())


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
    async def scenario(ship: Harbour) -> None:
        admin = ship.sandbox.admin
        guild, other = ship.sandbox.world.guild("Harbour"), admin.add_guild("Other", ["far"])
        everyone = guild.roles[guild.id]
        await until(lambda: len(ship.app.guilds.known()) == 2)
        far = next(iter(other.channels.values()))
        await ship.sandbox.command("Admin", far, "watch add", {"url": f"{ship.site.url}/far"})
        await watched(ship, "Open")
        await watched(ship, "Staff", channel=ship.sandbox.channel("alerts").id)
        answer = await ship.run("board create")
        assert "leaves out" not in answer.content
        await shows(ship, "All 2 sites are up")
        # Hidden from everybody but the bot.
        admin.set_permissions("alerts", "bot", allow="VIEW_CHANNEL")
        admin.set_permissions("alerts", everyone, deny="VIEW_CHANNEL")
        board = await shows(ship, "1 site is up")
        assert "Staff" not in readable(board)
        answer = await ship.run("board create")
        assert answer.content.splitlines()[1] == (
            f"It leaves out 1 site: not everybody who reads <#{ship.channel_id('general')}>"
            " can see where its alerts go."
        )
        # The board's channel is hidden in the very same way.
        admin.set_permissions("general", "bot", allow="VIEW_CHANNEL")
        admin.set_permissions("general", everyone, deny="VIEW_CHANNEL")
        await shows(ship, "All 2 sites are up")
        # One more may read the board.
        admin.set_permissions("general", "On call", allow="VIEW_CHANNEL")
        await shows(ship, "1 site is up")
        # The board of the alert channel itself shows what is told there.
        await ship.run("board create", where="alerts")
        assert "Staff" in readable(await shows(ship, "up", "alerts"))
        # Open to everybody, but for one person or one role.
        for target in ("Member", "On call"):
            admin.set_permissions("general", "On call")
            admin.set_permissions("general", everyone)
            admin.set_permissions("alerts", everyone)
            await shows(ship, "All 2 sites are up")
            admin.set_permissions("alerts", target, deny="VIEW_CHANNEL")
            await shows(ship, "1 site is up")
            admin.set_permissions("alerts", target)
        await shows(ship, "All 2 sites are up")
        assert "far" not in "".join(map(readable, ship.sandbox.messages("general")))

    sail(tmp_path, scenario)


def test_a_board_in_a_thread_wakes_with_it(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await watched(ship)
        thread = add_thread(ship)
        answer = await ship.run("board create", where=thread.id)
        assert answer.content.startswith("The board is up")
        await shows(ship, "1 site is up", thread.id)
        ship.sandbox.admin.set_thread(thread, archived=True)
        await ship.run("watch pause", monitor="Shop")
        await ship.sandbox.wait_for(lambda: ship.sandbox.record.of("PATCH", thread.id))
        await asyncio.sleep(0.3)
        tries = len(ship.sandbox.record.of("PATCH", thread.id))
        ship.sandbox.admin.set_thread(thread, archived=False)
        await shows(ship, "1 paused", thread.id)
        assert len(ship.sandbox.record.of("PATCH", thread.id)) == tries + 1

    sail(tmp_path, scenario)


def test_a_channel_that_refuses_is_asked_once_and_again_when_it_changes(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await watched(ship)
        await ship.run("board create")
        await shows(ship, "1 site is up")
        admin = ship.sandbox.admin
        admin.set_permissions("general", "bot", deny="VIEW_CHANNEL")
        await asyncio.sleep(0.1)
        await ship.run("watch pause", where="alerts", monitor="Shop")
        await ship.sandbox.wait_for(
            lambda: any(e.code == 50001 for e in ship.sandbox.record.of("PATCH"))
        )
        await asyncio.sleep(0.4)
        assert len([e for e in ship.sandbox.record.requests if e.code == 50001]) == 1
        admin.set_permissions("general", "bot")
        await shows(ship, "1 paused")
        assert len(boards(ship)) == 1

    sail(tmp_path, scenario)


@pytest.mark.parametrize("announce", [True, False])
def test_a_board_is_forgotten_with_its_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, announce: bool
) -> None:
    monkeypatch.setattr(throttle, "PATIENCE_MS", 100)

    async def scenario(ship: Harbour) -> None:
        await watched(ship)
        await ship.run("board create")
        await shows(ship, "1 site is up")
        general = ship.channel_id("general")
        ship.sandbox.admin.delete_channel("general", announce=announce)
        await ship.run("watch pause", where="alerts", monitor="Shop")
        await until(lambda: ship.app.services.boards.find(ship.guild_id, general) is None)
        if announce:
            return
        codes = [e.code for e in ship.sandbox.record.of("PATCH") if e.code]
        assert set(codes) == {10003}
        assert len(codes) >= 2, "one answer is not believed against the gateway"

    sail(tmp_path, scenario)


def test_a_server_that_comes_back_finds_its_board_kept_up_again(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await watched(ship)
        await ship.run("board create")
        await shows(ship, "1 site is up")
        board_id = boards(ship)[0]["id"]
        ship.sandbox.admin.remove_guild("Harbour")
        await until(lambda: not ship.app.guilds.known())
        await asyncio.sleep(0.3)
        before = len(ship.sandbox.record.of("PATCH"))
        ship.sandbox.admin.readd_guild("Harbour")
        await until(ship.app.guilds.known)
        await ship.run("watch pause", monitor="Shop")
        await shows(ship, "1 paused")
        assert before <= len(ship.sandbox.record.of("PATCH"))
        assert [one["id"] for one in boards(ship)] == [board_id]
        assert [e for e in ship.sandbox.record.requests if e.code == 50001] == []

    sail(tmp_path, scenario)


def test_fifty_sites_with_awkward_names_fit_in_a_french_board(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.admin.set_locale("Harbour", "fr")
        await until(lambda: ship.app.guilds.language(ship.guild_id) == "fr")
        ship.site.status = 503  # one failed check says nothing yet
        for number in range(50):
            text = ("שלום עולם ", "**gras** <@1> ", "مرحبا بالعالم ", "網站監視器 ")[number % 4]
            name = (text * 20)[:76] + f"{number:04}"
            await ship.run("watch add", url=f"{ship.site.url}/{number}", name=name, every=3600)
        answer = await ship.run("board create")
        assert answer.content.startswith("The board is up")
        board = await shows(ship, "50 pas encore jugés")
        text = readable(board)
        assert "**? PAS ENCORE JUGÉ** · " in text
        assert text.count(" · ") == 50
        assert "Mis à jour <t:" in text
        assert "<@1>" not in text.replace("\\<@1>", "")
        assert board["mentions"] == []

    sail(tmp_path, scenario)


def test_the_commands_have_french_names(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        [board] = [one for one in ship.sandbox.commands if one["name"] == "board"]
        names = {one["name"]: one["name_localizations"]["fr"] for one in board["options"]}
        assert board["name_localizations"]["fr"] == "tableau"
        assert names == {"create": "créer", "remove": "supprimer"}

    sail(tmp_path, scenario)
