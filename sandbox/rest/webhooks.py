"""Answers to interactions over REST: the callback, and follow-ups through the webhook."""

from sandbox.errors import refusal
from sandbox.form import Form
from sandbox.interactions import callback
from sandbox.interactions.interaction import Interaction
from sandbox.messages.posting import loading, revise
from sandbox.messages.store import Stored
from sandbox.rest.call import NO_CONTENT, Call, Reply
from sandbox.rules.message import Flag, require_sound

ORIGINAL = "@original"


def answer(call: Call) -> Reply:
    """The first answer; with ``with_response`` the message comes back."""
    core = call.core
    interaction = core.interactions.to_answer(call.match["interaction_id"], call.match["token"])
    found = callback.answer(core, interaction, call.mapping, call.uploads)
    call.entry.message_id = found["interaction"].get("response_message_id")
    wanted = call.query.get("with_response", "").lower() in {"1", "true"}
    return Reply(found) if wanted else NO_CONTENT


def follow_up(call: Call) -> Reply:
    """A further message. The first one after a deferral becomes the deferred answer instead."""
    core, interaction, body = call.core, _interaction(call), call.mapping
    require_sound(body, Form(), files=len(call.uploads))
    draft = callback.draft_for(core, interaction, body, call.uploads)
    original = core.messages.find(interaction.original_id or "")
    if original is not None and loading(original.message):
        draft.flags &= ~Flag.EPHEMERAL
        stored = revise(core, original, draft, touch=False)
    else:
        stored = callback.say(core, interaction, draft, followup=True)
        interaction.followup_ids.append(stored.id)
    call.made(stored.id)
    return Reply(core.messages.view(stored))


def one(call: Call) -> Reply:
    return Reply(call.core.messages.view(_answered(call, _interaction(call))))


def edit(call: Call) -> Reply:
    core, interaction = call.core, _interaction(call)
    stored = _answered(call, interaction)
    draft = callback.draft_for(core, interaction, call.mapping, call.uploads)
    revise(core, stored, draft, touch=not loading(stored.message))
    call.made(stored.id)
    return Reply(core.messages.view(stored))


def remove(call: Call) -> Reply:
    call.core.messages.delete(_answered(call, _interaction(call)))
    return NO_CONTENT


def _interaction(call: Call) -> Interaction:
    if call.match["application_id"] != call.core.world.application.id:
        raise refusal(10015)
    return call.core.interactions.by_webhook(call.match["token"])


def _answered(call: Call, interaction: Interaction) -> Stored:
    """The message of the path, if the interaction made it. Raises 10008."""
    own = interaction.original_id
    wanted = own if call.match["message_id"] == ORIGINAL else call.match["message_id"]
    found = call.core.messages.find(wanted or "")
    if found is None or wanted not in {own, *interaction.followup_ids}:
        raise refusal(10008)
    return found
