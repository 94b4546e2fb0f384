"""Logging: one line a record to stderr, with the fields it carries, and never a secret.

``time LEVEL logger message key=value …``: fields are what a caller hands over as ``extra``, such as
``log.error("…", extra={"monitor": 7, "guild": 42})``. A traceback follows on indented lines.
"""

import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

# Three dotted base64 parts, as bot tokens have; and whatever follows "Bot " in a header.
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{5,8}\.[\w-]{20,}|(?<=Bot )[\w.-]{20,}")
_HIDDEN = "<hidden>"
_SHORT = 8  # a secret this short may be part of any word, so only whole words are hidden
# Foreign text, such as the name of a site, must not begin a line or steer a terminal.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROL |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): " ", 0x2028: "\\n", 0x2029: "\\n"}
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LIBRARIES = ("discord", "aiosqlite", "httpx", "asyncio", "aiohttp", "nats", "PIL", "babel")
_BESIDE_THE_POINT = "voice will NOT be supported"  # discord.py at every start; we never speak


class OneLine(logging.Formatter):
    """Formats a record; secrets are replaced last, so also in fields and tracebacks."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        known = sorted((re.escape(s) for s in secrets if len(s) > _SHORT), key=len, reverse=True)
        known += [rf"(?<!\w){re.escape(s)}(?!\w)" for s in secrets if 0 < len(s) <= _SHORT]
        self._secrets = re.compile("|".join([*known, _TOKEN.pattern]))

    def format(self, record: logging.LogRecord) -> str:
        """The whole record as text, without a line's end."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f"{when[:23]}Z {record.levelname} {record.name} {record.getMessage()}"
        fields = (f"{k}={_value(v)}" for k, v in vars(record).items() if k not in _USUAL)
        text = " ".join([head.translate(_CONTROL), *fields])
        for more in self._below(record):
            text += "".join(f"\n    {line.translate(_CONTROL)}" for line in more.split("\n"))
        return self._secrets.sub(_HIDDEN, text)

    def _below(self, record: logging.LogRecord) -> Iterable[str]:
        if record.exc_info:
            yield self.formatException(record.exc_info)
        if record.stack_info:
            yield self.formatStack(record.stack_info)


def setup(level: str, secrets: Iterable[str] = ()) -> None:
    """Send every record of ``level`` and above to stderr, without ``secrets``.

    Libraries report their warnings, and their news only when ``level`` is DEBUG.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(list(secrets)))
    handler.addFilter(lambda record: _BESIDE_THE_POINT not in str(record.msg))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    number = root.level
    quiet = logging.INFO if number <= logging.DEBUG else max(logging.WARNING, number)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(capture=True)


def _value(value: object) -> str:
    """A field's value as one word: quoted where it would not be."""
    text = str(value).translate(_CONTROL)
    if text and not any(c in ' "=' for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
