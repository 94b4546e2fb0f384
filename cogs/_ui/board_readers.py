"""Who can read a channel, as far as that decides what a post in it may name."""

from collections.abc import Collection

import discord

_Home = discord.abc.GuildChannel
_VIEW = "view_channel"


class Readers:
    """From the cache alone: there are no member lists, so the rule must hold for anybody.

    A channel is open to all readers of another when it is the same, or when both have word for
    word the same overwrites of "View Channel". Else no role or person may be kept out of it, and
    everybody in the server must see it, or each role and person that sees the other. (Discord:
    permissions follow from the roles of a person and the overwrites of the channel alone; what
    lets in one role is not undone by another that is not kept out. A thread has those of its
    parent.)
    """

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def shared(
        self, guild: discord.Guild | None, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        """Those of ``others`` that all readers of a channel can read; None: not known now."""
        if guild is None or guild.unavailable:
            return None
        home = self._home(guild, channel_id)
        return frozenset(one for one in others if self._is_shared(guild, home, one))

    def _is_shared(self, guild: discord.Guild, home: _Home | None, other_id: int) -> bool:
        other = self._home(guild, other_id)
        if other is None:
            return False
        rules = _rules(other)
        if home is not None and (home.id == other.id or _rules(home) == rules):
            return True
        if any(not sees for key, sees in rules.items() if key != guild.id):
            return False
        if other.permissions_for(guild.default_role).view_channel:
            return True
        return home is not None and _takes_in(guild, home, other)

    def _home(self, guild: discord.Guild, channel_id: int) -> _Home | None:
        """The channel whose overwrites count; a sleeping thread's is remembered."""
        found = guild.get_channel_or_thread(channel_id)
        if isinstance(found, discord.Thread):
            if found.is_private():
                return None
            self._parents[channel_id] = found.parent_id
        elif found is not None:
            return found
        parent_id = self._parents.get(channel_id)
        return None if parent_id is None else guild.get_channel(parent_id)


def _takes_in(guild: discord.Guild, home: _Home, other: _Home) -> bool:
    """Whether each role and person that sees ``home`` is let into ``other``, too."""
    roles = {role.id for role in guild.roles}
    people = {key for key, sees in _rules(home).items() if sees} - roles - {guild.me.id}
    let_in = {key for key, sees in _rules(other).items() if sees}
    return people <= let_in and _seeing(guild, home) <= _seeing(guild, other)


def _seeing(guild: discord.Guild, channel: _Home) -> set[int]:
    """The roles that let people see a channel; ours lets in nobody but us."""
    bot = guild.self_role
    return {
        role.id
        for role in guild.roles
        if role != bot and channel.permissions_for(role).view_channel
    }


def _rules(channel: _Home) -> dict[int, bool]:
    """Role or person → whether an overwrite lets them see the channel."""
    found = {target.id: rule.view_channel for target, rule in channel.overwrites.items()}
    return {target_id: sees for target_id, sees in found.items() if sees is not None}
