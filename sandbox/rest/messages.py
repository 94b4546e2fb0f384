"""Messages over REST: those of channels, and the answers to interactions."""

from sandbox.errors import Form, refusal
from sandbox.interactions import callback
from sandbox.interactions.interaction import Interaction
from sandbox.messages import posting
from sandbox.messages.posting import loading, revise
from sandbox.messages.store import Stored
from sandbox.rest.call import NO_CONTENT, Call, Reply
from sandbox.rules.message import Flag, require_sound
from sandbox.world.permissions import Permission, rights_of

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_PINS = 250


def create(call: Call) -> Reply:
    core = call.core
    channel = call.channel()
    body = call.mapping
    nonce = None if body.get("nonce") is None else str(body["nonce"])
    call.entry.nonce = nonce
    stored = posting.post(core, core.world.bot, channel, body, call.uploads)
    call.made(stored.id, nonce)
    carried = {"nonce": body["nonce"]} if nonce is not None else {}
    return Reply({**core.messages.view(stored), **carried})


def listing(call: Call) -> Reply:
    """Newest first; without the right to read history Discord shows nothing."""
    core = call.core
    channel = call.channel()
    limit = _limit(call)
    if Permission.READ_MESSAGE_HISTORY not in rights_of(core, core.world.bot, channel):
        return Reply([])
    found = core.messages.in_channel(channel.id)
    if before := call.query.get("before"):
        found = [stored for stored in found if int(stored.id) < int(before)]
    if after := call.query.get("after"):
        found = [stored for stored in found if int(stored.id) > int(after)][:limit]
    elif around := call.query.get("around"):
        half = limit // 2
        older = [stored for stored in found if int(stored.id) < int(around)][-half:]
        found = older + [stored for stored in found if int(stored.id) >= int(around)][: half + 1]
    return Reply([core.messages.view(stored) for stored in reversed(found[-limit:])])


def one(call: Call) -> Reply:
    call.channel(Permission.READ_MESSAGE_HISTORY)
    return Reply(call.core.messages.view(_stored(call)))


def edit(call: Call) -> Reply:
    call.channel()
    stored = _stored(call)
    core = call.core
    posting.edit(core, core.world.bot, stored, call.mapping, call.uploads)
    return Reply(core.messages.view(stored))


def delete(call: Call) -> Reply:
    call.channel()
    posting.delete(call.core, call.core.world.bot, _stored(call))
    return NO_CONTENT


def pin(call: Call) -> Reply:
    channel = call.channel(Permission.PIN_MESSAGES)
    pinned = [s for s in call.core.messages.in_channel(channel.id) if s.message["pinned"]]
    if len(pinned) >= MAX_PINS:
        raise refusal(30003)
    stored = _stored(call)
    call.core.messages.change(stored, {**stored.message, "pinned": True})
    data = {"channel_id": channel.id, "last_pin_timestamp": call.core.clock.iso()}
    owner = {"guild_id": channel.guild_id} if channel.guild_id else {}
    call.core.hub.dispatch("CHANNEL_PINS_UPDATE", {**data, **owner}, channel.guild_id)
    return NO_CONTENT


def _stored(call: Call) -> Stored:
    found = call.core.messages.find(call.match["message_id"], call.match["channel_id"])
    if found is None:
        raise refusal(10008)
    call.made(found.id)
    return found


def _limit(call: Call) -> int:
    given = call.query.get("limit", str(DEFAULT_PAGE))
    form = Form()
    form.at("limit").number(int(given) if given.isdecimal() else given, 1, MAX_PAGE)
    for key in ("before", "after", "around"):
        if key in call.query:
            form.at(key).snowflake(call.query[key])
    form.close()
    return int(given)


ORIGINAL = "@original"


def answer_interaction(call: Call) -> Reply:
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


def webhook_message(call: Call) -> Reply:
    return Reply(call.core.messages.view(_answered(call, _interaction(call))))


def edit_webhook_message(call: Call) -> Reply:
    core, interaction = call.core, _interaction(call)
    stored = _answered(call, interaction)
    draft = callback.draft_for(core, interaction, call.mapping, call.uploads)
    revise(core, stored, draft, touch=not loading(stored.message))
    call.made(stored.id)
    return Reply(core.messages.view(stored))


def delete_webhook_message(call: Call) -> Reply:
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
