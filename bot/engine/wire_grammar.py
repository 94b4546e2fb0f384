"""Two expressions of h11's grammar in linear time: a server chooses what they are matched against.

A header line of blanks before a byte that may not stand there is tried at every split of the
blanks: 100 KiB of it held the event loop, and with it every other site, for 29 s (measured with
h11 0.16; no deadline can fire meanwhile). The same goes for a chunk's extension.
"""

import re

from h11 import _readers
from h11._abnf import field_name, field_value

# ``*+`` keeps what it took: a value begins with no blank, so no other split could match.
_HEADER = rf"(?P<field_name>{field_name}):[ \t]*+(?P<field_value>{field_value})[ \t]*+"
_CHUNK = r"(?P<chunk_size>[0-9A-Fa-f]{1,20})(?:;(?:[^\r\n]|\r(?!\n))*+)?[ \t]*+\r\n"


def make_linear() -> None:
    """Put both in the places of h11's own; what they accept is the same."""
    _readers.header_field_re = re.compile(_HEADER.encode("ascii"))
    _readers.chunk_header_re = re.compile(_CHUNK.encode("ascii"))
