"""Ratios in words. With 30 checks a ratio is good to about 8 points, so few fractions are used.

Source: facts on real outages: "say fractions, not per cent". The nearest of these fractions
is never more than 8 points off.
"""

from bot.words.translator import Translator

# The fractions people picture, as (how many, in how many).
_FRACTIONS = (
    (1, 10),
    (1, 5),
    (1, 4),
    (1, 3),
    (1, 2),
    (2, 3),
    (3, 4),
    (4, 5),
    (9, 10),
)
_FEW = 4  # below this many checks a fraction would claim too much
_MANY = 10  # from here on "none" is more than bad luck
_ALMOST_NONE, _ALMOST_ALL = 0.06, 0.94


def share(words: Translator, ok: int, of: int) -> str:
    """``ok`` of ``of`` checks succeeded: "about 1 in 4 tries gets through"."""
    if of < _FEW:
        return words.text("only some tries get through")
    if ok >= of:
        return words.text("all tries get through again")
    if ok == 0 and of >= _MANY:
        return words.text("no try gets through")
    if ok / of < _ALMOST_NONE:
        return words.text("almost no try gets through")
    if ok / of > _ALMOST_ALL:
        return words.text("almost all tries get through")
    return _fraction(words, ok / of)


def _fraction(words: Translator, real: float) -> str:
    part, total = min(_FRACTIONS, key=lambda fraction: abs(fraction[0] / fraction[1] - real))
    if part == 1:
        return words.text("about 1 in {total} tries gets through", total=total)
    return words.text("about {part} in {total} tries get through", part=part, total=total)
