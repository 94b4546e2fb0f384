"""The option ``monitor`` of the commands for everybody names nothing that a person may not see."""

from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_a_monitor_reported_in_a_channel_one_cannot_see_is_refused_as_unknown(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        hidden = fixture.sandbox.channel("news").id
        fixture.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")
        await fixture.run("watch add", url=fixture.site.url, name="Hidden", channel=hidden)
        number = str(fixture.app.monitors.find(fixture.guild_id, "Hidden").id)
        for command in ("why", "history", "incidents", "status"):
            unknown = await fixture.run(command, who="Member", monitor="Nowhere")
            for asked in ("Hidden", number):
                refused = await fixture.run(command, who="Member", monitor=asked)
                assert refused.ephemeral
                assert refused.text.replace(asked, "Nowhere") == unknown.text
            offered = await fixture.sandbox.autocomplete("Member", "general", command, "monitor")
            assert offered == []
            assert "I watch nothing" not in (await fixture.run(command, monitor=number)).text

    run_with_bot(tmp_path, scenario)


def test_five_thousand_digits_are_a_name_that_nobody_has(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        for command in ("why", "status", "history", "incidents", "watch test", "watch remove"):
            answer = await fixture.run(command, monitor="9" * 5_000)
            assert answer.content.startswith("I watch nothing called “999"), command

    run_with_bot(tmp_path, scenario)
