"""Uploaded files: kept in memory, served again under an address of the sandbox."""

import mimetypes
import re
from dataclasses import dataclass, field

from sandbox.errors import Json

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(slots=True)
class Upload:
    """A file as somebody sends it."""

    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(slots=True)
class Attachments:
    """All files of a sandbox by attachment id. ``base_url`` is known once the server listens."""

    base_url: str = ""
    files: dict[str, Upload] = field(default_factory=dict)

    def keep(self, attachment_id: str, channel_id: str, upload: Upload) -> Json:
        """Store a file; returns its attachment object."""
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
