"""Findings of the doctor; those of machine, delivery and what is stored are for every server."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot import __version__
from bot.clock import DAY_MS
from bot.db import stats
from bot.db.database import Database
from bot.db.stats import KEPT_MS, OutboxStats, StorageStats
from bot.engine import process
from bot.engine.check_queue import AT_A_TIME, CheckQueue
from bot.engine.process import StallDetector
from bot.services.connectivity import ConnectivityMonitor, PlaceWatch
from bot.services.delivery.throttle import Throttle
from bot.services.history.retention import FOLLOWERS_MS, GUILD_MS, HOURLY_DAYS, PACKED_DAYS
from bot.services.status import MonitorStatus
from bot.words.escaping import code, markdown
from bot.words.phrases import stamp
from bot.words.translator import Translator

Mention = Callable[[str], str]  # shows a command such as ``watch add``

_NAMES, _NAME_LIMIT = 3, 40
_QUOTE_LIMIT = 150


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    grade: Grade
    text: str
    fix: str | None = None


def ok(name: str, text: str) -> Finding:
    return Finding(name, Grade.OK, text)


def warning(name: str, text: str, fix: str) -> Finding:
    return Finding(name, Grade.WARNING, text, fix)


def broken(name: str, text: str, fix: str) -> Finding:
    return Finding(name, Grade.BROKEN, text, fix)


def names(words: Translator, found: Sequence[MonitorStatus]) -> str:
    shown = [markdown(one.monitor.name, _NAME_LIMIT) for one in found[:_NAMES]]
    if len(found) > _NAMES:
        shown.append(words.text("+{n} more", n=len(found) - _NAMES))
    return words.list(shown)


def quote(text: str) -> str:
    """Foreign text, such as an answer of Discord's."""
    return code(text, _QUOTE_LIMIT)


LITTLE_SPACE = 200_000_000  # bytes: a year of 500 sites fits
SLOW_S = 1.0
LATELY_S = 600.0
STALLS_WORTH_SAYING = 3
WAIT_WORTH_SAYING_S = 30.0
PLACE_LIMIT = 40
LATE_MS = 120_000  # within it a retry is nothing to speak of


async def connection(
    words: Translator, connectivity: ConnectivityMonitor, canaries: int
) -> Finding:
    """Are we online? Asked now, not remembered."""
    name = words.text("My own connection")
    fix = words.text("Bot operator: see the network and VIGIE_CANARIES; `vigie doctor` helps.")
    online = await connectivity.is_online()
    if connectivity.offline_since_ms is not None:
        since = stamp(connectivity.offline_since_ms, "f")
        text = words.text("offline since {time}: no failure counts", time=since)
        return broken(name, text, fix)
    if not online:
        return broken(name, words.text("no connectivity check succeeds just now"), fix)
    if not canaries:
        return ok(name, words.text("Discord answers; no other address is asked"))
    said = words.plural(
        "online, by {n} connectivity check", "online, by {n} connectivity checks", canaries
    )
    return ok(name, said)


def places(words: Translator, watch: PlaceWatch, now_ms: int) -> Finding | None:
    """The other places, and how many alerts they spared; None: there are none."""
    others = watch.others
    if others is None:
        return None
    found = others.status()
    name, fix = words.text("Places"), words.text("Bot operator: see `vigie doctor`.")
    if not others.connected:
        return warning(name, words.text("no other place can be asked: I decide alone"), fix)
    if not found:
        return warning(name, words.text("no other place is connected: I decide alone"), fix)
    listed = [
        words.text(
            "{place} ({version}), heard {time}",
            place=markdown(one.name, PLACE_LIMIT),
            version=one.release,
            time=stamp(now_ms - round(one.heard_s * 1000)),
        )
        for one in found
    ]
    spared = words.plural(
        "{n} outage seen from here alone was not reported.",
        "{n} outages seen from here alone were not reported.",
        watch.spared,
    )
    text = f"{' · '.join(listed)}. {spared}"
    silent = [one.name for one in found if not (one.present and one.understood)]
    if not silent:
        return ok(name, text)
    unheard = words.list([markdown(one, PLACE_LIMIT) for one in silent])
    text += " " + words.text("These do not vote: {names}.", names=unheard)
    return warning(name, text, fix)


def open_files(words: Translator) -> Finding | None:
    """A warning where the limit is so low that checks have to wait for each other."""
    limit = process.limit()
    if limit >= process.ENOUGH:
        return None
    text = words.text(
        "I may open {n} files, so at most {checks} checks run at once.",
        n=words.number(limit),
        checks=words.number(process.checks_at_once(limit)),
    )
    fix = words.text("Bot operator: raise the limit of open files (ulimit -n).")
    return warning(words.text("Open files"), text, fix)


def checking(
    words: Translator, checks: CheckQueue, stalls: StallDetector, guild_id: int
) -> Finding | None:
    """A warning when this server's checks have to wait, or do not count."""
    name = words.text("Checks")
    stood = stalls.count(LATELY_S)
    if stood >= STALLS_WORTH_SAYING:
        text = words.plural(
            "I froze {n} time in ten minutes: checks of that moment are not counted",
            "I froze {n} times in ten minutes: checks of those moments are not counted",
            stood,
        )
        fix = words.text("Bot operator: the machine is too busy, or was paused.")
        return warning(name, text, fix)
    wait = checks.longest_wait(guild_id, LATELY_S)
    if wait is None or wait.seconds < WAIT_WORTH_SAYING_S:
        return None
    text = words.text(
        "{host} is slow: one of the sites there waited {n} s for its turn",
        host=quote(wait.host),
        n=words.number(round(wait.seconds)),
    )
    fix = words.text(
        "I run at most {n} checks of one host at a time. Check it less often, or"
        " watch fewer of its pages.",
        n=AT_A_TIME,
    )
    return warning(name, text, fix)


async def database(words: Translator, db: Database, file: Path) -> Finding:
    name = words.text("Database")
    begun = time.monotonic()
    size = await db.read(stats.file_bytes)
    took_s = time.monotonic() - begun
    text = words.text(
        "{size} MB, answers in {ms} ms",
        size=words.number(round(size / 1e6, 1)),
        ms=words.number(round(took_s * 1000)),
    )
    if await asyncio.to_thread(_free_bytes, file) < LITTLE_SPACE:
        fix = words.text("Bot operator: make room, without it nothing can be stored.")
        return broken(name, words.text("{text}; the disk is almost full", text=text), fix)
    if took_s > SLOW_S:
        fix = words.text("It is busy, or its disk slow. If it lasts, tell the bot's operator.")
        return warning(name, text, fix)
    return ok(name, text)


def _free_bytes(file: Path) -> int:
    """Plenty where it cannot be asked."""
    try:
        return shutil.disk_usage(file.absolute().parent).free
    except OSError:
        return LITTLE_SPACE


def version(words: Translator, since_ms: int) -> Finding:
    text = words.text(
        "{version}, running since {time}", version=__version__, time=stamp(since_ms, "f")
    )
    return ok("Vigie", text)


def delivery(words: Translator, mention: Mention, box: OutboxStats, now_ms: int) -> Finding:
    name = words.text("Delivery")
    said = "" if not box.error else words.text("Discord said: {text}", text=quote(box.error))
    if box.oldest_ms is not None and (box.refused or now_ms - box.oldest_ms > LATE_MS):
        text = words.plural(
            "{n} message is waiting, since {time}.",
            "{n} messages are waiting, since {time}.",
            box.waiting,
            time=stamp(box.oldest_ms, "f"),
        )
        fix = words.text(
            "I keep trying, and nothing is lost. First fix the channels that {command} names;"
            " else see discordstatus.com.",
            command=mention("doctor"),
        )
        return warning(name, f"{text} {said}".rstrip(), fix)
    if box.dead:
        text = words.plural(
            "{n} message in the last week could not be delivered.",
            "{n} messages in the last week could not be delivered.",
            box.dead,
        )
        fix = words.text(
            "{command} shows whether alerts arrive now.", command=mention("alerts test")
        )
        return warning(name, f"{text} {said}".rstrip(), fix)
    if box.waiting:
        text = words.plural(
            "{n} message is on its way.", "{n} messages are on their way.", box.waiting
        )
        return ok(name, f"{text} {said}".rstrip())
    if box.sent_ms is None:
        return ok(name, words.text("no message within a week; nothing is waiting"))
    time = stamp(box.sent_ms, "f")
    return ok(name, words.text("the last message arrived {time}; nothing is waiting", time=time))


def blocked(words: Translator, throttle: Throttle) -> Finding | None:
    """Discord takes nothing from us at all, from any server."""
    if throttle.stopped:
        text = words.text("Discord no longer accepts my token, so nothing is sent.")
        fix = words.text("Bot operator: set a new DISCORD_TOKEN.")
        return broken("Discord", text, fix)
    if throttle.breaker.down:
        text = words.text("Discord does not answer right now.")
        fix = words.text("I keep trying, and nothing is lost. See discordstatus.com.")
        return warning("Discord", text, fix)
    return None


def stored_lines(words: Translator, found: StorageStats) -> list[str]:
    """How long, then what: ``7 days: 20,160 checks …``. In the order of what stays longest."""
    removal = words.text("{time} after I am removed", time=_days(words, GUILD_MS // DAY_MS))
    kept = {
        words.text("Kept indefinitely"): _for_ever(words, found),
        words.text("1 year"): words.plural(
            "{n} change of settings, and who made it",
            "{n} changes of settings, and who made them",
            found.changes,
        ),
        _days(words, HOURLY_DAYS): words.text("hourly totals"),
        _days(words, PACKED_DAYS): _checks(words, found.checks),
        _days(words, min(KEPT_MS, FOLLOWERS_MS) // DAY_MS, after=True): words.plural(
            "the id of {n} message, and who pressed its buttons",
            "the ids of {n} messages, and who pressed their buttons",
            found.messages,
        ),
        words.text("User data"): _people(words, found),
        removal: words.text("everything is deleted"),
    }
    return [f"**{how_long}** · {what}" for how_long, what in kept.items()]


def stored_summary(words: Translator, found: StorageStats) -> str:
    """All servers in one sentence, for the bot's operator."""
    servers = words.plural("{n} server", "{n} servers", found.servers)
    left = words.plural("{n} left but not deleted yet", "{n} left but not deleted yet", found.left)
    parts = [servers, *([left] if found.left else []), _for_ever(words, found)]
    return f"{', '.join(parts)}; {_people(words, found)}"


def _for_ever(words: Translator, found: StorageStats) -> str:
    parts = [words.plural("{n} site", "{n} sites", found.monitors)]
    if found.removed:
        parts.append(words.plural("{n} removed one", "{n} removed ones", found.removed))
    parts.append(words.plural("{n} incident", "{n} incidents", found.incidents))
    if found.windows:
        parts.append(
            words.plural("{n} maintenance window", "{n} maintenance windows", found.windows)
        )
    parts.append(words.text("daily totals"))
    said = ", ".join(parts)
    if not found.first_ms:
        return said
    return words.text("{list}; since {time}", list=said, time=stamp(found.first_ms, "D"))


def _checks(words: Translator, count: int) -> str:
    """The youngest hours are not counted yet."""
    if not count:
        return words.text("every check")
    return words.text("every check ({n} counted so far)", n=words.number(count))


def _people(words: Translator, found: StorageStats) -> str:
    return words.plural(
        "the id of {n} person, no names, no messages",
        "the ids of {n} people, no names, no messages",
        found.people,
    )


def _days(words: Translator, days: int, *, after: bool = False) -> str:
    said = words.plural("{n} day", "{n} days", days)
    return words.text("{time} after the incident", time=said) if after else said
