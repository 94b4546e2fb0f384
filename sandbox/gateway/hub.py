"""Gateway: its sessions, who gets which event, and how it misbehaves."""

import secrets
from collections.abc import Iterator

from sandbox.changes import Changes
from sandbox.clock import SandboxClock
from sandbox.errors import Json
from sandbox.gateway.session import Intent, Line, Session, guild_data, ready_data
from sandbox.settings import Settings
from sandbox.world.objects import member_object
from sandbox.world.permissions import Permission, in_channel
from sandbox.world.world import Channel, Guild, World

OP_RECONNECT, OP_INVALID_SESSION = 7, 9
_CONTENT = {"content": "", "embeds": [], "components": [], "attachments": []}


class Hub:
    def __init__(
        self, world: World, clock: SandboxClock, settings: Settings, changes: Changes
    ) -> None:
        self._world = world
        self._clock = clock
        self._settings = settings
        self._changes = changes
        self.url = ""
        self.refusing = False
        self.refused_shards: set[int] = set()
        self.sessions: dict[str, Session] = {}
        # Every IDENTIFY that was accepted; a start-up costs one of 1,000 a day.
        self.identifies: list[Session] = []
        self.resumes = 0
        self.connections = 0

    @property
    def online(self) -> bool:
        return any(session.line for session in self.sessions.values())

    @property
    def starts_left(self) -> int:
        return max(0, self._settings.session_starts - len(self.identifies))

    def open(self, intents: int, shard: tuple[int, int], line: Line) -> Session:
        """Begin a session: READY, then one GUILD_CREATE for each server of the shard."""
        session = Session(secrets.token_hex(16), intents, shard, line=line)
        self.sessions[session.id] = session
        self.identifies.append(session)
        guilds = [g for g in self._world.guilds.values() if g.present and session.owns(g.id)]
        session.push("READY", ready_data(self._world, session, guilds, self.url))
        for guild in guilds:
            if not guild.unavailable and intents & Intent.GUILDS:
                session.push("GUILD_CREATE", self.guild_create(guild, unavailable=False))
        self.announce_online()
        return session

    def detach(self, session: Session, line: Line, *, forget: bool) -> None:
        """A socket ended. ``forget`` when the client closed with 1000 or 1001."""
        if session.line is line:
            session.line = None
        if forget:
            self.sessions.pop(session.id, None)
        self.announce_online()

    def announce_online(self) -> None:
        self._changes.publish({"type": "bot", "online": self.online})

    def dispatch(
        self, event: str, data: Json, guild_id: str | None = None, intent: int = Intent.GUILDS
    ) -> None:
        """Send an event to the shard it belongs to, if that shard asked for it (0: always)."""
        for session in self._hearing(guild_id, intent):
            session.push(event, data)

    def message(self, event: str, message: Json, channel: Channel) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE; without MESSAGE_CONTENT foreign text comes empty."""
        guild = self._world.guild_of(channel)
        if not self._sees(guild, channel):
            return
        data = dict(message)
        author_id = data["author"]["id"]
        if guild is not None:
            data["guild_id"] = guild.id
            if member := guild.members.get(author_id):
                data["member"] = member_object(self._world, member, with_user=False)
        bot_id = self._world.bot.id
        mentioned = any(user["id"] == bot_id for user in data["mentions"])
        readable = author_id == bot_id or guild is None or mentioned
        for session in self._hearing(channel.guild_id, self._message_intent(guild)):
            clear = readable or session.intents & Intent.MESSAGE_CONTENT
            session.push(event, data if clear else {**data, **_CONTENT})

    def message_delete(self, message_id: str, channel: Channel) -> None:
        guild = self._world.guild_of(channel)
        data: Json = {"id": message_id, "channel_id": channel.id}
        if guild is not None:
            data["guild_id"] = guild.id
        if self._sees(guild, channel):
            self.dispatch("MESSAGE_DELETE", data, channel.guild_id, self._message_intent(guild))

    def guild_create(self, guild: Guild, *, unavailable: bool | None) -> Json:
        """The event's data; ``unavailable`` is absent (None) when the bot has just joined."""
        return guild_data(self._world, guild, self._clock.now(), unavailable=unavailable)

    def drop(self, code: int | None = None, *, shard: int | None = None) -> None:
        """Break connections, all or one shard's: with a close code, or as a lost line does."""
        for line in self._lines(shard):
            line.close(code)

    def refuse(self) -> None:
        """Take no new connection until :meth:`accept`."""
        self.refusing = True

    def accept(self) -> None:
        self.refusing = False

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for line in self._lines():
            line.put({"op": OP_RECONNECT, "d": None, "s": None, "t": None})

    def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Notify clients, all or one shard's: the session is over (op 9), or may be resumed."""
        lines = list(self._lines(shard))
        if not resumable:
            gone = [key for key, one in self.sessions.items() if shard in {None, one.shard[0]}]
            for key in gone:
                del self.sessions[key]
        for line in lines:
            line.put({"op": OP_INVALID_SESSION, "d": resumable, "s": None, "t": None})

    def _lines(self, shard: int | None = None) -> Iterator[Line]:
        for session in list(self.sessions.values()):
            if session.line is not None and shard in {None, session.shard[0]}:
                yield session.line

    def _hearing(self, guild_id: str | None, intent: int) -> Iterator[Session]:
        for session in list(self.sessions.values()):
            if session.owns(guild_id) and (not intent or session.intents & intent):
                yield session

    def _sees(self, guild: Guild | None, channel: Channel) -> bool:
        if guild is None:
            return True
        member = guild.members.get(self._world.bot.id)
        if member is None or not guild.present:
            return False
        rights = in_channel(guild, member, channel, self._clock.now())
        return Permission.VIEW_CHANNEL in rights

    @staticmethod
    def _message_intent(guild: Guild | None) -> Intent:
        return Intent.GUILD_MESSAGES if guild else Intent.DIRECT_MESSAGES
