"""The bot's first answer to an interaction: callback types 4 to 9."""

from collections.abc import Callable as Function

from sandbox.core import Core
from sandbox.errors import Form, Json, refusal
from sandbox.interactions.interaction import Callback, Interaction, Kind, metadata
from sandbox.messages.composer import Draft
from sandbox.messages.posting import REPLY, Uploads, loading, reference_to, revise
from sandbox.messages.store import Stored
from sandbox.rules.commands import INTEGER, NUMBER, STRING, check_choices
from sandbox.rules.layout import check_modal, ids_as_text
from sandbox.rules.message import IN_ANSWER, Flag, flags_of, require_sound
from sandbox.world.objects import user_object
from sandbox.world.permissions import Permission, rights_of

CHAT_INPUT_COMMAND = 20
# Which first answers each kind of interaction takes; those on a message only where there is one.
ALLOWED: dict[Kind, tuple[Callback, ...]] = {
    Kind.COMMAND: (Callback.MESSAGE, Callback.DEFER, Callback.MODAL),
    Kind.COMPONENT: (
        Callback.MESSAGE,
        Callback.DEFER,
        Callback.DEFER_UPDATE,
        Callback.UPDATE,
        Callback.MODAL,
    ),
    Kind.AUTOCOMPLETE: (Callback.CHOICES,),
    Kind.MODAL: (Callback.MESSAGE, Callback.DEFER, Callback.DEFER_UPDATE, Callback.UPDATE),
}
_ON_A_MESSAGE = frozenset({Callback.DEFER_UPDATE, Callback.UPDATE})


def answer(core: Core, interaction: Interaction, body: Json, uploads: Uploads) -> Json:
    """Take the first answer; returns the body of ``with_response``."""
    kind = _callback_type(interaction, body)
    data = Form().at("data").mapping(body.get("data") or {})
    message = _TAKERS[kind](core, interaction, data, uploads)
    interaction.answered = kind
    core.changes.stir()
    about: Json = {"id": interaction.id, "type": int(interaction.kind)}
    resource: Json = {"type": int(kind)}
    if message is not None:
        about |= {
            "response_message_id": message.id,
            "response_message_loading": loading(message.message),
            "response_message_ephemeral": message.ephemeral_for is not None,
        }
        if kind in {Callback.MESSAGE, Callback.UPDATE}:
            resource["message"] = core.messages.view(message)
    return {"interaction": about, "resource": resource}


def _callback_type(interaction: Interaction, body: Json) -> Callback:
    allowed = ALLOWED[interaction.kind]
    if interaction.source is None:
        allowed = tuple(kind for kind in allowed if kind not in _ON_A_MESSAGE)
    form = Form()
    if body.get("type") not in allowed:
        form.at("type").choices(tuple(int(kind) for kind in allowed))
    form.close()
    return Callback(body["type"])


def draft_for(core: Core, interaction: Interaction, body: Json, uploads: Uploads) -> Draft:
    """A body in the interaction's channel, with the bot's own rights to mention."""
    channel = core.world.channel(interaction.channel_id)
    rights = rights_of(core, core.world.bot, channel)
    return Draft(
        channel,
        body,
        uploads,
        by_webhook=True,
        may_mention_all=Permission.MENTION_EVERYONE in rights,
        flags=flags_of(body) & IN_ANSWER,
    )


def say(core: Core, interaction: Interaction, draft: Draft, *, followup: bool = False) -> Stored:
    """Make a message that answers an interaction: for everybody, or for one person only."""
    source = interaction.source
    answered = (interaction.original_id if followup else None) or (source.id if source else None)
    command = interaction.kind is Kind.COMMAND
    kind = REPLY if answered else CHAT_INPUT_COMMAND if command else 0
    message = core.composer.write(draft, core.world.bot, kind)
    message["webhook_id"] = core.world.application.id
    message["interaction_metadata"] = metadata(core, interaction, followup=followup)
    if command:
        message["interaction"] = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "name": interaction.command_name,
            "user": user_object(core.world.users[interaction.user_id]),
        }
    if answered:
        message["message_reference"] = reference_to(answered, draft.channel)
    ephemeral = bool(draft.flags & Flag.EPHEMERAL)
    stored = Stored(
        message,
        core.world.bot.id,
        core.clock.now(),
        ephemeral_for=interaction.user_id if ephemeral else None,
        interaction_id=interaction.id,
    )
    core.messages.add(stored)
    return stored


def _message(core: Core, interaction: Interaction, data: Json, uploads: Uploads) -> Stored:
    require_sound(data, Form().at("data"), files=len(uploads))
    return _first(core, interaction, draft_for(core, interaction, data, uploads))


def _defer(core: Core, interaction: Interaction, data: Json, _uploads: Uploads) -> Stored:
    flags = flags_of(data) & Flag.EPHEMERAL | Flag.LOADING
    draft = draft_for(core, interaction, {}, {})
    draft.flags = flags
    return _first(core, interaction, draft)


def _first(core: Core, interaction: Interaction, draft: Draft) -> Stored:
    stored = say(core, interaction, draft)
    interaction.original_id = stored.id
    return stored


def _defer_update(
    _core: Core, interaction: Interaction, _data: Json, _uploads: Uploads
) -> Stored | None:
    source = interaction.source
    interaction.original_id = source.id if source else None
    return source


def _update(core: Core, interaction: Interaction, data: Json, uploads: Uploads) -> Stored | None:
    source = interaction.source
    if source is None or not source.alive:
        raise refusal(10008)
    interaction.original_id = source.id
    return revise(core, source, draft_for(core, interaction, data, uploads))


def _choices(_core: Core, interaction: Interaction, data: Json, _uploads: Uploads) -> None:
    form = Form()
    kind = _focused_type(interaction.data)
    check_choices(data.get("choices"), form.at("data", "choices"), kind)
    form.close()
    interaction.choices = data["choices"]


def _focused_type(data: Json) -> int:
    """The type of the option somebody is typing in."""
    for option in data.get("options", ()):
        if option.get("focused"):
            return int(option["type"])
        if (found := _focused_type(option)) in {INTEGER, NUMBER}:
            return found
    return STRING


def _modal(core: Core, interaction: Interaction, data: Json, _uploads: Uploads) -> None:
    form = Form()
    check_modal(data, form.at("data"))
    form.close()
    ids_as_text(data["components"])
    interaction.modal = data
    core.changes.publish(
        {
            "type": "modal",
            "user_id": interaction.user_id,
            "interaction_id": interaction.id,
            "modal": data,
        }
    )


_TAKERS: dict[Callback, Function[[Core, Interaction, Json, Uploads], Stored | None]] = {
    Callback.MESSAGE: _message,
    Callback.DEFER: _defer,
    Callback.DEFER_UPDATE: _defer_update,
    Callback.UPDATE: _update,
    Callback.CHOICES: _choices,
    Callback.MODAL: _modal,
}
