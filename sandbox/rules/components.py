"""Buttons and selects, the rows that hold them, and the addresses they may carry."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import Form, Json

WEB = ("http", "https")
MAX_COLOR = 0xFFFFFF
MEDIA = ("http", "https", "attachment")
MAX_URL = 2048


def check_url(
    value: object, form: Form, schemes: tuple[str, ...] = WEB, high: int = MAX_URL
) -> None:
    """Complain of anything that is no absolute URL of one of ``schemes``."""
    if not isinstance(value, str) or not form.text(value, high, 1):
        return
    try:
        parts = urlsplit(value)
        malformed = not parts.netloc or any(c.isspace() for c in value.strip())
    except ValueError:
        form.complain("URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return
    if parts.scheme not in schemes:
        form.complain(
            "URL_TYPE_INVALID_SCHEME",
            f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {schemes}.',
        )
    elif malformed:
        form.complain("URL_TYPE_INVALID_URL", "Not a well formed URL.")


ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = frozenset({3, 5, 6, 7, 8})
# Kind of select: the types that its default values may have.
DEFAULTS = {5: ("user",), 6: ("role",), 7: ("user", "role"), 8: ("channel",)}
LINK, PREMIUM = 5, 6
MAX_ROWS = 5
MAX_IN_ROW = 5
MAX_CUSTOM_ID = 100
MAX_LABEL = 80
MAX_LINK = 512
MAX_OPTIONS = 25
MAX_OPTION_TEXT = 100
MAX_PLACEHOLDER = 150
_ASCII_EMOJI = frozenset("0123456789#*")


class CustomIds:
    """Every custom_id of a message may stand only once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def take(self, component: Json, form: Form) -> None:
        custom_id = component.get("custom_id")
        place = form.at("custom_id")
        if custom_id is None:
            place.complain("BASE_TYPE_REQUIRED", "A custom id is required")
            return
        place.text(custom_id, MAX_CUSTOM_ID, 1)
        if str(custom_id) in self._seen:
            place.complain(
                "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        self._seen.add(str(custom_id))


def check_rows(value: object, form: Form) -> None:
    """The components of a message without the V2 flag: rows and nothing else, five at most."""
    rows = form.listing(value, MAX_ROWS)
    ids = CustomIds()
    for index, row in enumerate(rows):
        place = form.at(index)
        if place.mapping(row).get("type") != ROW:
            place.at("type").complain(
                "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({ROW},).'
            )
        else:
            check_row(row, place, ids)


def check_row(row: Json, form: Form, ids: CustomIds) -> None:
    """One action row: up to five buttons, or one select alone."""
    children = form.at("components").listing(row.get("components"), MAX_IN_ROW, 1)
    kinds = [child.get("type") for child in children if isinstance(child, dict)]
    if len(children) > 1 and any(kind in kinds for kind in SELECTS):
        form.at("components").complain(
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )
    for index, child in enumerate(children):
        place = form.at("components", index)
        check_interactive(place.mapping(child), place, ids)


def check_interactive(component: Json, form: Form, ids: CustomIds) -> None:
    kind = component.get("type")
    if kind == BUTTON:
        check_button(component, form, ids)
    elif isinstance(kind, int) and kind in SELECTS:
        check_select(component, form, ids)
    else:
        form.at("type").complain(
            "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (2, 3, 5, 6, 7, 8).'
        )


def check_button(button: Json, form: Form, ids: CustomIds) -> None:
    style = button.get("style")
    if not form.at("style").number(style, 1, PREMIUM):
        return
    label, emoji = button.get("label"), button.get("emoji")
    form.optional(button, "label", MAX_LABEL)
    if emoji is not None:
        _check_emoji(emoji, form.at("emoji"))
    if style == PREMIUM:
        return
    if not label and not emoji:
        form.complain("BUTTON_COMPONENT_REQUIRED", "A button must have a label or an emoji")
    if style == LINK:
        _check_link(button, form)
    else:
        ids.take(button, form)
        if button.get("url") is not None:
            form.complain(
                "BUTTON_COMPONENT_URL_FORBIDDEN", "A url is only allowed on a link button"
            )


def _check_link(button: Json, form: Form) -> None:
    if button.get("custom_id") is not None:
        form.complain(
            "BUTTON_COMPONENT_CUSTOM_ID_URL_EXCLUSIVE",
            "A custom id and url cannot both be specified",
        )
    if button.get("url") is None:
        form.at("url").complain("BASE_TYPE_REQUIRED", "A url is required")
    else:
        check_url(button["url"], form.at("url"), ("http", "https", "discord"), MAX_LINK)


def _check_emoji(emoji: Any, form: Form) -> None:
    """A custom emoji by id, or a Unicode emoji by its characters; words are neither."""
    given = form.mapping(emoji)
    name = given.get("name")
    if given.get("id"):
        form.at("id").snowflake(given["id"])
    elif not isinstance(name, str) or not name or (name.isascii() and name[0] not in _ASCII_EMOJI):
        form.at("name").complain("COMPONENT_INVALID_EMOJI", "Invalid emoji")


def check_select(select: Json, form: Form, ids: CustomIds) -> None:
    ids.take(select, form)
    form.optional(select, "placeholder", MAX_PLACEHOLDER)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    ordered = form.at("min_values").number(low, 0, MAX_OPTIONS)
    ordered = form.at("max_values").number(high, 1, MAX_OPTIONS) and ordered
    if ordered and low > high:
        form.complain("SELECT_COMPONENT_MIN_OVER_MAX", "min_values must not exceed max_values")
    _check_defaults(select, form.at("default_values"), high if ordered else 0)
    if select.get("type") == STRING_SELECT:
        _check_options(select.get("options"), form.at("options"), high if ordered else 0)


def _check_defaults(select: Json, form: Form, most: int) -> None:
    """Check the defaults of an auto-populated select: of its own kind, no more than it takes."""
    given = select.get("default_values")
    if given is None:
        return
    fitting = DEFAULTS.get(int(select["type"]), ())
    for index, one in enumerate(form.listing(given, most)):
        place = form.at(index)
        shown = place.mapping(one)
        place.at("id").snowflake(shown.get("id"))
        if shown.get("type") not in fitting:
            place.at("type").choices(fitting)


def _check_options(value: object, form: Form, most: int) -> None:
    options = form.listing(value, MAX_OPTIONS, 1)
    seen: set[str] = set()
    for index, option in enumerate(options):
        place = form.at(index)
        given = place.mapping(option)
        for key in ("label", "value"):
            place.at(key).text(given.get(key), MAX_OPTION_TEXT, 1)
        place.optional(given, "description", MAX_OPTION_TEXT)
        if str(given.get("value")) in seen:
            place.at("value").complain(
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(str(given.get("value")))
    if options and most > len(options):
        form.complain("SELECT_COMPONENT_MAX_VALUES", "max_values exceeds the number of options")
