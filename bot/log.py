"""Logging: one line a record to stderr, with the fields it carries, and never a secret."""

import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

# Three dotted base64 parts, as bot tokens have; and what follows "Bot " in a header.
_TOKEN = re.compile(r"[\w-]{20,30}\.[\w-]{5,8}\.[\w-]{20,}|(?<=Bot )[\w.-]{20,}")
_HIDDEN = "<hidden>"
FIELDS = ("monitor", "guild", "channel", "reference")
QUIET = ("discord", "aiosqlite", "httpcore", "httpx", "asyncio")


class OneLine(logging.Formatter):
    """``time LEVEL logger message key=value …``; secrets are replaced also in tracebacks."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """The whole record as text."""
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        parts = [f"{when}Z", record.levelname, record.name, record.getMessage()]
        parts += [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        text = " ".join(parts).replace("\n", " ")
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _TOKEN.sub(_HIDDEN, text)


def setup(level: str, secrets: Iterable[str] = ()) -> None:
    """Send all records of ``level`` and above to stderr; libraries only their warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
