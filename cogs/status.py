"""``/status``: all sites, or one: what is true, how it fared, what happened last."""

from collections.abc import Sequence
from dataclasses import replace

import discord
from discord import app_commands

from bot.charts.ticks import answer_time
from bot.clock import DAY_MS
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import incident_word, offline_text
from bot.models import CheckResult, Ending, Incident, State, Window
from bot.services.history.monitor_report import BAR_DAYS, Latency, MonitorReport
from bot.services.maintenance import REASON_LIMIT
from bot.services.recurrence import Occurrence
from bot.services.status import MonitorStatus, incident_outline
from bot.words.causes import cause_text, result_text
from bot.words.escaping import markdown
from bot.words.incident_text import sentence
from bot.words.phrases import stamp
from bot.words.translator import Translator
from cogs._ui.audit_log import audit_log_button
from cogs._ui.buttons import Asked, view_of
from cogs._ui.interactions import (
    VigieCog,
    defer_if_slow,
    extension,
    is_manager,
    public_channels,
    public_monitors,
    respond,
    visible_channels,
)
from cogs._ui.monitor_option import KnownMonitor, Tag
from cogs._ui.monitor_text import add_address, add_game, bar, ending_text, state_embed, uptime_lines
from cogs._ui.site_lists import NONE_MATCH, STATES, StatusPage, filter_of

_INCIDENTS = 5


def monitor_embed(
    asked: Asked,
    status: MonitorStatus,
    report: MonitorReport,
    past: Sequence[Incident],
    *,
    whole_url: bool,
) -> discord.Embed:
    """``past``: the incidents of the report that the person may see, newest first.

    ``whole_url``: for people who may read full addresses.
    """
    words, client = asked.words, asked.interaction.client
    said = _sentences(words, status, report, client.services.why.offline_since_ms)
    embed = state_embed(words, status, said)
    _add_now(embed, words, status, whole=whole_url)
    if _has_numbers(status, report):
        _add_numbers(embed, words, report)
    if report.certificate_ms is not None:
        left = _certificate(words, report.certificate_ms, client.services.clock.now_ms())
        embed.add_field(name=words.text("Certificate"), value=left)
    _add_past(embed, words, past, client.commands_tree.mention("incidents"))
    _add_settings(embed, words, status, whole=whole_url)
    return embed


def _sentences(
    words: Translator, status: MonitorStatus, report: MonitorReport, offline_ms: int | None
) -> list[str]:
    monitor = status.monitor
    if status.paused:
        if monitor.resume_ms is None:
            return [words.text("Paused until somebody resumes it.")]
        return [words.text("Paused until {time}.", time=stamp(monitor.resume_ms, "f"))]
    said = [_state_sentence(words, status, report)]
    if monitor.muted_until_ms is not None:
        until = stamp(monitor.muted_until_ms, "f")
        said.append(words.text("Alerts are muted until {time}.", time=until))
    if status.maintenance is not None:
        said.append(_maintenance(words, *status.maintenance))
    if offline_ms is not None:
        said.append(offline_text(words, offline_ms))
    return [one for one in said if one]


def _state_sentence(words: Translator, status: MonitorStatus, report: MonitorReport) -> str:
    if status.incident is not None:
        return sentence(words, status.incident)
    if status.state is State.UNKNOWN:
        if status.monitor.is_push:
            return words.text("Waiting for the first beat.")
        return words.text("Waiting for the first successful check.")
    ends = [one.ended_ms or one.resolved_ms for one in report.past]
    last_ms = max((end for end in ends if end is not None), default=None)
    if last_ms is None:
        since = stamp(status.monitor.created_ms)
        return words.text("No trouble since it was added, {time}.", time=since)
    return words.text("No trouble since {time}.", time=f"{stamp(last_ms)} ({stamp(last_ms, 'f')})")


def _maintenance(words: Translator, window: Window, occurrence: Occurrence) -> str:
    until = stamp(occurrence.until_ms or 0, "f")
    said = words.text("Maintenance until {time}; alerts are silenced until then.", time=until)
    reason = markdown(window.reason or "", REASON_LIMIT)
    return f"{said} {reason}".rstrip()


def _add_now(
    embed: discord.Embed, words: Translator, status: MonitorStatus, *, whole: bool
) -> None:
    since_ms = status.incident.since_ms if status.incident else status.monitor.paused_ms
    if since_ms is not None:
        since = f"{stamp(since_ms)} ({stamp(since_ms, 'f')})"
        embed.add_field(name=words.text("Since"), value=since)
    if status.latest is not None:
        seen = f"{stamp(status.latest.at_ms)} · {result_text(words, status.latest, whole=whole)}"
        name = words.text("Latest check")
        if status.monitor.is_push:
            name, seen = words.text("Last beat"), _beat(words, status.latest)
        embed.add_field(name=name, value=seen)
        add_game(embed, words, status.latest)


def _beat(words: Translator, latest: CheckResult) -> str:
    """What the job said, and how long it took where it said when it began."""
    said = stamp(latest.at_ms)
    if latest.cause is not None:
        return f"{said} · {cause_text(words, latest.cause)}"
    if not latest.phases.total:
        return said
    took = words.duration(latest.phases.total / 1000)
    return f"{said} · {words.text('took {duration}', duration=took)}"


def _has_numbers(status: MonitorStatus, report: MonitorReport) -> bool:
    """What was never judged and never counted has none."""
    return status.state is not State.UNKNOWN or report.whole.count > 0 or bool(report.past)


def _add_numbers(embed: discord.Embed, words: Translator, report: MonitorReport) -> None:
    name = words.plural("Last {n} day", "Last {n} days", BAR_DAYS)
    embed.add_field(name=name, value=bar(words, report.bar), inline=False)
    uptime = uptime_lines(words, report)
    embed.add_field(name=words.text("Uptime"), value=uptime, inline=False)
    if report.latency is not None:
        answers = words.text("Response time, last 24 h")
        embed.add_field(name=answers, value=_latency(words, report.latency))


def _latency(words: Translator, latency: Latency) -> str:
    median = words.text("median {time}", time=answer_time(words, latency.median))
    if latency.p95 is None:
        return median
    most = words.text("95% within {time}", time=answer_time(words, latency.p95))
    return f"{median} · {most}"


def _certificate(words: Translator, ends_ms: int, now_ms: int) -> str:
    """Whole days left; the day itself is shown in the reader's own zone."""
    day = stamp(ends_ms, "D")
    if ends_ms <= now_ms:
        return words.text("expired, {time}", time=day)
    days = (ends_ms - now_ms) // DAY_MS
    left = words.plural("{n} day left", "{n} days left", days)
    return f"{left} · {day}"


def _add_past(embed: discord.Embed, words: Translator, past: Sequence[Incident], more: str) -> None:
    """The newest that are over: the open one stands above."""
    over = [one for one in past if not one.open][:_INCIDENTS]
    if not over:
        return
    lines = [_past(words, one) for one in over]
    lines.append(words.text("All of them: {command}", command=more))
    embed.add_field(name=words.text("Last incidents"), value="\n".join(lines), inline=False)


def _past(words: Translator, one: Incident) -> str:
    """``24 November 2026 14:02 · 🔴 DOWN · lasted 12 min · HTTP 503``."""
    length = words.text("lasted {duration}", duration=words.duration(one.lasted_s))
    how_long = length if one.ending is Ending.RESOLVED else ending_text(words, one)
    parts = [stamp(one.since_ms, "f"), incident_word(words, one), how_long]
    if one.cause is not None:
        parts.append(cause_text(words, one.cause, named=True))
    return " · ".join(parts)


def _add_settings(
    embed: discord.Embed, words: Translator, status: MonitorStatus, *, whole: bool
) -> None:
    """The host for everybody; the whole address and the alert channel for those who manage it."""
    monitor = status.monitor
    add_address(words, embed, monitor.target.url, whole=whole)
    if monitor.is_push:
        every, grace = words.duration(monitor.interval_s), words.duration(monitor.grace_s or 0)
        beats = words.text("every {every}, at most {grace} late", every=every, grace=grace)
        embed.add_field(name=words.text("A beat"), value=beats, inline=False)
    if whole:
        role_id = status.role_id
        places = [words.text("not chosen yet")]
        if status.channel_id is not None:
            places = [f"<#{status.channel_id}>", *([f"<@&{role_id}>"] if role_id else [])]
        embed.add_field(name=words.text("Alert channel"), value=" · ".join(places))


class Status(VigieCog):
    """States come from memory, so it never waits for a site; numbers from the store."""

    @app_commands.command(name="status", description="Show which sites are up and which are not.")
    @app_commands.describe(
        monitor="Only this site, in detail.",
        public="Show the answer to everyone here.",
        text="Only those with this text in name or host.",
        state="Only those in this state.",
        tag="Only those with this tag.",
    )
    @app_commands.choices(state=STATES)
    async def status(
        self,
        interaction: Interaction,
        monitor: KnownMonitor | None = None,
        *,
        public: bool = False,
        text: str | None = None,
        state: str | None = None,
        tag: Tag | None = None,
    ) -> None:
        if monitor is None:
            await self._overview(Asked(interaction, filter_of(text, state, tag), public))
        else:
            await self._one(interaction, monitor, public=public)

    async def _overview(self, asked: Asked) -> None:
        interaction = asked.interaction
        private = Asked(interaction, asked.about)
        mine = await StatusPage.entries(private)
        found = await StatusPage.entries(asked) if asked.public else mine
        if not mine:
            await respond(interaction, self._nothing(asked), ephemeral=not asked.public)
            return
        await StatusPage.show(asked if found else private, found=found or mine)
        if len(found) < len(mine):
            await self._explain(interaction, len(mine) - len(found))

    def _nothing(self, asked: Asked) -> str:
        """Nobody is sent to a command that is not theirs."""
        if asked.about and self._services.monitors.of_guild(asked.guild_id):
            return asked.words.text(NONE_MATCH)
        if not is_manager(asked.interaction):
            return asked.words.text("Nothing is watched yet.")
        command = self._client.commands_tree.mention("watch add")
        return asked.words.text("Nothing is watched yet. Try {command}", command=command)

    async def _one(self, interaction: Interaction, status: MonitorStatus, *, public: bool) -> None:
        """One that not all readers may see is shown to them as far as it is public."""
        whole = self._services.status.one(status.monitor.guild_id, status.monitor.id)
        shared = public_monitors(interaction, [whole]) if public else [status]
        await self._show(
            Asked(interaction, public=public and bool(shared)), (shared or [status])[0]
        )
        if not shared:
            await self._explain(interaction, 1)

    async def _show(self, asked: Asked, status: MonitorStatus) -> None:
        interaction, public, found = asked.interaction, asked.public, status.monitor
        work = self._services.status.report(found.guild_id, found.id)
        report = await defer_if_slow(interaction, work, ephemeral=not public)
        outlined = not found.target.url
        if outlined:
            report = replace(report, certificate_ms=None)
        places = {one.channel_id for one in report.past}
        open_to = visible_channels(interaction, places)
        if public:
            open_to &= public_channels(interaction, places)
        past = [
            one if one.channel_id in open_to and not outlined else incident_outline(one)
            for one in report.past
            if one.channel_id in open_to or found.public
        ]
        whole = is_manager(interaction) and not public and not outlined
        embed = monitor_embed(asked, status, report, past, whole_url=whole)
        view = view_of([audit_log_button(asked.words, found.id)] if whole else ())
        await respond(interaction, embed=embed, view=view, ephemeral=not public)

    async def _explain(self, interaction: Interaction, hidden: int) -> None:
        """Why the public answer says less than its asker sees; only they see it."""
        text = translator_of(interaction).plural(
            "{n} site hidden: not everyone here can see its alert channel.",
            "{n} sites hidden: not everyone here can see their alert channel.",
            hidden,
        )
        await respond(interaction, text)


setup = extension(Status, StatusPage)
