"""Long lists in pages, with ◀ ▶ below: the number of the page to turn to is in the button."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem

T = TypeVar("T")


def arrows(
    kind: type[PersistentItem], surface: str, *about: object, number: int, of: int
) -> Iterator[PersistentItem]:
    """◀ ▶ around one page (from 0) of several, as ``v1:surface:way:about:page``."""
    if of == 1:
        return
    before, after = (max(0, number - 1), number == 0), (number + 1, number == of - 1)
    for way, label, (page, is_end) in (("prev", "◀", before), ("next", "▶", after)):
        custom_id = ":".join(str(part) for part in ("v1", surface, way, *about, page))
        yield kind.button(custom_id, label, disabled=is_end)


def pages_of(found: Sequence[object], size: int) -> int:
    """How many pages there are; nothing at all is one page too."""
    return max(1, -(-len(found) // size))


def page_of(found: Sequence[T], number: int, size: int) -> Sequence[T]:
    """What stands on one page, counted from 0."""
    return found[number * size : (number + 1) * size]


def page_text(words: Translator, number: int, of: int) -> str:
    return words.text("Page {n} of {of}", n=number + 1, of=of)
