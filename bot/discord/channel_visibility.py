"""Readers of a channel, as far as that decides what a post in it may name."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import discord

from bot.discord.channels import Channels, own_member

_Home = discord.abc.GuildChannel
_VIEW = discord.Permissions(view_channel=True).value
_CONNECT = discord.Permissions(connect=True).value
_ADMINISTRATOR = discord.Permissions(administrator=True).value


class _Rules(NamedTuple):
    """A channel's overwrites of "View Channel". Roles are bits (see :class:`_Roles`)."""

    everyone: bool | None
    roles_in: int
    roles_out: int
    people_in: frozenset[int]
    people_out: frozenset[int]

    @property
    def keeps_somebody_out(self) -> bool:
        return bool(self.roles_out or self.people_out)


@dataclass(frozen=True, slots=True)
class _Roles:
    """A server's roles as bits of whole numbers, so that sets of them are compared at once.

    Roles never lose their bit while the server has them.
    """

    bits: dict[int, int]
    source: tuple[tuple[int, int], ...]  # what this was made of: each role's id and permissions
    seeing: int  # who sees a channel without overwrites
    almighty: int  # administrators
    ours: frozenset[int]  # we ourselves and our own role are nobody's readers
    own: int
    everyone: int

    @classmethod
    def of(cls, guild: discord.Guild, source: tuple[tuple[int, int], ...]) -> "_Roles":
        me, own = own_member(guild), guild.self_role
        own_id = 0 if own is None else own.id
        bits = {role_id: 1 << place for place, (role_id, _) in enumerate(source)}
        common = next((granted for role_id, granted in source if role_id == guild.id), 0)
        return cls(
            bits,
            source,
            _sum(bits[one] for one, granted in source if (granted | common) & _VIEW),
            _sum(bits[one] for one, granted in source if (granted | common) & _ADMINISTRATOR),
            frozenset({own_id, 0 if me is None else me.id}),
            bits.get(own_id, 0),
            bits.get(guild.id, 0),
        )

    def roles_seeing(self, rules: _Rules) -> int:
        """Roles that see a channel, each of them alone (Discord: overwrites)."""
        if rules.everyone is None:
            found = self.seeing
        else:
            found = (1 << len(self.bits)) - 1 if rules.everyone else 0
        return found & ~rules.roles_out | rules.roles_in | self.almighty


class ChannelAudience:
    """From the cache alone: there are no member lists, so the rule must hold for anybody.

    A channel is open to all readers of another when it is the same, or when both have word for
    word the same overwrites of "View Channel". Else no role or person may be kept out of it, and
    everybody in the server must see it, or each role and person that sees the other. (Discord:
    permissions follow from the roles of a person and the overwrites of the channel alone; what
    lets in one role is not undone by another that is not kept out. A thread has those of its
    parent.)

    What was worked out is kept until roles or overwrites differ; nothing has to be announced.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._roles: dict[int, _Roles] = {}
        self._rules: dict[int, dict[int, tuple[object, _Rules]]] = {}

    def shared(
        self, guild: discord.Guild | None, channel_id: int, others: Collection[int]
    ) -> frozenset[int] | None:
        """Those of ``others`` that all readers of a channel can read; None: not known now."""
        if guild is None or guild.unavailable:
            return None
        roles = self._roles_of(guild)
        home = self._home(guild, channel_id)
        here = None if home is None else self._rules_of(roles, home)
        # None: everybody may read it, or it is not known.
        crowd = None if here is None else roles.roles_seeing(here)
        if crowd is not None and crowd & roles.everyone:
            crowd = None
        open_to_all = set()
        for one in others:
            other = self._home(guild, one)
            if other is None or (one != channel_id and _needs_more(guild, other)):
                continue
            if (home is not None and other.id == home.id) or _lets_in(
                roles, here, crowd, self._rules_of(roles, other)
            ):
                open_to_all.add(one)
        return frozenset(open_to_all)

    def open_to_all(
        self, guild: discord.Guild | None, channels: Collection[int]
    ) -> frozenset[int] | None:
        """Those of ``channels`` that every member of the server can read; None: not known now."""
        if guild is None or guild.unavailable:
            return None
        roles, found = self._roles_of(guild), set[int]()
        for channel_id in channels:
            home = self._home(guild, channel_id)
            rules = None if home is None else self._rules_of(roles, home)
            if rules is None or rules.keeps_somebody_out:
                continue
            if roles.roles_seeing(rules) & roles.everyone:
                found.add(channel_id)
        return frozenset(found)

    def forget_guild(self, guild_id: int) -> None:
        self._roles.pop(guild_id, None)
        self._rules.pop(guild_id, None)

    def _roles_of(self, guild: discord.Guild) -> _Roles:
        # Its public property sorts the roles, which takes longer than all that follows.
        mine = guild._roles.values()  # noqa: SLF001
        source = tuple([(role.id, role.permissions.value) for role in mine])
        known = self._roles.get(guild.id)
        if known is not None and known.source == source:
            return known
        made = self._roles[guild.id] = _Roles.of(guild, source)
        if known is None or (known.bits, known.ours) != (made.bits, made.ours):
            self._rules[guild.id] = {}  # written with other bits
        return made

    def _rules_of(self, roles: _Roles, channel: _Home) -> _Rules:
        # discord.py makes a new list whenever a channel changes. Its public property builds an
        # object of some fifty flags for each overwrite, which a large server would notice.
        source = channel._overwrites  # noqa: SLF001
        kept = self._rules[channel.guild.id]
        known = kept.get(channel.id)
        if known is not None and known[0] is source:
            return known[1]
        guild_id, ours = channel.guild.id, roles.ours
        allowed = {one.id for one in source if one.allow & _VIEW} - ours
        denied = {one.id for one in source if one.deny & _VIEW} - allowed - ours
        made = _Rules(
            None if guild_id not in allowed | denied else guild_id in allowed,
            _sum(roles.bits[one] for one in allowed if one in roles.bits and one != guild_id),
            _sum(roles.bits[one] for one in denied if one in roles.bits and one != guild_id),
            frozenset(one for one in allowed if one not in roles.bits),
            frozenset(one for one in denied if one not in roles.bits),
        )
        if len(kept) > 2 * len(channel.guild.channels):
            kept.clear()  # most of them were deleted
        kept[channel.id] = source, made
        return made

    def _home(self, guild: discord.Guild, channel_id: int) -> _Home | None:
        """Find the channel whose overwrites count: that of a thread is its parent."""
        found = self._channels.find(guild, channel_id)
        if not isinstance(found, discord.Thread):
            return found
        return None if found.is_private() else guild.get_channel(found.parent_id)


def _needs_more(guild: discord.Guild, channel: _Home) -> bool:
    """True for a voice channel whose text not all read who see it: some may not join it."""
    if not isinstance(channel, discord.channel.VocalGuildChannel):
        return False
    denied = any(one.deny & _CONNECT for one in channel._overwrites)  # noqa: SLF001 - as above
    return denied or not guild.default_role.permissions.connect


def _lets_in(roles: _Roles, here: _Rules | None, crowd: int | None, other: _Rules) -> bool:
    """True if all who read a channel with the rules ``here`` may read one with those of ``other``.

    ``crowd``: the roles that see it; None: everybody sees it, or it is not known.
    """
    if here == other:
        return True
    if other.keeps_somebody_out:
        return False
    seeing = roles.roles_seeing(other)
    if seeing & roles.everyone:
        return True
    if crowd is None or here is None:
        return False
    return not crowd & ~seeing & ~roles.own and here.people_in <= other.people_in


def _sum(bits: Iterable[int]) -> int:
    found = 0
    for bit in bits:
        found |= bit
    return found
