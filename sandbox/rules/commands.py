"""Application commands: names, descriptions, localisations and the tree of options."""

import unicodedata

from sandbox.errors import Form, Json

STRING, INTEGER, NUMBER = 3, 4, 10
MAX_CHOICES = 25
MAX_TEXT = 100
_MAX_NUMBER = 2**53


def check_choices(value: object, form: Form, kind: int) -> None:
    """``kind`` is the type of the option the choices belong to."""
    for index, choice in enumerate(form.listing(value, MAX_CHOICES)):
        place = form.at(index)
        given = place.mapping(choice)
        place.at("name").typed(given.get("name"), MAX_TEXT, 1)
        _check_value(given, place.at("value"), kind)


def _check_value(choice: Json, form: Form, kind: int) -> None:
    value = choice.get("value")
    if kind == STRING:
        form.typed(value, MAX_TEXT, 1)
    elif kind == INTEGER:
        form.number(value, -_MAX_NUMBER, _MAX_NUMBER)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        form.complain("FLOAT_TYPE_COERCE", f'Value "{value}" is not float.')


CHAT_INPUT = 1
SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2
HIGHEST_OPTION = 11
CHOOSABLE = frozenset({3, 4, 10})
RANGED = frozenset({4, 10})
MAX_OPTIONS = 25
MAX_NAME = 32
MAX_DESCRIPTION = 100
MAX_SIZE = 8000
MAX_STRING = 6000
# fmt: off
LOCALES = frozenset({
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi",
    "th", "zh-CN", "ja", "zh-TW", "ko",
})
# fmt: on


def is_name(text: object) -> bool:
    r"""``^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$``, lower case where there is one."""
    return (
        isinstance(text, str)
        and 1 <= len(text) <= MAX_NAME
        and text == text.lower()
        and all(_is_name_character(character) for character in text)
    )


def _is_name_character(character: str) -> bool:
    return (
        character in "-_'"
        or unicodedata.category(character)[0] in "LN"
        or unicodedata.name(character, "").startswith(("DEVANAGARI", "THAI"))
    )


def check_command(value: object, form: Form) -> None:
    command = form.mapping(value)
    kind = command.get("type", CHAT_INPUT)
    if not form.at("type").number(kind, CHAT_INPUT, 4):
        return
    if kind == CHAT_INPUT:
        _check_named(command, form)
        _check_options(
            command.get("options"),
            form.at("options"),
            nestable=frozenset({SUB_COMMAND, SUB_COMMAND_GROUP}),
        )
    else:
        form.at("name").text(command.get("name"), MAX_NAME, 1)
    _check_places(command, form)
    if size(command) > MAX_SIZE:
        form.complain("APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MAX_SIZE})")


def size(part: Json) -> int:
    """Characters of names, descriptions and values; of each text the longest language counts."""
    total = len(str(part.get("value", "")))
    for key in ("name", "description"):
        other = part.get(f"{key}_localizations")
        texts = [part.get(key), *(other.values() if isinstance(other, dict) else ())]
        total += max(len(str(text or "")) for text in texts)
    children = [child for key in ("options", "choices") for child in _listed(part.get(key))]
    return total + sum(size(child) for child in children)


def _listed(value: object) -> list[Json]:
    """The objects of a list, whatever else a foreign body has there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _check_places(command: Json, form: Form) -> None:
    """Where the command may be used and who sees it."""
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.at("default_member_permissions").complain(
            "PERMISSIONS_TYPE_COERCE", f'Value "{permissions}" is not permissions.'
        )
    for key, high in (("contexts", 2), ("integration_types", 1)):
        if command.get(key) is not None:
            for index, one in enumerate(form.at(key).listing(command[key], high + 1, 1)):
                form.at(key, index).number(one, 0, high)


def _check_named(part: Json, form: Form) -> None:
    """Name and description of a command or option, in every language given."""
    if not is_name(part.get("name")):
        form.at("name").complain("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if part.get("description") is None:
        form.at("description").required()
    else:
        form.at("description").text(part["description"], MAX_DESCRIPTION, 1)
    for key in ("name", "description"):
        place = form.at(f"{key}_localizations")
        given = part.get(f"{key}_localizations") or {}
        for locale, text in place.mapping(given).items():
            _check_localization(key, locale, text, place.at(locale))


def _check_localization(key: str, locale: str, text: object, form: Form) -> None:
    if locale not in LOCALES:
        form.complain("ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')
    elif key == "name" and not is_name(text):
        form.complain("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    elif key == "description":
        form.text(text, MAX_DESCRIPTION, 1)


def _check_options(value: object, form: Form, nestable: frozenset[int]) -> None:
    options = [form.at(i).mapping(o) for i, o in enumerate(form.listing(value or [], MAX_OPTIONS))]
    nested = [option.get("type") in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options]
    if any(nested) and not all(nested):
        form.complain(
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive"
            " to all other types",
        )
    seen: set[str] = set()
    optional_seen = False
    for index, option in enumerate(options):
        place = form.at(index)
        _check_option(option, place, nestable)
        if str(option.get("name")) in seen:
            place.at("name").complain(
                "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Option names must be unique"
            )
        seen.add(str(option.get("name")))
        if option.get("required") and optional_seen:
            place.complain(
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
    _check_localized_names(options, form)


def _check_localized_names(parts: list[Json], form: Form) -> None:
    """Nor may two names be the same in any language; where one is missing the plain one counts."""
    names = [(part.get("name"), part.get("name_localizations")) for part in parts]
    given_names = [(name, given if isinstance(given, dict) else {}) for name, given in names]
    for locale in sorted({str(key) for _, given in given_names for key in given}):
        seen: set[str] = set()
        for index, (plain, given) in enumerate(given_names):
            name = str(given.get(locale) or plain)
            if name in seen:
                form.at(index, "name_localizations", locale).complain(
                    "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Option names must be unique"
                )
            seen.add(name)


def _check_option(option: Json, form: Form, nestable: frozenset[int]) -> None:
    kind = option.get("type")
    if not form.at("type").number(kind, SUB_COMMAND, HIGHEST_OPTION):
        return
    _check_named(option, form)
    if kind in {SUB_COMMAND, SUB_COMMAND_GROUP}:
        if kind not in nestable:
            form.at("type").complain(
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups may not be nested so deep"
            )
        inner = frozenset({SUB_COMMAND}) if kind == SUB_COMMAND_GROUP else frozenset[int]()
        _check_options(option.get("options"), form.at("options"), inner)
    else:
        _check_leaf(option, form)


def _check_leaf(option: Json, form: Form) -> None:
    kind = int(option["type"])
    choices = option.get("choices")
    if choices:
        _check_choices(option, form, kind)
    if option.get("autocomplete") and (kind not in CHOOSABLE or choices):
        form.at("autocomplete").complain(
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
            "Autocomplete needs a text or number option without choices",
        )
    for key in ("min_value", "max_value"):
        if option.get(key) is not None and kind not in RANGED:
            form.at(key).complain("BASE_TYPE_FORBIDDEN", "Only numbers have a range")
    for key, low in (("min_length", 0), ("max_length", 1)):
        if option.get(key) is not None:
            form.at(key).number(option[key], low, MAX_STRING)
            if kind != STRING:
                form.at(key).complain("BASE_TYPE_FORBIDDEN", "Only text has a length")


def _check_choices(option: Json, form: Form, kind: int) -> None:
    if kind not in CHOOSABLE:
        form.at("choices").complain(
            "BASE_TYPE_FORBIDDEN", "Only text and number options have choices"
        )
        return
    check_choices(option["choices"], form.at("choices"), kind)
    for index, choice in enumerate(_listed(option["choices"])):
        place = form.at("choices", index, "name_localizations")
        for locale in place.mapping(choice.get("name_localizations") or {}):
            if locale not in LOCALES:
                place.at(locale).complain("ENUM_TYPE_COERCE", f'Value "{locale}" is not valid.')
