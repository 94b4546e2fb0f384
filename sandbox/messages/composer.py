"""Message objects: from a checked body to what Discord stores and shows."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from sandbox.clock import SandboxClock, Snowflakes
from sandbox.errors import Form, Json
from sandbox.messages.store import Attachments, Upload
from sandbox.rules.layout import TEXT, ids_as_text, walk
from sandbox.rules.mentions import Allowance
from sandbox.rules.message import IN_EDIT, Flag, flags_of, is_v2
from sandbox.world.objects import user_object
from sandbox.world.world import Channel, User, World

ATTACHED = "attachment://"
SHOWN = ("url", "proxy_url", "content_type", "width", "height", "description")
_MEDIA_KEYS = ("image", "thumbnail", "media", "file")


@dataclass(slots=True)
class Draft:
    """A body to be written, with all that decides how."""

    channel: Channel
    body: Json
    uploads: dict[str, Upload] = field(default_factory=dict)  # by their number in the request
    by_webhook: bool = False
    may_mention_all: bool = False
    flags: int = 0


class Composer:
    def __init__(
        self, world: World, ids: Snowflakes, clock: SandboxClock, attachments: Attachments
    ) -> None:
        self._world = world
        self._ids = ids
        self._clock = clock
        self._attachments = attachments

    def write(self, draft: Draft, author: User, kind: int = 0) -> Json:
        """A new message object; ``kind`` is its message type."""
        message: Json = {
            "id": self._ids.new(),
            "type": kind,
            "channel_id": draft.channel.id,
            "author": user_object(author),
            "content": "",
            "embeds": [],
            "components": [],
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": bool(draft.body.get("tts")),
            "timestamp": self._clock.iso(),
            "edited_timestamp": None,
            "flags": draft.flags,
        }
        if author.bot:
            message["application_id"] = self._world.application.id
        self._fill(message, draft)
        return message

    def rewrite(self, old: Json, draft: Draft, *, touch: bool = True) -> Json:
        """The edited object. ``touch`` is false when a loading message gets its text."""
        message = deepcopy(old)
        keep = int(old["flags"]) & ~Flag.LOADING & ~Flag.SUPPRESS_EMBEDS
        if draft.body.get("flags") is None:
            keep = int(old["flags"]) & ~Flag.LOADING
        message["flags"] = keep | flags_of(draft.body) & IN_EDIT
        if is_v2(message) and not is_v2(old):
            message["content"], message["embeds"] = "", []
        if touch:
            message["edited_timestamp"] = self._clock.iso()
        self._fill(message, draft)
        return message

    def _fill(self, message: Json, draft: Draft) -> None:
        """Put what the body names into the message; what it does not name stays."""
        body = draft.body
        if "content" in body:
            message["content"] = str(body["content"] or "").strip()
        if "embeds" in body:
            message["embeds"] = [_embed(embed) for embed in body["embeds"] or ()]
        if "components" in body:
            message["components"] = _numbered(deepcopy(body["components"] or []))
        if draft.uploads or "attachments" in body:
            message["attachments"] = self._attached(message, draft)
        _place_files(message)
        if {"content", "components", "allowed_mentions"} & body.keys():
            self._mention(message, draft)

    def _attached(self, message: Json, draft: Draft) -> list[Json]:
        """The message's files after this request: those kept, then those uploaded."""
        listed = draft.body.get("attachments")
        old = {str(one["id"]): one for one in message["attachments"]}
        notes = {str(one.get("id")): one for one in listed or ()}
        kept = list(old.values()) if listed is None else [old[key] for key in notes if key in old]
        for number, upload in draft.uploads.items():
            note = notes.get(number, {})
            named = Upload(
                note.get("filename") or upload.filename, upload.data, upload.content_type
            )
            made = self._attachments.keep(self._ids.new(), draft.channel.id, named)
            if note.get("description"):
                made["description"] = note["description"]
            kept.append(made)
        return kept

    def _mention(self, message: Json, draft: Draft) -> None:
        texts = [message["content"]]
        texts += [str(c.get("content")) for c in walk(message["components"]) if c["type"] == TEXT]
        allowance = Allowance.of(draft.body.get("allowed_mentions"), by_webhook=draft.by_webhook)
        found = allowance.mentions(
            "\n".join(texts),
            self._world.guild_of(draft.channel),
            may_mention_all=draft.may_mention_all,
        )
        users = [self._world.users[one] for one in found.users if one in self._world.users]
        message["mentions"] = [user_object(user) for user in users]
        message["mention_roles"] = found.roles
        message["mention_everyone"] = found.everyone


def _embed(embed: Json) -> Json:
    """An embed as stored: trimmed, without empty parts, ``type`` always there."""
    found: Json = {"type": "rich"}
    for key, value in deepcopy(embed).items():
        if isinstance(value, str) and key != "type":
            found[key] = value.strip()
        elif value not in (None, [], {}) and key not in {"type", "flags"}:
            found[key] = value
    for field_ in found.get("fields", ()):
        field_.setdefault("inline", False)
    return found


def _numbered(components: list[Json]) -> list[Json]:
    """Give every component without an id the next free number, as Discord does."""
    ids_as_text(components)
    everything = list(walk(components))
    taken = {component["id"] for component in everything if component.get("id")}
    number = 0
    for component in everything:
        if not component.get("id"):
            number += 1
            while number in taken:
                number += 1
            component["id"] = number
    return components


def _place_files(message: Json) -> None:
    """Turn ``attachment://name`` into addresses. Files shown that way leave the list of files."""
    by_name = {one["filename"]: one for one in message["attachments"]}
    shown: set[str] = set()
    form = Form()
    for medium in _media(message):
        url = str(medium.get("url", ""))
        if not url.startswith(ATTACHED):
            continue
        found = by_name.get(url.removeprefix(ATTACHED))
        if found is not None:
            shown.add(found["id"])
            medium.update({key: found[key] for key in SHOWN if key in found})
        elif is_v2(message):
            form.at("components").complain(
                "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                f"The referenced attachment {url} was not found",
            )
    form.close()
    message["attachments"] = [one for one in message["attachments"] if one["id"] not in shown]


def _media(message: Json) -> Iterator[Json]:
    places = [*message["embeds"], *walk(message["components"])]
    places += [item for place in places for item in place.get("items", ())]
    for place in places:
        for key in _MEDIA_KEYS:
            if isinstance(place.get(key), dict):
                yield place[key]
