"""Channels over REST: read one, change a thread, make threads, join and leave them."""

from bot.sandbox.errors import Json, refusal
from bot.sandbox.form import Form
from bot.sandbox.rest.call import NO_CONTENT, Call, Reply
from bot.sandbox.world.access import require, rights_of
from bot.sandbox.world.nouns import TEXT_CHANNELS, Channel, ChannelType, Thread
from bot.sandbox.world.objects import channel_object
from bot.sandbox.world.permissions import Permission

MAX_NAME = 100
MAX_TOPIC = 1024
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
THREAD_KINDS = (10, 11, 12)


def one(call: Call) -> Reply:
    return Reply(channel_object(call.core.world, call.channel()))


def modify(call: Call) -> Reply:
    """Name and topic of a channel; name, archive and lock of a thread."""
    channel, body = call.channel(), call.mapping
    if channel.type == ChannelType.DM:
        raise refusal(50024)
    form = Form()
    if "name" in body:
        form.at("name").text(body["name"], MAX_NAME, 1)
    if body.get("topic") is not None:
        form.at("topic").text(body["topic"], MAX_TOPIC)
    form.close()
    if channel.thread is None:
        require(call.core, call.core.world.bot, channel, Permission.MANAGE_CHANNELS)
        channel.topic = body.get("topic", channel.topic)
    else:
        _modify_thread(call, channel, channel.thread, body)
    channel.name = body.get("name", channel.name)
    call.core.news.channel_changed(channel)
    return Reply(channel_object(call.core.world, channel))


def remove(call: Call) -> Reply:
    """Delete a channel or thread (or close a DM, which deletes nothing)."""
    core, channel = call.core, call.channel()
    whole = channel_object(core.world, channel)
    if channel.type == ChannelType.DM:
        return Reply(whole)
    needed = Permission.MANAGE_THREADS if channel.thread else Permission.MANAGE_CHANNELS
    require(core, core.world.bot, channel, needed)
    guild = core.world.guild_of(channel)
    if guild is not None:
        del guild.channels[channel.id]
        core.news.channel_gone(channel, guild)
    return Reply(whole)


def thread_from_message(call: Call) -> Reply:
    """A public thread under a message; it takes the message's id."""
    channel = call.channel(Permission.CREATE_PUBLIC_THREADS)
    message_id = call.match["message_id"]
    stored = call.core.messages.find(message_id, channel.id)
    if stored is None:
        raise refusal(10008)
    if call.core.world.find_channel(message_id) is not None:
        raise refusal(160004)
    kinds = {ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD}
    kind = kinds.get(ChannelType(channel.type), ChannelType.PUBLIC_THREAD)
    made = _make(call, channel, message_id, kind)
    flags = int(stored.message["flags"]) | 1 << 5
    call.core.messages.change(stored, {**stored.message, "flags": flags})
    return made


def thread(call: Call) -> Reply:
    """A thread without a message; private unless its type says public."""
    body = call.mapping
    kind = body.get("type", ChannelType.PRIVATE_THREAD)
    form = Form()
    if kind not in THREAD_KINDS:
        form.at("type").choices(THREAD_KINDS)
    form.close()
    private = kind == ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    return _make(call, call.channel(needed), call.core.ids.new(), kind)


def join_thread(call: Call) -> Reply:
    _open_thread(call).members.add(call.core.world.bot.id)
    return NO_CONTENT


def leave_thread(call: Call) -> Reply:
    _open_thread(call).members.discard(call.core.world.bot.id)
    return NO_CONTENT


def thread_members(call: Call) -> Reply:
    channel = call.channel()
    members = sorted(_open_thread(call).members)
    now = call.core.clock.iso()
    return Reply(
        [{"id": channel.id, "user_id": m, "join_timestamp": now, "flags": 0} for m in members]
    )


def archived_threads(call: Call) -> Reply:
    """Archived public threads of a channel, newest first."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    guild = call.core.world.guild_of(channel)
    threads = [
        channel_object(call.core.world, one)
        for one in (guild.channels.values() if guild else ())
        if one.parent_id == channel.id and one.thread is not None and one.thread.archived
    ]
    return Reply({"threads": threads[::-1], "members": [], "has_more": False})


def _open_thread(call: Call) -> Thread:
    channel = call.channel()
    if channel.thread is None:
        raise refusal(50024)
    if channel.thread.archived:
        raise refusal(50083)
    return channel.thread


def _make(call: Call, channel: Channel, thread_id: str, kind: int) -> Reply:
    core, body = call.core, call.mapping
    if channel.type not in TEXT_CHANNELS:
        raise refusal(50024)
    form = Form()
    form.at("name").text(body.get("name"), MAX_NAME, 1)
    minutes = body.get("auto_archive_duration") or ARCHIVE_MINUTES[1]
    if minutes not in ARCHIVE_MINUTES:
        form.at("auto_archive_duration").choices(ARCHIVE_MINUTES)
    form.close()
    guild, now = core.world.guild_of(channel), core.clock.iso()
    if guild is None:
        raise refusal(50024)
    bot_id = core.world.bot.id
    about = Thread(bot_id, now, now, auto_archive_duration=minutes, members={bot_id})
    made = Channel(
        thread_id, body["name"].strip(), kind, guild.id, parent_id=channel.id, thread=about
    )
    guild.channels[made.id] = made
    core.news.channel_made(made)
    return Reply(channel_object(core.world, made), 201)


def _modify_thread(call: Call, channel: Channel, about: Thread, body: Json) -> None:
    """Own threads may be renamed and archived; locking needs Manage Threads."""
    core = call.core
    manages = Permission.MANAGE_THREADS in rights_of(core, core.world.bot, channel)
    owns = about.owner_id == core.world.bot.id
    if about.archived and set(body) - {"archived", "locked"}:
        raise refusal(50083)
    if not manages and (not owns or "locked" in body or (about.locked and "archived" in body)):
        raise refusal(50013)
    archived = bool(body.get("archived", about.archived))
    if archived != about.archived:
        about.archive_timestamp = core.clock.iso()
    about.archived, about.locked = archived, bool(body.get("locked", about.locked))
