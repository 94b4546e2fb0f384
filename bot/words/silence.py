"""What is said of a time in which nothing could be said: a summary, and a lost channel."""

from collections.abc import Sequence

from bot.words.alert_lines import NAME_LIMIT
from bot.words.escaping import markdown
from bot.words.translator import N_, Translator

_NAMES = 10


def digest(words: Translator, n: int) -> str:
    """``n`` incidents ended while nothing could be posted."""
    return words.plural(
        "📋 DIGEST · {n} incident came and went while I could not post here",
        "📋 DIGEST · {n} incidents came and went while I could not post here",
        n,
    )


def lost(words: Translator, channel_id: int, *, gone: bool) -> str:
    """A channel is gone, or refuses us."""
    template = N_(
        "🔕 NOT HEARD · I may not post in {channel} any more. Give me back my rights there, or"
        " choose another channel with /alerts channel."
    )
    if gone:
        template = N_(
            "🔕 NOT HEARD · {channel} is gone, so my alerts reach nobody. Choose another channel"
            " with /alerts channel."
        )
    return words.text(template, channel=f"<#{channel_id}>")


def missed(words: Translator, names: Sequence[str], unnamed: int) -> str:
    """What is in trouble just now: some by their names, others by their number alone."""
    if not names:
        return words.plural("{n} site is in trouble now.", "{n} sites are in trouble now.", unnamed)
    listed = words.list([markdown(name, NAME_LIMIT) for name in names[:_NAMES]])
    more = max(0, len(names) - _NAMES) + unnamed
    if more:
        listed = words.text("{names} +{n} more", names=listed, n=more)
    return words.text("In trouble now: {names}", names=listed)
