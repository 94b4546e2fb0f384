"""Alerts as delivery hands them to Discord's side, and the protocol of that side (Transport)."""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, replace
from typing import Literal, NamedTuple, Protocol

from bot.clock import DAY_MS
from bot.db.followed_pages import PageReport
from bot.models import Incident

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
