"""A small bot on the unmodified discord.py, to see the sandbox with the eyes of its client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from sandbox import Sandbox
from tests.sandbox.raw import named_like


class EchoButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"echo:(?P<word>[a-z]{1,12})"
):
    def __init__(self, word: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=f"Echo {word}", custom_id=f"echo:{word}", style=discord.ButtonStyle.primary
            )
        )
        self.word = word

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, _item: discord.ui.Item[Any], match: Any
    ) -> Self:
        return cls(match["word"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"echo {self.word}", ephemeral=True)


class Asking(discord.ui.Modal, title="Who are you?"):
    name: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Name", custom_id="name", max_length=20
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Hello {self.name.value}")


class SampleBot(commands.AutoShardedBot):
    def __init__(self) -> None:
        super().__init__(
            command_prefix="!",
            intents=discord.Intents(guilds=True, guild_messages=True),
            guild_ready_timeout=0.1,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.heard: list[str] = []

    async def setup_hook(self) -> None:
        self.add_dynamic_items(EchoButton)
        add_commands(self.tree)
        await self.tree.sync()

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        self.heard.append(f"error in {event_method}")

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.heard.append(f"shard {shard_id} resumed")

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.heard.append(f"joined {guild.name}")

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.heard.append(f"left {guild.name}")

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self.heard.append(f"lost {guild.name}")

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self.heard.append(f"found {guild.name}")

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self.heard.append(f"deleted #{channel.name}")

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(f"message {message.content!r}")


def add_commands(tree: app_commands.CommandTree[SampleBot]) -> None:
    @tree.command(name="hello", description="Say hello")
    async def hello(interaction: discord.Interaction, name: str = "you") -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(EchoButton("ahoy"))
        embed = discord.Embed(title="A greeting", description=f"to {name}")
        await interaction.response.send_message(f"hello {name}", embed=embed, view=view)

    @tree.command(name="slow", description="Think first")
    async def slow(interaction: discord.Interaction, private: bool = False) -> None:
        await interaction.response.defer(ephemeral=private, thinking=True)
        await interaction.followup.send("first")
        await interaction.followup.send("second", ephemeral=True)

    @tree.command(name="ask", description="Open a modal")
    async def ask(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Asking())

    @tree.command(name="silent", description="Never answer")
    async def silent(_interaction: discord.Interaction) -> None:
        await asyncio.sleep(0)

    watch = app_commands.Group(
        name="watch",
        description="Watch things",
        default_permissions=discord.Permissions(manage_guild=True),
    )

    @watch.command(name="add", description="Add one")
    async def add(  # noqa: PLR0917 - discord.py reads a command's options from its parameters
        interaction: discord.Interaction,
        url: str,
        every: app_commands.Range[int, 30, 3600] = 60,
        channel: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        read = (await file.read()).decode() if file else ""
        parts = [url, str(every), str(channel), str(role), read]
        await interaction.response.send_message(" ".join(parts), ephemeral=True)

    @watch.command(name="remove", description="Remove one")
    async def remove(interaction: discord.Interaction, monitor: str) -> None:
        await interaction.response.send_message(f"removed {monitor}")

    @remove.autocomplete("monitor")
    async def names(
        _interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=name, value=name.lower())
            for name in ("Shop", "Blog")
            if current.lower() in name.lower()
        ]

    tree.add_command(watch)


@contextlib.asynccontextmanager
async def running(sandbox: Sandbox) -> AsyncIterator[SampleBot]:
    """The sample bot, logged in to the sandbox and ready."""
    old = discord.http.Route.BASE
    discord.http.Route.BASE = sandbox.api_url
    bot = SampleBot()
    task = asyncio.create_task(bot.start(sandbox.token))
    ready = asyncio.create_task(bot.wait_until_ready())
    try:
        await asyncio.wait({task, ready}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        await sandbox.wait_online()
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        with contextlib.suppress(Exception):
            await task
        discord.http.Route.BASE = old


def with_sample_bot(
    scenario: Callable[[Sandbox, SampleBot], Awaitable[None]],
) -> Callable[[], None]:
    """Make a test of a scenario with a fresh sandbox and the sample bot in it."""

    async def run_all() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
            await scenario(sandbox, bot)
            assert sandbox.record.unknown_routes == []

    return named_like(scenario, lambda: asyncio.run(run_all()))
