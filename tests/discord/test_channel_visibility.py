"""Who reads a channel: as discord.py reckons it, and never more than a member really sees."""

import asyncio
import random
import time
from collections.abc import Collection

import discord

from bot.discord.channel_visibility import ChannelAudience
from bot.discord.channels import Channels
from tests.discord.servers import Server


def test_random_servers_are_read_as_discord_py_reads_them() -> None:
    async def scenario() -> None:
        yes = 0
        for seed in range(150):
            dice = random.Random(seed)
            server = Server.of(dice)
            readers = ChannelAudience(Channels(server.client))
            for _ in range(6):
                yes += _compare(server, readers, dice)
                server.change(dice)
        assert yes > 500, "both answers were met"

    asyncio.run(scenario())


def _compare(server: Server, readers: ChannelAudience, dice: random.Random) -> int:
    """Every pair of channels of a server; returns how many were found shared."""
    guild = server.guild
    ids = [*(c.id for c in guild.channels), *(t.id for t in guild.threads), 1]
    people, found = server.people(dice, 12), 0
    for home in ids:
        shared = readers.shared(guild, home, ids)
        assert shared == _by_discord_py(guild, home, ids)
        found += len(shared)
        for other in shared:
            _check_people(guild, people, home, other)
    return found


def _check_people(
    guild: discord.Guild, people: list[discord.Member], home_id: int, other_id: int
) -> None:
    """Nobody who sees the one is kept from the other."""
    home, other = (guild.get_channel_or_thread(one) for one in (home_id, other_id))
    if home is None or other is None:
        return
    for person in people:
        if home.permissions_for(person).view_channel:
            assert other.permissions_for(person).view_channel


def _by_discord_py(guild: discord.Guild, home_id: int, ids: Collection[int]) -> frozenset[int]:
    """The rule of Readers in its plainest form: role by role, with the library's own rights."""
    home = _parent(guild, home_id)
    return frozenset(one for one in ids if _is_shared(guild, home, _parent(guild, one)))


def _is_shared(
    guild: discord.Guild,
    home: discord.abc.GuildChannel | None,
    other: discord.abc.GuildChannel | None,
) -> bool:
    if other is None:
        return False
    if home is not None and (home == other or _view_rules(home) == _view_rules(other)):
        return True
    if any(not sees for key, sees in _view_rules(other).items() if key != guild.id):
        return False
    if other.permissions_for(guild.default_role).view_channel:
        return True
    if home is None or home.permissions_for(guild.default_role).view_channel:
        return False
    known = {role.id for role in guild.roles}
    let_in = {key for key, sees in _view_rules(home).items() if sees} - known
    return let_in <= {key for key, sees in _view_rules(other).items() if sees} and all(
        other.permissions_for(role).view_channel
        for role in guild.roles
        if role != guild.self_role and home.permissions_for(role).view_channel
    )


def _parent(guild: discord.Guild, channel_id: int) -> discord.abc.GuildChannel | None:
    found = guild.get_channel_or_thread(channel_id)
    if isinstance(found, discord.Thread):
        return None if found.is_private() else found.parent
    return found


def _view_rules(channel: discord.abc.GuildChannel) -> dict[int, bool]:
    """Who is let in or kept out by name; what says so of us ourselves says nothing of readers."""
    own = channel.guild.self_role
    ours = {channel.guild.me.id, 0 if own is None else own.id}
    found = {target.id: rule.view_channel for target, rule in channel.overwrites.items()}
    return {key: sees for key, sees in found.items() if sees is not None and key not in ours}


def test_a_server_of_discord_s_greatest_size_is_read_in_no_time() -> None:
    async def scenario() -> None:
        dice = random.Random(1)
        server = Server.of(dice, roles=247, channels=50)
        readers = ChannelAudience(Channels(server.client))
        ids = [channel.id for channel in server.guild.channels]
        begun = time.process_time()
        for home in ids:
            readers.shared(server.guild, home, ids)
        # 2,500 pairs; role by role it were 625,000 looks at a channel's overwrites.
        assert time.process_time() - begun < 0.5

    asyncio.run(scenario())
