"""Host names as strangers type them: one ASCII form each, and which of them lead inside."""

import re
from string import ascii_lowercase, ascii_uppercase

import idna

HOST_LIMIT = 253
# Kept for local use by RFC 6761, 6762 (appendix G), 7686 and 8375, by ICANN and by Kubernetes.
LOCAL_SUFFIXES = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
)

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def ascii_host(name: str) -> str:
    """The host in lower case and punycode, without the root dot. Raises ValueError.

    IDNA 2008 without mapping: what would need it (wide digits and dots, long s) is no host.
    """
    host = ".".join(_ascii_label(label) for label in name.removesuffix(".").split("."))
    if len(host) > HOST_LIMIT:
        raise ValueError("a name of more than 253 characters")
    return host


def _ascii_label(typed: str) -> str:
    """Label by label, since IDNA's own splitting takes wide dots for dots."""
    label = typed.translate(_LOWER)
    if not label.isascii():
        return idna.alabel(label).decode("ascii")
    if _LABEL.fullmatch(label) is None:
        raise ValueError("not a label of a host name")
    if label.startswith("xn--"):
        idna.ulabel(label)  # raises for what is not the one punycode of anything
    return label


def is_numeric(host: str) -> bool:
    """Whether resolvers would read it as an IPv4 address in some notation: 2130706433, 0x7f.1."""
    return _NUMERIC.fullmatch(host.rpartition(".")[2]) is not None


def is_local_name(host: str) -> bool:
    """A name that leads inside: a single label, or a suffix kept for local use."""
    if ":" in host or is_numeric(host):
        return False
    dotted = f".{host}"
    return "." not in host or dotted.endswith(tuple(f".{suffix}" for suffix in LOCAL_SUFFIXES))
