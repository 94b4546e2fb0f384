"""Every message ever made, also the deleted ones, and all uploaded files."""

import mimetypes
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from sandbox.changes import Changes
from sandbox.clock import SandboxClock
from sandbox.errors import Json
from sandbox.gateway.hub import Hub
from sandbox.world.world import Channel, World

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(slots=True)
class Upload:
    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(slots=True)
class Attachments:
    """All files of a sandbox by attachment id. ``base_url`` is known once the server listens."""

    base_url: str = ""
    files: dict[str, Upload] = field(default_factory=dict)

    def keep(self, attachment_id: str, channel_id: str, upload: Upload) -> Json:
        name = _UNSAFE.sub("_", upload.filename) or "file"
        kind = upload.content_type
        if kind in {None, "application/octet-stream"}:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.files[attachment_id] = Upload(name, upload.data, kind)
        url = f"{self.base_url}/attachments/{channel_id}/{attachment_id}/{name}"
        found: Json = {
            "id": attachment_id,
            "filename": name,
            "size": len(upload.data),
            "url": url,
            "proxy_url": url,
            "content_type": kind,
        }
        if size := _png_size(upload.data):
            found["width"], found["height"] = size
        return found


def _png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG; other kinds are shown without."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


# "The past few minutes": Discord never stated how long it knows a nonce.
NONCE_WINDOW_S = 300.0


@dataclass(slots=True)
class Stored:
    """One message with its whole life; ``versions`` are its objects as made and after each edit."""

    message: Json
    author_id: str
    created: float
    nonce: str | None = None
    ephemeral_for: str | None = None
    interaction_id: str | None = None
    deleted_at: float | None = None
    versions: list[Json] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.message["id"])

    @property
    def channel_id(self) -> str:
        return str(self.message["channel_id"])

    @property
    def alive(self) -> bool:
        return self.deleted_at is None


class MessageStore:
    def __init__(self, world: World, clock: SandboxClock, hub: Hub, changes: Changes) -> None:
        self._world = world
        self._clock = clock
        self._hub = hub
        self._changes = changes
        self.ever: dict[str, Stored] = {}

    def add(self, stored: Stored) -> None:
        stored.versions.append(deepcopy(stored.message))
        self.ever[stored.id] = stored
        channel = self._channel(stored)
        if channel is not None and stored.ephemeral_for is None:
            channel.last_message_id = stored.id
            if channel.thread is not None:
                channel.thread.message_count += 1
            carried = {"nonce": stored.nonce} if stored.nonce is not None else {}
            self._hub.message("MESSAGE_CREATE", {**self.view(stored), **carried}, channel)
        self._publish("message_create", stored)

    def change(self, stored: Stored, message: Json) -> None:
        """Replace the object of a message by its edited one and announce it."""
        stored.message = message
        stored.versions.append(deepcopy(message))
        channel = self._channel(stored)
        if channel is not None and stored.ephemeral_for is None:
            self._hub.message("MESSAGE_UPDATE", self.view(stored), channel)
        self._publish("message_update", stored)

    def delete(self, stored: Stored, *, announce: bool = True) -> None:
        """Mark a message as gone. ``announce`` is false when the gateway never says so."""
        stored.deleted_at = self._clock.now()
        if stored.ephemeral_for is not None:
            self._changes.publish({"type": "ephemeral_delete", "id": stored.id})
            return
        channel = self._channel(stored)
        if channel is not None and announce:
            self._hub.message_delete(stored.id, channel)
        self._changes.publish(
            {"type": "message_delete", "channel_id": stored.channel_id, "id": stored.id}
        )

    def find(self, message_id: str, channel_id: str | None = None) -> Stored | None:
        """A living message; ephemeral ones too, unless a channel is named."""
        found = self.ever.get(message_id)
        if found is None or not found.alive:
            return None
        if channel_id is None:
            return found
        public = found.ephemeral_for is None and found.channel_id == channel_id
        return found if public else None

    def with_nonce(self, author_id: str, nonce: str) -> Stored | None:
        """The newest message this author made with this nonce of late, alive or not."""
        since = self._clock.now() - NONCE_WINDOW_S
        for stored in reversed(self.ever.values()):
            if stored.created < since:
                break
            if (stored.author_id, stored.nonce) == (author_id, nonce):
                return stored
        return None

    def in_channel(self, channel_id: str) -> list[Stored]:
        """The living public messages of a channel, oldest first."""
        return [
            stored
            for stored in self.ever.values()
            if stored.alive and stored.ephemeral_for is None and stored.channel_id == channel_id
        ]

    def ephemeral(self) -> Iterator[Stored]:
        """The living messages only one person sees, oldest first."""
        for stored in self.ever.values():
            if stored.alive and stored.ephemeral_for is not None:
                yield stored

    def view(self, stored: Stored) -> Json:
        """The object as anybody reads it now: with the message it answers."""
        message = deepcopy(stored.message)
        reference = message.get("message_reference")
        if reference is not None:
            answered = self.ever.get(str(reference.get("message_id")))
            alive = answered is not None and answered.alive
            message["referenced_message"] = (
                deepcopy(answered.message) if answered and alive else None
            )
        return message

    def private(self, stored: Stored) -> Json:
        """A message only one person sees, with whom that is and what it answers."""
        return {
            "user_id": stored.ephemeral_for,
            "interaction_id": stored.interaction_id,
            "message": self.view(stored),
        }

    def _channel(self, stored: Stored) -> Channel | None:
        return self._world.find_channel(stored.channel_id)

    def _publish(self, kind: str, stored: Stored) -> None:
        if stored.ephemeral_for is None:
            self._changes.publish({"type": kind, "message": self.view(stored)})
            return
        self._changes.publish({"type": "ephemeral", **self.private(stored)})
