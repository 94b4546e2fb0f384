"""Messages sent, edited and deleted in a channel, with the rights and rules that hold there."""

from sandbox.clock import created_ms
from sandbox.core import Core
from sandbox.errors import Form, Json, refusal
from sandbox.messages.composer import Draft
from sandbox.messages.store import Stored, Upload
from sandbox.rules.mentions import Allowance
from sandbox.rules.message import (
    IN_CHANNEL,
    Flag,
    check_message,
    flags_of,
    is_v2,
    require_something,
    require_sound,
)
from sandbox.world.objects import user_object
from sandbox.world.permissions import Permission, require, rights_of
from sandbox.world.world import Channel, ChannelType, User

REPLY = 19
WRITABLE = frozenset(ChannelType) - {
    ChannelType.CATEGORY,
    ChannelType.FORUM,
    ChannelType.MEDIA,
}
Uploads = dict[str, Upload]


def post(core: Core, author: User, channel: Channel, body: Json, uploads: Uploads) -> Stored:
    """Send a message. Raises what Discord answers: rights first, then the body, then the nonce."""
    if channel.type not in WRITABLE:
        raise refusal(50008)
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
    require(core, author, channel, sending)
    _require_open_dm(core, channel)
    require_sound(body, Form(), files=len(uploads))
    if existing := _same_nonce(core, author, body):
        return existing
    body = _allowed_parts(core, author, channel, body, uploads)
    reference = _reference(core, channel, body)
    _wake_thread(core, author, channel)
    rights = rights_of(core, author, channel)
    draft = Draft(
        channel,
        body,
        uploads,
        may_mention_all=Permission.MENTION_EVERYONE in rights,
        flags=flags_of(body) & IN_CHANNEL,
    )
    message = core.composer.write(draft, author, REPLY if reference else 0)
    if reference is not None:
        _answer(core, message, reference, body)
    nonce = None if body.get("nonce") is None else str(body["nonce"])
    stored = Stored(message, author.id, core.clock.now(), nonce)
    core.messages.add(stored)
    return stored


def edit(core: Core, author: User, stored: Stored, body: Json, uploads: Uploads) -> Stored:
    """Edit an own message in its channel; only new files need a right of their own."""
    channel = core.world.channel(stored.channel_id)
    require(core, author, channel, Permission.VIEW_CHANNEL)
    if stored.author_id != author.id:
        raise refusal(50005)
    if channel.thread is not None and channel.thread.archived:
        raise refusal(50083)
    age_s = core.clock.now() - created_ms(stored.id) / 1000
    core.limits.count_old_edit(channel.id, age_s)
    if uploads:
        require(core, author, channel, Permission.ATTACH_FILES)
    rights = rights_of(core, author, channel)
    draft = Draft(channel, body, uploads, may_mention_all=Permission.MENTION_EVERYONE in rights)
    return revise(core, stored, draft)


def revise(core: Core, stored: Stored, draft: Draft, *, touch: bool = True) -> Stored:
    """Check an edit's body, write it and announce it; rights are the caller's business."""
    was_v2 = is_v2(stored.message)
    check_message(draft.body, form := Form(), files=len(draft.uploads), was_v2=was_v2)
    if is_v2(draft.body) and not was_v2:
        _require_emptied(stored.message, draft.body, form)
    form.close()
    message = core.composer.rewrite(stored.message, draft, touch=touch)
    require_something(message, files=len(message["attachments"]))
    core.messages.change(stored, message)
    return stored


def _require_emptied(message: Json, body: Json, form: Form) -> None:
    """An edit that brings in Components V2 has to take text and embeds away itself."""
    for key in ("content", "embeds"):
        if message[key] and key not in body:
            form.at(key).complain(
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def delete(core: Core, author: User, stored: Stored) -> None:
    """Delete a message: the own one, or any with Manage Messages."""
    channel = core.world.channel(stored.channel_id)
    require(core, author, channel, Permission.VIEW_CHANNEL)
    if stored.author_id != author.id:
        require(core, author, channel, Permission.MANAGE_MESSAGES)
    core.messages.delete(stored)


def _require_open_dm(core: Core, channel: Channel) -> None:
    """A DM needs somebody who takes it and shares a server with the bot."""
    if channel.recipient_id is None:
        return
    guilds = core.world.guilds.values()
    shared = any(guild.present and channel.recipient_id in guild.members for guild in guilds)
    if core.world.users[channel.recipient_id].closed_dms or not shared:
        raise refusal(50007)


def _same_nonce(core: Core, author: User, body: Json) -> Stored | None:
    """The message that enforce_nonce returns. Raises 10008 when it has been deleted since."""
    nonce = body.get("nonce")
    if nonce is None or not body.get("enforce_nonce"):
        return None
    existing = core.messages.with_nonce(author.id, str(nonce))
    if existing is not None and not existing.alive:
        raise refusal(10008)
    return existing


def _allowed_parts(
    core: Core, author: User, channel: Channel, body: Json, uploads: Uploads
) -> Json:
    """Files and replies need rights of their own; without that to embed, embeds are dropped."""
    if uploads:
        require(core, author, channel, Permission.ATTACH_FILES)
    rights = rights_of(core, author, channel)
    if body.get("message_reference") and Permission.READ_MESSAGE_HISTORY not in rights:
        raise refusal(160002)
    if not body.get("embeds") or Permission.EMBED_LINKS in rights:
        return body
    rest = {key: value for key, value in body.items() if key != "embeds"}
    if not str(rest.get("content") or "").strip() and not uploads:
        raise refusal(50013)
    return rest


def _reference(core: Core, channel: Channel, body: Json) -> Json | None:
    """The message_reference to store, or None: no reply, or to a message that may be missing."""
    given = body.get("message_reference")
    if not given:
        return None
    form = Form().at("message_reference")
    given = form.mapping(given)
    form.at("message_id").snowflake(given.get("message_id"))
    if given.get("type"):
        form.at("type").complain("SANDBOX", "The sandbox knows replies, no forwards.")
    form.close()
    if str(given.get("channel_id") or channel.id) != channel.id:
        form.complain("MESSAGE_REFERENCE_CHANNEL_ID_MISMATCH", "Cannot reply to another channel")
        form.close()
    message_id = str(given["message_id"])
    if core.messages.find(message_id, channel.id) is None:
        if given.get("fail_if_not_exists", True) is False:
            return None
        form.complain("REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        form.close()
    return reference_to(message_id, channel)


def reference_to(message_id: str, channel: Channel) -> Json:
    """The ``message_reference`` of an answer."""
    found = {"type": 0, "message_id": message_id, "channel_id": channel.id}
    return {**found, "guild_id": channel.guild_id} if channel.guild_id else found


def _answer(core: Core, message: Json, reference: Json, body: Json) -> None:
    """Make a message a reply; whether the other's author is pinged is for allowed_mentions."""
    message["message_reference"] = reference
    answered = core.messages.find(reference["message_id"])
    allowance = Allowance.of(body.get("allowed_mentions"), by_webhook=False)
    if answered is None or not allowance.replied_user:
        return
    author = user_object(core.world.users[answered.author_id])
    if author["id"] not in {user["id"] for user in message["mentions"]}:
        message["mentions"].append(author)


def _wake_thread(core: Core, author: User, channel: Channel) -> None:
    """Sending un-archives a thread, unless it is locked."""
    thread = channel.thread
    if thread is None:
        return
    if not thread.archived and not thread.locked:
        return
    if thread.locked and Permission.MANAGE_THREADS not in rights_of(core, author, channel):
        raise refusal(50083)
    if thread.archived:
        thread.archived = False
        core.events.channel_changed(channel)


def loading(message: Json) -> bool:
    """True while a message shows that the bot is thinking."""
    return bool(int(message.get("flags") or 0) & Flag.LOADING)
