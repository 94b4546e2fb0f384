"""Messages of channels over REST: send, list, read, edit, delete, pin."""

from sandbox.errors import refusal
from sandbox.form import Form
from sandbox.messages import posting
from sandbox.messages.store import Stored
from sandbox.rest.call import NO_CONTENT, Call, Reply
from sandbox.world.access import rights_of
from sandbox.world.permissions import Permission

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
