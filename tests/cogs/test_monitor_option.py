"""The option ``monitor`` of the commands for everybody names nothing that a person may not see."""

from pathlib import Path

from tests.cogs.harbour import Harbour, sail


def test_a_monitor_told_in_a_channel_one_cannot_see_is_refused_as_unknown(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        hidden = ship.sandbox.channel("news").id
        ship.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")
        await ship.run("watch add", url=ship.site.url, name="Hidden", channel=hidden)
        number = str(ship.app.monitors.find(ship.guild_id, "Hidden").id)
        for command in ("why", "history", "incidents", "status"):
            unknown = await ship.run(command, who="Member", monitor="Nowhere")
            for asked in ("Hidden", number):
                refused = await ship.run(command, who="Member", monitor=asked)
                assert refused.ephemeral
                assert refused.text.replace(asked, "Nowhere") == unknown.text
            offered = await ship.sandbox.autocomplete("Member", "general", command, "monitor")
            assert offered == []
            assert "I watch nothing" not in (await ship.run(command, monitor=number)).text

    sail(tmp_path, scenario)


def test_five_thousand_digits_are_a_name_that_nobody_has(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("watch add", url=ship.site.url, name="Shop")
        for command in ("why", "status", "history", "incidents", "watch test", "watch remove"):
            answer = await ship.run(command, monitor="9" * 5_000)
            assert answer.content.startswith("I watch nothing called “999"), command

    sail(tmp_path, scenario)
