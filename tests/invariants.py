"""What must hold after every fault, read from the sandbox's own record.

I1 each incident has at most one opening and one all-clear visible in a channel; I2 none is missing
once the faults have stopped; I3 no all-clear comes before its opening; I4 the database is whole;
I5 fewer than 50 invalid requests in ten minutes.
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.messages.store import Stored

Json = dict[str, Any]
MAX_INVALID = 50
WINDOW_S = 600.0
INVALID = {401, 403, 429}
DIGEST, UP = "📋 DIGEST", "🟢 UP"
_IDS = re.compile(r"#(\w{4,12})")


@dataclass(frozen=True)
class Opened:
    """One incident as the store knows it."""

    public_id: str
    name: str
    channel_id: str | None
    opened_ms: int
    resolved: bool
    announced: bool  # it has a row that makes it sent, not only recorded


def check(
    sandbox: Sandbox,
    database: Path,
    *,
    max_invalid: int = MAX_INVALID,
    unsent: bool = False,
    ignored: Collection[str] = (),
) -> None:
    """Raise AssertionError naming the invariant that is broken."""
    _is_whole(database)
    _few_invalid(sandbox, max_invalid)
    incidents = [one for one in _incidents(database) if one.name not in ignored]
    messages = _messages(sandbox)
    for one in incidents:
        _opened_once(one, messages, unsent=unsent)
    _closed_in_order(incidents, messages, unsent=unsent)


def _opened_once(one: Opened, messages: Collection[Stored], *, unsent: bool) -> None:
    """I1 and I2 of openings: exactly one card names it, or a digest does."""
    cards = [m for m in messages if one.public_id in card_ids(m) and not is_digest(m)]
    # A long list has the ids in its file; the card names the sites.
    cards = cards or [m for m in messages if one.name in listed_names(m)]
    digests = [m for m in messages if is_digest(m) and one.public_id in card_ids(m)]
    shown = [_shown(m) for m in cards]
    assert len(cards) <= 1, f"I1: {one.name} #{one.public_id} was opened twice: {shown}"
    assert len(digests) <= 1, f"I1: {one.name} #{one.public_id} is in two digests"
    if one.announced and not unsent:
        assert cards or digests, f"I2: no message names {one.name} #{one.public_id}"


def _closed_in_order(
    incidents: Iterable[Opened], messages: Collection[Stored], *, unsent: bool
) -> None:
    """I1 to I3 of all-clears; these name the monitor, so they are counted by monitor."""
    by_name: dict[str, list[Opened]] = defaultdict(list)
    for one in incidents:
        if one.announced:
            by_name[one.name].append(one)
    for name, all_of_it in by_name.items():
        over = [one for one in all_of_it if one.resolved]
        ends = [m for m in messages if _ends(m, name, over)]
        shown = [_shown(m) for m in messages]
        assert len(ends) <= len(over), f"I1: {name} ended {len(over)} times: {shown}"
        if not unsent:
            assert len(ends) == len(over), f"I2: an end of {name} is missing: {shown}"
        begins = [m for m in messages if card_ids(m) & {one.public_id for one in all_of_it}]
        for begun, ended in zip(_in_time(begins), _in_time(ends), strict=False):
            assert begun.created <= ended.created, f"I3: {name} ended before it began: {shown}"


def _ends(message: Stored, name: str, over: Iterable[Opened]) -> bool:
    if is_digest(message):
        return bool(card_ids(message) & {one.public_id for one in over})
    content = str(message.versions[0]["content"])
    return (
        content.startswith(UP)
        and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", content) is not None
    )


def _in_time(messages: Iterable[Stored]) -> list[Stored]:
    return sorted(messages, key=lambda one: one.created)


def _shown(message: Stored) -> str:
    return str(message.versions[0]["content"])


def is_digest(message: Stored) -> bool:
    return _shown(message).startswith(DIGEST)


def card_ids(message: Stored) -> set[str]:
    """The public ids in the footers of all versions of a message."""
    footers = [
        embed["footer"]["text"]
        for version in message.versions
        for embed in version.get("embeds", ())
        if embed.get("footer")
    ]
    return {found for footer in footers for found in _IDS.findall(footer)}


def listed_names(message: Stored) -> set[str]:
    """The names of sites in the newest card of a list, without those that are counted."""
    lines = [
        line
        for embed in message.versions[-1].get("embeds", ())
        for line in str(embed.get("description", "")).splitlines()
    ]
    found = [match[1] for line in lines if (match := re.search(r"\([\d,]+\): (.+)$", line))]
    names = [name for names in found for name in re.sub(r" \+[\d,]+$", "", names).split(", ")]
    return {re.sub(r" \([^()]+\)$", "", name) for name in names}


def _messages(sandbox: Sandbox) -> list[Stored]:
    """Everything the bot ever posted by itself, deleted messages too."""
    own = sandbox.world.bot.id
    return [
        m
        for m in sandbox.ever
        if m.author_id == own and m.ephemeral_for is None and m.interaction_id is None
    ]


def _is_whole(database: Path) -> None:
    conn = sqlite3.connect(database)
    try:
        [(answer,)] = conn.execute("PRAGMA integrity_check").fetchall()
    finally:
        conn.close()
    assert answer == "ok", f"I4: {answer}"


def _few_invalid(sandbox: Sandbox, most: int) -> None:
    times = sorted(e.at for e in sandbox.record.requests if e.status in INVALID)
    for first, last in zip(times, times[most - 1 :], strict=False):
        assert last - first > WINDOW_S, f"I5: {most} invalid requests in {last - first:.0f} s"


def _incidents(database: Path) -> list[Opened]:
    conn = sqlite3.connect(database)
    conn.row_factory = sqlite3.Row
    try:
        rows = conn.execute(
            "SELECT i.public_id, m.name, i.channel_id, i.opened_ms, i.ending, EXISTS ("
            " SELECT 1 FROM notification n WHERE n.incident_id = i.id AND n.kind = 'open'"
            " AND n.state != 'dead' AND NOT (n.state = 'superseded' AND i.ending != 'resolved')"
            ") AS announced FROM incident i JOIN monitor m ON m.id = i.monitor_id"
            " ORDER BY i.opened_ms, i.id"
        ).fetchall()
    finally:
        conn.close()
    return [
        Opened(
            row["public_id"],
            row["name"],
            row["channel_id"] and str(row["channel_id"]),
            row["opened_ms"],
            row["ending"] == "resolved",
            bool(row["announced"]),
        )
        for row in rows
    ]
