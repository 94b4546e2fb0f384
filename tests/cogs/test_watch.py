"""``/watch add``, ``list``, ``pause`` and ``resume``: what is watched, and by whose leave."""

from pathlib import Path

import pytest

from sandbox import Refused
from tests.cogs.harbour import Harbour, sail


def test_the_first_site_brings_its_alerts_to_where_it_is_added(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        answer = await ship.run("watch add", url=ship.site.url)
        host = ship.site.url.removeprefix("http://")
        assert answer.ephemeral
        assert answer.content.startswith(f"Watching {host} every 60 s. First check: fine, ")
        assert f"<#{ship.channel_id('general')}>" in answer.content
        assert "</alerts channel:" in answer.content
        settings = ship.app.guilds.settings(ship.guild_id)
        assert settings.channel_id == ship.channel_id("general")

    sail(tmp_path, scenario)


def test_a_site_that_fails_at_first_is_watched_all_the_same(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.site.status = 503
        answer = await ship.run("watch add", url=ship.site.url, every=30)
        assert "every 30 s. First check: HTTP 503." in answer.content
        assert len(ship.app.monitors.of_guild(ship.guild_id)) == 1

    sail(tmp_path, scenario)


def test_a_channel_that_refuses_the_bot_is_not_taken_for_alerts(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.admin.set_permissions("general", deny="EMBED_LINKS")
        answer = await ship.run("watch add", url=ship.site.url)
        assert "Alerts have nowhere to go yet: </alerts channel:" in answer.content
        assert "I still need: Embed Links." in answer.content
        assert ship.app.guilds.settings(ship.guild_id).channel_id is None

    sail(tmp_path, scenario)


def test_private_addresses_and_doubled_names_are_refused_in_the_asker_s_own_words(
    tmp_path: Path,
) -> None:
    async def scenario(ship: Harbour) -> None:
        refused = await ship.run("watch add", url="http://10.1.2.3/")
        assert refused.ephemeral
        assert "private" in refused.content
        for name, started in (("Shop", True), ("shop", False)):
            answer = await ship.run("watch add", url=ship.site.url, name=name)
            assert answer.content.startswith("Watching") is started
        assert [m.name for m in ship.app.monitors.of_guild(ship.guild_id)] == ["Shop"]

    sail(tmp_path, scenario)


def test_https_is_added_only_to_what_has_no_scheme(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.admin.add_user("Nobody", "Harbour")
        bare = await ship.run("watch add", url=ship.site.url.removeprefix("http://"))
        assert "every 60 s" in bare.content
        assert ship.app.monitors.of_guild(ship.guild_id)[0].target.url.startswith("https://127.")
        odd = await ship.run("watch add", url="//example.com", name="odd")
        assert not odd.content.startswith("Watching")

    sail(tmp_path, scenario)


def test_a_slow_first_check_is_answered_after_a_deferral(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.site.delay_s = 1.3
        answer = await ship.run("watch add", url=ship.site.url)
        assert answer.deferred
        assert answer.ephemeral
        assert "First check: fine, 1" in answer.content

    sail(tmp_path, scenario)


def test_only_people_with_manage_server_change_what_is_watched(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("watch add", url=ship.site.url, name="Shop")
        with pytest.raises(Refused):
            await ship.run("watch remove", who="Moderator", monitor="Shop")
        ship.open_commands()
        for name in ("watch remove", "watch pause", "watch list"):
            options = {} if name == "watch list" else {"monitor": "Shop"}
            answer = await ship.run(name, who="Moderator", **options)
            assert answer.content == "You need “Manage Server” for this."
            assert answer.ephemeral
        french = await ship.run("watch list", who="Moderator", locale="fr")
        assert french.ephemeral
        assert (
            await ship.sandbox.autocomplete("Moderator", "general", "watch remove", "monitor") == []
        )
        assert len(ship.app.monitors.of_guild(ship.guild_id)) == 1

    sail(tmp_path, scenario)


def test_monitors_are_offered_by_name_and_taken_as_ids(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        for name in ("Shop API", "Workshop", "Bakery"):
            await ship.run("watch add", url=ship.site.url, name=name)
        offered = await ship.sandbox.autocomplete(
            "Admin", "general", "watch remove", "monitor", "sh"
        )
        assert [choice["name"] for choice in offered] == ["Shop API", "Workshop"]
        assert all(choice["value"].isdigit() for choice in offered)
        removed = await ship.remove(offered[0]["value"])
        assert "I no longer watch Shop API." in removed.text
        assert f"`{ship.site.url}/`" in removed.text
        assert "</watch add:" in removed.text
        left = await ship.sandbox.autocomplete("Admin", "general", "watch remove", "monitor")
        assert [choice["name"] for choice in left] == ["Bakery", "Workshop"]
        gone = await ship.run("watch remove", monitor="Shop API")
        assert gone.buttons == []
        assert gone.content == (
            "I watch nothing called “Shop API” here. Pick one from the list as you type."
        )

    sail(tmp_path, scenario)


def test_a_pause_ends_by_itself_or_by_hand(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("watch add", url=ship.site.url, name="Shop")
        paused = await ship.run("watch pause", monitor="Shop", for_="1 h 30 min")
        monitor = ship.app.monitors.of_guild(ship.guild_id)[0]
        assert monitor.resume_ms is not None
        assert monitor.paused_ms is not None
        assert monitor.resume_ms - monitor.paused_ms == 5_400_000
        assert paused.content == f"Shop is paused until <t:{monitor.resume_ms // 1000}:f>."
        assert (await ship.run("watch resume", monitor="Shop")).content == "Shop is checked again."
        assert (await ship.run("watch resume", monitor="Shop")).content == "Shop was not paused."
        assert not ship.app.monitors.of_guild(ship.guild_id)[0].paused
        odd = await ship.run("watch pause", monitor="Shop", for_="soon")
        assert odd.content.endswith("Examples: 30m, 2h, 1d.")
        for_ever = await ship.run("watch pause", monitor="Shop")
        assert for_ever.content == "Shop is paused until somebody resumes it."

    sail(tmp_path, scenario)


def test_the_list_shows_settings_and_its_empty_form_the_next_step(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        assert "Try </watch add:" in (await ship.run("watch list")).content
        await ship.set_channel("alerts")
        for number in range(30):
            await ship.run("watch add", url=ship.site.url, name=f"Site {number:02}", every=300)
        shown = (await ship.run("watch list")).text
        assert f"Site 00 · 127.0.0.1:{ship.site.url.rpartition(':')[2]} · every 300 s" in shown
        assert f"<#{ship.channel_id('alerts')}>" in shown
        assert "+5 more" in shown
        assert "30 monitors" in shown

    sail(tmp_path, scenario)


def test_names_cannot_ping_or_break_the_answer(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        name = "**@everyone** <@&1> `x` \u202eevil\u202c [a](http://b)"
        answer = await ship.run("watch add", url=ship.site.url, name=name)
        assert "\u202e" not in answer.text
        assert "\\@everyone" in answer.text
        assert "\\<\\@&1>" in answer.text
        assert answer.message is not None
        assert not answer.message["mention_everyone"]
        for entry in ship.sandbox.record.of("POST", "/callback"):
            data = entry.body["data"] if isinstance(entry.body, dict) else {}
            assert data["allowed_mentions"] == {"parse": []}

    sail(tmp_path, scenario)
