"""``/watch add``, ``list``, ``pause`` and ``resume``: what is watched, and by whose leave."""

from pathlib import Path

import pytest

from sandbox import Refused
from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_the_first_site_brings_its_alerts_to_where_it_is_added(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("watch add", url=fixture.site.url)
        host = fixture.site.url.removeprefix("http://")
        assert answer.ephemeral
        assert answer.content.startswith(f"Watching {host} every 60 s. First check: OK, ")
        assert f"<#{fixture.channel_id('general')}>" in answer.content
        assert "</alerts channel:" in answer.content
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert settings.channel_id == fixture.channel_id("general")

    run_with_bot(tmp_path, scenario)


def test_a_site_that_fails_at_first_is_watched_all_the_same(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.site.status = 503
        answer = await fixture.run("watch add", url=fixture.site.url, every=30)
        assert "every 30 s. First check: HTTP 503 (Service Unavailable)." in answer.content
        assert len(fixture.app.monitors.of_guild(fixture.guild_id)) == 1

    run_with_bot(tmp_path, scenario)


def test_a_channel_that_refuses_the_bot_is_not_taken_for_alerts(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.set_permissions("general", deny="EMBED_LINKS")
        answer = await fixture.run("watch add", url=fixture.site.url)
        assert "No alert channel set yet: </alerts channel:" in answer.content
        assert "I still need: Embed Links." in answer.content
        assert fixture.app.guilds.settings(fixture.guild_id).channel_id is None

    run_with_bot(tmp_path, scenario)


def test_private_addresses_and_doubled_names_are_refused_in_the_asker_s_own_words(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        refused = await fixture.run("watch add", url="http://10.1.2.3/")
        assert refused.ephemeral
        assert "private" in refused.content
        for name, started in (("Shop", True), ("shop", False)):
            answer = await fixture.run("watch add", url=fixture.site.url, name=name)
            assert answer.content.startswith("Watching") is started
        assert [m.name for m in fixture.app.monitors.of_guild(fixture.guild_id)] == ["Shop"]

    run_with_bot(tmp_path, scenario)


def test_https_is_added_only_to_what_has_no_scheme(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.add_user("Nobody", "Harbour")
        bare = await fixture.run("watch add", url=fixture.site.url.removeprefix("http://"))
        assert "every 60 s" in bare.content
        assert fixture.app.monitors.of_guild(fixture.guild_id)[0].target.url.startswith(
            "https://127."
        )
        odd = await fixture.run("watch add", url="//example.com", name="odd")
        assert not odd.content.startswith("Watching")

    run_with_bot(tmp_path, scenario)


def test_a_slow_first_check_is_answered_after_a_deferral(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.site.delay_s = 1.3
        answer = await fixture.run("watch add", url=fixture.site.url)
        assert answer.deferred
        assert answer.ephemeral
        assert "First check: OK, 1" in answer.content

    run_with_bot(tmp_path, scenario)


def test_only_people_with_manage_server_change_what_is_watched(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        with pytest.raises(Refused):
            await fixture.run("watch remove", who="Moderator", monitor="Shop")
        for name in ("watch pause", "watch list"):
            options = {} if name == "watch list" else {"monitor": "Shop"}
            with pytest.raises(Refused):
                await fixture.run(name, who="Moderator", **options)
        assert len(fixture.app.monitors.of_guild(fixture.guild_id)) == 1

    run_with_bot(tmp_path, scenario)


def test_monitors_are_offered_by_name_and_taken_as_ids(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        for name in ("Shop API", "Workshop", "Bakery"):
            await fixture.run("watch add", url=fixture.site.url, name=name)
        offered = await fixture.sandbox.autocomplete(
            "Admin", "general", "watch remove", "monitor", "sh"
        )
        assert [choice["name"] for choice in offered] == ["Shop API", "Workshop"]
        assert all(choice["value"].isdigit() for choice in offered)
        removed = await fixture.remove(offered[0]["value"])
        assert "I no longer watch Shop API." in removed.text
        assert f"`{fixture.site.url}/`" in removed.text
        assert "</watch add:" in removed.text
        left = await fixture.sandbox.autocomplete("Admin", "general", "watch remove", "monitor")
        assert [choice["name"] for choice in left] == ["Bakery", "Workshop"]
        gone = await fixture.run("watch remove", monitor="Shop API")
        assert gone.buttons == []
        assert gone.content == (
            "I watch nothing called “Shop API” here. Pick one from the list as you type."
        )

    run_with_bot(tmp_path, scenario)


def test_a_pause_ends_by_itself_or_by_hand(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        paused = await fixture.run("watch pause", monitor="Shop", for_="1 h 30 min")
        monitor = fixture.app.monitors.of_guild(fixture.guild_id)[0]
        assert monitor.resume_ms is not None
        assert monitor.paused_ms is not None
        assert monitor.resume_ms - monitor.paused_ms == 5_400_000
        assert paused.content == f"Shop is paused until <t:{monitor.resume_ms // 1000}:f>."
        assert (
            await fixture.run("watch resume", monitor="Shop")
        ).content == "Checks of Shop have resumed."
        assert (await fixture.run("watch resume", monitor="Shop")).content == "Shop was not paused."
        assert not fixture.app.monitors.of_guild(fixture.guild_id)[0].paused
        odd = await fixture.run("watch pause", monitor="Shop", for_="soon")
        assert odd.content.endswith("Examples: 30m, 2h, 1d, 1h30.")
        for_ever = await fixture.run("watch pause", monitor="Shop")
        assert for_ever.content == "Shop is paused until somebody resumes it."

    run_with_bot(tmp_path, scenario)


def test_the_list_shows_settings_and_its_empty_form_the_next_step(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        assert "Try </watch add:" in (await fixture.run("watch list")).content
        await fixture.set_channel("alerts")
        for number in range(30):
            await fixture.run(
                "watch add", url=fixture.site.url, name=f"Site {number:02}", every=300
            )
        shown = (await fixture.run("watch list")).text
        assert f"Site 00 · 127.0.0.1:{fixture.site.url.rpartition(':')[2]} · every 5 min" in shown
        assert f"<#{fixture.channel_id('alerts')}>" in shown
        assert "Page 1 of 2" in shown
        assert "30 sites watched" in shown

    run_with_bot(tmp_path, scenario)


def test_names_cannot_ping_or_break_the_answer(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        name = "**@everyone** <@&1> `x` \u202eevil\u202c [a](http://b)"
        answer = await fixture.run("watch add", url=fixture.site.url, name=name)
        assert "\u202e" not in answer.text
        assert "\\@everyone" in answer.text
        assert "\\<\\@&1>" in answer.text
        assert answer.message is not None
        assert not answer.message["mention_everyone"]
        for entry in fixture.sandbox.record.of("POST", "/callback"):
            data = entry.body["data"] if isinstance(entry.body, dict) else {}
            assert data["allowed_mentions"] == {"parse": []}

    run_with_bot(tmp_path, scenario)
