"""Where the NATS server is, and that nothing readable travels over a network of others."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.errors import ConfigError

PORT = 4222
LOOPBACK = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1/128"))
# What a home, a VPN (WireGuard, Tailscale) or a container's network uses.
PRIVATE = LOOPBACK + tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")


@dataclass(frozen=True, slots=True)
class Server:
    """One NATS server as typed. Its secret is in no text made of it."""

    host: str
    port: int = PORT
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url(self.host)

    def url(self, host: str) -> str:
        """The address with this host for its own, without user and secret."""
        shown = f"[{host}]" if ":" in host else host
        return f"{'tls' if self.tls else 'nats'}://{shown}:{self.port}"

    @property
    def literal(self) -> bool:
        """True when the host is an address, not a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def on_loopback(self) -> bool:
        """True when it is this machine, by an address of its own."""
        return self.host == "localhost" or (self.literal and _inside(self.host, LOOPBACK))

    def require_private(self, addresses: Sequence[str]) -> None:
        """ConfigError unless it may be spoken to without TLS at all of these addresses."""
        if self.tls or all(_inside(text, PRIVATE) for text in addresses):
            return
        raise ConfigError(
            f"{self} is reached over a public network: use tls:// there, or a private network"
            " such as WireGuard or Tailscale (docs/places.md)."
        )


def read_server(text: str, setting: str) -> Server:
    """The server behind ``nats://[user:secret@]host[:port]`` or ``tls://…``.

    Raises ConfigError naming ``setting``, for a public address without TLS too.
    """
    refusal = ConfigError(
        f"{setting}: use an address such as nats://127.0.0.1:4222 or tls://watch.example.org:4222."
    )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise refusal from error
    if parts.scheme not in {"nats", "tls"} or not host or _HOST.fullmatch(host) is None:
        raise refusal
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise refusal
    server = Server(
        host,
        PORT if port is None else port,
        parts.scheme == "tls",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )
    if server.literal:
        server.require_private([server.host])
    return server


def _inside(text: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
