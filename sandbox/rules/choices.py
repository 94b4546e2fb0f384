"""Choices: of a command option, and of an autocomplete answer."""

from sandbox.errors import Json
from sandbox.form import Form

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
