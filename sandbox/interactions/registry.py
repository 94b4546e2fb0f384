"""The commands the bot has registered, globally and for single servers."""

from copy import deepcopy

from sandbox.changes import Changes
from sandbox.clock import SandboxClock, Snowflakes
from sandbox.errors import Form, Json, refusal
from sandbox.rules.commands import CHAT_INPUT, check_command

MAX_OF_A_TYPE = {1: 100, 2: 15, 3: 15}
CREATES_PER_DAY = 200
DAY_S = 86_400.0
LOCALIZATIONS = ("name_localizations", "description_localizations")
_KEPT = (
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "dm_permission",
    "contexts",
    "nsfw",
    "options",
)
Scope = str | None  # a server's id, or None for everywhere
Key = tuple[int, str]


class Registry:
    def __init__(
        self, application_id: str, ids: Snowflakes, clock: SandboxClock, changes: Changes
    ) -> None:
        self._application_id = application_id
        self._ids = ids
        self._clock = clock
        self._changes = changes
        self._scopes: dict[Scope, dict[Key, Json]] = {}
        self._creates: dict[Scope, list[float]] = {}
        self.synced = 0  # how often a whole list was put

    def listed(self, scope: Scope) -> list[Json]:
        """Commands registered in one scope, in the order they were put."""
        return list(self._scopes.get(scope, {}).values())

    def everything(self) -> list[Json]:
        return [command for scope in list(self._scopes) for command in self.listed(scope)]

    def find(self, name: str, guild_id: str | None) -> Json | None:
        """The slash command a person in that server means; a server's own goes first."""
        for scope in (guild_id, None):
            if found := self._scopes.get(scope, {}).get((CHAT_INPUT, name)):
                return found
        return None

    def put(self, scope: Scope, bodies: object) -> list[Json]:
        """Replace the whole list. Names that were there keep their ids."""
        form = Form()
        most = sum(MAX_OF_A_TYPE.values())
        commands = [form.at(i).mapping(b) for i, b in enumerate(form.listing(bodies, most))]
        keys: set[Key] = set()
        for index, command in enumerate(commands):
            check_command(command, form.at(index))
            if _key(command) in keys:
                form.at(index, "name").complain(
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
            keys.add(_key(command))
        form.close()
        old = self._scopes.get(scope, {})
        self._count(scope, keys, keys - old.keys())
        self._scopes[scope] = {_key(c): self._made(scope, c, old) for c in commands}
        self.synced += 1
        self._announce()
        return self.listed(scope)

    def _announce(self) -> None:
        self._changes.publish({"type": "commands", "commands": self.everything()})

    def _count(self, scope: Scope, keys: set[Key], fresh: set[Key]) -> None:
        """Raise 30032 over the number of commands, 30034 over the creates of one day."""
        for kind, most in MAX_OF_A_TYPE.items():
            if sum(key[0] == kind for key in keys) > most:
                raise refusal(30032)
        now = self._clock.now()
        recent = [at for at in self._creates.get(scope, []) if now - at < DAY_S]
        if fresh and len(recent) + len(fresh) > CREATES_PER_DAY:
            raise refusal(30034)
        self._creates[scope] = recent + [now] * len(fresh)

    def _made(self, scope: Scope, body: Json, old: dict[Key, Json]) -> Json:
        key = _key(body)
        permissions = body.get("default_member_permissions")
        made: Json = {
            "id": old[key]["id"] if key in old else self._ids.new(),
            "application_id": self._application_id,
            "version": self._ids.new(),
            "default_member_permissions": None if permissions is None else str(permissions),
            "integration_types": body.get("integration_types") or [0],
            **{name: deepcopy(body.get(name)) for name in _KEPT},
        }
        made["type"] = key[0]
        made["description"] = body.get("description") or ""
        made["nsfw"] = bool(body.get("nsfw"))
        made["dm_permission"] = body.get("dm_permission", True) is not False
        made["options"] = made["options"] or []
        if scope is not None:
            made["guild_id"] = scope
        return made


def without_localizations(command: Json) -> Json:
    """A command as GET shows it unless ``with_localizations`` is asked for."""
    found = {key: value for key, value in command.items() if key not in LOCALIZATIONS}
    found["options"] = [without_localizations(o) for o in command.get("options") or ()]
    return found


def _key(command: Json) -> Key:
    return int(command.get("type") or CHAT_INPUT), str(command.get("name"))
