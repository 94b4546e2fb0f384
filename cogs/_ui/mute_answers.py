"""What ``/mute`` answers."""

from bot.models import Monitor
from bot.services.status import MonitorStatus
from bot.words.catalogue import Words
from bot.words.times import stamp
from cogs._ui.mute_option import OFF
from cogs._ui.watch_answers import shown_name


def muted_text(words: Words, status: MonitorStatus, command: str) -> str:
    """Until when, what becomes of trouble meanwhile, and the way back."""
    until = stamp(status.monitor.muted_until_ms or 0, "f")
    lines = [
        words.text(
            "Alerts for {name} are muted until {time}.", name=shown_name(status.monitor), time=until
        ),
        words.text("Checks go on; what fails meanwhile is told at the end if it is still bad."),
        words.text("To unmute it sooner: {command} with “{off}”.", command=command, off=OFF),
    ]
    if status.incident is not None and not status.incident.withheld:
        lines.insert(1, words.text("The open alert stays true, and its end is told."))
    return "\n".join(lines)


def unmuted_text(words: Words, monitor: Monitor, *, was_muted: bool) -> str:
    if not was_muted:
        return words.text("{name} was not muted.", name=shown_name(monitor))
    return words.text(
        "Alerts for {name} are on again. What is still bad is told now.", name=shown_name(monitor)
    )
