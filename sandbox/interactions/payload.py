"""What the bot hears of an interaction: INTERACTION_CREATE with every documented key."""

from sandbox.core import Core
from sandbox.errors import Json
from sandbox.interactions.interaction import Interaction, Kind
from sandbox.world.access import rights_of
from sandbox.world.nouns import Guild, User
from sandbox.world.objects import channel_object, member_object, user_object
from sandbox.world.permissions import Permission

ATTACHMENT_SIZE_LIMIT = 10_485_760
IN_GUILD, IN_BOT_DM = 0, 1


def interaction_create(core: Core, interaction: Interaction) -> Json:
    """The event's data."""
    world = core.world
    channel = world.channel(interaction.channel_id)
    guild = world.guild_of(channel)
    user = world.users[interaction.user_id]
    member_rights = rights_of(core, user, channel)
    payload: Json = {
        "id": interaction.id,
        "application_id": world.application.id,
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "channel_id": channel.id,
        "channel": {**channel_object(world, channel), "permissions": str(int(member_rights))},
        "data": interaction.data,
        "locale": interaction.locale,
        "app_permissions": str(int(rights_of(core, world.bot, channel))),
        "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": owners(interaction),
        "context": IN_BOT_DM if guild is None else IN_GUILD,
    }
    if interaction.source is not None:
        payload["message"] = core.messages.view(interaction.source)
    if guild is None:
        return {**payload, "user": user_object(user)}
    return {
        **payload,
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "member": _member(core, guild, user, member_rights),
    }


def owners(interaction: Interaction) -> Json:
    return {"0": interaction.guild_id or "0"}


def metadata(core: Core, interaction: Interaction, *, followup: bool) -> Json:
    """``interaction_metadata`` of a message that answers an interaction."""
    found: Json = {
        "id": interaction.id,
        "type": int(interaction.kind),
        "user": user_object(core.world.users[interaction.user_id]),
        "authorizing_integration_owners": owners(interaction),
    }
    if followup and interaction.original_id:
        found["original_response_message_id"] = interaction.original_id
    if interaction.kind is Kind.COMMAND:
        found |= {"name": interaction.command_name, "command_type": 1}
    elif interaction.kind is Kind.COMPONENT and interaction.source is not None:
        found["interacted_message_id"] = interaction.source.id
    elif interaction.parent is not None:
        parent = metadata(core, interaction.parent, followup=False)
        found["triggering_interaction_metadata"] = parent
    return found


def _member(core: Core, guild: Guild, user: User, member_rights: Permission) -> Json:
    member = member_object(core.world, guild.members[user.id])
    return {**member, "permissions": str(int(member_rights))}
