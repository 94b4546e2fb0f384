"""The file of sites with the whole bot: names looked up on Discord, read again on request."""

import asyncio
from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, running_bot, until
from tests.services.services_fixture import play


def text(fixture_url: str, name: str = "Shop") -> str:
    return f"""servers:
  - name: harbour
    channel: "#alerts"
    role: Moderators
    monitors:
      - name: {name}
        url: {fixture_url}
        every: 60
"""


def watched(fixture: BotFixture) -> list[str]:
    return [one.name for one in fixture.app.monitors.of_guild(fixture.guild_id)]


def test_the_file_is_taken_marked_and_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        file = tmp_path / "sites.yml"
        file.write_text("servers: []\n", "utf-8")
        async with running_bot(tmp_path, sites=file) as fixture:
            sites = fixture.app.services.sites
            fixture.tasks.append(asyncio.create_task(sites.run()))
            file.write_text(text(fixture.site.url), "utf-8")
            sites.read_again()
            await until(lambda: watched(fixture) == ["Shop"])
            await until(lambda: fixture.app.monitors.find(fixture.guild_id, "Shop").from_file)
            shown = await fixture.run("alerts show")
            assert f"<#{fixture.sandbox.channel('alerts').id}>" in shown.text
            names = [one["name"] for one in shown.embeds[0]["fields"]]
            assert names[:3] == ["📄 Channel", "📄 Role", "Second channel"]
            await fixture.run("watch add", url=fixture.site.url, name="Own")
            listed = (await fixture.run("watch list")).text.splitlines()
            marked = {line for line in listed if line.endswith("· from the file of sites")}
            assert len(marked) == 1
            assert "Shop" in marked.pop()
            await fixture.remove("Own")
            card = await fixture.run("watch edit", monitor="Shop")
            assert "file of sites and can only be changed there" in card.text
            assert "the file of sites · Added" in card.text or "Imported" in card.text
            refused = await fixture.run("watch edit", monitor="Shop", every=300)
            assert refused.content.startswith("This is set in the bot operator's file of sites")
            refused = await fixture.set_channel("general")
            assert refused.content.startswith("This is set in the bot operator's file of sites")
            file.write_text(text(fixture.site.url, "Bakery"), "utf-8")
            sites.read_again()
            await until(lambda: "Bakery" in watched(fixture))

    play(scenario())
