"""Application commands over REST: the whole list, globally and for one server."""

from sandbox.errors import refusal
from sandbox.interactions.registry import Scope, without_localizations
from sandbox.rest.call import Call, Reply


def listing(call: Call) -> Reply:
    found = call.core.registry.listed(_scope(call))
    if call.query.get("with_localizations", "").lower() not in {"true", "1"}:
        found = [without_localizations(command) for command in found]
    return Reply(found)


def put(call: Call) -> Reply:
    return Reply(call.core.registry.put(_scope(call), call.body))


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
