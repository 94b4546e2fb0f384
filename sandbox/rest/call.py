"""One request to the API, read; and the reply to it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from sandbox.core import Core
from sandbox.errors import ApiError, Json, refusal
from sandbox.messages.store import Upload
from sandbox.record import Entry
from sandbox.world.permissions import Permission, known_channel, require
from sandbox.world.world import Channel

MAX_REQUEST = 25 * 1024 * 1024
_FILE = re.compile(r"files\[(\d+)\]$")


@dataclass(slots=True)
class Call:
    core: Core
    match: dict[str, str]
    query: dict[str, str]
    entry: Entry
    body: Any = None
    uploads: dict[str, Upload] = field(default_factory=dict)

    @property
    def mapping(self) -> Json:
        """Body as an object; anything else is refused."""
        if isinstance(self.body, dict):
            return self.body
        raise refusal(50109)

    def channel(self, needed: Permission = Permission.VIEW_CHANNEL) -> Channel:
        """Channel of the path, with the bot's right to it. Raises 10003, 50001 or 50013."""
        found = known_channel(self.core, self.match["channel_id"])
        require(self.core, self.core.world.bot, found, needed)
        return found

    def made(self, message_id: str, nonce: str | None = None) -> None:
        """Note in the record which message this request is about."""
        self.entry.message_id, self.entry.nonce = message_id, nonce


@dataclass(frozen=True, slots=True)
class Reply:
    """``body`` None with 204 means no body at all."""

    body: Any = None
    status: int = 200


NO_CONTENT = Reply(status=204)


async def read_body(request: web.Request, call: Call) -> None:
    """Read JSON or multipart (``payload_json`` and ``files[n]``) into the call."""
    if request.content_length is not None and request.content_length > MAX_REQUEST:
        async for _ in request.content.iter_any():
            continue  # heard out, so that the client gets to read the answer
        raise refusal(40005)
    if request.content_type == "multipart/form-data":
        await _read_parts(await request.multipart(), call)
    elif data := await _read_plain(request):
        if request.content_type != "application/json":
            raise ApiError(400, f"Expected application/json, got {request.content_type}")
        call.body = _parse(data)
    call.entry.body = call.body


async def _read_plain(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise refusal(40005) from error
    except (ConnectionError, web.RequestPayloadError) as error:
        raise ApiError(400, "the connection broke within the body") from error


async def _read_parts(reader: MultipartReader, call: Call) -> None:
    total = 0
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read(decode=True))
        total += len(data)
        if total > MAX_REQUEST:
            raise refusal(40005)
        if part.name == "payload_json":
            call.body = _parse(data)
        elif found := _FILE.match(part.name or ""):
            kind = part.headers.get("Content-Type")
            call.uploads[found.group(1)] = Upload(part.filename or "file", data, kind)
    if call.body is None:
        call.body = {}


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise refusal(50109) from error
