"""Who may do what at the NATS server: one block of its configuration file, written by us alone.

Each user stands on a line of its own, as JSON, which that file's language understands. Everything
outside the block is the operator's. A secret is 256 random bits, so the cheapest bcrypt does.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import bcrypt

from bot.errors import ConfigError
from bot.places import messages
from bot.places.address import PORT, Server

BOT = "vigie"  # the bot's own user
_BEGIN = "# vigie places: begin. Written by `vigie places`, which overwrites changes in here."
_END = "# vigie places: end"
_BLOCK = re.compile(
    r"^# vigie places: begin.*?^# vigie places: end[^\n]*\n?", re.MULTILINE | re.DOTALL
)
_ADDRESS = "# address: "
_ROUNDS = 4
_HEAD = "# A NATS server for Vigie (docs/places.md).\n"
_LIMITS = """\
max_payload: 16KB    # questions and answers are smaller than 4 kB
ping_interval: "10s" # a place that hangs is asked no more after half a minute
ping_max: 2
"""
_TLS = """\
tls {
  cert_file: "/etc/nats/fullchain.pem"
  key_file: "/etc/nats/privkey.pem"
}
"""


@dataclass(frozen=True, slots=True)
class User:
    """One user of the server; ``hashed`` is what bcrypt made of the secret."""

    name: str
    hashed: str
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """The block's contents. ``address``: where lookouts elsewhere find the server."""

    users: tuple[User, ...] = ()
    address: str | None = None

    @property
    def places(self) -> list[User]:
        """Everybody but the bot, in the order they came."""
        return [user for user in self.users if user.name != BOT]

    def find(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)

    def with_user(self, user: User) -> "Accounts":
        return replace(self, users=(*self.users, user))

    def without(self, name: str) -> "Accounts":
        return replace(self, users=tuple(user for user in self.users if user.name != name))


def new_secret() -> tuple[str, str]:
    """A secret, and its hash as every NATS server reads it."""
    secret = secrets.token_urlsafe(32)
    hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt(_ROUNDS, prefix=b"2a"))
    return secret, hashed.decode()


def new_file(address: Server) -> str:
    """A server's whole configuration but its users, for one that is found at this address."""
    host = address.host if address.on_loopback else "0.0.0.0"  # noqa: S104 - guarded by users
    listen = f'listen: "{host}:{address.port}"\n'
    return "".join((_HEAD, listen, _TLS if address.tls else "", _LIMITS, "\n"))


def read(text: str, name: str) -> Accounts:
    """The accounts in a configuration file called ``name``.

    Raises ConfigError when they cannot be read, or when the file has users of another hand.
    """
    block = _BLOCK.search(text)
    outside = _BLOCK.sub("", text)
    if re.search(r"^\s*(authorization|accounts)\b", outside, re.MULTILINE):
        raise ConfigError(
            f"{name} has users of its own (authorization or accounts), and NATS reads one such"
            " block alone: let Vigie use a file or a server of its own (docs/places.md)."
        )
    if block is None:
        return Accounts()
    lines = [line.strip() for line in block[0].splitlines()]
    address = next((a.removeprefix(_ADDRESS) for a in lines if a.startswith(_ADDRESS)), None)
    try:
        users = tuple(_user(json.loads(line.rstrip(","))) for line in lines if line[:1] == "{")
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{name}: the block of `vigie places` cannot be read.") from error
    return Accounts(users, address)


def write(text: str, accounts: Accounts) -> str:
    """The file with these accounts in it, everything else as it was."""
    block = "\n".join(_lines(accounts)) + "\n"
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: block, text, count=1)
    return (text if not text or text.endswith("\n") else f"{text}\n") + block


@dataclass(frozen=True, slots=True)
class Listening:
    """What the rest of the file says of where the server is; ``local``: from this machine."""

    host: str = ""
    port: int = PORT
    tls: bool = False
    local: Server = field(init=False)

    def __post_init__(self) -> None:
        here = "127.0.0.1" if self.everywhere else self.host
        object.__setattr__(self, "local", Server(here, self.port, self.tls))

    @property
    def everywhere(self) -> bool:
        """On all addresses of the machine, as a server does that is reported nothing."""
        return self.host in {"", "0.0.0.0", "::"}  # noqa: S104 - read, not bound


def listening(text: str) -> Listening:
    """Where a server with this file listens; what cannot be read is the server's own default."""
    plain = re.sub(r"#.*", "", _BLOCK.sub("", text))
    whole = _setting(plain, "listen") or ""
    host, _, port = whole.rpartition(":")
    if not whole:
        host = _setting(plain, "host") or _setting(plain, "net") or ""
        port = _setting(plain, "port") or ""
    tls = re.search(r"^\s*tls\b", plain, re.MULTILINE) is not None
    return Listening(host.strip("[]"), int(port) if port.isdecimal() else PORT, tls)


def _setting(text: str, name: str) -> str | None:
    found = re.search(rf"^\s*{name}\s*[:= ]\s*[\"']?([^\s\"',]+)", text, re.MULTILINE)
    return None if found is None else found[1]


def _lines(accounts: Accounts) -> Iterator[str]:
    yield _BEGIN
    if accounts.address is not None:
        yield f"{_ADDRESS}{accounts.address}"
    yield "authorization {"
    yield "  users: ["
    for user in accounts.users:
        may = _BOT_MAY if user.name == BOT else _place_may(user)
        line = {"user": user.name, "password": user.hashed, "permissions": may}
        yield f"    {json.dumps(line, ensure_ascii=False)}"
    yield "  ]"
    yield "}"
    yield _END


_BOT_MAY: dict[str, Any] = {
    "publish": {"allow": ["vigie.>"]},
    "subscribe": {"allow": [messages.hello("*"), "_INBOX.>"]},
}


def _place_may(user: User) -> dict[str, Any]:
    """Its own subjects alone, and one answer to each question: nobody answers for another."""
    hears = [messages.WHO, messages.ask(user.name)]
    if user.trusted:
        # The word after the blank is the queue group: scheduled checks are shared, never copied.
        hears += [messages.ask(user.name, secret=True), f"{messages.CHECKS} {messages.GROUP}"]
    return {
        "publish": {"allow": [messages.hello(user.name)]},
        "subscribe": {"allow": hears},
        "allow_responses": {"max": 1, "expires": "2m"},
    }


def _user(line: dict[str, Any]) -> User:
    hears = line["permissions"]["subscribe"]["allow"]
    name, hashed = str(line["user"]), str(line["password"])
    return User(name, hashed, messages.ask(name, secret=True) in hears)
