"""What a person typed as options, checked as Discord's client checks it before sending."""

from collections.abc import Callable
from typing import Any

from sandbox.core import Core
from sandbox.errors import Json, Refused
from sandbox.messages.attachments import Upload
from sandbox.rules.choices import INTEGER, NUMBER, STRING
from sandbox.rules.commands import MAX_STRING, SUB_COMMAND_GROUP
from sandbox.world.access import rights_of
from sandbox.world.nouns import Channel, Guild, Role, User
from sandbox.world.objects import channel_object, member_object, role_object, user_object

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
        if not low <= len(value) <= high or not value:
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
