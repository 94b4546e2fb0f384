"""``/report``: how the sites fared over a week or a month, now or after each. Thin."""

from discord import app_commands
from discord.ext import commands

from bot.discord.alert_card import attachments
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem
from bot.models import GuildSettings, ReportSchedule
from bot.services.reports import ReportPeriod
from bot.words import report_text
from bot.words.translator import N_, Translator
from cogs._ui.interactions import ManagersCog, defer_if_slow, extension, respond
from cogs._ui.monitor_option import Tag
from cogs._ui.options import AlertChannel

_PERIODS = [
    app_commands.Choice(name=N_("every week"), value=ReportPeriod.WEEKLY.value),
    app_commands.Choice(name=N_("every month"), value=ReportPeriod.MONTHLY.value),
]
_LENGTHS = [
    app_commands.Choice(name=N_("7 days"), value=ReportPeriod.WEEKLY.value),
    app_commands.Choice(name=N_("30 days"), value=ReportPeriod.MONTHLY.value),
]


class Report(
    ManagersCog,
    commands.GroupCog,
    group_name="report",
    group_description="Reports: uptime, incidents, response times, certificates.",
):
    @app_commands.command(name="now", description="Report on the sites up to now.")
    @app_commands.describe(
        period="How far back; by default 7 days.",
        channel="Send it to this channel; by default only you see it.",
        tag="Only sites with this tag.",
    )
    @app_commands.choices(period=_LENGTHS)
    async def now(
        self,
        interaction: Interaction,
        period: str = ReportPeriod.WEEKLY.value,
        channel: AlertChannel | None = None,
        tag: Tag | None = None,
    ) -> None:
        guild_id = interaction.guild_id or 0
        words = translator_of(interaction)
        work = self._services.reports.latest(guild_id, ReportPeriod(period), tag or "")
        if channel is None:
            report = await defer_if_slow(interaction, work)
            files = await defer_if_slow(
                interaction, self._services.reports.files(words, report), after_s=0
            )
            text = report_text.message(words, report)
            await respond(interaction, text, files=attachments(files))
        elif problem := channel_problem(words, interaction, channel.id):
            work.close()
            await respond(interaction, problem)
        else:
            report = await defer_if_slow(interaction, work)
            await defer_if_slow(
                interaction, self._services.reports.send(guild_id, report, channel.id), after_s=0
            )
            await respond(
                interaction, words.text("The report goes to {channel}.", channel=channel.mention)
            )

    @app_commands.command(name="schedule", description="Send a report after each week or month.")
    @app_commands.describe(
        period="How often.",
        channel="Where; by default where alerts go.",
        tag="Only sites with this tag.",
    )
    @app_commands.choices(period=_PERIODS)
    async def schedule(
        self,
        interaction: Interaction,
        period: str,
        channel: AlertChannel | None = None,
        tag: Tag | None = None,
    ) -> None:
        words = translator_of(interaction)
        problem = None if channel is None else channel_problem(words, interaction, channel.id)
        if problem:
            await respond(interaction, problem)
            return
        work = self._services.reports.schedule(
            interaction.guild_id or 0,
            ReportPeriod(period),
            None if channel is None else channel.id,
            tag or "",
            interaction.user.id,
        )
        found = await defer_if_slow(interaction, work)
        settings = self._services.guilds.settings(interaction.guild_id or 0)
        lines = [_line(words, one, settings) for one in found]
        lines.append(words.text("/report now shows one at once, /report off ends them."))
        await respond(interaction, "\n".join(lines))

    @app_commands.command(name="off", description="Send no more reports.")
    async def off(self, interaction: Interaction) -> None:
        work = self._services.reports.stop(interaction.guild_id or 0, interaction.user.id)
        await defer_if_slow(interaction, work)
        await respond(interaction, translator_of(interaction).text("No more reports are sent."))


def _line(words: Translator, one: ReportSchedule, settings: GuildSettings) -> str:
    text = N_("{channel} gets a report on the 1st at 9:00 ({timezone}), of the month before.")
    if one.period == ReportPeriod.WEEKLY:
        text = N_("{channel} gets a report every Monday at 9:00 ({timezone}), of the week before.")
    channel = f"<#{one.channel_id or settings.channel_id}>"
    said = words.text(text, channel=channel, timezone=settings.timezone)
    only = words.text("Only sites with the tag #{tag}.", tag=one.tag) if one.tag else ""
    return f"{said} {only}".rstrip()


setup = extension(Report)
