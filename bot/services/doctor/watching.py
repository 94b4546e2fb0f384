"""Is everything watched that people believe is watched? Room, pauses, mutes, what fails on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.clock import DAY_MS
from bot.services.doctor.findings import Finding, Voice, broken, ok, warning
from bot.services.status import MonitorStatus

LONG_MS = 7 * DAY_MS
# A try lasts ten seconds at most, a round half a minute: rounds are missing, not late.
STALE_ROUNDS, STALE_MS = 5, 300_000


@dataclass(frozen=True, slots=True)
class Round:
    """When is now, and since when checks could be made: the start, or the end of blindness."""

    now_ms: int
    since_ms: int | None


def findings(
    voice: Voice, found: Sequence[MonitorStatus], limit: int, moment: Round
) -> Iterator[Finding]:
    """Of one server's monitors."""
    yield _count(voice, len(found), limit)
    told = (
        _unchecked(voice, [one for one in found if _stale(one, moment)]),
        _paused(voice, [one for one in found if one.paused], moment.now_ms),
        _muted(
            voice,
            [one for one in found if (one.monitor.muted_until_ms or 0) > moment.now_ms],
            moment.now_ms,
        ),
        _in_maintenance(voice, [one for one in found if one.maintenance is not None]),
        _failing(voice, [one for one in found if _fails_long(one, moment.now_ms)]),
    )
    yield from (one for one in told if one is not None)


def _count(voice: Voice, count: int, limit: int) -> Finding:
    words = voice.words
    name = words.text("Sites")
    if not count:
        fix = words.text("Begin with {command}.", command=voice.command("watch add"))
        return warning(name, words.text("Nothing is watched yet."), fix)
    text = words.text(
        "{n} watched; up to {max} are possible", n=words.number(count), max=words.number(limit)
    )
    if count < limit:
        return ok(name, text)
    fix = words.text(
        "{command} makes room; whoever runs me can raise VIGIE_MAX_MONITORS.",
        command=voice.command("watch remove"),
    )
    return warning(name, text, fix)


def _unchecked(voice: Voice, found: Sequence[MonitorStatus]) -> Finding | None:
    if not found:
        return None
    words = voice.words
    text = words.text("{names}: no check for far too long.", names=voice.names(found))
    fix = words.text("That is a fault of mine. Whoever runs me: see the log, and start me again.")
    return broken(words.text("Checks"), text, fix)


def _stale(one: MonitorStatus, moment: Round) -> bool:
    """No round for several intervals, though nothing stood in the way."""
    if one.paused or moment.since_ms is None:
        return False
    seen_ms = max(moment.since_ms, one.monitor.created_ms, one.latest.at_ms if one.latest else 0)
    allowed_ms = max(STALE_MS, STALE_ROUNDS * one.monitor.interval_s * 1000)
    return moment.now_ms - seen_ms > allowed_ms


def _paused(voice: Voice, found: Sequence[MonitorStatus], now_ms: int) -> Finding | None:
    if not found:
        return None
    words = voice.words
    name = words.text("Paused")
    long = [one for one in found if now_ms - (one.monitor.paused_ms or now_ms) > LONG_MS]
    if not long:
        return ok(name, voice.names(found))
    since = voice.moment(min(one.monitor.paused_ms or now_ms for one in long))
    text = words.text("{names}, since {time}.", names=voice.names(long), time=since)
    fix = words.text("{command} has them checked again.", command=voice.command("watch resume"))
    return warning(name, text, fix)


def _muted(voice: Voice, found: Sequence[MonitorStatus], now_ms: int) -> Finding | None:
    """A mute of the same day is meant; one of a week is perhaps forgotten."""
    if not found:
        return None
    words = voice.words
    name = words.text("Muted")
    ends = [(one, one.monitor.muted_until_ms or 0) for one in found]
    long = [(one, until_ms) for one, until_ms in ends if until_ms - now_ms > DAY_MS]
    text = _until(voice, long or ends)
    if not long:
        return ok(name, text)
    fix = words.text("{command} with “off” ends it.", command=voice.command("mute"))
    return warning(name, text, fix)


def _in_maintenance(voice: Voice, found: Sequence[MonitorStatus]) -> Finding | None:
    if not found:
        return None
    ends = [(one, one.maintenance[1].until_ms or 0) for one in found if one.maintenance is not None]
    return ok(voice.words.text("In maintenance"), _until(voice, ends))


def _until(voice: Voice, ends: Sequence[tuple[MonitorStatus, int]]) -> str:
    """Which, and until when: of several that end apart, when the first does and when the last."""
    words, names = voice.words, voice.names([one for one, _ in ends])
    first, last = (voice.moment(limit(until_ms for _, until_ms in ends)) for limit in (min, max))
    if first == last:
        return words.text("{names}, until {time}.", names=names, time=last)
    return words.text(
        "{names}: the first until {time}, the last until {end}.", names=names, time=first, end=last
    )


def _failing(voice: Voice, found: Sequence[MonitorStatus]) -> Finding | None:
    if not found:
        return None
    words = voice.words
    text = words.text("{names}: in trouble for more than a week.", names=voice.names(found))
    fix = words.text(
        "Still wanted? {edit} changes what is watched, {remove} ends it.",
        edit=voice.command("watch edit"),
        remove=voice.command("watch remove"),
    )
    return warning(words.text("Failing"), text, fix)


def _fails_long(one: MonitorStatus, now_ms: int) -> bool:
    incident = one.incident
    return incident is not None and not one.paused and now_ms - incident.since_ms > LONG_MS
