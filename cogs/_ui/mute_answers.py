"""What ``/mute`` answers."""

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


def unmuted_text(words: Words, status: MonitorStatus, *, was_muted: bool) -> str:
    """What follows: a pause or a maintenance window keeps it quiet whether it is muted or not."""
    name = shown_name(status.monitor)
    if not was_muted:
        return words.text("{name} was not muted.", name=name)
    if status.paused:
        return words.text(
            "{name} is no longer muted, but it is paused: no check, no alert.", name=name
        )
    if status.maintenance is not None:
        until = stamp(status.maintenance[1].until_ms or 0, "f")
        return words.text(
            "{name} is no longer muted, but in maintenance until {time}; alerts wait for its end.",
            name=name,
            time=until,
        )
    return words.text("Alerts for {name} are on again. What is still bad is told now.", name=name)
