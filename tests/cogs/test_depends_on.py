"""A site that is reached through another: set by hand, shown, taken away."""

from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, run_with_bot, until


def test_a_dependency_is_chosen_by_name_shown_and_taken_away(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        for name in ("Router", "Shop"):
            await fixture.run("watch add", url=f"{fixture.site.url}/{name}", name=name)
        offered = await fixture.sandbox.autocomplete(
            "Admin", "general", "watch edit", "depends_on", "rou"
        )
        assert [one["name"] for one in offered] == ["Router"]
        parent = offered[0]["value"]
        await fixture.run("watch edit", monitor="Shop", depends_on=parent)
        card = await fixture.run("watch edit", monitor="Shop")
        assert "Depends on" in card.text
        assert "Router" in card.text
        assert "Depends on: none → " in card.text
        circle = await fixture.run("watch edit", monitor="Router", depends_on="Shop")
        assert circle.content.startswith("It cannot depend on Shop: that depends on it already")
        unknown = await fixture.run("watch edit", monitor="Shop", depends_on="Nobody")
        assert unknown.content.startswith("I watch nothing called “Nobody” here.")
        await fixture.run("watch edit", monitor="Shop", depends_on="-")
        assert fixture.app.monitors.find(fixture.guild_id, "Shop").depends_on is None

    run_with_bot(tmp_path, scenario)


def test_only_the_parent_is_reported_and_why_names_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=f"{fixture.site.url}/r", name="Router", every=1)
        await fixture.run("watch add", url=f"{fixture.site.url}/s", name="Shop", every=1)
        await fixture.run("watch edit", monitor="Shop", depends_on="Router")
        shop = (fixture.guild_id, fixture.app.monitors.find(fixture.guild_id, "Shop").id)
        fixture.site.status = 503
        await fixture.sandbox.wait_for_message("alerts", "🔴 DOWN · Router")
        await until(lambda: fixture.app.watchlist.get(*shop).incident is not None)
        why = await fixture.run("why", monitor="Shop")
        assert "It depends on Router, which is failing: until that is back" in why.text
        posts = [m["content"] for m in fixture.sandbox.messages("alerts")]
        assert not any("Shop" in content for content in posts)

    run_with_bot(tmp_path, scenario)
