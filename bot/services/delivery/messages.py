"""A message on its way: claimed rows with their truth (OutgoingMessage), and the Alert of them.

Discord's side takes alerts by the protocol Transport.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from bot.clock import DAY_MS
from bot.db.blocked_channels import HomeChannel
from bot.db.followed_pages import PageReport
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery.planning import Batch, MessageKind

AlertKind = Literal[
    "down",
    "unstable",
    "blocked",
    "slow",
    "partly",
    "recovering",
    "up",
    "fast",  # the end of what was slow
    "blind",
    "certificate",
    "digest",
    "notice",
    "reported",  # by a followed page
    "test",
]
Action = Literal["post", "edit", "reply"]

# Users one recovery mentions at most; the rest read the channel.
MENTIONS = 60


class Attached(NamedTuple):
    """A file of a message; ``description``: of a picture, in words."""

    name: str
    data: bytes
    description: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One message, rendered from the truth of the moment it is sent.

    ``content`` is the push line in ``language``, without mentions: the transport appends
    ``role_ids`` and ``user_ids``. ``plain``: the line is all, no embed and no buttons. ``silent``:
    without a push. ``delayed_ms``: Discord was unreachable from … until …, to be said on the card.
    ``note``: what a notice says below its line, in an embed.
    ``report``: what a followed page says. ``observed``: pages that report something which the sites
    depend on, and since when.
    """

    kind: AlertKind
    language: str
    content: str
    incidents: tuple[Incident, ...] = ()
    role_ids: tuple[int, ...] = ()
    user_ids: tuple[int, ...] = ()
    silent: bool = False
    delayed_ms: tuple[int, int] | None = None
    plain: bool = False
    files: tuple["Attached", ...] = ()
    note: str = ""
    report: PageReport | None = None
    observed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that belongs to no incident; its words are found when it is sent.

    ``blind`` (offline): ``seconds``, until ``until_ms``. ``own_line``: sites answer elsewhere but
    not here. ``places``: those called ``name`` are missing. ``certificate``: that of ``name``, the
    monitor of ``monitor_id``, expires in ``days``, at ``until_ms``; ``role_id`` is called;
    ``renewed_ms``: when the new one expires, as the message of ``message_id`` is to say.
    ``lost``: ``channel_id`` is ``gone``, or refuses us. ``test``: how an alert looks.
    ``notice``: ``text`` as it is, with ``files``; ``user_id``: whom it concerns, if no channel can
    be reached.
    """

    kind: Literal["blind", "own_line", "places", "certificate", "lost", "test", "notice"]
    seconds: float = 0.0
    name: str = ""
    days: int = 0
    text: str = ""
    channel_id: int = 0
    gone: bool = False
    user_id: int | None = None
    files: tuple[Attached, ...] = ()
    until_ms: int = 0
    monitor_id: int = 0
    role_id: int | None = None
    renewed_ms: int = 0
    message_id: int = 0

    def at(self, age_ms: int) -> "Notice | None":
        """The notice after so long in the outbox; None: nothing of it is still true."""
        days = age_ms // DAY_MS
        if self.kind == "certificate" and days > 0 and not self.renewed_ms:
            return replace(self, days=self.days - days) if self.days >= days else None
        return None if self.kind in {"blind", "own_line", "places", "test"} and days > 0 else self

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, default=_base64)

    @classmethod
    def parse(cls, text: str) -> "Notice":
        given = json.loads(text)
        files = tuple(
            Attached(name, b64decode(data), description)
            for name, data, description in given.get("files", ())
        )
        return cls(**given | {"files": files})


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class SentMessage:
    action: Action
    at_ms: int
    channel_id: int
    alert: Alert


@dataclass(frozen=True, slots=True)
class ContactPoints:
    """Where else a server can be reached."""

    name: str | None = None
    system_channel_id: int | None = None
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """Our rights in a channel as the gateway knows them. ``allowed`` None: it knows nothing.

    ``until_ms``: when rights that are missing come back by themselves (the end of a time-out).
    """

    allowed: bool | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LostMessage:
    """Search for a message whose answer was lost.

    By the ``public_ids`` in its card (``digest``: it is a summary), or by one of the ``lines`` it
    was sent with. ``known_ids``: messages whose outcome is known.
    """

    lines: tuple[str, ...]
    public_ids: frozenset[str] = frozenset()
    digest: bool = False
    reply_to: int | None = None
    known_ids: frozenset[int] = frozenset()


class Transport(Protocol):
    """Discord, as delivery sees it. What waits raises errors.DeliveryError."""

    async def post(
        self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        """Send a message and return its id; the same nonce within minutes sends nothing twice.

        A reply that is refused (its original is gone, or its channel's history may not be read) is
        sent as a plain message.
        """

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        """Replace what a message says. Never pings."""

    async def find(self, channel_id: int, lost: LostMessage, since_ms: int) -> int | None:
        """The id of a message of ours since then (by our clock), the newest first."""

    async def token_works(self) -> bool: ...

    def access(self, channel_id: int) -> ChannelAccess: ...

    def readers_may_see(self, guild_id: int, place_id: int, channel_id: int) -> bool | None:
        """True: everybody who reads a place may see a channel too; None: not known."""

    async def contact_points(self, guild_id: int) -> ContactPoints: ...

    async def open_dm(self, user_id: int) -> int: ...


class BackgroundWork(Protocol):
    """Work (boards) that is sent only when a channel has no due alert."""

    def due(self) -> dict[int, int]:
        """When each channel has something to do, in milliseconds of wall time."""

    async def step(self, channel_id: int) -> bool | None:
        """Do it: one message. True: done; False: it failed; None: nothing is due."""

    def wake(self) -> None: ...


class EarlierAttempts(NamedTuple):
    """Attempts whose outcome is unknown, by wall time; ``nonce_known``: to us, still."""

    first_ms: int
    last_ms: int
    nonce_known: bool = True


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message on its way, with the truth of the moment.

    ``earlier``: attempts that may have reached Discord, so the rows are bound to this nonce.
    ``incidents``: of a long list the first ones, until all that are ``listed`` have been read.
    ``since_ms``: set when the message comes late: when it should have been sent.
    ``home_channels``: where those of its incidents belong that are sent elsewhere. ``known_ids``:
    messages that arrived of late, as far as is known. ``subscribers``: who asked to be notified of
    the end. ``report``: what a followed page says, if the message is about that. ``observed``:
    pages that report something which its sites depend on, and since when.
    """

    batch: Batch
    nonce: str
    read_ms: int
    earlier: EarlierAttempts | None
    home_channels: Mapping[int, HomeChannel] = field(default_factory=dict)
    known_ids: frozenset[int] = frozenset()
    incidents: tuple[Incident, ...] = ()
    listed: int = 0
    post: Post | None = None
    reply_to: int | None = None
    subscribers: tuple[int, ...] = ()
    role_id: int | None = None  # whom a call is for
    pings: bool = False  # a reminder that calls the roles of its sites
    fell_again: int = 0
    notice: Notice | None = None
    report: PageReport | None = None
    observed: Mapping[str, int] = field(default_factory=dict)
    since_ms: int | None = None

    @property
    def kind(self) -> MessageKind:
        return self.batch.kind

    @property
    def lead(self) -> Notification:
        """The row that stands for all of the message."""
        return self.batch.rows[0]

    @property
    def guild_id(self) -> int:
        return self.lead.guild_id

    @property
    def channel_id(self) -> int:
        return self.lead.channel_id

    @property
    def names(self) -> dict[str, object]:
        """Fields for the log."""
        return {"guild": self.guild_id, "channel": self.channel_id, "nonce": self.nonce}

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.batch.rows]

    @property
    def about(self) -> list[int]:
        """Ids of its rows' incidents, each once: several reminders of one may come together."""
        found = (row.incident_id for row in self.batch.rows)
        return list(dict.fromkeys(one for one in found if one is not None))

    @property
    def edits(self) -> bool:
        """True: it changes a message that stands. False: it is a new one."""
        return self.kind in {MessageKind.JOIN, MessageKind.EDIT} or self.edits_notice

    @property
    def edits_notice(self) -> bool:
        return self.notice is not None and self.notice.message_id != 0

    @property
    def edited_id(self) -> int:
        """The message that an edit changes. Raises LookupError: there is none."""
        known = self.notice.message_id if self.notice is not None else self.own_post.message_id
        if known is None:
            raise LookupError(f"an edit without a message: {self.batch}")
        return known

    @property
    def to_guild(self) -> bool:
        """Sent wherever the server can be reached: its channel is a server's id, negative."""
        return self.channel_id < 0

    @property
    def own_post(self) -> Post:
        """The post of an opening or an edit. Raises LookupError: this message has none."""
        if self.post is None:
            raise LookupError(f"a message without a post: {self.batch}")
        return self.post

    def of(self, kind: Work) -> list[Notification]:
        return [row for row in self.batch.rows if row.kind is kind]

    def lost(self, alert: Alert) -> LostMessage:
        """The message of an earlier attempt, whatever form that had."""
        has_card = self.kind in {MessageKind.OPEN, MessageKind.LATE, MessageKind.DIGEST}
        ids = [one.public_id for one in self.incidents if has_card]
        ids += [] if self.report is None else [self.report.public_id]
        return LostMessage(
            self.lead.sent_lines or (alert.content,),
            frozenset(ids),
            self.kind is MessageKind.DIGEST,
            self.reply_to,
            self.known_ids,
        )
