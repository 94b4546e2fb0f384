"""Where alerts go: ``/alerts`` chooses the channel, and the sink that delivers them is set up."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VigieClient
from bot.errors import UserError
from bot.tree import words_of
from bot.words.catalogue import LANGUAGES, N_, Words, native_name, words_for
from cogs._ui.alert_buttons import IncidentButton
from cogs._ui.alert_settings import (
    REMINDERS,
    channel_problem,
    language_text,
    settings_embed,
    unreachable,
)
from cogs._ui.asking import Interaction, only_managers, patiently, say
from cogs._ui.channel_rights import AlertChannel, granted_to_bot, missing_text
from cogs._ui.discord_sink import DiscordSink
from cogs._ui.incident_pages import SitesPage

_AUTOMATIC = "auto"
_LANGUAGES = [
    app_commands.Choice(name=N_("automatic"), value=_AUTOMATIC),
    *(app_commands.Choice(name=native_name(code), value=code) for code in LANGUAGES),
]


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Alerts(commands.GroupCog, group_name="alerts", group_description="Choose where alerts go."):
    """Settings of a server's alerts; only for people with Manage Server."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        return await only_managers(interaction)

    @app_commands.command(name="channel", description="Send alerts to this channel.")
    @app_commands.describe(
        channel="The channel for all alerts of this server.",
        role="Who is called when something opens.",
        fallback="A second channel, if the first one is gone or refuses me.",
        reminders="How often I repeat what is still down.",
    )
    @app_commands.choices(
        reminders=[app_commands.Choice(name=text, value=v) for v, text in REMINDERS.items()]
    )
    async def channel(
        self,
        interaction: Interaction,
        channel: AlertChannel,
        role: discord.Role | None = None,
        fallback: AlertChannel | None = None,
        reminders: str | None = None,
    ) -> None:
        if role is not None and role.is_default():
            raise UserError("I do not call @everyone. Choose a role, or none.")
        services = self._client.services
        work = services.guilds.set_alerts(
            interaction.guild_id or 0,
            channel_id=channel.id,
            role_id=None if role is None else role.id,
            fallback_channel_id=None if fallback is None else fallback.id,
            reminder_h=None if reminders is None else _hours(reminders),
            by=interaction.user.id,
        )
        settings = await patiently(interaction, work)
        await patiently(
            interaction, services.delivery.channel_chosen(interaction.guild_id or 0, channel.id)
        )
        words = words_of(interaction)
        lines = [
            _goes_to(words, channel, settings.role_id),
            missing_text(words, interaction, channel),
        ]
        if role is not None:
            lines.append(_unreachable(words, interaction, channel, role))
        if fallback is not None:
            lines.append(missing_text(words, interaction, fallback))
        await say(interaction, "\n".join(line for line in lines if line))

    @app_commands.command(name="show", description="Show how alerts are set up here.")
    async def show(self, interaction: Interaction) -> None:
        settings = self._client.services.guilds.settings(interaction.guild_id or 0)
        await say(interaction, embed=settings_embed(words_of(interaction), interaction, settings))

    @app_commands.command(name="language", description="Choose the language of alerts.")
    @app_commands.describe(language="The language of everything I post here.")
    @app_commands.choices(language=_LANGUAGES)
    async def language(self, interaction: Interaction, language: str) -> None:
        chosen = None if language == _AUTOMATIC else words_for(language).language
        work = self._client.services.guilds.set_language(interaction.guild_id or 0, chosen)
        settings = await patiently(interaction, work)
        words = words_of(interaction)
        await say(
            interaction,
            words.text(
                "Language of what I post here: {language}. What only you see is in your own.",
                language=language_text(words, settings),
            ),
        )

    @app_commands.command(name="test", description="Send a test alert, marked as one.")
    async def test(self, interaction: Interaction) -> None:
        work = self._client.services.trial.send(interaction.guild_id or 0)
        channel_id = await patiently(interaction, work)
        words = words_of(interaction)
        if channel_id is None:
            choose = self._client.commands_tree.mention("alerts channel")
            text = words.text("Alerts have nowhere to go yet: {command}", command=choose)
            await say(interaction, text)
            return
        sent = words.text(
            "A test alert is on its way to {channel}: a line and a card, marked TEST."
            " It pings nobody.",
            channel=f"<#{channel_id}>",
        )
        problem = channel_problem(words, interaction, channel_id)
        await say(interaction, f"{sent}\n{problem}".rstrip())


def _hours(reminders: str) -> int:
    return int(reminders) if reminders.isdigit() else 0


def _goes_to(words: Words, channel: AlertChannel, role_id: int | None) -> str:
    if role_id is None:
        return words.text("Alerts go to {channel}.", channel=channel.mention)
    return words.text(
        "Alerts go to {channel} and call {role}.", channel=channel.mention, role=f"<@&{role_id}>"
    )


def _unreachable(
    words: Words, interaction: Interaction, channel: AlertChannel, role: discord.Role
) -> str:
    """A role is pinged only if it is mentionable or the bot may mention everyone there."""
    if role.mentionable or granted_to_bot(interaction, channel).mention_everyone:
        return ""
    return unreachable(words, role.mention, channel.mention)


async def setup(client: VigieClient) -> None:
    client.sink = DiscordSink(client)
    client.add_dynamic_items(IncidentButton, SitesPage)
    await client.add_cog(Alerts(client))
