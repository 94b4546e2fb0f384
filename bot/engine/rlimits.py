"""Raises RLIMIT_NOFILE, and counts the checks that so many descriptors allow."""

import contextlib
import errno
import os
import resource

OPEN_FILES = 65_536
SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
ENOUGH = 1_024  # for a few hundred checks at once: below it people should know
# What is open beside checks: database, log, event loop, Discord's connections, name servers.
RESERVED = 64
# Most checks have one socket; several for a moment where a name has many addresses, or is looked
# up anew. A check that finds none left says nothing about its site.
PER_CHECK = 1.5
FEWEST_CHECKS = 4


def allow_many() -> int:
    """Raise the limit as far as the hard one allows; returns what it is now.

    A default of 1,024 descriptors would end checking at a thousand hanging sites.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has a lower one of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    """How many may be open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def checks_at_once(files: int, wanted: int = 0) -> int:
    """How many checks ``files`` descriptors are enough for, at most ``wanted`` (0: any number).

    0 means without a limit: there is room for more than will ever run.
    """
    if files >= OPEN_FILES:
        return wanted
    room = max(FEWEST_CHECKS, int((files - RESERVED) / PER_CHECK))
    return min(wanted, room) if wanted else room


def has_room(count: int) -> bool:
    """True when so many descriptors can be opened now."""
    opened = list[int]()
    try:
        for _ in range(count):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    finally:
        for one in opened:
            os.close(one)
    return True
