"""The world and its rules of rights, without a server."""

import pytest

from sandbox.clock import SandboxClock, Snowflakes, created_ms
from sandbox.world.default_world import BOT_PERMISSIONS, add_member, default_world
from sandbox.world.permissions import ALL, Permission, in_channel, in_guild, parse
from sandbox.world.world import Guild, Member, Overwrite, User, World

VIEW, SEND, EMBED = Permission.VIEW_CHANNEL, Permission.SEND_MESSAGES, Permission.EMBED_LINKS


def fresh() -> tuple[World, Guild, Member]:
    world = default_world(Snowflakes(SandboxClock()))
    guild = world.guild("Harbour")
    return world, guild, guild.members[world.bot.id]


def test_ids_are_unique_rising_and_say_their_time() -> None:
    clock = SandboxClock()
    ids = Snowflakes(clock)
    made = [int(ids.new()) for _ in range(9000)]
    assert made == sorted(set(made))
    assert abs(created_ms(str(made[0])) - clock.now() * 1000) < 1000
    assert all(18 <= len(str(one)) <= 19 for one in (*made, ids.old()))


def test_the_default_world_keeps_its_ids_from_run_to_run() -> None:
    first, second = fresh()[0], fresh()[0]
    assert list(first.users) == list(second.users)
    assert [c.id for c in first.channels()] == [c.id for c in second.channels()]
    assert BOT_PERMISSIONS == 274878024704


def test_names_find_things_and_doubtful_ones_do_not() -> None:
    world, guild, _ = fresh()
    assert world.channel("#alerts") is world.channel("Harbour/alerts")
    assert world.user(world.bot.id) is world.bot
    assert world.role(guild, "On call").mentionable
    for wrong in ("nowhere", "Harbour/nowhere", "Nowhere/alerts"):
        with pytest.raises(LookupError):
            world.channel(wrong)


def test_the_owner_and_administrators_may_everything() -> None:
    world, guild, bot = fresh()
    admin = guild.members[world.user("Admin").id]
    channel = world.channel("alerts")
    channel.overwrites[guild.id] = Overwrite(guild.id, 0, deny=VIEW)
    assert in_channel(guild, admin, channel, 0) == ALL
    guild.roles[bot.roles[0]].permissions |= Permission.ADMINISTRATOR
    assert in_guild(guild, bot) == in_channel(guild, bot, channel, 0) == ALL


def test_overwrites_apply_everyone_then_roles_then_the_member() -> None:
    world, guild, bot = fresh()
    channel = world.channel("alerts")
    own_role = bot.roles[0]
    channel.overwrites[guild.id] = Overwrite(guild.id, 0, deny=SEND)
    assert SEND not in in_channel(guild, bot, channel, 0)
    channel.overwrites[own_role] = Overwrite(own_role, 0, allow=SEND)
    assert SEND in in_channel(guild, bot, channel, 0)
    channel.overwrites[bot.user_id] = Overwrite(bot.user_id, 1, deny=SEND)
    found = in_channel(guild, bot, channel, 0)
    assert SEND not in found
    assert EMBED not in found, "what needs sending goes with it"
    channel.overwrites[bot.user_id] = Overwrite(bot.user_id, 1, allow=SEND, deny=VIEW)
    assert in_channel(guild, bot, channel, 0) == 0


def test_somebody_timed_out_only_reads() -> None:
    world, guild, _ = fresh()
    member = add_member(guild, User("1", "Late"))
    member.timed_out_until = 100
    channel = world.channel("alerts")
    assert in_channel(guild, member, channel, 99) == VIEW | Permission.READ_MESSAGE_HISTORY
    assert SEND in in_channel(guild, member, channel, 101)


def test_rights_are_written_as_numbers_or_names() -> None:
    assert parse("embed_links") == parse(str(1 << 14)) == parse(["EMBED_LINKS"]) == EMBED
    assert parse(("VIEW_CHANNEL", SEND)) == VIEW | SEND
    with pytest.raises(KeyError):
        parse("FLY")
