"""More of the unmodified discord.py: layouts, threads, DMs, history, files, edits, selects."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.sandbox import Refused, Sandbox
from tests.sandbox.sample_bot import SampleBot, running


def play(
    scenario: Callable[[Sandbox, SampleBot, discord.TextChannel], Awaitable[None]],
) -> None:
    async def run() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
            channel = bot.get_channel(int(sandbox.channel("alerts").id))
            assert isinstance(channel, discord.TextChannel)
            await scenario(sandbox, bot, channel)
            assert sandbox.record.unknown_routes == []

    asyncio.run(run())


class Board(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        box: discord.ui.Container[Any] = discord.ui.Container(accent_colour=0x2B8A3E)
        box.add_item(discord.ui.TextDisplay("**Shop** UP"))
        refresh: discord.ui.Button[Any] = discord.ui.Button(label="Refresh", custom_id="refresh")
        refresh.callback = self.refresh  # type: ignore[method-assign]
        row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        row.add_item(refresh)
        box.add_item(row)
        self.add_item(box)

    async def refresh(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(view=Board())


def test_layouts_are_sent_pressed_and_edited() -> None:
    async def scenario(sandbox: Sandbox, bot: SampleBot, channel: discord.TextChannel) -> None:
        bot.add_view(Board())
        sent = await channel.send(view=Board())
        assert sent.flags.components_v2
        answer = await sandbox.press("Member", str(sent.id), "Refresh")
        assert (answer.status, answer.text) == ("update", "**Shop** UP\nRefresh")
        with pytest.raises(discord.HTTPException) as caught:
            await sent.edit(content="words")
        assert caught.value.code == 50035

    play(scenario)


def test_what_a_menu_shows_as_chosen_has_ids_that_a_browser_can_read() -> None:
    async def scenario(sandbox: Sandbox, _bot: SampleBot, channel: discord.TextChannel) -> None:
        chosen = discord.SelectDefaultValue(
            id=channel.id, type=discord.SelectDefaultValueType.channel
        )
        menu: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id="where", default_values=[chosen]
        )
        await channel.send("Where?", view=discord.ui.View(timeout=None).add_item(menu))
        [row] = sandbox.messages("alerts")[-1]["components"]
        [one] = row["components"][0]["default_values"]
        assert one == {"id": str(channel.id), "type": "channel"}, "Discord writes ids as text"

    play(scenario)


def test_threads_are_made_and_written_in() -> None:
    async def scenario(sandbox: Sandbox, _bot: SampleBot, channel: discord.TextChannel) -> None:
        message = await channel.send("incident")
        thread = await message.create_thread(name="what happened")
        note = await thread.send("note")
        assert sandbox.texts(str(thread.id)) == ["note"]
        await thread.edit(archived=True)
        with pytest.raises(discord.HTTPException) as caught:
            await note.edit(content="x")
        assert caught.value.code == 50083
        await thread.send("awake")
        assert not (await channel.guild.active_threads())[0].archived
        other = await channel.create_thread(name="talk", type=discord.ChannelType.public_thread)
        assert other.parent_id == channel.id
        assert [member.id for member in await other.fetch_members()] == [sandbox_id(sandbox)]

    play(scenario)


def sandbox_id(sandbox: Sandbox) -> int:
    return int(sandbox.world.bot.id)


def test_history_fetches_and_direct_messages() -> None:
    async def scenario(sandbox: Sandbox, bot: SampleBot, channel: discord.TextChannel) -> None:
        first = await channel.send("one")
        await channel.send("two")
        assert [message.content async for message in channel.history(limit=5)] == ["two", "one"]
        newer = channel.history(after=first, oldest_first=True)
        assert [message.content async for message in newer] == ["two"]
        assert (await channel.fetch_message(first.id)).content == "one"
        user = await bot.fetch_user(int(sandbox.world.user("Member").id))
        await user.send("psst")
        assert [message["content"] for message in sandbox.dm("Member")] == ["psst"]
        sandbox.admin.close_dms("Admin")
        owner = await bot.fetch_user(channel.guild.owner_id or 0)
        with pytest.raises(discord.Forbidden) as caught:
            await owner.send("psst")
        assert caught.value.code == 50007
        fetched = await bot.fetch_guild(channel.guild.id)
        assert fetched.name == "Harbour"
        assert {role.name for role in await channel.guild.fetch_roles()} >= {"On call"}
        member = await channel.guild.fetch_member(user.id)
        assert member.display_name == "Member"
        assert [guild.name async for guild in bot.fetch_guilds()] == ["Harbour"]
        async with channel.typing():
            await channel.send("typed")

    play(scenario)


def test_files_embeds_and_edits() -> None:
    async def scenario(sandbox: Sandbox, _bot: SampleBot, channel: discord.TextChannel) -> None:
        file = discord.File(io.BytesIO(b"a,b"), "list.csv")
        sent = await channel.send("list", file=file, silent=True)
        assert await sent.attachments[0].read() == b"a,b"
        assert sandbox.messages("alerts")[0]["flags"] == 4096
        embed = discord.Embed(title="Down").set_footer(text="#abc").add_field(name="n", value="v")
        edited = await sent.edit(content=None, embed=embed, attachments=[])
        assert (edited.attachments, edited.embeds[0].footer.text) == ([], "#abc")
        quiet = await edited.edit(suppress=True)
        assert quiet.flags.suppress_embeds
        everyone = discord.AllowedMentions(everyone=True)
        shout = await channel.send("@everyone", allowed_mentions=everyone)
        assert not shout.mention_everyone, "the bot may not"

    play(scenario)


def test_every_type_of_option_reaches_the_bot() -> None:
    async def scenario(sandbox: Sandbox, bot: SampleBot, _channel: discord.TextChannel) -> None:
        @app_commands.choices(size=[app_commands.Choice(name="Big", value=9)])
        async def types(  # noqa: PLR0917 - discord.py reads a command's options from its parameters
            interaction: discord.Interaction,
            who: discord.Member | None = None,
            whom: discord.Member | discord.Role | None = None,
            share: float | None = None,
            sure: bool | None = None,
            size: int | None = None,
            place: app_commands.AppCommandChannel | app_commands.AppCommandThread | None = None,
        ) -> None:
            found = (who, whom, share, sure, size, place)
            text = " ".join(str(one) for one in found if one is not None)
            await interaction.response.send_message(text, ephemeral=True)

        command: Any = app_commands.Command(name="types", description="All types", callback=types)
        bot.tree.add_command(command)
        await bot.tree.sync()

        async def told(**options: Any) -> str:
            return (await sandbox.command("Member", "alerts", "types", options)).content

        assert await told(who="Admin", whom="On call") == "admin On call"
        assert await told(whom=sandbox.world.user("Moderator")) == "moderator"
        assert await told(whom="Moderator") == "moderator"
        assert await told(share=0.5, sure=True, size="Big") == "0.5 True 9"
        assert await told(size=9, sure="false", place="news") == "False 9 news"
        for wrong in (
            {"share": "half"},
            {"sure": "maybe"},
            {"size": 8},
            {"size": "Small"},
        ):
            with pytest.raises(Refused):
                await told(**wrong)
        with pytest.raises(LookupError):
            await told(who="Nobody")

    play(scenario)


def test_a_504_after_acceptance_makes_no_second_message() -> None:
    async def scenario(sandbox: Sandbox, _bot: SampleBot, channel: discord.TextChannel) -> None:
        sandbox.faults.add("accept_then_504", method="POST", path="/messages", times=1)
        sent = await channel.send("once")
        assert sandbox.texts("alerts") == ["once"]
        assert str(sent.id) == sandbox.messages("alerts")[0]["id"]
        tries = sandbox.record.of("POST", "/messages")
        assert [(one.status, one.accepted) for one in tries] == [(504, True), (200, True)]

    play(scenario)
