"""Who can read a channel, as far as that decides what a post in it may name."""

from collections.abc import Collection
from dataclasses import dataclass

import discord

_Home = discord.abc.GuildChannel


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Who lets people into a channel that not everybody in the server sees."""

    roles: tuple[discord.Role, ...]
    people: frozenset[int]

    @classmethod
    def of(cls, guild: discord.Guild, home: _Home) -> "_Crowd":
        """Our own role is left out: it lets in nobody but us."""
        roles = (role for role in guild.roles if role != guild.self_role)
        known = {role.id for role in guild.roles} | {guild.me.id}
        people = {key for key, sees in _rules(home).items() if sees} - known
        seeing = (role for role in roles if home.permissions_for(role).view_channel)
        return cls(tuple(seeing), frozenset(people))

    def sees(self, other: _Home) -> bool:
        let_in = {key for key, sees in _rules(other).items() if sees}
        return self.people <= let_in and all(
            other.permissions_for(role).view_channel for role in self.roles
        )


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
        crowd = None
        if home is not None and not home.permissions_for(guild.default_role).view_channel:
            crowd = _Crowd.of(guild, home)
        return frozenset(one for one in others if self._is_shared(guild, home, crowd, one))

    def _is_shared(
        self, guild: discord.Guild, home: _Home | None, crowd: _Crowd | None, other_id: int
    ) -> bool:
        """``crowd`` None: everybody sees ``home``, or it is not known."""
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
        return crowd is not None and crowd.sees(other)

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


def _rules(channel: _Home) -> dict[int, bool]:
    """Role or person → whether an overwrite lets them see the channel."""
    found = {target.id: rule.view_channel for target, rule in channel.overwrites.items()}
    return {target_id: sees for target_id, sees in found.items() if sees is not None}
