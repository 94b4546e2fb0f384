"""``/board``: a live status message in a channel. Thin: the rules are in the boards service."""

from collections.abc import Awaitable
from typing import TypeAlias

import discord
from discord import ChannelType, app_commands
from discord.ext import commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem
from bot.errors import UserError
from bot.services.boards.boards import TITLE_LIMIT, CreateResult
from bot.words.escaping import plain
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import (
    ManagersCog,
    defer_if_slow,
    extension,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_option import Tag
from cogs._ui.options import AlertChannel, ChosenChannel

_NEWS = {ChannelType.news, ChannelType.news_thread}
_FITTING = {
    *(ChannelType.text, ChannelType.public_thread),
    *(ChannelType.voice, ChannelType.stage_voice),
}
# Discord answers within a second or so; whoever waits longer reads that it follows.
_POSTED_WITHIN_S = 5.0


_Place: TypeAlias = ChosenChannel | discord.abc.GuildChannel | discord.Thread


class Board(
    ManagersCog,
    commands.GroupCog,
    group_name="board",
    group_description="A live status message in a channel.",
):
    @app_commands.command(name="create", description="Post a live status message in a channel.")
    @app_commands.describe(
        channel="Where; by default here.",
        tag="Only sites with this tag.",
        title="The title above it.",
        groups="Group sites by their first tag; everybody can read these tags.",
    )
    async def create(
        self,
        interaction: Interaction,
        channel: AlertChannel | None = None,
        tag: Tag | None = None,
        title: app_commands.Range[str, 1, TITLE_LIMIT] | None = None,
        *,
        groups: bool = False,
    ) -> None:
        place = _place(interaction, channel)
        if place.type in _NEWS:
            raise UserError(
                "A board is edited often, which Discord hardly allows in an announcement"
                " channel. Choose a text channel."
            )
        if place.type not in _FITTING:
            raise UserError("A board needs a text or voice channel, or a public thread.")
        words = translator_of(interaction)
        if problem := channel_problem(words, interaction, place.id, embeds=False):
            await respond(interaction, problem)
        else:
            made = self._services.boards.create(
                interaction.guild_id or 0,
                place.id,
                interaction.user.id,
                tag,
                title=plain(title or "", TITLE_LIMIT) or None,
                grouped=groups,
            )
            await defer_if_slow(interaction, self._create(interaction, place, made))

    async def _create(
        self, interaction: Interaction, place: _Place, making: Awaitable[CreateResult]
    ) -> None:
        guild_id, words = interaction.guild_id or 0, translator_of(interaction)
        made = await making
        message_id = await self._services.boards.message_of(place.id, _POSTED_WITHIN_S)
        hidden = self._services.boards.left_out(guild_id, place.id)
        text = _made_text(words, made, message_id, left_out=len(hidden))
        show = ShowAnywayButton.button(f"v1:board:show:{place.id}", words.text("Show them anyway"))
        await respond(interaction, text, view=view_of([show] if hidden else ()))

    @app_commands.command(name="remove", description="Remove the live status message of a channel.")
    @app_commands.describe(channel="Where; by default here.")
    async def remove(self, interaction: Interaction, channel: AlertChannel | None = None) -> None:
        place = _place(interaction, channel)
        guild_id, by = interaction.guild_id or 0, interaction.user.id
        await defer_if_slow(interaction, self._services.boards.remove(guild_id, place.id, by))
        words = translator_of(interaction)
        text = words.text("The board of {channel} is removed.", channel=place.mention)
        await respond(interaction, text)

    page = app_commands.Group(name="page", description="A public status page on the web.")

    @page.command(name="on", description="Show a status page to everybody on the web.")
    async def page_on(self, interaction: Interaction) -> None:
        await self._switch(interaction, on=True)

    @page.command(name="off", description="Take the status page off the web.")
    async def page_off(self, interaction: Interaction) -> None:
        await self._switch(interaction, on=False)

    async def _switch(self, interaction: Interaction, *, on: bool) -> None:
        guild_id, words, pages = (
            interaction.guild_id or 0,
            translator_of(interaction),
            self._services.pages,
        )
        await defer_if_slow(interaction, pages.switch(guild_id, interaction.user.id, on=on))
        if not on:
            await respond(interaction, words.text("The status page is off the web."))
            return
        lines = [
            words.text("Everybody can see the status page now: {url}", url=pages.url(guild_id)),
            words.text(
                "It shows names, states and times of the sites whose alert channel every member"
                " sees, and of those with “public”; no addresses and no causes."
            ),
        ]
        if hidden := pages.hidden(guild_id):
            lines.append(words.plural("{n} site is hidden.", "{n} sites are hidden.", hidden))
        await respond(interaction, "\n".join(lines))


class ShowAnywayButton(PersistentItem, template=r"v1:board:show:(?P<channel>\d{1,19})"):
    """Makes the sites public that a board hides."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        await defer_if_slow(interaction, self._show(interaction))

    async def _show(self, interaction: Interaction) -> None:
        services, words = interaction.client.services, translator_of(interaction)
        guild_id, channel_id = interaction.guild_id or 0, int(self.params["channel"])
        hidden = services.boards.left_out(guild_id, channel_id)
        for monitor_id in hidden:
            change = {"public": True}
            await services.monitors.change(guild_id, monitor_id, change, interaction.user.id)
        services.boards.wake()
        text = words.plural(
            "{n} site is public now: everyone here may see its name and state, on the board and"
            " in {command}, but neither its address nor its alerts. To undo: {edit} with"
            " “public”.",
            "{n} sites are public now: everyone here may see their names and states, on the board"
            " and in {command}, but neither their addresses nor their alerts. To undo: {edit} with"
            " “public”.",
            len(hidden),
            command=interaction.client.commands_tree.mention("status"),
            edit=interaction.client.commands_tree.mention("watch edit"),
        )
        await respond_or_edit(interaction, content=text, view=None)


def _place(interaction: Interaction, picked: AlertChannel | None) -> _Place:
    place = picked or interaction.channel
    if not isinstance(place, _Place):
        raise UserError("I do not know this channel. Choose one with “channel”.")
    return place


def _made_text(
    words: Translator, made: CreateResult, message_id: int | None, *, left_out: int
) -> str:
    """Where the board is, and what it does not show and why; ``message_id`` None: not yet."""
    board = made.board
    channel = f"<#{board.channel_id}>"
    link = f"https://discord.com/channels/{board.guild_id}/{board.channel_id}/{message_id}"
    if message_id is None:
        said = words.text(
            "The board will appear in {channel} once Discord accepts it.", channel=channel
        )
    elif made.fresh:
        said = words.text("The board is posted and keeps itself up to date: {link}", link=link)
    else:
        said = words.text("{channel} already has a board: {link}", channel=channel, link=link)
    if not left_out:
        return said
    hidden = words.plural(
        "{n} site hidden: not everyone who reads {channel} can see its alert channel.",
        "{n} sites hidden: not everyone who reads {channel} can see their alert channel.",
        left_out,
        channel=channel,
    )
    return f"{said}\n{hidden}"


setup = extension(Board, ShowAnywayButton)
