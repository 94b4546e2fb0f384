"""The commands of the shell: one file each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_OK = 0
EXIT_FAILURE = 1  # it could not be done, now at least: a supervisor starts it again
EXIT_USAGE = 2  # as argparse ends
EXIT_INTERRUPTED, EXIT_PIPE = 130, 141  # as if SIGINT or SIGPIPE had ended it
EXIT_CONFIG = 78  # EX_CONFIG: configuration or token refused; a supervisor must not restart

# An ordered stop takes less; whatever hangs, the process ends within 30 s of the signal.
STOP_S = 26.0


def fail(sentence: object, status: int) -> int:
    """Say why a command ends without its work, and return the status it ends with."""
    print(f"vigie: {sentence}", file=sys.stderr)
    return status


@contextmanager
def without(library: str) -> Iterator[None]:
    """Keep what is imported in this block from loading a library that it can do without."""
    if library in sys.modules:
        yield
        return
    sys.modules[library] = None  # type: ignore[assignment]  # so that Python says it is not there
    try:
        yield
    finally:
        del sys.modules[library]
