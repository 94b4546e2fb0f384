"""Application commands over REST, globally and for one server."""

from bot.sandbox.errors import refusal
from bot.sandbox.interactions.registry import Scope, without_localizations
from bot.sandbox.rest.call import NO_CONTENT, Call, Reply


def listing(call: Call) -> Reply:
    found = call.core.registry.listed(_scope(call))
    if call.query.get("with_localizations", "").lower() not in {"true", "1"}:
        found = [without_localizations(command) for command in found]
    return Reply(found)


def put(call: Call) -> Reply:
    return Reply(call.core.registry.put(_scope(call), call.body))


def create(call: Call) -> Reply:
    made, fresh = call.core.registry.upsert(_scope(call), call.mapping)
    return Reply(made, 201 if fresh else 200)


def one(call: Call) -> Reply:
    return Reply(call.core.registry.by_id(_scope(call), call.match["command_id"]))


def edit(call: Call) -> Reply:
    return Reply(call.core.registry.edit(_scope(call), call.match["command_id"], call.mapping))


def remove(call: Call) -> Reply:
    call.core.registry.remove(_scope(call), call.match["command_id"])
    return NO_CONTENT


def _scope(call: Call) -> Scope:
    """The server of the path, or None. Raises 50001 for a foreign application or server."""
    if call.match["application_id"] != call.core.world.application.id:
        raise refusal(50001)
    guild_id = call.match.get("guild_id")
    if guild_id is None:
        return None
    guild = call.core.world.guilds.get(guild_id)
    if guild is None or not guild.present:
        raise refusal(50001)
    return guild.id
