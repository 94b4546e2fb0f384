"""Do messages reach Discord? What arrived last, what waits, what was given up."""

from bot.db.delivery_stats import Outbox
from bot.services.delivery.throttle import Throttle
from bot.services.doctor.findings import Finding, Voice, broken, ok, warning

LATE_MS = 120_000  # within it a retry is nothing to speak of


def finding(voice: Voice, box: Outbox, now_ms: int) -> Finding:
    words = voice.words
    name = words.text("Delivery")
    said = "" if not box.error else words.text("Discord said: {text}", text=voice.quote(box.error))
    if box.oldest_ms is not None and now_ms - box.oldest_ms > LATE_MS:
        text = words.plural(
            "{n} message waits, since {time}.",
            "{n} messages wait, since {time}.",
            box.waiting,
            time=voice.moment(box.oldest_ms),
        )
        fix = words.text(
            "I keep trying, and nothing is lost. First mend the channels that {command} names;"
            " else see discordstatus.com.",
            command=voice.command("doctor"),
        )
        return warning(name, f"{text} {said}".rstrip(), fix)
    if box.dead:
        text = words.plural(
            "{n} message of the last week could not be delivered.",
            "{n} messages of the last week could not be delivered.",
            box.dead,
        )
        fix = words.text(
            "{command} shows whether alerts arrive now.", command=voice.command("alerts test")
        )
        return warning(name, f"{text} {said}".rstrip(), fix)
    if box.waiting:
        text = words.plural(
            "{n} message is on its way.", "{n} messages are on their way.", box.waiting
        )
        return ok(name, f"{text} {said}".rstrip())
    if box.sent_ms is None:
        return ok(name, words.text("no message within a week; nothing waits"))
    time = voice.moment(box.sent_ms)
    return ok(name, words.text("the last message arrived {time}; nothing waits", time=time))


def blocked(voice: Voice, throttle: Throttle) -> Finding | None:
    """Discord takes nothing from us at all, from any server."""
    words = voice.words
    if throttle.shut:
        text = words.text("Discord no longer accepts my token, so nothing is sent.")
        fix = words.text("Whoever runs me has to set a new DISCORD_TOKEN.")
        return broken("Discord", text, fix)
    if throttle.breaker.down:
        text = words.text("Discord gives no answer just now.")
        fix = words.text("I keep trying, and nothing is lost. See discordstatus.com.")
        return warning("Discord", text, fix)
    return None
