"""Looks up servers, channels and roles by their names, for the file of sites."""

from collections.abc import Sequence

import discord

from bot.services.sites.document import Reference


class DiscordNames:
    """As the gateway sent them. Of several that are called the same none is meant."""

    complete = True

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        """The id of a ``server``, or of a ``channel`` or ``role`` of one; None: there is none."""
        if kind == "server":
            there = [one for one in self._client.guilds if not one.unavailable]
            return _one([(one.id, one.name) for one in there], wanted)
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return None
        found: Sequence[discord.Role | discord.abc.GuildChannel | discord.Thread] = (
            guild.roles if kind == "role" else [*guild.text_channels, *guild.threads]
        )
        # A thread that sleeps is known to Discord alone: its id is believed.
        if kind == "channel" and wanted.id is not None:
            return wanted.id
        return _one([(one.id, one.name) for one in found], wanted)


def _one(found: Sequence[tuple[int, str]], wanted: Reference) -> int | None:
    if wanted.id is not None:
        return next((number for number, _ in found if number == wanted.id), None)
    meant = [number for number, name in found if name.casefold() == wanted.name.casefold()]
    return meant[0] if len(meant) == 1 else None
