"""The log's line for each incident: when it opens, changes its kind, ends. It names the monitor."""

import logging

from bot.models import Incident

log = logging.getLogger(__name__)


def note(what: str, incident: Incident) -> None:
    """``what`` happened to the incident, after it was committed."""
    log.info(
        "An incident %s",
        what,
        extra={
            "kind": incident.kind,
            "incident": incident.public_id,
            "monitor": incident.monitor_id,
            "guild": incident.guild_id,
        },
    )
