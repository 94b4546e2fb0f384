"""``/doctor``: problems first, each with its fix, then what is well, and what is stored."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import discord
from discord import app_commands

from bot.discord.channels import own_member, used_channels
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem, remedy, role_unreachable
from bot.discord.states import GREEN, RED, YELLOW
from bot.errors import DeliveryAction
from bot.models import GuildSettings
from bot.services.delivery.dispatcher import DeliveryProblems
from bot.services.doctor.findings import (
    Finding,
    Grade,
    broken,
    names,
    ok,
    stored_lines,
    warning,
)
from bot.services.status import MonitorStatus
from bot.words.escaping import clip
from bot.words.incident_text import fitting_lines
from bot.words.phrases import stamp
from bot.words.translator import N_, NN_, Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import (
    ManagersCog,
    defer_if_slow,
    extension,
    respond_or_edit,
)

_MARKS = {Grade.BROKEN: "✖", Grade.WARNING: "⚠", Grade.OK: "✔"}
_COLOURS = {Grade.BROKEN: RED, Grade.WARNING: YELLOW, Grade.OK: GREEN}
_SLOW_S = 1.0
_FIELD, _LINE = 1_024, 700


class DoctorButton(PersistentItem, template=r"v1:doctor:look"):
    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        await show_doctor(interaction)


class Doctor(ManagersCog):
    @app_commands.command(
        name="doctor", description="Check that everything works here, and see what is stored."
    )
    @app_commands.default_permissions(manage_guild=True)
    async def doctor(self, interaction: Interaction) -> None:
        await show_doctor(interaction)


async def show_doctor(interaction: Interaction) -> None:
    """The report as things are now, in place of the old one where that can be."""
    embed = await defer_if_slow(interaction, _doctor_embed(interaction))
    again = DoctorButton.button("v1:doctor:look", translator_of(interaction).text("Check again"))
    await respond_or_edit(interaction, embed=embed, view=view_of([again]))


async def _doctor_embed(interaction: Interaction) -> discord.Embed:
    """Everything about this server, and the machine only as far as it is well or not."""
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    words, mention = translator_of(interaction), interaction.client.commands_tree.mention
    used = used_channels(services, guild_id)
    await interaction.client.known_channels.look_up(interaction.guild, used)
    channels = ChannelChecks(
        interaction, words, services.guilds.settings(guild_id), services.status.overview(guild_id)
    )
    found = [
        *channels.findings(await services.delivery.problems(guild_id)),
        *await services.doctor.examine(guild_id, words, mention),
        _gateway(interaction),
    ]
    embed = findings_embed(words, found)
    kept = stored_lines(words, await services.doctor.stored(guild_id))
    title = words.text("What I keep of this server, and for how long")
    return embed.add_field(name=title, value=clip("\n".join(kept), _FIELD), inline=False)


def findings_embed(words: Translator, found: Sequence[Finding]) -> discord.Embed:
    """What is wrong comes first and is never pushed out by what is well."""
    order = list(_MARKS)
    ordered = sorted(found, key=lambda one: order.index(one.grade))
    worst = ordered[0].grade if ordered else Grade.OK
    lines = fitting_lines(words, [_line(one) for one in ordered])
    return discord.Embed(
        title=f"{_MARKS[worst]} {_verdict(words, found)}",
        description="\n".join(lines),
        colour=_COLOURS[worst],
    )


def _verdict(words: Translator, found: Sequence[Finding]) -> str:
    n = Counter(one.grade for one in found)
    counted = {
        Grade.BROKEN: NN_("{n} problem", "{n} problems"),
        Grade.WARNING: NN_("{n} warning", "{n} warnings"),
    }
    said = (words.plural(*text, n[grade]) for grade, text in counted.items() if n[grade])
    return " · ".join(said) or words.text("Everything is OK")


def _line(one: Finding) -> str:
    line = clip(f"{_MARKS[one.grade]} **{one.name}** · {one.text}", _LINE)
    return line if one.fix is None else f"{line}\n→ {one.fix}"


def _gateway(interaction: Interaction) -> Finding:
    """Commands and buttons come this way; that this one came says that it is open."""
    words, guild = translator_of(interaction), interaction.guild
    name = words.text("Connection to Discord")
    latency_s = None if guild is None else interaction.client.latency_log.of(guild.shard_id)
    if latency_s is None:
        return ok(name, words.text("open"))  # no heartbeat was answered yet
    text = words.text("open, answers in {ms} ms", ms=words.number(round(latency_s * 1000)))
    if latency_s <= _SLOW_S:
        return ok(name, text)
    fix = words.text("Buttons may be late, alerts are not. See discordstatus.com.")
    return warning(name, text, fix)


@dataclass(frozen=True, slots=True)
class ChannelChecks:
    """One server's channels and roles, as its people see them."""

    interaction: Interaction
    words: Translator
    settings: GuildSettings
    monitors: Sequence[MonitorStatus]

    def findings(self, troubles: DeliveryProblems) -> Iterator[Finding]:
        """In the order in which an alert would need them."""
        yield from self._timed_out()
        yield self._alert_channel()
        yield self._role()
        yield self._second_channel()
        yield from self._own_channels()
        yield from self._own_roles()
        yield from self._boards()
        yield from self._refusing(troubles)

    def _timed_out(self) -> Iterator[Finding]:
        guild, words = self.interaction.guild, self.words
        me = None if guild is None else own_member(guild)
        until = me.timed_out_until if me is not None and me.is_timed_out() else None
        if until is not None:
            time = stamp(int(until.timestamp() * 1000), "f")
            text = words.text("I am in a timeout: I can't post anywhere until {time}.", time=time)
            fix = words.text("A moderator can end it: my profile, “Remove Timeout”.")
            yield broken(words.text("Timeout"), text, fix)

    def _alert_channel(self) -> Finding:
        words, channel_id = self.words, self.settings.channel_id
        name = words.text("Alert channel")
        if channel_id is not None:
            return self._channel_finding(name, channel_id, broken)
        homeless = [one for one in self.monitors if one.channel_id is None]
        if not homeless:
            return warning(name, words.text("none chosen yet"), self._choose_one())
        listed = names(words, homeless)
        text = words.text("None chosen: nobody is notified about {names}.", names=listed)
        return broken(name, text, self._choose_one())

    def _role(self) -> Finding:
        name, role_id = self.words.text("Role"), self.settings.role_id
        if role_id is None:
            return ok(name, self.words.text("none: alerts ping nobody"))
        return self._role_finding(name, self.settings.channel_id, role_id, "alerts channel")

    def _second_channel(self) -> Finding:
        words, channel_id = self.words, self.settings.fallback_channel_id
        name = words.text("Second channel")
        if channel_id is not None:
            return self._channel_finding(name, channel_id, warning)
        command = self._mention("alerts channel")
        text = words.text("none; {command} sets one, in case the first fails", command=command)
        return ok(name, text)

    def _channel_finding(
        self, name: str, channel_id: int, bad: Callable[[str, str, str], Finding]
    ) -> Finding:
        if problem := channel_problem(self.words, self.interaction, channel_id):
            return bad(name, problem, self._how_to_mend(channel_id, "alerts channel"))
        return ok(name, f"<#{channel_id}>")

    def _own_channels(self) -> Iterator[Finding]:
        name = self.words.text("Channel of a site")
        return self._by_trouble(
            (one, self._own_channel(name, one.monitor.channel_id))
            for one in self.monitors
            if one.monitor.channel_id is not None
        )

    def _own_channel(self, name: str, channel_id: int) -> Finding:
        client = self.interaction.client
        if client.known_channels.find(self.interaction.guild, channel_id) is None:
            problem = self.words.text("I cannot see its channel, or it is gone.")
        else:
            problem = channel_problem(self.words, self.interaction, channel_id)
        fix = self._how_to_mend(channel_id, "watch edit")
        return broken(name, problem, fix) if problem else ok(name, "")

    def _own_roles(self) -> Iterator[Finding]:
        name = self.words.text("Role of a site")
        return self._by_trouble(
            (one, self._role_finding(name, one.channel_id, one.monitor.role_id, "watch edit"))
            for one in self.monitors
            if one.monitor.role_id is not None
        )

    def _by_trouble(self, found: Iterable[tuple[MonitorStatus, Finding]]) -> Iterator[Finding]:
        """Sites with the same trouble share a line, those without any another one."""
        alike: dict[Finding, list[MonitorStatus]] = defaultdict(list)
        fine: list[Finding] = []
        for one, finding in found:
            if finding.grade is Grade.OK:
                fine.append(finding)
            else:
                alike[finding].append(one)
        for finding, monitors in alike.items():
            yield replace(finding, text=f"{names(self.words, monitors)} · {finding.text}")
        if fine:
            yield self._fine(fine[0].name, len(fine))

    def _role_finding(
        self, name: str, channel_id: int | None, role_id: int, command: str
    ) -> Finding:
        words, guild = self.words, self.interaction.guild
        problem = role_unreachable(words, self.interaction, channel_id or 0, role_id)
        if not problem:
            return ok(name, f"<@&{role_id}>")
        if guild is None or guild.get_role(role_id) is None:
            fix = words.text("Choose another one: {command}", command=self._mention(command))
            return broken(name, problem, fix)
        fix = words.text("Server settings, page Roles: “Allow anyone to @mention this role”.")
        return warning(name, problem, fix)

    def _boards(self) -> Iterator[Finding]:
        words, fine = self.words, 0
        name = words.text("Live boards")
        for board in self.interaction.client.services.boards.of_guild(self.settings.id):
            problem = channel_problem(words, self.interaction, board.channel_id, embeds=False)
            if problem:
                yield warning(name, problem, self._how_to_mend(board.channel_id, "board create"))
            elif board.asked_ms is not None:
                channel, again = f"<#{board.channel_id}>", self._mention("board create")
                text = words.text("Somebody deleted the one in {channel}.", channel=channel)
                yield warning(name, text, words.text("{command} brings it back.", command=again))
            else:
                fine += 1
        if fine:
            yield self._fine(name, fine)

    def _refusing(self, troubles: DeliveryProblems) -> Iterator[Finding]:
        """Channels that refused a message, and what could be sent nowhere."""
        words = self.words
        name = words.text("Refuses messages")
        fix = N_("I retry from time to time, and as soon as the channel’s permissions change.")
        for one in troubles.channels:
            if one.reason != DeliveryAction.CHANNEL_GONE:
                channel, since = f"<#{one.channel_id}>", stamp(one.since_ms, "f")
                text = words.text("{channel}, since {time}.", channel=channel, time=since)
                yield warning(name, text, words.text(fix))
        if troubles.held_ms is not None:
            text = words.text(
                "Discord has refused too many of my requests: what it refused waits until {time}.",
                time=stamp(troubles.held_ms, "f"),
            )
            yield warning(name, text, words.text("Fix the channels named here."))
        if troubles.unreachable_ms is not None:
            since = stamp(troubles.unreachable_ms, "f")
            text = words.text(
                "Since {time} I have not been able to notify anyone here.", time=since
            )
            yield broken(name, text, self._choose_one())

    def _fine(self, name: str, count: int) -> Finding:
        return ok(name, self.words.plural("{n} is OK", "{n} are OK", count))

    def _choose_one(self) -> str:
        return self.words.text("Choose one: {command}", command=self._mention("alerts channel"))

    def _mention(self, command: str) -> str:
        return self.interaction.client.commands_tree.mention(command)

    def _how_to_mend(self, channel_id: int, command: str) -> str:
        return remedy(self.words, self.interaction, channel_id, command)


setup = extension(Doctor, DoctorButton)
