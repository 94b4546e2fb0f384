"""The child process that sends one message past Discord, by Apprise (extra ``fallback``).

Apprise loads much and its requests block: in a process of its own it costs nothing while Discord
works, and what hangs is ended. It reads from standard input: JSON with ``urls``, ``title`` and
``body``; without a body the addresses are only judged. Exit 0: done; 1: not sent; 2: an address is
none that Apprise knows; 3: Apprise is not installed.
"""

import json
import logging
import sys

DONE, NOT_SENT, UNKNOWN, MISSING = range(4)


def main() -> int:
    given = json.load(sys.stdin)
    try:
        import apprise  # noqa: PLC0415 - the reason for this process
    except ImportError:
        return MISSING
    logging.disable()  # it would log addresses, which hold secrets
    ways = apprise.Apprise()
    if not all([ways.add(url) for url in given["urls"]]):  # noqa: C419 - each is to be judged
        return UNKNOWN
    if "body" not in given:
        return DONE
    sent = ways.notify(title=given["title"], body=given["body"], notify_type="failure")
    return DONE if sent else NOT_SENT


if __name__ == "__main__":
    sys.exit(main())
