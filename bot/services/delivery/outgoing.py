"""One message on its way: what is claimed, read, rendered, sent and noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.db.blocked_channels import HomeChannel
from bot.db.followed_pages import PageReport
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery.attempts import EarlierAttempts
from bot.services.delivery.messages import Alert, LostMessage, Notice
from bot.services.delivery.planning import Batch, MessageKind


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
