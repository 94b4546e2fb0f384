"""Lists of what is watched: ``/status`` and ``/watch list``, and the status pages of others."""

from collections.abc import Iterable, Sequence

import discord
from discord import app_commands

from bot.clock import DAY_MS
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import colour_of, offline_text, state_word, summary
from bot.models import State
from bot.services.followed_pages import Followed, FollowedPage
from bot.services.history.uptime import Uptime
from bot.services.status import MonitorStatus, matching
from bot.words.causes import cause_text, players_text
from bot.words.escaping import clip, code, markdown, plain
from bot.words.incident_text import said_since_ms, works_again
from bot.words.phrases import every, stamp
from bot.words.translator import N_, NN_, Translator
from cogs._ui.buttons import Asked, ListPage, Page, PersistentItem, view_of
from cogs._ui.interactions import defer_if_slow, known_monitors, public_monitors, respond_or_edit
from cogs._ui.monitor_text import named_by_host, share, shown_host, shown_name

_UPTIME_DAYS = 30
# Ten lines fit a description even when every host is as long as DNS allows.
_HOST_LIMIT = 60


_STATE_NAMES = {
    "trouble": N_("in trouble"),
    "down": N_("down"),
    "up": N_("up"),
    "pending": N_("pending"),
    "paused": N_("paused"),
    "muted": N_("muted"),
    "maintenance": N_("in maintenance"),
}
STATES = [app_commands.Choice(name=name, value=key) for key, name in _STATE_NAMES.items()]
_TEXT_LIMIT = 40
NONE_MATCH = N_("No site here matches that.")
# What was asked for, as it stands in the id of a button.
FILTER = rf"(?P<state>\w{{0,12}}):(?P<tag>[^:]{{0,32}}):(?P<text>.{{0,{_TEXT_LIMIT}}})"


def filter_of(text: str | None, state: str | None, tag: str | None) -> tuple[str, ...]:
    """The parts of the id; nothing for all sites."""
    wanted = clip(plain(text or "", 2 * _TEXT_LIMIT), _TEXT_LIMIT)
    known = state if state in _STATE_NAMES else None
    return (known or "", tag or "", wanted) if known or tag or wanted else ()


def filtered(found: Iterable[MonitorStatus], about: Sequence[str]) -> list[MonitorStatus]:
    if not about:
        return list(found)
    state, tag, text = about
    return matching(found, text=text, state=state, tag=tag)


def filter_text(words: Translator, about: Sequence[str]) -> str:
    """``Filter: down · #shop · “api”``; empty for all sites."""
    if not about:
        return ""
    state, tag, text = about
    said = [words.text(_STATE_NAMES[state]) if state in _STATE_NAMES else "", tag and f"#{tag}"]
    said.append(text and f"“{text}”")
    return words.text("Filter: {filter}", filter=" · ".join(part for part in said if part))


class StatusPage(
    ListPage,
    template=rf"v1:status:(?P<way>prev|show|next):(?:{FILTER}:)?(?P<page>\d{{1,6}})",
):
    """Problems first, as the service sorts them."""

    surface = "status"
    can_refresh = True

    @classmethod
    async def entries(cls, asked: Asked) -> list[MonitorStatus]:
        everything = asked.interaction.client.services.status.overview(asked.guild_id)
        may_see = public_monitors if asked.public else known_monitors
        return filtered(may_see(asked.interaction, everything), asked.about)

    @classmethod
    async def page(
        cls, asked: Asked, found: Sequence[MonitorStatus], shown: Sequence[MonitorStatus]
    ) -> Page:
        words, services = asked.words, asked.interaction.client.services
        now_ms, offline_ms = services.clock.now_ms(), services.why.offline_since_ms
        only, since_ms = {one.monitor.id for one in shown}, now_ms - _UPTIME_DAYS * DAY_MS
        uptimes = await services.status.uptimes(asked.guild_id, since_ms, only)
        up = {one.monitor.id for one in shown if one.state is State.UP and not one.paused}
        # A line has the uptime of what is fine: what is in trouble says that instead.
        fine = {key: one for key, one in uptimes.items() if key in up and one.watched_s > 0}
        lines = [_line(words, one, fine.get(one.monitor.id)) for one in shown]
        lines.append(words.text("Checked {time}.", time=stamp(now_ms)))
        if offline_ms is not None:  # then nothing of it is news
            lines.insert(0, offline_text(words, offline_ms))
        embed = discord.Embed(description="\n".join(lines), colour=colour_of(found))
        footer = [filter_text(words, asked.about)]
        if fine:
            last = NN_("Uptime: last {n} day", "Uptime: last {n} days")
            footer.append(words.plural(*last, _UPTIME_DAYS))
        embed.set_footer(text=" · ".join(part for part in footer if part) or None)
        return Page(summary(words, found), embed)


class WatchListPage(
    ListPage,
    template=rf"v1:watched:(?P<way>prev|next):(?:{FILTER}:)?(?P<page>\d{{1,6}})",
):
    """With their settings, problems first."""

    surface = "watched"
    size = 15
    for_managers = True

    @classmethod
    async def entries(cls, asked: Asked) -> list[MonitorStatus]:
        everything = asked.interaction.client.services.status.overview(asked.guild_id)
        return filtered(everything, asked.about)

    @classmethod
    async def page(
        cls, asked: Asked, found: Sequence[MonitorStatus], shown: Sequence[MonitorStatus]
    ) -> Page:
        words = asked.words
        embed = discord.Embed(
            title=summary(words, found),
            description="\n".join(_settings_line(words, one) for one in shown),
            colour=colour_of(found),
        )
        count = words.plural("{n} site watched", "{n} sites watched", len(found))
        footer = [count, filter_text(words, asked.about)]
        embed.set_footer(text=" · ".join(part for part in footer if part))
        followed = asked.interaction.client.services.followed.of_guild(asked.guild_id)
        return Page(followed_names(asked, followed) if followed else None, embed)


def _settings_line(words: Translator, status: MonitorStatus) -> str:
    """``🟢 UP · Shop · shop.example.com · every 60 s · #alerts``."""
    monitor = status.monitor
    parts = [state_word(words, status), shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url, _HOST_LIMIT))
    parts.append(every(words, monitor.interval_s))
    if status.channel_id is not None:
        parts.append(f"<#{status.channel_id}>")
    if monitor.from_file:
        parts.append(words.text("from the file of sites"))
    return " · ".join(parts)


def _line(words: Translator, status: MonitorStatus, uptime: Uptime | None) -> str:
    """``🟢 UP · Shop API · shop.example.com · 182 ms · 99.97%``."""
    monitor = status.monitor
    parts = [f"**{state_word(words, status)}**", shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url, _HOST_LIMIT))
    if status.paused:
        return " · ".join(part for part in parts if part)
    if status.incident is not None:
        if status.incident.recovering:
            parts.append(works_again(words, status.incident))
        elif status.incident.cause is not None:
            parts.append(cause_text(words, status.incident.cause))
        parts.append(stamp(said_since_ms(status.incident)))
    elif status.latest is not None and status.latest.cause is not None:
        parts.append(cause_text(words, status.latest.cause))
    elif status.latest is not None and status.latest.ok:
        took = words.text("{ms} ms", ms=words.number(round(status.latest.phases.total)))
        parts.append(stamp(status.latest.at_ms) if monitor.is_push else took)
        if status.latest.game is not None:
            parts.append(players_text(words, status.latest.game))
        if uptime is not None:
            parts.append(share(words, uptime))
    return " · ".join(part for part in parts if part)


_NAME_LIMIT, _URL_LIMIT, _LABEL_LIMIT, _LIST_LIMIT = 80, 150, 80, 1_000


class UnfollowButton(PersistentItem, template=r"v1:unfollow:(?P<followed>\d{1,18})"):
    """Stops following one page."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        followed, guild_id = interaction.client.services.followed, interaction.guild_id or 0
        work = followed.unfollow(guild_id, int(self.params["followed"]), interaction.user.id)
        page = await defer_if_slow(interaction, work)
        words = translator_of(interaction)
        said = words.text("I no longer follow {page}.", page=_name(page))
        await show_followed(interaction, said)


async def show_followed(interaction: Interaction, said: str) -> None:
    """A sentence, and below it every page that is followed, each with its button."""
    words, lines, buttons = translator_of(interaction), [], []
    for one in interaction.client.services.followed.of_guild(interaction.guild_id or 0):
        label = plain(words.text("Stop following {page}", page=one.name), _LABEL_LIMIT)
        buttons.append(UnfollowButton.button(f"v1:unfollow:{one.id}", label))
        line = f"**{_name(one)}** · {code(one.url, _URL_LIMIT)}"
        if one.components:
            count = words.plural("{n} component", "{n} components", len(one.components))
            line = f"{line} · {count}"
        lines.append(line)
    title = words.text("Followed status pages")
    embed = discord.Embed(title=title, description="\n".join(lines)) if lines else None
    await respond_or_edit(interaction, content=said, embed=embed, view=view_of(buttons))


def followed_text(words: Translator, followed: Followed) -> str:
    """From when on something is posted."""
    page = _name(followed.page)
    if not followed.new:
        return words.text("I already follow {page}; its components are updated.", page=page)
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
