"""``/watch follow``: what it answers, and the buttons that stop following."""

from collections.abc import Sequence

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.services.followed_pages import Followed, FollowedPage
from bot.words.escaping import clip, code, markdown, plain
from bot.words.translator import Translator
from cogs._ui.buttons import Asked, PersistentItem, view_of
from cogs._ui.interactions import defer_if_slow, respond_or_edit

_NAME_LIMIT, _URL_LIMIT, _LABEL_LIMIT, _LIST_LIMIT = 80, 150, 80, 1_000


class UnfollowButton(PersistentItem, template=r"v1:unfollow:(?P<followed>\d{1,18})"):
    """Stops following one page."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        followed, guild_id = interaction.client.services.followed, interaction.guild_id or 0
        work = followed.unfollow(guild_id, int(self.params["followed"]), interaction.user.id)
        page = await defer_if_slow(interaction, work, in_place=True)
        words = translator_of(interaction)
        said = words.text("I no longer follow {page}.", page=_name(page))
        await show_followed(interaction, said, in_place=True)


async def show_followed(interaction: Interaction, said: str, *, in_place: bool) -> None:
    """A sentence, and below it every page that is followed, each with its button."""
    words = translator_of(interaction)
    pages = interaction.client.services.followed.of_guild(interaction.guild_id or 0)
    stop = (
        UnfollowButton.button(
            f"v1:unfollow:{one.id}",
            plain(words.text("Stop following {page}", page=one.name), _LABEL_LIMIT),
        )
        for one in pages
    )
    embed = _embed(words, pages) if pages else None
    await respond_or_edit(
        interaction, in_place=in_place, content=said, embed=embed, view=view_of(stop)
    )


def followed_text(words: Translator, followed: Followed) -> str:
    """From when on something is posted."""
    page = _name(followed.page)
    if not followed.new:
        return words.text("I follow {page} already; its components are set anew.", page=page)
    said = words.text(
        "I follow {page}: its next incident is posted and kept up to date.", page=page
    )
    if not followed.ongoing:
        return said
    known = words.plural(
        "{n} that it reports now is known and not posted.",
        "{n} that it reports now are known and not posted.",
        followed.ongoing,
    )
    return f"{said} {known}"


def followed_names(asked: Asked, pages: Sequence[FollowedPage]) -> str:
    """A line for the list of all sites."""
    listed = clip(asked.words.list([_name(one) for one in pages]), _LIST_LIMIT)
    command = asked.interaction.client.commands_tree.mention("watch follow")
    return asked.words.text(
        "Followed status pages: {list}. Change them: {command}", list=listed, command=command
    )


def _name(page: FollowedPage) -> str:
    return markdown(page.name, _NAME_LIMIT)


def _embed(words: Translator, pages: Sequence[FollowedPage]) -> discord.Embed:
    lines = []
    for one in pages:
        line = f"**{_name(one)}** · {code(one.url, _URL_LIMIT)}"
        if one.components:
            count = words.plural("{n} component", "{n} components", len(one.components))
            line = f"{line} · {count}"
        lines.append(line)
    return discord.Embed(title=words.text("Followed status pages"), description="\n".join(lines))
