"""Writes what a server watches as JSON that :mod:`bot.services.transfer.reader` reads back."""

import json
from collections.abc import Sequence
from typing import Any

from bot.models import Monitor
from bot.services.target_options import status_text


def export(monitors: Sequence[Monitor]) -> bytes:
    """Everything but the values of request headers: a file travels, and they may be secrets."""
    found = {"vigie": 1, "monitors": [_plain(one) for one in monitors]}
    return (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode()


def _plain(monitor: Monitor) -> dict[str, Any]:
    """Only what was set; ids are texts, for they are too long for the numbers of JSON readers."""
    target = monitor.target
    known: dict[str, Any] = {
        "id": monitor.id,  # by which a monitor that is renamed in the file is found again
        "name": monitor.name,
        "url": target.url,
        "every": monitor.interval_s,
        "channel": monitor.channel_id and str(monitor.channel_id),
        "role": monitor.role_id and str(monitor.role_id),
        "expect_status": status_text(target.expect_status),
        "contains": target.contains,
        "not_contains": target.not_contains,
        "slow_ms": monitor.slow_ms,
        "method": target.method if target.method != "GET" else None,
        "headers": {name: "" for name, _ in target.headers},
        "paused": monitor.paused,
    }
    return {key: value for key, value in known.items() if value}
