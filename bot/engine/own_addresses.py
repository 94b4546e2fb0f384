"""Which public addresses are this machine's own: what listens there is often meant for it alone.

Traffic to an own address never passes the firewall in front of the machine.
"""

import socket
from ipaddress import IPv4Address

from bot.engine.addresses import Address, embedded, parse

ALLOWED_PORTS = frozenset({80, 443})  # a site that runs beside Vigie may be watched
_ANY_PORT = 9  # connecting a datagram socket sends nothing


def is_own(address: Address) -> bool:
    """Whether this machine holds the address: then the way to it begins at itself."""
    dialled = embedded(address) or address
    family = socket.AF_INET if isinstance(dialled, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((str(dialled), _ANY_PORT))
            source: str = sock.getsockname()[0]
    except OSError:
        return False
    return parse(source) == dialled
