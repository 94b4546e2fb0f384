"""JSON objects of servers, channels and people, as Discord's API and gateway carry them."""

from datetime import UTC, datetime

from sandbox.errors import Json
from sandbox.world.world import Channel, ChannelType, Guild, Member, Role, User, World

INTERACTIVE_APPLICATION_FLAGS = 1 << 23  # APPLICATION_COMMAND_BADGE


def user_object(user: User) -> Json:
    return {
        "id": user.id,
        "username": user.name.lower().replace(" ", "_"),
        "global_name": None if user.bot else user.name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "primary_guild": None,
        "collectibles": None,
    }


def own_user_object(world: World) -> Json:
    """The bot's user as ``/users/@me`` and READY show it to itself."""
    own = {"verified": True, "mfa_enabled": True, "flags": 0, "locale": "en-US", "email": None}
    return {**user_object(world.bot), **own}


def application_object(world: World) -> Json:
    application = world.application
    return {
        "id": application.id,
        "name": application.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": application.id.zfill(64),
        "owner": user_object(world.users[application.owner_id]),
        "team": None,
        "flags": INTERACTIVE_APPLICATION_FLAGS,
        "hook": True,
        "summary": "",
        "is_monetized": False,
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "redirect_uris": [],
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "integration_types_config": {"0": {}},
        "bot": user_object(world.bot),
    }


def role_object(role: Role) -> Json:
    found: Json = {
        "id": role.id,
        "name": role.name,
        "description": None,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.bot_id is not None,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if role.bot_id is not None:
        found["tags"] = {"bot_id": role.bot_id}
    return found


def member_object(world: World, member: Member, *, with_user: bool = True) -> Json:
    """A member. Messages carry it without ``user``, because the author is there already."""
    until = member.timed_out_until
    found: Json = {
        "roles": list(member.roles),
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": member.joined_at,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": (
            datetime.fromtimestamp(until, UTC).isoformat() if until else None
        ),
    }
    if with_user:
        found["user"] = user_object(world.users[member.user_id])
    return found


def channel_object(world: World, channel: Channel) -> Json:
    common: Json = {
        "id": channel.id,
        "type": int(channel.type),
        "flags": 0,
        "last_message_id": channel.last_message_id,
    }
    if channel.type == ChannelType.DM:
        partner = world.users[channel.recipient_id or ""]
        return {**common, "recipients": [user_object(partner)]}
    common |= {"guild_id": channel.guild_id, "name": channel.name, "rate_limit_per_user": 0}
    if channel.thread is not None:
        return {**common, **_thread_keys(channel)}
    if channel.type in {ChannelType.VOICE, ChannelType.STAGE}:
        common |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if channel.type in {ChannelType.FORUM, ChannelType.MEDIA}:
        common |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
    return {
        **common,
        "position": channel.position,
        "parent_id": channel.parent_id,
        "topic": None,
        "nsfw": False,
        "last_pin_timestamp": None,
        "permission_overwrites": [
            {"id": o.id, "type": o.kind, "allow": str(int(o.allow)), "deny": str(int(o.deny))}
            for o in channel.overwrites.values()
        ],
    }


def _thread_keys(channel: Channel) -> Json:
    thread = channel.thread
    if thread is None:
        return {}
    return {
        "parent_id": channel.parent_id,
        "owner_id": thread.owner_id,
        "message_count": thread.message_count,
        "total_message_sent": thread.message_count,
        "member_count": 1,
        "thread_metadata": {
            "archived": thread.archived,
            "locked": thread.locked,
            "auto_archive_duration": 1440,
            "archive_timestamp": thread.archive_timestamp,
            "create_timestamp": thread.create_timestamp,
        },
    }


def guild_object(guild: Guild) -> Json:
    """A server as REST answers it; the gateway adds channels, threads and members."""
    is_community = bool(guild.rules_channel_id or guild.public_updates_channel_id)
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": guild.owner_id,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [role_object(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": ["COMMUNITY"] if is_community else [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": guild.system_channel_id,
        "system_channel_flags": 0,
        "rules_channel_id": guild.rules_channel_id,
        "public_updates_channel_id": guild.public_updates_channel_id,
        "safety_alerts_channel_id": None,
        "max_members": 500_000,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "widget_enabled": False,
    }
