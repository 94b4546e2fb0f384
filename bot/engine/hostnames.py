"""Host names as strangers type them: one ASCII form each, and which of them lead inside."""

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase

import idna

HOST_LIMIT, LABEL_LIMIT = 253, 63
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
_ACE = "xn--"
_EMOJI_STYLE = "\ufe0f"  # asks for colour, stands in no name
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def ascii_host(name: str) -> str:
    """The host in lower case and punycode, without the root dot. Raises ValueError.

    Capitals and accents are mapped as UTS 46 does, symbols are taken as browsers take them. What
    would become other letters (wide digits and dots, long s, ligatures) is no host.
    """
    host = ".".join(_ascii_label(label) for label in name.removesuffix(".").split("."))
    if len(host) > HOST_LIMIT:
        raise ValueError("a name of more than 253 characters")
    if host.startswith(_ACE) and "_" in host:
        raise ValueError("an international label beside an underscore: readers disagree about it")
    return host


def _ascii_label(typed: str) -> str:
    """Label by label, since IDNA's own splitting takes wide dots for dots."""
    label = typed.translate(_LOWER)
    if not label.isascii():
        return _punycode(_mapped(label))
    if _LABEL.fullmatch(label) is None:
        raise ValueError("not a label of a host name")
    if label.startswith(_ACE):
        readable = label.removeprefix(_ACE).encode().decode("punycode")
        if _mapped(readable) != readable or _punycode(readable) != label:
            raise ValueError("not the one punycode of anything")
    return label


def _mapped(label: str) -> str:
    """In small letters and composed, where that is all the mapping of UTS 46 does."""
    if len(label) > LABEL_LIMIT:
        raise ValueError("a label of more than 63 characters")
    label = label.replace(_EMOJI_STYLE, "")
    mapped = idna.uts46_remap(label, std3_rules=False)
    small = "".join(char if char.isascii() else _small(char) for char in label)
    if mapped not in {unicodedata.normalize("NFC", one) for one in (label, small)}:
        raise ValueError("a label that stands for other letters")
    return mapped


def _small(char: str) -> str:
    """The sign of Kelvin is no k: only what stays outside of ASCII is a mere capital."""
    small = char.lower()
    return char if any(c.isascii() for c in small) else small


def _punycode(label: str) -> str:
    """Raises ValueError for what is no label by IDNA 2008, symbols such as emoji set aside."""
    if label.isascii():
        raise ValueError("punycode of plain letters")
    # Newer symbols than this Python knows are unassigned to it; the mapping has judged them.
    plain = "".join("a" if not c.isascii() and _is_symbol(c) else c for c in label)
    idna.check_label(plain)
    encoded = _ACE + label.encode("punycode").decode("ascii")
    if len(encoded) > LABEL_LIMIT:
        raise ValueError("a label of more than 63 characters")
    return encoded


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char)[0] == "S" or unicodedata.category(char) == "Cn"


def is_numeric(host: str) -> bool:
    """True when resolvers would read it as an IPv4 address in some notation: 2130706433, 0x7f.1."""
    return _NUMERIC.fullmatch(host.rpartition(".")[2]) is not None


def is_local_name(host: str) -> bool:
    """A name that leads inside: a single label, or a suffix kept for local use."""
    if ":" in host or is_numeric(host):
        return False
    dotted = f".{host}"
    return "." not in host or dotted.endswith(tuple(f".{suffix}" for suffix in LOCAL_SUFFIXES))
