"""An interaction: who started it, what the bot is sent and answered, how long its token lives."""

import base64
import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.clock import SandboxClock, Snowflakes
from sandbox.errors import Json, refusal
from sandbox.messages.store import Stored
from sandbox.settings import Settings
from sandbox.world.objects import channel_object, member_object, user_object
from sandbox.world.permissions import Permission, rights_of
from sandbox.world.world import Guild, User

if TYPE_CHECKING:
    from sandbox.core import Core

TOKEN_LIFE_S = 900.0


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True)
class Interaction:
    """``source`` is the message whose component was used, ``parent`` what opened the modal.

    Id, token and moment are given by :meth:`Interactions.begin`.
    """

    kind: Kind
    data: Json
    user_id: str
    channel_id: str
    guild_id: str | None
    locale: str
    source: Stored | None = None
    parent: "Interaction | None" = None
    id: str = ""
    token: str = ""
    created: float = 0.0
    answered: Callback | None = None
    missed: bool = False  # no first answer came in time
    original_id: str | None = None
    followup_ids: list[str] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None

    @property
    def command_name(self) -> str | None:
        """``watch add``, when this is a command or came from one."""
        if self.kind not in {Kind.COMMAND, Kind.AUTOCOMPLETE}:
            return self.parent.command_name if self.parent else None
        words, options = [self.data["name"]], self.data.get("options", ())
        while options and options[0]["type"] in {1, 2}:
            words.append(options[0]["name"])
            options = options[0].get("options", ())
        return " ".join(words)


class Interactions:
    """All interactions of a sandbox by id and by token."""

    def __init__(self, ids: Snowflakes, clock: SandboxClock, settings: Settings) -> None:
        self._ids = ids
        self._clock = clock
        self._settings = settings
        self.by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def begin(self, interaction: Interaction) -> None:
        """Give a new interaction what is its alone, and keep it."""
        interaction.id, interaction.created = self._ids.new(), self._clock.now()
        secret = f"interaction:{interaction.id}:{secrets.token_hex(48)}".encode()
        interaction.token = base64.urlsafe_b64encode(secret).decode().rstrip("=")
        self.by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction

    def to_answer(self, interaction_id: str, token: str) -> Interaction:
        """The interaction a first answer is for. Raises 10062 (unknown, late) or 40060 (again)."""
        found = self.by_id.get(interaction_id)
        if found is None or not secrets.compare_digest(found.token, token):
            raise refusal(10062)
        if found.answered is not None:
            raise refusal(40060)
        if found.missed or self._clock.now() - found.created > self._settings.first_answer_s:
            raise refusal(10062)
        return found

    def by_webhook(self, token: str) -> Interaction:
        """The answered interaction of a follow-up. Raises 10015 or, after 15 minutes, 50027."""
        found = self._by_token.get(token)
        if found is None:
            raise refusal(10015)
        if self._clock.now() - found.created > TOKEN_LIFE_S:
            raise refusal(50027)
        if found.answered is None:
            raise refusal(10015)
        return found


ATTACHMENT_SIZE_LIMIT = 10_485_760
IN_GUILD, IN_BOT_DM = 0, 1


def interaction_create(core: "Core", interaction: Interaction) -> Json:
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


def metadata(core: "Core", interaction: Interaction, *, followup: bool) -> Json:
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


def _member(core: "Core", guild: Guild, user: User, member_rights: Permission) -> Json:
    member = member_object(core.world, guild.members[user.id])
    return {**member, "permissions": str(int(member_rights))}
