"""Ratios in words. With 30 checks a ratio is good to about 8 points, so few fractions are used.

Source: facts on real outages: "say fractions, not per cent". The nearest of these fractions
is never more than 8 points off.
"""

from bot.words.translator import N_, Translator

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
_KEPT = 0.08  # a word that is no further off stays: it is as good as any
# As numbers: what is said when it is no fraction.
_NONE, _HARDLY_ANY, _NEARLY_ALL, _ALL = 0.0, 0.01, 0.99, 1.0
_SENTENCES = {
    _NONE: N_("no try gets through"),
    _HARDLY_ANY: N_("almost no try gets through"),
    _NEARLY_ALL: N_("almost all tries get through"),
    _ALL: N_("all tries get through again"),
}


def said(ok: int, of: int, before: float | None = None) -> float | None:
    """The share that is said of ``ok`` in ``of`` checks; None: they are too few.

    What was said ``before`` is kept while it is within eight points: the words would change with
    every other check, and that is no news.
    """
    if of < _FEW:
        return None
    real = ok / of
    if before not in {None, _NONE, _ALL} and of >= _MANY and abs(real - (before or 0)) <= _KEPT:
        return before
    if real < _ALMOST_NONE:
        return _NONE if ok == 0 and of >= _MANY else _HARDLY_ANY
    if real > _ALMOST_ALL:
        return _ALL if ok >= of else _NEARLY_ALL
    return min((part / total for part, total in _FRACTIONS), key=lambda one: abs(one - real))


def share(words: Translator, ok: int, of: int, before: float | None = None) -> str:
    """``ok`` of ``of`` checks succeeded: "about 1 in 4 tries gets through"."""
    value = said(ok, of, before)
    if value is None:
        return words.text("only some tries get through")
    if value in _SENTENCES:
        return words.text(_SENTENCES[value])
    part, total = next(one for one in _FRACTIONS if one[0] / one[1] == value)
    if part == 1:
        return words.text("about 1 in {total} tries gets through", total=total)
    return words.text("about {part} in {total} tries get through", part=part, total=total)
