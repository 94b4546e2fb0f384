"""Settings: read once from the environment and ``.env``, checked loudly, handed on as one object.

Any secret ``NAME`` may also come from a file named by ``NAME_FILE`` (as container and systemd
credentials do). ``VARIABLES`` is the whole list; a test holds the documentation against it.
"""

import difflib
import errno
import ipaddress
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from bot.errors import ConfigError

VARIABLES = (
    "DISCORD_TOKEN",
    "DISCORD_API_URL",
    "VIGIE_DATABASE",
    "VIGIE_ALLOW_PRIVATE",
    "VIGIE_CANARIES",
    "VIGIE_MIN_INTERVAL",
    "VIGIE_MAX_MONITORS",
    "VIGIE_PORTS",
    "VIGIE_CONCURRENCY",
    "VIGIE_HEARTBEAT_URL",
    "VIGIE_GUILDS",
    "VIGIE_SITES",
    "VIGIE_LOG_LEVEL",
    "VIGIE_NATS_URL",
    "VIGIE_PROBE",
    "VIGIE_LOOKOUT_SECRET",
    "VIGIE_LISTEN",
    "VIGIE_PUBLIC_URL",
    "VIGIE_METRICS_TOKEN",
    "VIGIE_FALLBACK_URL",
)
SECRETS = (
    *("DISCORD_TOKEN", "VIGIE_HEARTBEAT_URL", "VIGIE_NATS_URL", "VIGIE_LOOKOUT_SECRET"),
    *("VIGIE_METRICS_TOKEN", "VIGIE_FALLBACK_URL"),
)
_MOST_DIGITS = 20
_LAST_PORT = 65_535
_ALIKE, _VERY_ALIKE = 0.7, 0.88  # how close a name must be; others have settings too
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOCAL, REMOTE = "local", "remote"  # who makes the scheduled checks
DEFAULT_API_URL = "https://discord.com/api/v10"
# Three large hosts that share neither owner nor network.
DEFAULT_CANARIES = (
    "https://www.google.com/generate_204",
    "https://www.cloudflare.com/cdn-cgi/trace",
    "https://www.wikipedia.org/",
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


_REFUSALS = {
    errno.EADDRINUSE: "is taken: another program listens there. Choose another port.",
    errno.EADDRNOTAVAIL: "is no address of this machine.",
    errno.EACCES: "is for root alone: choose a port from 1024 on.",
}


@dataclass(frozen=True, slots=True)
class ListenAddress:
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def is_any(self) -> bool:
        """All addresses of this machine: none of them is the one to call it by."""
        return ipaddress.ip_address(self.address).is_unspecified

    @property
    def url(self) -> str:
        """How this machine itself reaches it."""
        here = "::1" if ":" in self.address else "127.0.0.1"
        return f"http://{ListenAddress(here, self.port) if self.is_any else self}"

    def listen(self, backlog: int = 1) -> socket.socket:
        """A socket that listens there. Raises ConfigError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)
            made.bind((self.address, self.port))
            made.listen(backlog)
        except OSError as error:
            made.close()
            refusal = _REFUSALS.get(error.errno or 0, f"cannot be had: {_why(error)}.")
            raise ConfigError(f"VIGIE_LISTEN: {self} {refusal}") from error
        return made


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, checked. ``token`` is kept out of ``repr`` by :meth:`__repr__`."""

    token: str = ""
    api_url: str = DEFAULT_API_URL
    database: Path = Path("data/vigie.db")
    allow_private: tuple[Network, ...] = ()
    canaries: tuple[str, ...] = DEFAULT_CANARIES
    min_interval_s: int = 30
    max_monitors: int = 50
    ports: frozenset[int] = frozenset()
    concurrency: int = 0  # 0: as many as the monitors' rate needs
    heartbeat_url: str | None = None
    guilds: frozenset[int] = frozenset()  # empty: any server
    sites: Path | None = None  # the operator's file of sites
    log_level: str = "INFO"
    remarks: tuple[str, ...] = ()  # what was set and means nothing, in sentences
    nats_url: str = ""  # of the server where other places are asked; empty: there are none
    probe: str = LOCAL
    lookout_secret: str = ""  # of a lookout alone: how it is known to the NATS server
    listen: ListenAddress | None = None  # None: no socket listens
    public_url: str = ""  # how the door is reached from outside, without a slash at its end
    metrics_token: str = ""
    fallback_urls: tuple[str, ...] = ()  # the operator's, for what Discord cannot take

    @property
    def door_url(self) -> str | None:
        """How the HTTP door is reached, as far as is known; None: nothing listens."""
        return None if self.listen is None else self.public_url or self.listen.url

    def __repr__(self) -> str:
        return f"Config(database={str(self.database)!r}, api_url={self.api_url!r})"


def load(
    environ: Mapping[str, str] | None = None,
    dotenv: Path | None = Path(".env"),
    *,
    secrets: bool = True,
) -> Config:
    """Read all settings; the process environment wins over ``.env``.

    Raises ConfigError naming the variable and the remedy. The token is not required here:
    only ``vigie run`` needs one (see :func:`require_token`); without ``secrets`` none is read.
    """
    chosen = os.environ if environ is None else environ
    values = {} if dotenv is None else _from_file(dotenv)
    for name in SECRETS:
        if {name, f"{name}_FILE"} & chosen.keys():
            values = {k: v for k, v in values.items() if k not in {name, f"{name}_FILE"}}
    values.update(chosen)
    read = _Reader(values)
    return Config(
        token=read.secret("DISCORD_TOKEN") if secrets else "",
        api_url=read.api_url("DISCORD_API_URL", DEFAULT_API_URL).rstrip("/"),
        database=Path(read.text("VIGIE_DATABASE", "data/vigie.db")),
        allow_private=read.networks("VIGIE_ALLOW_PRIVATE"),
        canaries=read.words("VIGIE_CANARIES", DEFAULT_CANARIES),
        min_interval_s=read.number("VIGIE_MIN_INTERVAL", 30, 1, 86_400),
        max_monitors=read.number("VIGIE_MAX_MONITORS", 50, 0, 10**9),
        ports=frozenset(read.numbers("VIGIE_PORTS", 65_535)),
        concurrency=read.number("VIGIE_CONCURRENCY", 0, 0, 100_000),
        heartbeat_url=read.heartbeat("VIGIE_HEARTBEAT_URL") if secrets else None,
        guilds=frozenset(read.numbers("VIGIE_GUILDS", 2**63)),
        sites=Path(text) if (text := read.text("VIGIE_SITES")) else None,
        log_level=read.choice("VIGIE_LOG_LEVEL", "INFO", LOG_LEVELS),
        remarks=tuple(_remarks(values)),
        nats_url=read.secret("VIGIE_NATS_URL").strip() if secrets else "",
        probe=read.choice("VIGIE_PROBE", LOCAL, (LOCAL, REMOTE)),
        lookout_secret=read.secret("VIGIE_LOOKOUT_SECRET").strip() if secrets else "",
        listen=read.listen("VIGIE_LISTEN"),
        public_url=read.public_url("VIGIE_PUBLIC_URL"),
        metrics_token=read.secret("VIGIE_METRICS_TOKEN").strip() if secrets else "",
        fallback_urls=tuple(read.secret("VIGIE_FALLBACK_URL").split()) if secrets else (),
    )


def _from_file(dotenv: Path) -> dict[str, str]:
    try:
        if not dotenv.is_file():
            return {}
        return {k: v for k, v in dotenv_values(dotenv).items() if v is not None}
    except UnicodeDecodeError as error:
        raise ConfigError(f"{dotenv} cannot be read: it is not UTF-8 text.") from error
    except OSError as error:
        raise ConfigError(f"{dotenv} cannot be read: {_why(error)}. Check who owns it.") from error


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _remarks(values: Mapping[str, str]) -> Iterator[str]:
    """Names that look like settings of Vigie and are none: most are slips of typing."""
    known = _known()
    for name in sorted(values.keys() - known):
        ours = name.upper().startswith("VIGIE_")
        cutoff = _ALIKE if ours else _VERY_ALIKE
        close = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=cutoff)
        if close:
            yield f"{name} is no setting of Vigie. Did you mean {close[0]}?"
        elif ours:
            yield f"{name} is no setting of Vigie: all of them stand in .env.example."


def _known() -> set[str]:
    return {*VARIABLES, *(f"{name}_FILE" for name in SECRETS)}


def child_environment(**values: str) -> dict[str, str]:
    """The environment for a bot of our own making: none of this one's settings, but ``values``."""
    ours = _known()
    return {k: v for k, v in os.environ.items() if k not in ours} | values


def require_token(config: Config) -> str:
    """The bot token, or ConfigError saying how to get or repair it."""
    token = config.token
    if not token:
        raise ConfigError(
            "DISCORD_TOKEN is not set: put it into .env (README, “Get a token”),"
            " or try `vigie demo`, which needs none."
        )
    if any(c.isspace() or c in "\"'" or not c.isprintable() for c in token):
        raise ConfigError(
            "DISCORD_TOKEN contains blanks or quotes: copy the bare token, nothing else."
        )
    return token


def require_private(dotenv: Path = Path(".env")) -> None:
    """ConfigError with the command to type when other users may read or write ``.env``."""
    try:
        if os.name != "posix" or not dotenv.is_file():
            return
    except OSError:  # reported when it is read
        return
    if dotenv.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigError(f"Other users can read {dotenv}. Type: chmod 600 {dotenv}")


class _Reader:
    """Typed access to raw settings; every complaint names its variable."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def url(self, name: str, default: str) -> str:
        text = self.text(name, default)
        text = text[:8].lower() + text[8:]  # people write HTTP:// too
        if not text.startswith(("http://", "https://")) or not _has_host(text):
            raise ConfigError(f"{name}={text!r}: use an address such as {default}.")
        return text

    def api_url(self, name: str, default: str) -> str:
        """As :meth:`url`; the token never leaves this machine in plain http."""
        text = self.url(name, default)
        if not carries_secrets(text):
            raise ConfigError(
                f"{name}={text!r} would carry the token in plain text: use https://,"
                " or http:// on this machine alone (127.0.0.1)."
            )
        return text

    def heartbeat(self, name: str) -> str | None:
        """The address may be a secret, so a complaint does not repeat it."""
        text = self.secret(name).strip()
        if text and (not text.startswith(("http://", "https://")) or not _has_host(text)):
            raise ConfigError(f"{name} is no address: it begins with https:// or http://.")
        return text or None

    def listen(self, name: str) -> ListenAddress | None:
        text = self.text(name)
        if not text:
            return None
        host, _, port = text.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        bare = "127.0.0.1" if bare.casefold() == "localhost" else bare
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            address = None
        is_port = _is_whole(port) and 1 <= int(port) <= _LAST_PORT
        if address is None or not is_port or (address.version == 6) != host.startswith("["):  # noqa: PLR2004 - of IP
            raise ConfigError(
                f"{name}={text!r}: use an address of this machine and a port, such as"
                " 127.0.0.1:8080 or [::1]:8080."
            )
        return ListenAddress(str(address), int(port))

    def public_url(self, name: str) -> str:
        if not self.text(name):
            return ""
        text = self.url(name, "https://status.example.org")
        parts = urlsplit(text)
        try:
            has_port = parts.port != 0
        except ValueError:
            has_port = False
        odd = parts.query or parts.fragment or "@" in parts.netloc or not text.isprintable()
        if odd or not has_port or " " in text:
            raise ConfigError(
                f"{name} has more than an address and a path: use one such as"
                " https://status.example.org."
            )
        return text.rstrip("/")

    def secret(self, name: str) -> str:
        """The value itself, or the contents of the file that ``NAME_FILE`` names."""
        path = self.text(f"{name}_FILE")
        if not path:
            return self._values.get(name, "")
        try:
            found = Path(path).read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            raise ConfigError(f"{name}_FILE: {path} cannot be read: {_why(error)}.") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{name}_FILE: {path} is not UTF-8 text.") from error
        except ValueError as error:  # a NUL: no path at all
            raise ConfigError(f"{name}_FILE: {path!r} names no file.") from error
        if not found:
            raise ConfigError(f"{name}_FILE: {path} is empty.")
        return found

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Comma-separated; unset means the default, set but empty means none."""
        if name not in self._values:
            return default
        return tuple(word.strip() for word in self._values[name].split(",") if word.strip())

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not _is_whole(text) or not low <= int(text) <= high:
            raise ConfigError(f"{name}={text!r}: use a whole number from {low} to {high}.")
        return int(text)

    def numbers(self, name: str, high: int) -> list[int]:
        found = self.words(name, ())
        for word in found:
            if not _is_whole(word) or not 1 <= int(word) <= high:
                raise ConfigError(f"{name}: {word!r} is not a whole number from 1 to {high}.")
        return [int(word) for word in found]

    def networks(self, name: str) -> tuple[Network, ...]:
        try:
            return tuple(ipaddress.ip_network(word) for word in self.words(name, ()))
        except ValueError as error:
            raise ConfigError(f"{name}: {error}. Example: 192.168.1.0/24,fd00::/8") from error

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        text = self.text(name, default)
        for one in allowed:
            if text.casefold() == one.casefold():
                return one
        raise ConfigError(f"{name}={text!r}: use one of {', '.join(allowed)}.")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # brackets that hold no address
        return False


def carries_secrets(url: str) -> bool:
    """True when the way there is encrypted, or does not leave this machine.

    By RFC 6761 names under localhost are this machine's, and those under invalid lead nowhere.
    """
    parts = urlsplit(url)
    if parts.scheme in {"https", "wss"}:
        return True
    host = parts.hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".invalid"))
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _is_whole(text: str) -> bool:
    """Digits alone, and no more of them than a setting has (Python refuses thousands)."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
