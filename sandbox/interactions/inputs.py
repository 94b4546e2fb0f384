"""What a person does with components: which button is meant, what a select or a modal takes."""

from typing import Any

from sandbox.errors import Json, Refused
from sandbox.form import units
from sandbox.rules.components import BUTTON, LINK, PREMIUM, ROW, STRING_SELECT, TEXT_INPUT
from sandbox.rules.layout import TEXT, walk
from sandbox.rules.modals import LABEL, MAX_VALUE

SELECTS = {3: "", 5: "users", 6: "roles", 7: "users", 8: "channels"}


def find_component(message: Json, wanted: str) -> Json:
    """The usable button or select with this custom_id or label. Raises Refused."""
    usable = [c for c in walk(message["components"]) if c["type"] == BUTTON or c["type"] in SELECTS]
    found = [c for c in usable if wanted in {c.get("custom_id"), c.get("label")}]
    if len(found) != 1:
        labels = [c.get("label") or c.get("custom_id") for c in usable]
        raise Refused(f"{len(found)} components are called {wanted!r}; there are {labels}")
    component = found[0]
    if component.get("disabled"):
        raise Refused(f"{wanted!r} is greyed out")
    if component.get("style") in {LINK, PREMIUM} and component["type"] == BUTTON:
        raise Refused(f"{wanted!r} is a link")
    return component


def component_data(component: Json, values: list[str] | None) -> Json:
    """The ``data`` of a component interaction. Raises Refused for values that cannot be picked."""
    data: Json = {
        "custom_id": component["custom_id"],
        "component_type": component["type"],
        "id": component.get("id", 0),
    }
    if component["type"] == BUTTON:
        if values:
            raise Refused("a button takes no values")
        return data
    return {**data, "values": _picked(component, values or [])}


def _picked(select: Json, values: list[str]) -> list[str]:
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(values) <= high:
        raise Refused(f"pick {low} to {high} of {select['custom_id']}")
    if select["type"] != STRING_SELECT:
        return values
    meant = []
    for value in values:
        found = [o["value"] for o in select["options"] if value in {o["value"], o["label"]}]
        if not found:
            raise Refused(f"{select['custom_id']} has no option {value!r}")
        meant.append(found[0])
    return meant


def modal_data(modal: Json, values: dict[str, Any]) -> Json:
    """The ``data`` of a submitted modal; values by custom_id or label. Raises Refused."""
    left = dict(values)
    parts = [_submitted(part, left, number) for number, part in enumerate(modal["components"], 1)]
    if left:
        raise Refused(f"the modal has no inputs called {sorted(left)}")
    return {"custom_id": modal["custom_id"], "components": parts}


def _submitted(part: Json, left: dict[str, Any], number: int) -> Json:
    if part["type"] == ROW:
        child = part["components"][0]
        read = _read(child, str(child.get("label")), left)
        return {"type": ROW, "id": number, "components": [read]}
    if part["type"] == LABEL:
        read = _read(part["component"], part["label"], left)
        return {"type": LABEL, "id": number, "component": read}
    return {"type": TEXT, "id": number}


def _read(spec: Json, label: str, left: dict[str, Any]) -> Json:
    """One input's value: what was typed, else what it was filled with."""
    custom_id = spec["custom_id"]
    given = left.pop(custom_id, left.pop(label, None))
    base = {"type": spec["type"], "id": spec.get("id", 0), "custom_id": custom_id}
    if spec["type"] != TEXT_INPUT:
        if given is None:
            given = _prefilled(spec)
        chosen = [given] if isinstance(given, str) else list(given)
        if chosen or spec.get("required", True):
            chosen = _picked(spec, chosen)
        return {**base, "values": chosen}
    text = str(spec.get("value") or "") if given is None else str(given)
    if not text and spec.get("required", True):
        raise Refused(f"{custom_id} is required")
    low, high = spec.get("min_length") or 0, spec.get("max_length") or MAX_VALUE
    if text and not low <= units(text) <= high:
        raise Refused(f"{custom_id} takes {low} to {high} characters")
    return {**base, "value": text}


def _prefilled(select: Json) -> list[str]:
    """What is picked before anybody touches a select; a client sends it like any other pick."""
    options = [one["value"] for one in select.get("options", ()) if one.get("default")]
    return options or [str(one["id"]) for one in select.get("default_values", ())]
