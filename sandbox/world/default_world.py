"""The world a sandbox starts with: one server named Harbour, three people and the bot."""

from datetime import UTC, datetime

from sandbox.clock import Snowflakes, created_ms
from sandbox.world.permissions import EVERYONE, Permission
from sandbox.world.world import Application, Channel, ChannelType, Guild, Member, Role, User, World

# What the README asks for when the bot is invited (274878024704).
BOT_PERMISSIONS = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.SEND_MESSAGES_IN_THREADS
)


def default_world(ids: Snowflakes, name: str = "Vigie") -> World:
    """The default world. Its ids are the same in every run."""
    admin = User(ids.old(), "Admin")
    bot_id = ids.old()
    world = World(Application(bot_id, name, admin.id), User(bot_id, name, bot=True))
    moderator, member = User(ids.old(), "Moderator"), User(ids.old(), "Member")
    for user in (admin, moderator, member):
        world.users[user.id] = user
    guild = make_guild(world, ids.old(), "Harbour", admin, ids.old())
    for role in (
        Role(ids.old(), "On call", mentionable=True),
        Role(ids.old(), "Moderators", permissions=Permission.MANAGE_MESSAGES),
    ):
        guild.roles[role.id] = role
    add_member(guild, moderator, role.id)
    add_member(guild, member)
    for position, (channel_name, kind) in enumerate(
        (
            ("alerts", ChannelType.TEXT),
            ("general", ChannelType.TEXT),
            ("news", ChannelType.ANNOUNCEMENT),
        )
    ):
        channel = Channel(ids.old(), channel_name, kind, guild.id, position)
        guild.channels[channel.id] = channel
    guild.system_channel_id = world.channel("general").id
    return world


def make_guild(world: World, guild_id: str, name: str, owner: User, bot_role_id: str) -> Guild:
    """A new server with everybody's role, the bot's role, its owner and the bot; no channels."""
    guild = Guild(guild_id, name, owner.id)
    guild.roles[guild_id] = Role(guild_id, "@everyone", permissions=EVERYONE, position=0)
    guild.roles[bot_role_id] = Role(
        bot_role_id,
        world.application.name,
        permissions=BOT_PERMISSIONS,
        position=2,
        bot_id=world.bot.id,
    )
    add_member(guild, owner)
    add_member(guild, world.bot, bot_role_id)
    world.guilds[guild_id] = guild
    return guild


def add_member(guild: Guild, user: User, *role_ids: str) -> Member:
    guild.members[user.id] = member = Member(user.id, _born(guild.id), list(role_ids))
    return member


def _born(snowflake: str) -> str:
    return datetime.fromtimestamp(created_ms(snowflake) / 1000, UTC).isoformat()
