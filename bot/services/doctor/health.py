"""The machine as people of a server may know it: well or not, and no more than that."""

import asyncio
import shutil
import time
from pathlib import Path

from bot import __version__
from bot.db.database import Database
from bot.engine import rlimits
from bot.engine.check_queue import CheckQueue
from bot.engine.host_limits import AT_A_TIME
from bot.engine.stall_detector import StallDetector
from bot.services.connectivity import ConnectivityMonitor
from bot.services.doctor.database import LITTLE_SPACE
from bot.services.doctor.findings import Finding, Voice, broken, ok, warning

SLOW_S = 1.0
LATELY_S = 600.0
STALLS_WORTH_SAYING = 3
WAIT_WORTH_SAYING_S = 30.0


async def sight(voice: Voice, blindness: ConnectivityMonitor, canaries: int) -> Finding:
    """Are we online? Asked now, not remembered."""
    words = voice.words
    name = words.text("My own connection")
    fix = words.text("Whoever runs me: see the network and VIGIE_CANARIES; `vigie doctor` helps.")
    sees = await blindness.sees()
    if blindness.since_ms is not None:
        since = voice.moment(blindness.since_ms)
        return broken(
            name, words.text("I am blind since {time}: no failure counts.", time=since), fix
        )
    if not sees:
        return broken(name, words.text("None of my canaries answers just now."), fix)
    if not canaries:
        return ok(name, words.text("Discord answers; there are no other canaries"))
    said = words.plural("online, by {n} canary", "online, by {n} canaries", canaries)
    return ok(name, said)


def open_files(voice: Voice) -> Finding | None:
    """Told where it is so low that checks have to wait for each other."""
    words, limit = voice.words, rlimits.limit()
    if limit >= rlimits.ENOUGH:
        return None
    text = words.text(
        "I may open {n} files, so at most {checks} checks run at once.",
        n=words.number(limit),
        checks=words.number(rlimits.checks_at_once(limit)),
    )
    fix = words.text("Whoever runs me: raise the limit of open files (ulimit -n).")
    return warning(words.text("Open files"), text, fix)


def checking(
    voice: Voice, checks: CheckQueue, stalls: StallDetector, guild_id: int
) -> Finding | None:
    """What keeps this server's checks from being made, or from counting; None: nothing."""
    words = voice.words
    name = words.text("Checks")
    stood = stalls.count(LATELY_S)
    if stood >= STALLS_WORTH_SAYING:
        text = words.plural(
            "I stood still {n} time in ten minutes: checks of those moments count for nothing",
            "I stood still {n} times in ten minutes: checks of those moments count for nothing",
            stood,
        )
        fix = words.text("Whoever runs me: the machine is too busy, or was paused.")
        return warning(name, text, fix)
    wait = checks.longest_wait(guild_id, LATELY_S)
    if wait is None or wait.seconds < WAIT_WORTH_SAYING_S:
        return None
    text = words.text(
        "{host} is slow: of the sites there, one waited {n} s for its turn",
        host=voice.quote(wait.host),
        n=words.number(round(wait.seconds)),
    )
    fix = words.text(
        "I make at most {n} checks of one host at a time. Check it less often, or fewer pages.",
        n=AT_A_TIME,
    )
    return warning(name, text, fix)


async def database(voice: Voice, db: Database, file: Path) -> Finding:
    """Its size, how fast it answers, and whether there is room for more."""
    words = voice.words
    name = words.text("Database")
    begun = time.monotonic()
    size = await db.read(
        lambda conn: (
            conn.execute("PRAGMA page_count").fetchone()[0]
            * conn.execute("PRAGMA page_size").fetchone()[0]
        )
    )
    took_s = time.monotonic() - begun
    text = words.text(
        "{size} MB, answers in {ms} ms",
        size=words.number(round(size / 1e6, 1)),
        ms=words.number(round(took_s * 1000)),
    )
    if await asyncio.to_thread(_free_bytes, file) < LITTLE_SPACE:
        fix = words.text("Whoever runs me has to make room: without it nothing can be stored.")
        return broken(name, words.text("{text}; the disk is almost full", text=text), fix)
    if took_s > SLOW_S:
        fix = words.text("It is busy, or its disk slow. If it lasts, tell whoever runs me.")
        return warning(name, text, fix)
    return ok(name, text)


def _free_bytes(file: Path) -> int:
    """Plenty where it cannot be asked."""
    try:
        return shutil.disk_usage(file.absolute().parent).free
    except OSError:
        return LITTLE_SPACE


def version(voice: Voice, since_ms: int) -> Finding:
    words = voice.words
    text = words.text(
        "{version}, running since {time}", version=__version__, time=voice.moment(since_ms)
    )
    return ok("Vigie", text)
