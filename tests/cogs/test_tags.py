"""Commands that take a tag in place of a site."""

from pathlib import Path

from cogs._ui import forms
from tests.cogs.bot_fixture import BotFixture, run_with_bot


async def watch_three(fixture: BotFixture) -> None:
    await fixture.set_channel("alerts")
    for name, tags in (("Cart", "#shop"), ("Till", "shop eu"), ("Blog", "")):
        given = {"tags": tags} if tags else {}
        await fixture.run("watch add", url=f"{fixture.site.url}/{name}", name=name, **given)


async def offered(fixture: BotFixture, command: str, typed: str, who: str = "Admin") -> list[str]:
    found = await fixture.sandbox.autocomplete(who, "general", command, "monitor", typed)
    return [one["name"] for one in found]


def named(fixture: BotFixture) -> dict[str, tuple[str, ...]]:
    return {one.name: one.tags for one in fixture.app.monitors.of_guild(fixture.guild_id)}


def test_tags_are_offered_and_many_sites_are_paused_muted_tested_at_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watch_three(fixture)
        assert await offered(fixture, "watch pause", "#") == ["#eu", "#shop"]
        assert await offered(fixture, "watch pause", "shop") == ["#shop"]
        assert await offered(fixture, "watch pause", "") == ["Blog", "Cart", "Till", "#eu", "#shop"]
        assert await offered(fixture, "mute", "#e", who="Moderator") == ["#eu"]
        paused = await fixture.run("watch pause", monitor="tag:shop")
        assert paused.content == "Paused until somebody resumes them: Cart and Till."
        resumed = await fixture.run("watch resume", monitor="#SHOP")
        assert resumed.content == "Checks have resumed: Cart and Till."
        again = await fixture.run("watch resume", monitor="tag:shop")
        assert again.content == "None of them was paused."
        tested = await fixture.run("watch test", monitor="tag:shop")
        assert "2 sites checked just now" in tested.text
        assert "✔ Cart" in tested.text
        assert "✔ Till" in tested.text
        muted = await fixture.run("mute", who="Moderator", monitor="tag:shop", for_="2h")
        assert muted.content.startswith("Alerts for Cart and Till are muted until <t:")
        off = await fixture.run("mute", who="Moderator", monitor="tag:shop", for_="off")
        assert off.content.startswith("Alerts for Cart and Till are on again.")
        off = await fixture.run("mute", who="Moderator", monitor="tag:shop", for_="off")
        assert off.content == "None of them was muted."
        unknown = await fixture.run("watch pause", monitor="tag:none")
        assert unknown.content == "No site here has the tag #none."
        planned = await fixture.run("maintenance start", tag="#shop", for_="1h")
        assert planned.content.startswith("Maintenance until <t:")
        assert ": #shop." in planned.content

    run_with_bot(tmp_path, scenario)


def test_a_change_of_many_says_how_many_and_waits_for_a_click(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watch_three(fixture)
        sandbox = fixture.sandbox
        question = await fixture.run("watch edit", monitor="tag:shop", every=300, tags="shop #new")
        assert question.content.startswith("Change 2 sites?\nSites: Cart and Till.\nChanged: ")
        kept = await sandbox.press("Admin", question, "Cancel")
        assert kept.content == "Nothing changed."
        assert named(fixture)["Cart"] == ("shop",)
        question = await fixture.run("watch edit", monitor="tag:shop", every=300, tags="shop #new")
        done = await sandbox.press("Admin", question, "Change 2 sites")
        assert done.content == "Changed 2 sites."
        assert named(fixture) == {"Blog": (), "Cart": ("shop", "new"), "Till": ("shop", "new")}
        again = await fixture.run("watch edit", monitor="tag:shop", every=300)
        assert again.content == "Nothing changed."
        question = await fixture.run("watch edit", monitor="tag:shop", every=600)
        for held in forms._KEPT.values():
            held.clear()
        late = await sandbox.press("Admin", question, "Change 2 sites")
        assert late.content.startswith("I no longer know what you typed")
        one_only = await fixture.run("watch edit", monitor="tag:shop", name="Same")
        assert one_only.content.startswith("Address, name and request headers belong to one site")
        nothing = await fixture.run("watch edit", monitor="tag:shop")
        assert nothing.content == "To change all of them, give the options to change."

    run_with_bot(tmp_path, scenario)


def test_many_are_removed_only_while_they_are_as_many_as_was_said(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watch_three(fixture)
        sandbox = fixture.sandbox
        question = await fixture.run("watch remove", monitor="tag:shop")
        assert question.content.startswith("Stop watching 2 sites?\nSites: Cart and Till.")
        await fixture.run("watch edit", monitor="Blog", tags="shop")
        refused = await sandbox.press("Admin", question, "Remove 2 sites")
        assert refused.content == "There are 3 of them now: give the command again."
        assert len(named(fixture)) == 3
        question = await fixture.run("watch remove", monitor="tag:shop")
        gone = await sandbox.press("Admin", question, "Remove 3 sites")
        assert gone.content == "No longer watched: Blog, Cart, and Till."
        assert named(fixture) == {}

    run_with_bot(tmp_path, scenario)


def test_a_tag_has_a_channel_of_its_own(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await watch_three(fixture)
        general = fixture.sandbox.channel("general").id
        answer = await fixture.run("alerts channel", channel=general, tag="#shop")
        assert answer.content.split("\n")[:2] == [
            "Sites with #shop and no channel of their own:",
            f"Alerts go to <#{general}>.",
        ]
        listed = await fixture.run("watch list")
        assert listed.text.count(f"<#{general}>") == 2
        shown = await fixture.run("alerts show")
        assert f"#shop → <#{general}>" in shown.text
        wrong = await fixture.run("alerts channel", channel=general, tag="shop", reminders="4")
        assert wrong.content == "Second channel and reminders are set for the whole server."
        cleared = await fixture.run(
            "alerts channel", channel=general, tag="shop", clear="role fallback"
        )
        assert cleared.content == "Alerts of #shop go where those of the server go."
        assert f"<#{general}>" not in (await fixture.run("watch list")).text

    run_with_bot(tmp_path, scenario)
