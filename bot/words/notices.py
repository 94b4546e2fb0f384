"""Notices: lines that are about no incident, and what stands below some of them."""

from collections.abc import Sequence

from bot.words.alert_lines import LINE_LIMIT, NAME_LIMIT, named, place_names, shortened
from bot.words.escaping import markdown, units
from bot.words.phrases import Style, stamp
from bot.words.translator import N_, Translator

_HALF_A_DAY_S = 43_200
_NAMES, _NAMES_ROOM = 10, 80


def certificate(words: Translator, name: str, days: int) -> str:
    """``days`` until it expires; 0: today."""
    if days < 1:
        return named(words, N_("📜 CERTIFICATE · {name} · expires today"), name)
    return shortened(
        name,
        lambda shown: words.plural(
            "📜 CERTIFICATE · {name} · expires in {n} day",
            "📜 CERTIFICATE · {name} · expires in {n} days",
            days,
            name=shown,
        ),
    )


def certificate_note(words: Translator, ends_ms: int, renewed_ms: int) -> str:
    """When it expires or, once it was renewed, when the new one does."""
    if renewed_ms:
        return words.text("Renewed: valid until {time}.", time=stamp(renewed_ms, "f"))
    if not ends_ms:
        return ""
    return words.text(
        "It expires {time} ({when}). From then on browsers warn visitors: renew it before.",
        time=stamp(ends_ms, "f"),
        when=stamp(ends_ms),
    )


def was_offline(words: Translator, seconds: float) -> str:
    return words.text("⚪ BLIND · I was offline for {duration}", duration=words.duration(seconds))


def offline_note(words: Translator, seconds: float, until_ms: int) -> str:
    """From when to when, below the line; times are shown in each reader's own zone."""
    if not until_ms:
        return ""
    style: Style = "t" if seconds < _HALF_A_DAY_S else "f"
    return words.text(
        "I could not see anything from {a} to {b}; outages in that time are unknown.",
        a=stamp(until_ms - round(seconds * 1000), style),
        b=stamp(until_ms, style),
    )


def own_line(words: Translator) -> str:
    return words.text(
        "⚪ MY CONNECTION · many sites answer other places but not me, so I send no"
        " alerts about them"
    )


def missing_places(words: Translator, names: Sequence[str]) -> str:
    return words.plural(
        "⚪ PLACE OFFLINE · {names} has not been heard from for ten minutes",
        "⚪ PLACES OFFLINE · {names} have not been heard from for ten minutes",
        len(names),
        names=place_names(words, names, _NAMES_ROOM),
    )


def test(words: Translator) -> str:
    return words.text("🔔 TEST · this is how an alert arrives here")


def lost(words: Translator, channel_id: int, *, gone: bool) -> str:
    template = N_(
        "🔕 NOT HEARD · I can no longer post in {channel}. Restore my permissions"
        " there, or choose another channel with /alerts channel."
    )
    if gone:
        template = N_(
            "🔕 NOT HEARD · {channel} is gone, so my alerts reach nobody. Choose another channel"
            " with /alerts channel."
        )
    return words.text(template, channel=f"<#{channel_id}>")


def missed(words: Translator, names: Sequence[str], unnamed: int) -> str:
    """Sites in trouble now: some by their names, others by their number alone."""
    if not names:
        return words.plural("{n} site is in trouble now.", "{n} sites are in trouble now.", unnamed)
    listed = words.list([markdown(name, NAME_LIMIT) for name in names[:_NAMES]])
    more = max(0, len(names) - _NAMES) + unnamed
    if more:
        listed = words.text("{names} +{n} more", names=listed, n=more)
    return words.text("In trouble now: {names}", names=listed)


def reported(words: Translator, page: str, title: str, *, over: bool) -> str:
    """What somebody else's status page says; never in red: nothing of it was seen here."""
    text = N_("🟢 REPORT OVER · {name} · {title}") if over else N_("🟠 REPORTED · {name} · {title}")
    name = markdown(page, NAME_LIMIT)
    room = LINE_LIMIT - units(words.text(text, name=name, title=""))
    return words.text(text, name=name, title=markdown(title, max(20, room)))


def unfollowed(words: Translator, page: str) -> str:
    return words.text("⚪ NO LONGER FOLLOWED · {name}", name=markdown(page, NAME_LIMIT))
