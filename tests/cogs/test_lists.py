"""Long lists: pages, and what is left of them by text, state and tag."""

from pathlib import Path

from bot.services.monitor_rules import MonitorIndex
from tests.cogs.bot_fixture import BotFixture, run_with_bot


async def many(fixture: BotFixture, count: int = 55) -> None:
    """Sites of the server, every tenth of them with a tag; none is checked within the test."""
    await fixture.set_channel("alerts")
    drafts = []
    for number in range(count):
        tags = "#shop" if number % 10 == 0 else ""
        new = {"url": f"https://s{number:02}.example/", "name": f"Site {number:02}", "tags": tags}
        drafts.append(
            fixture.app.monitors.draft(fixture.guild_id, {**new, "every": 9000}, MonitorIndex())
        )
    await fixture.app.monitors.keep(fixture.guild_id, drafts, by=1)


def test_the_list_of_all_sites_has_pages_and_filters(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await many(fixture)
        first = await fixture.run("watch list")
        assert "55 sites watched \u00b7 Page 1 of 4" in first.text
        assert first.text.count("every 150 min") == 15
        assert "Site 54" not in first.text
        await fixture.sandbox.press("Admin", first, "\u25b6")
        assert "Page 2 of 4" in fixture.sandbox.look(first).text
        last = await fixture.run("watch list", page=9)
        assert "Page 4 of 4" in last.text
        assert "Site 54" in last.text
        tagged = await fixture.run("watch list", tag="#shop", text="SITE", locale="fr")
        assert tagged.text.count("Site ") == 6
        assert "Filtre\u202f: #shop \u00b7 \u201cSITE\u201d" in tagged.text.replace(
            "\u00ab\u202fSITE\u202f\u00bb", "\u201cSITE\u201d"
        )
        by_host = await fixture.run("watch list", text="s07.exam")
        assert by_host.text.count("Site ") == 1
        assert (await fixture.run("watch list", state="down")).content == (
            "No site here matches that."
        )
        await fixture.run("watch pause", monitor="Site 03")
        paused = await fixture.run("watch list", state="paused")
        assert "Site 03" in paused.text
        assert "1 site watched" in paused.text

    run_with_bot(tmp_path, scenario, max_monitors=100)


def test_the_pages_of_a_filtered_status_keep_the_filter(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await many(fixture)
        answer = await fixture.run("status", who="Member", text="e", state="pending")
        assert "Page 1 of 6" in answer.text
        assert "Filter: pending" in answer.text
        await fixture.sandbox.press("Member", answer, "\u25b6")
        assert "Page 2 of 6" in fixture.sandbox.look(answer).text
        tagged = await fixture.run("status", who="Member", tag="shop")
        assert tagged.text.count("Site ") == 6
        refreshed = await fixture.sandbox.press("Member", tagged, "Refresh")
        assert "#shop" in fixture.sandbox.look(tagged).text, refreshed.text
        offered = await fixture.sandbox.autocomplete("Member", "general", "status", "tag", "sh")
        assert [one["name"] for one in offered] == ["#shop"]
        nothing = await fixture.run("status", who="Member", text="nowhere")
        assert nothing.content == "No site here matches that."

    run_with_bot(tmp_path, scenario, max_monitors=100)


def test_a_filter_finds_no_host_of_a_site_of_which_people_may_know_the_name_alone(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.set_permissions("alerts", "@everyone", deny="VIEW_CHANNEL")
        await fixture.run("watch add", url="https://hidden.example/", name="Shop", public=True)
        assert "Shop" in (await fixture.run("status", who="Member", text="shop")).text
        by_host = await fixture.run("status", who="Member", text="hidden")
        assert by_host.content == "No site here matches that."
        assert "Shop" in (await fixture.run("status", text="hidden")).text

    run_with_bot(tmp_path, scenario, allow_private=())
