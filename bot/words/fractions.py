"""Shares in words. With 30 tries a share is good to about 8 points, so few fractions are said."""

from bot.words.catalogue import Words

# The fractions people picture, as (of how many, how many).
_FRACTIONS = (
    (10, 1),
    (8, 1),
    (6, 1),
    (5, 1),
    (4, 1),
    (3, 1),
    (2, 1),
    (3, 2),
    (4, 3),
    (5, 4),
    (10, 9),
)
_FEW = 4  # below this many tries a fraction would claim too much


def share(words: Words, ok: int, of: int) -> str:
    """``ok`` of ``of`` tries got through: "about 1 in 4 tries gets through"."""
    if of < _FEW:
        return words.text("only some tries get through")
    if ok == 0:
        return words.text("no try gets through")
    if ok >= of:
        return words.text("tries get through again")
    real = ok / of
    if real < 1 / 15:
        return words.text("almost no try gets through")
    total, part = min(_FRACTIONS, key=lambda f: abs(f[1] / f[0] - real))
    if part == 1:
        return words.text("about 1 in {total} tries gets through", total=total)
    return words.text("about {part} in {total} tries get through", part=part, total=total)
