"""Mentions: what a message may ping, and whom it really pings."""

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import Form, Json
from sandbox.world.world import Guild

PARSE = ("roles", "users", "everyone")
MAX_IDS = 100
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


def _list(given: Json, key: str) -> Any:
    """Value at a key; null counts as nothing, as in Discord's own description."""
    found = given.get(key)
    return [] if found is None else found


def check_allowed_mentions(value: object, form: Form) -> None:
    """Unknown ``parse`` words, and ids beside the same word in ``parse``, are refused."""
    given = form.mapping(value)
    parse = form.at("parse").listing(_list(given, "parse"), len(PARSE))
    for index, word in enumerate(parse):
        if word not in PARSE:
            form.at("parse", index).choices(PARSE)
    for key in ("roles", "users"):
        ids = form.at(key).listing(_list(given, key), MAX_IDS)
        for index, one in enumerate(ids):
            form.at(key, index).snowflake(one)
        if ids and key in parse:
            form.complain(
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.',
            )


@dataclass(slots=True)
class Mentions:
    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """The allowed_mentions of one message. Without any, messages parse all, answers users only."""

    parse: frozenset[str]
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    replied_user: bool = True

    @classmethod
    def of(cls, value: Json | None, *, by_webhook: bool) -> "Allowance":
        if value is None:
            return cls(frozenset({"users"}) if by_webhook else frozenset(PARSE))
        return cls(
            frozenset(_list(value, "parse")),
            frozenset(str(one) for one in _list(value, "users")),
            frozenset(str(one) for one in _list(value, "roles")),
            bool(value.get("replied_user", False)),
        )

    def mentions(self, text: str, guild: Guild | None, *, may_mention_all: bool) -> Mentions:
        """Whom ``text`` pings: in the text, allowed here, and within the author's rights."""
        plain = _CODE.sub(" ", text)
        found = Mentions()
        for user_id in dict.fromkeys(_USER.findall(plain)):
            if "users" in self.parse or user_id in self.users:
                found.users.append(user_id)
        for role_id in dict.fromkeys(_ROLE.findall(plain)):
            role = guild.roles.get(role_id) if guild else None
            allowed = "roles" in self.parse or role_id in self.roles
            if role and allowed and (role.mentionable or may_mention_all):
                found.roles.append(role_id)
        if may_mention_all and "everyone" in self.parse:
            found.everyone = _EVERYONE.search(plain) is not None
        return found
