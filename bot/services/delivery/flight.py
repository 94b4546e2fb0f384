"""One message on its way: what it will say, and what is known of earlier attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.db.blocked_channels import Home
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery.messages import Notice
from bot.services.delivery.planning import Batch, Verb


@dataclass(frozen=True, slots=True)
class Flight:
    """One message on its way, with the truth of the moment.

    ``doubt``: an earlier attempt may have reached Discord, so the rows are bound to this nonce
    (``nonce_known`` False: that attempt had another one, which is not known any more).
    ``since_ms``: set when the message comes late: when it should have been sent.
    ``homes``: the channels that its incidents are meant for. ``noted``: messages that arrived of
    late, as far as is known.
    """

    batch: Batch
    guild_id: int
    channel_id: int
    read_ms: int
    doubt: bool
    attempts: int
    due_ms: int
    first_try_ms: int
    last_try_ms: int  # before this one; 0: there was none
    nonce_known: bool = True
    homes: Mapping[int, Home] = field(default_factory=dict)
    noted: frozenset[int] = frozenset()
    incidents: tuple[Incident, ...] = ()
    post: Post | None = None
    reply_to: int | None = None
    listeners: tuple[int, ...] = ()
    notice: Notice | None = None
    since_ms: int | None = None

    @property
    def names(self) -> dict[str, object]:
        """Whose it is and where it goes: fields for the log."""
        return {"guild": self.guild_id, "channel": self.channel_id, "nonce": self.nonce}

    @property
    def nonce(self) -> str:
        return self.batch.nonce

    @property
    def said(self) -> tuple[str, ...]:
        """The lines it was sent with before."""
        return next((row.said for row in self.batch.rows if row.id == self.batch.leader), ())

    @property
    def verb(self) -> Verb:
        return self.batch.verb

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.batch.rows]

    @property
    def edits(self) -> bool:
        """Whether it changes a message that stands, instead of sending a new one."""
        return self.verb in {Verb.JOIN, Verb.EDIT}

    @property
    def to_server(self) -> bool:
        """Whether it may reach the server anywhere: its channel is a server's id, negative."""
        return self.channel_id < 0

    @property
    def own_post(self) -> Post:
        """The post of an opening or an edit. Raises LookupError: this message has none."""
        if self.post is None:
            raise LookupError(f"a message without a post: {self.batch}")
        return self.post

    def of(self, kind: Work) -> list[Notification]:
        return [row for row in self.batch.rows if row.kind is kind]
