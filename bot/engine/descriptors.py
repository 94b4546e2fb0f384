"""Room for many sockets: the descriptors this process may have open."""

import resource

OPEN_FILES = 65_536


def allow_many() -> None:
    """A default of 1,024 descriptors would end probing at a thousand hanging sites."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
