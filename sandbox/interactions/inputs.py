"""Data of an interaction, from what a person picks and types: options, components, forms."""

from collections.abc import Callable
from typing import Any

from sandbox.core import Core
from sandbox.errors import Json, Refused, units
from sandbox.messages.store import Upload
from sandbox.rules.commands import INTEGER, MAX_STRING, NUMBER, STRING, SUB_COMMAND_GROUP
from sandbox.rules.components import BUTTON, LINK, PREMIUM, ROW, STRING_SELECT, TEXT_INPUT
from sandbox.rules.layout import LABEL, MAX_VALUE, TEXT, walk
from sandbox.world.objects import channel_object, member_object, role_object, user_object
from sandbox.world.permissions import rights_of
from sandbox.world.world import Channel, Guild, Role, User

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
    """Values picked before anybody touches a select; a client sends it like any other pick."""
    options = [one["value"] for one in select.get("options", ()) if one.get("default")]
    return options or [str(one["id"]) for one in select.get("default_values", ())]


BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT = 5, 6, 7, 8, 9, 11
SAFE_INTEGER = 2**53
_PARTIAL_CHANNEL = (
    *("id", "type", "name", "parent_id", "position", "topic", "nsfw", "flags", "guild_id"),
    *("last_message_id", "last_pin_timestamp", "rate_limit_per_user"),
)
# discord.py reads all of these of a thread that somebody picked.
_PARTIAL_THREAD = (
    *("thread_metadata", "owner_id", "member_count", "message_count", "total_message_sent"),
)


def descend(command: Json, path: list[str]) -> tuple[list[Json], list[tuple[int, str]]]:
    """Follow sub-command names. Returns the leaf's options and the way there; raises Refused."""
    options: list[Json] = command.get("options") or []
    way: list[tuple[int, str]] = []
    for word in path:
        found = next(
            (o for o in options if o["name"] == word and o["type"] <= SUB_COMMAND_GROUP), None
        )
        if found is None:
            raise Refused(f"/{command['name']} has no sub-command {word!r}")
        way.append((found["type"], word))
        options = found.get("options") or []
    if any(option["type"] <= SUB_COMMAND_GROUP for option in options):
        raise Refused(f"/{' '.join([command['name'], *path])} cannot be run itself")
    return options, way


def nest(way: list[tuple[int, str]], leaf: list[Json]) -> list[Json]:
    """Wrap the leaf's values into their sub-commands again."""
    for kind, name in reversed(way):
        leaf = [{"type": kind, "name": name, "options": leaf}]
    return leaf


class OptionReader:
    """Turns a person's values into wire values, and gathers what they refer to."""

    def __init__(self, core: Core, channel: Channel, guild: Guild | None) -> None:
        self._core = core
        self._channel = channel
        self._guild = guild
        self.resolved: Json = {}
        self._readers: dict[int, Callable[[Any, Json], Any]] = {
            STRING: self._string,
            INTEGER: self._integer,
            BOOLEAN: self._boolean,
            USER: self._user,
            CHANNEL: self._channel_option,
            ROLE: self._role,
            MENTIONABLE: self._mentionable,
            NUMBER: self._number,
            ATTACHMENT: self._attachment,
        }

    def read(self, specs: list[Json], given: Json, *, focused: str | None = None) -> list[Json]:
        """The wire options. While one is ``focused`` (autocomplete) none is missed."""
        by_name = {spec["name"]: spec for spec in specs}
        found = []
        for name, value in given.items():
            if name not in by_name:
                raise Refused(f"there is no option {name!r}; there are {sorted(by_name)}")
            spec = by_name[name]
            if name == focused:
                typed = {"value": str(value), "focused": True}
                found.append({"name": name, "type": spec["type"], **typed})
            elif value is not None:
                read = self._readers[spec["type"]](value, spec)
                found.append({"name": name, "type": spec["type"], "value": read})
        missing = {s["name"] for s in specs if s.get("required")} - {o["name"] for o in found}
        if missing and focused is None:
            raise Refused(f"required options are missing: {sorted(missing)}")
        return found

    def _string(self, value: Any, spec: Json) -> str:
        if not isinstance(value, str):
            raise Refused(f"{spec['name']} takes text, not {value!r}")
        if spec.get("choices"):
            return str(self._choice(value, spec))
        low, high = spec.get("min_length") or 0, spec.get("max_length") or MAX_STRING
        if not low <= units(value) <= high or not value:
            raise Refused(f"{spec['name']} takes {low} to {high} characters")
        return value

    def _integer(self, value: Any, spec: Json) -> int:
        if spec.get("choices"):
            return int(self._choice(value, spec))
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(f"{spec['name']} takes a whole number, not {value!r}")
        self._in_range(value, spec)
        return value

    def _number(self, value: Any, spec: Json) -> float:
        if spec.get("choices"):
            return float(self._choice(value, spec))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(f"{spec['name']} takes a number, not {value!r}")
        self._in_range(value, spec)
        return value

    def _boolean(self, value: Any, spec: Json) -> bool:
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise Refused(f"{spec['name']} takes true or false, not {value!r}")
        return value

    def _choice(self, value: Any, spec: Json) -> Any:
        """The value of the choice that is meant by its value or by its name."""
        for choice in spec["choices"]:
            if value in {choice["value"], choice["name"]}:
                return choice["value"]
        raise Refused(f"{spec['name']} has no choice {value!r}")

    def _in_range(self, value: float, spec: Json) -> None:
        low, high = spec.get("min_value"), spec.get("max_value")
        low = -SAFE_INTEGER if low is None else low
        high = SAFE_INTEGER if high is None else high
        if not low <= value <= high:
            raise Refused(f"{spec['name']} takes {low} to {high}, not {value}")

    def _user(self, value: User | str, _spec: Json) -> str:
        user = self._core.world.user(value)
        self._keep("users", user.id, user_object(user))
        member = self._guild.members.get(user.id) if self._guild else None
        if member is not None:
            theirs = str(int(rights_of(self._core, user, self._channel)))
            plain = member_object(self._core.world, member, with_user=False)
            self._keep("members", user.id, {**plain, "permissions": theirs})
        return user.id

    def _role(self, value: Role | str, _spec: Json) -> str:
        if self._guild is None:
            raise Refused("there are no roles outside a server")
        role = self._core.world.role(self._guild, value)
        self._keep("roles", role.id, role_object(role))
        return role.id

    def _mentionable(self, value: User | Role | str, spec: Json) -> str:
        try:
            return (
                self._role(value, spec) if not isinstance(value, User) else self._user(value, spec)
            )
        except LookupError:
            return self._user(value if isinstance(value, User) else str(value), spec)

    def _channel_option(self, value: Channel | str, spec: Json) -> str:
        world = self._core.world
        if isinstance(value, str) and self._guild and "/" not in value and not value.isdigit():
            value = f"{self._guild.id}/{value.removeprefix('#')}"
        channel = world.channel(value)
        if channel.guild_id != self._channel.guild_id:
            raise Refused(f"{spec['name']} takes a channel of the same server")
        if spec.get("channel_types") and channel.type not in spec["channel_types"]:
            raise Refused(f"{spec['name']} does not take a channel of type {channel.type}")
        whole = channel_object(world, channel)
        theirs = rights_of(self._core, world.bot, channel)
        wanted = (*_PARTIAL_CHANNEL, *_PARTIAL_THREAD)
        partial = {key: whole[key] for key in wanted if key in whole}
        partial |= {"permissions": str(int(theirs)), "app_permissions": str(int(theirs))}
        self._keep("channels", channel.id, partial)
        return channel.id

    def _attachment(self, value: Any, spec: Json) -> str:
        if not isinstance(value, Upload):
            raise Refused(f"{spec['name']} takes a file, not {value!r}")
        attachment_id = self._core.ids.new()
        kept = self._core.attachments.keep(attachment_id, self._channel.id, value)
        self._keep("attachments", attachment_id, {**kept, "ephemeral": True})
        return attachment_id

    def _keep(self, kind: str, key: str, value: Json) -> None:
        self.resolved.setdefault(kind, {})[key] = value
