"""Command tree: allowed servers, answers to errors, registration of commands.

:func:`answer_error` is the one way in which Vigie says that something went wrong; buttons
and forms use it too.
"""

import asyncio
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import aiohttp
import discord
from discord import app_commands

from bot.errors import OptionNames, UserError
from bot.words.escaping import markdown, units
from bot.words.translator import N_, SOURCE, Translator, translator_for

log = logging.getLogger(__name__)

_NAMES = {
    app_commands.TranslationContextLocation.command_name,
    app_commands.TranslationContextLocation.group_name,
    app_commands.TranslationContextLocation.parameter_name,
}

# What Discord takes as a name, and how long a description or a choice may be.
_NAME = re.compile(r"[-_'\w]{1,32}")
_TEXT_LIMIT = 100

# The person's client has given up on the interaction: late, or gone. No bug of ours.
_EXPIRED = {10062, 10015, 50027}
_ANSWERED = "answered_error"
_VALUE_LIMIT = 300

NETWORK_ERRORS = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)

NEEDS_MANAGE_SERVER = N_("You need “Manage Server” for this.")
_STALE = N_("This command was updated. Please try again in a minute.")
NOT_SERVED = N_("I do not serve this server. The bot's operator can add it to VIGIE_GUILDS.")
_OURS = N_(
    "Something went wrong on my side. If it happens again, give the bot's"
    " operator this code: {code}"
)

Loader = Callable[[], Awaitable[str | None]]
Saver = Callable[[str], Awaitable[None]]


def translator_of(interaction: discord.Interaction[Any]) -> Translator:
    return translator_for(str(interaction.locale))


async def answer_error(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answer any failure once, in the person's language. Never raises."""
    if interaction.extras.get(_ANSWERED):
        return
    interaction.extras[_ANSWERED] = True
    original = _original(error)
    if isinstance(original, discord.HTTPException) and original.code in _EXPIRED:
        log.info("Interaction %s had expired", interaction.id)
        return
    await _answer(interaction, _explained(interaction, original))


async def _answer(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer the person alone, if that is still possible."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except NETWORK_ERRORS as failure:
        log.info("Interaction not answered: %r", failure)


def _explained(interaction: discord.Interaction[Any], error: BaseException) -> str:
    words = translator_of(interaction)
    match error:
        case UserError():
            return error_text(words, error)
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return words.text(_STALE)
        case _:
            code = secrets.token_hex(3).upper()
            names = {"guild": interaction.guild_id}
            log.error("%s: %s failed", code, _called(interaction), exc_info=error, extra=names)
            return words.text(_OURS, code=code)


def error_text(words: Translator, error: UserError) -> str:
    literal = partial(markdown, limit=_VALUE_LIMIT)
    each = ((one.message, harmless(words, one.values, literal)) for one in error.each)
    return "\n".join(words.text(message, **values) for message, values in each)


def harmless(
    words: Translator, values: Mapping[str, object], literal: Callable[[str], str]
) -> dict[str, Any]:
    """Values are somebody's input, so they are shown literally; options as people type them."""

    def shown(value: object) -> object:
        if isinstance(value, OptionNames):
            return words.list([words.text(name, context="command") for name in value])
        return literal(value) if isinstance(value, str) else value

    return {name: shown(value) for name, value in values.items()}


def _called(interaction: discord.Interaction[Any]) -> str:
    if interaction.command is not None:
        return f"/{interaction.command.qualified_name}"
    return interaction.custom_id or interaction.type.name


def _original(error: BaseException) -> BaseException:
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.TransformerError) and error.__cause__ is not None:
        return error.__cause__
    return error


class CommandTranslator(app_commands.Translator):
    """Names and descriptions of commands in every language that has a catalogue."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        words = translator_for(locale.value)
        if words.language == SOURCE:
            return None
        if context.location in _NAMES:
            said = words.text(string.message, context="command")
            fits = _NAME.fullmatch(said) is not None and said == said.lower()
        else:
            said = words.text(string.message)
            fits = units(said) <= _TEXT_LIMIT
        # Discord refuses all commands for one name it does not take: that one stays English.
        return said if fits else None


class VigieTree(app_commands.CommandTree[discord.Client]):
    """Global commands for servers only, registered when they differ from the last time."""

    allowed_guilds: frozenset[int] = frozenset()
    ids: dict[str, int]

    def __init__(self, client: discord.Client) -> None:
        super().__init__(
            client,
            fallback_to_global=True,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self.ids = {}

    def add_command(self, command: Any, /, **more: Any) -> None:
        """Every command is for servers alone."""
        command.guild_only = True
        super().add_command(command, **more)

    def serves(self, guild_id: int | None) -> bool:
        return guild_id is not None and (not self.allowed_guilds or guild_id in self.allowed_guilds)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        if self.serves(interaction.guild_id):
            return True
        if interaction.type is not discord.InteractionType.autocomplete:
            await _answer(interaction, translator_of(interaction).text(NOT_SERVED))
        return False

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        await answer_error(interaction, error)

    def mention(self, name: str) -> str:
        """A command people can click, such as ``watch add``; plain text while ids are unknown."""
        found = self.ids.get(name.split(maxsplit=1)[0])
        return f"`/{name}`" if found is None else f"</{name}:{found}>"

    def of_managers(self) -> list[str]:
        """Root commands that take Manage Server by default."""
        needed = discord.Permissions(manage_guild=True)
        return sorted(one.name for one in self.get_commands() if one.default_permissions == needed)

    async def digest(self) -> str:
        """Changes when the application or anything that would be registered does."""
        translator = self.translator or CommandTranslator()
        payload = [await c.get_translated_payload(self, translator) for c in self.get_commands()]
        payload.sort(key=lambda command: str(command["name"]))
        text = json.dumps([self.client.application_id, payload], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    async def sync_if_changed(self, load: Loader, save: Saver) -> bool:
        """Register all commands unless exactly these are known; True when it registered them.

        Raises what discord.py and the network raise.
        """
        wanted = await self.digest()
        if await load() == wanted:
            registered = await self.fetch_commands()
            self._remember(registered)
            here = {command.name for command in self.get_commands()}
            if {command.name for command in registered} >= here:
                return False
        self._remember(await self.sync())
        await save(wanted)
        return True

    async def keep_synced(self, load: Loader, save: Saver) -> None:
        """Try :meth:`sync_if_changed` until it works: a second apart at first, at most 15 min."""
        pause_s = 1.0
        while True:
            try:
                if await self.sync_if_changed(load, save):
                    log.info("Registered %d commands", len(self.ids))
            except (discord.DiscordException, *NETWORK_ERRORS) as error:
                log.warning("Commands not registered, retrying in %.0f s: %r", pause_s, error)
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 900.0)

    def _remember(self, registered: list[app_commands.AppCommand]) -> None:
        self.ids = {command.name: command.id for command in registered}
