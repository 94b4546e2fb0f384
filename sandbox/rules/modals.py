"""Modals: title, inputs and their limits."""

from sandbox.errors import Json
from sandbox.form import Form
from sandbox.rules.components import (
    MAX_CUSTOM_ID,
    ROW,
    SELECTS,
    TEXT_INPUT,
    CustomIds,
    check_select,
)
from sandbox.rules.layout import TEXT

LABEL = 18
MAX_TITLE = 45
MAX_LABEL = 45
MAX_DESCRIPTION = 100
MAX_COMPONENTS = 5
MAX_VALUE = 4000
MAX_PLACEHOLDER = 100


def check_modal(modal: Json, form: Form) -> None:
    form.at("title").text(modal.get("title"), MAX_TITLE, 1)
    form.at("custom_id").text(modal.get("custom_id"), MAX_CUSTOM_ID, 1)
    ids = CustomIds()
    place = form.at("components")
    for index, component in enumerate(place.listing(modal.get("components"), MAX_COMPONENTS, 1)):
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
