"""Answers to interactions over REST: the callback, and follow-ups through the webhook."""

from bot.sandbox.errors import refusal
from bot.sandbox.interactions import callback, followups
from bot.sandbox.interactions.interaction import Interaction
from bot.sandbox.rest.call import NO_CONTENT, Call, Reply


def answer(call: Call) -> Reply:
    """The first answer; with ``with_response`` the message comes back."""
    core = call.core
    interaction = core.interactions.to_answer(call.match["interaction_id"], call.match["token"])
    found = callback.answer(core, interaction, call.mapping, call.uploads)
    call.entry.message_id = found["interaction"].get("response_message_id")
    wanted = call.query.get("with_response", "").lower() in {"1", "true"}
    return Reply(found) if wanted else NO_CONTENT


def follow_up(call: Call) -> Reply:
    stored = followups.follow_up(call.core, _interaction(call), call.mapping, call.uploads)
    call.made(stored.id)
    return Reply(call.core.messages.view(stored))


def one(call: Call) -> Reply:
    stored = followups.answered(call.core, _interaction(call), call.match["message_id"])
    return Reply(call.core.messages.view(stored))


def edit(call: Call) -> Reply:
    stored = followups.edit(
        call.core, _interaction(call), call.match["message_id"], call.mapping, call.uploads
    )
    call.made(stored.id)
    return Reply(call.core.messages.view(stored))


def remove(call: Call) -> Reply:
    followups.remove(call.core, _interaction(call), call.match["message_id"])
    return NO_CONTENT


def _interaction(call: Call) -> Interaction:
    if call.match["application_id"] != call.core.world.application.id:
        raise refusal(10015)
    return call.core.interactions.by_webhook(call.match["token"])
