"""The table of the API's routes."""

from aiohttp import web

from bot.sandbox.core import Core
from bot.sandbox.rest import account, channels, commands, guilds, messages, webhooks
from bot.sandbox.rest.pipeline import PREFIX, Handler, Pipeline

CHANNEL = "/channels/{channel_id}"
MESSAGE = f"{CHANNEL}/messages/{{message_id}}"
GUILD = "/guilds/{guild_id}"
COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
WEBHOOK = "/webhooks/{application_id}/{token}"
ANSWER = f"{WEBHOOK}/messages/{{message_id}}"

# In order: a literal like @me stands before the pattern that would take it too.
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/users/@me", account.me),
    ("GET", "/users/@me/guilds", account.own_guilds),
    ("DELETE", "/users/@me/guilds/{guild_id}", guilds.leave),
    ("POST", "/users/@me/channels", account.open_dm),
    ("GET", "/users/{user_id}", account.user),
    ("GET", "/oauth2/applications/@me", account.application),
    ("GET", "/applications/@me", account.application),
    ("GET", "/gateway/bot", account.gateway_bot),
    ("POST", f"{CHANNEL}/messages", messages.create),
    ("GET", f"{CHANNEL}/messages", messages.listing),
    ("GET", f"{CHANNEL}/messages/pins", messages.pins),
    ("PUT", f"{CHANNEL}/messages/pins/{{message_id}}", messages.pin),
    ("DELETE", f"{CHANNEL}/messages/pins/{{message_id}}", messages.unpin),
    ("POST", f"{CHANNEL}/messages/bulk-delete", messages.bulk_delete),
    ("GET", MESSAGE, messages.one),
    ("PATCH", MESSAGE, messages.edit),
    ("DELETE", MESSAGE, messages.delete),
    ("POST", f"{MESSAGE}/threads", channels.thread_from_message),
    ("POST", f"{CHANNEL}/threads", channels.thread),
    ("POST", f"{CHANNEL}/typing", messages.typing),
    ("PUT", f"{CHANNEL}/thread-members/@me", channels.join_thread),
    ("DELETE", f"{CHANNEL}/thread-members/@me", channels.leave_thread),
    ("GET", f"{CHANNEL}/thread-members", channels.thread_members),
    ("GET", f"{CHANNEL}/threads/archived/public", channels.archived_threads),
    ("GET", CHANNEL, channels.one),
    ("PATCH", CHANNEL, channels.modify),
    ("DELETE", CHANNEL, channels.remove),
    ("GET", GUILD, guilds.one),
    ("GET", f"{GUILD}/channels", guilds.channels),
    ("GET", f"{GUILD}/threads/active", guilds.active_threads),
    ("GET", f"{GUILD}/roles", guilds.roles),
    ("GET", f"{GUILD}/roles/{{role_id}}", guilds.role),
    ("GET", f"{GUILD}/members", guilds.members),
    ("GET", f"{GUILD}/members/{{user_id}}", guilds.member),
    *(
        (method, f"{base}{tail}", handler)
        for base in (COMMANDS, GUILD_COMMANDS)
        for method, tail, handler in (
            ("GET", "", commands.listing),
            ("PUT", "", commands.put),
            ("POST", "", commands.create),
            ("GET", "/{command_id}", commands.one),
            ("PATCH", "/{command_id}", commands.edit),
            ("DELETE", "/{command_id}", commands.remove),
        )
    ),
)
# These carry their right in the address, or need none.
OPEN_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/gateway", account.gateway),
    ("POST", "/interactions/{interaction_id}/{token}/callback", webhooks.answer),
    ("POST", WEBHOOK, webhooks.follow_up),
    ("GET", ANSWER, webhooks.one),
    ("PATCH", ANSWER, webhooks.edit),
    ("DELETE", ANSWER, webhooks.remove),
)


def add_api(app: web.Application, core: Core) -> None:
    """Hang the API into the server; whatever it does not know is answered loudly."""
    pipeline = Pipeline(core)
    for routes, open_to_all in ((ROUTES, False), (OPEN_ROUTES, True)):
        for method, path, handler in routes:
            served = pipeline.serve(handler, open_to_all=open_to_all)
            app.router.add_route(method, PREFIX + path, served)
    app.router.add_route("*", "/api/{tail:.*}", pipeline.unknown)
