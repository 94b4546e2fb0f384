"""Components V2 and forms: the layout kinds, 40 components in all, the limits on their text."""

from collections.abc import Callable, Iterator

from sandbox.errors import ApiError, Form, Json, units
from sandbox.rules.components import (
    BUTTON,
    MAX_COLOR,
    MAX_CUSTOM_ID,
    MEDIA,
    ROW,
    SELECTS,
    TEXT_INPUT,
    CustomIds,
    check_button,
    check_row,
    check_select,
    check_url,
)

SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
TOP_LEVEL = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
MAX_COMPONENTS = 40
MAX_TEXT = 4000
MAX_GALLERY = 10
MAX_SECTION_TEXTS = 3
MAX_ALT_TEXT = 1024
# Beyond this many UTF-8 bytes (12 more per text) Discord answers 500 (api-docs issue 8554).
MAX_TEXT_BYTES = 10_170
BYTES_PER_TEXT = 12
_CHILD_KEYS = ("components", "accessory", "component")


def walk(components: object) -> Iterator[Json]:
    """Every component of a message or modal, parents before children."""
    for component in components if isinstance(components, list) else ():
        if not isinstance(component, dict):
            continue
        yield component
        for key in _CHILD_KEYS:
            child = component.get(key)
            yield from walk(child if isinstance(child, list) else [child])


def ids_as_text(components: object) -> None:
    """Write the ids of what selects show as chosen as Discord does.

    Bots may send them as numbers (discord.py does), and a browser would round those.
    """
    for component in walk(components):
        for one in component.get("default_values") or ():
            one["id"] = str(one["id"])


def check_layout(value: object, form: Form) -> None:
    """The components of a message that carries the V2 flag."""
    components = form.listing(value, MAX_COMPONENTS)
    everything = list(walk(components))
    if len(everything) > MAX_COMPONENTS:
        form.complain(
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components cannot exceed {MAX_COMPONENTS}",
        )
    ids = CustomIds()
    for index, component in enumerate(components):
        _check(component, form.at(index), ids, TOP_LEVEL)
    texts = [str(part.get("content")) for part in everything if part.get("type") == TEXT]
    if sum(map(units, texts)) > MAX_TEXT:
        form.complain(
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total displayable text size cannot exceed {MAX_TEXT}",
        )
    if sum(len(text.encode()) + BYTES_PER_TEXT for text in texts) > MAX_TEXT_BYTES:
        raise ApiError(500, "500: Internal Server Error")


def _check(component: object, form: Form, ids: CustomIds, allowed: tuple[int, ...]) -> None:
    given = form.mapping(component)
    kind = given.get("type")
    if kind not in allowed:
        form.at("type").complain(
            "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {allowed}.'
        )
    elif kind == ROW:
        check_row(given, form, ids)
    elif kind == SECTION:
        _check_section(given, form, ids)
    elif kind == CONTAINER:
        _check_container(given, form, ids)
    else:
        _LEAVES[kind](given, form)


def _check_container(given: Json, form: Form, ids: CustomIds) -> None:
    if given.get("accent_color") is not None:
        form.at("accent_color").number(given["accent_color"], 0, MAX_COLOR)
    children = form.at("components").listing(given.get("components"), MAX_COMPONENTS, 1)
    for index, child in enumerate(children):
        _check(child, form.at("components", index), ids, IN_CONTAINER)


def _check_section(given: Json, form: Form, ids: CustomIds) -> None:
    texts = form.at("components").listing(given.get("components"), MAX_SECTION_TEXTS, 1)
    for index, text in enumerate(texts):
        _check(text, form.at("components", index), ids, (TEXT,))
    accessory, place = given.get("accessory"), form.at("accessory")
    if accessory is None:
        place.required()
    elif place.mapping(accessory).get("type") == BUTTON:
        check_button(accessory, place, ids)
    else:
        _check(accessory, place, ids, (THUMBNAIL,))


def _check_text(given: Json, form: Form) -> None:
    form.at("content").text(given.get("content"), MAX_TEXT, 1)


def _check_thumbnail(given: Json, form: Form) -> None:
    media = form.at("media").mapping(given.get("media"))
    check_url(media.get("url"), form.at("media", "url"), MEDIA)
    form.optional(given, "description", MAX_ALT_TEXT)


def _check_gallery(given: Json, form: Form) -> None:
    for index, item in enumerate(form.at("items").listing(given.get("items"), MAX_GALLERY, 1)):
        place = form.at("items", index)
        _check_thumbnail(place.mapping(item), place)


def _check_file(given: Json, form: Form) -> None:
    file = form.at("file").mapping(given.get("file"))
    check_url(file.get("url"), form.at("file", "url"), ("attachment",))


def _check_separator(given: Json, form: Form) -> None:
    if given.get("spacing") is not None:
        form.at("spacing").number(given["spacing"], 1, 2)


_LEAVES: dict[int, Callable[[Json, Form], None]] = {
    TEXT: _check_text,
    THUMBNAIL: _check_thumbnail,
    GALLERY: _check_gallery,
    FILE: _check_file,
    SEPARATOR: _check_separator,
}


LABEL = 18
MAX_TITLE = 45
MAX_LABEL = 45
MAX_DESCRIPTION = 100
MAX_MODAL_COMPONENTS = 5
MAX_VALUE = 4000
MAX_PLACEHOLDER = 100


def check_modal(modal: Json, form: Form) -> None:
    form.at("title").text(modal.get("title"), MAX_TITLE, 1)
    form.at("custom_id").text(modal.get("custom_id"), MAX_CUSTOM_ID, 1)
    ids = CustomIds()
    place = form.at("components")
    for index, component in enumerate(
        place.listing(modal.get("components"), MAX_MODAL_COMPONENTS, 1)
    ):
        _check_part(place.at(index).mapping(component), place.at(index), ids)


def _check_part(part: Json, form: Form, ids: CustomIds) -> None:
    kind = part.get("type")
    if kind == ROW:
        for index, child in enumerate(form.at("components").listing(part.get("components"), 1, 1)):
            place = form.at("components", index)
            given = place.mapping(child)
            place.at("label").text(given.get("label"), MAX_LABEL, 1)
            _check_input(given, place, ids)
    elif kind == LABEL:
        form.at("label").text(part.get("label"), MAX_LABEL, 1)
        form.optional(part, "description", MAX_DESCRIPTION)
        _check_input(form.at("component").mapping(part.get("component")), form.at("component"), ids)
    elif kind == TEXT:
        form.at("content").text(part.get("content"), MAX_VALUE, 1)
    else:
        form.at("type").choices((ROW, TEXT, LABEL))


def _check_input(given: Json, form: Form, ids: CustomIds) -> None:
    kind = given.get("type")
    if isinstance(kind, int) and kind in SELECTS:
        check_select(given, form, ids)
        if given.get("min_values") == 0 and given.get("required", True):
            form.at("min_values").complain(
                "SELECT_COMPONENT_REQUIRED_MIN_VALUES", "A required select takes one value at least"
            )
        return
    if kind != TEXT_INPUT:
        form.at("type").choices((TEXT_INPUT, *sorted(SELECTS)))
        return
    ids.take(given, form)
    form.at("style").number(given.get("style"), 1, 2)
    for key, low in (("min_length", 0), ("max_length", 1)):
        if given.get(key) is not None:
            form.at(key).number(given[key], low, MAX_VALUE)
    form.optional(given, "placeholder", MAX_PLACEHOLDER)
    if given.get("value") is not None:
        form.at("value").typed(given["value"], given.get("max_length") or MAX_VALUE)
