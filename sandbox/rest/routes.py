"""The table of the API's routes."""

from aiohttp import web

from sandbox.core import Core
from sandbox.rest import account, messages
from sandbox.rest.pipeline import PREFIX, Handler, Pipeline

CHANNEL = "/channels/{channel_id}"
MESSAGE = f"{CHANNEL}/messages/{{message_id}}"
COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
WEBHOOK = "/webhooks/{application_id}/{token}"
ANSWER = f"{WEBHOOK}/messages/{{message_id}}"

# These need the bot's token.
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/users/@me", account.me),
    ("DELETE", "/users/@me/guilds/{guild_id}", account.leave_guild),
    ("POST", "/users/@me/channels", account.open_dm),
    ("GET", "/oauth2/applications/@me", account.application),
    ("GET", "/applications/@me", account.application),
    ("GET", "/gateway/bot", account.gateway_bot),
    ("GET", "/guilds/{guild_id}", account.guild),
    ("GET", CHANNEL, account.channel),
    ("POST", f"{CHANNEL}/messages", messages.create),
    ("GET", f"{CHANNEL}/messages", messages.listing),
    ("PUT", f"{CHANNEL}/messages/pins/{{message_id}}", messages.pin),
    ("GET", MESSAGE, messages.one),
    ("PATCH", MESSAGE, messages.edit),
    ("DELETE", MESSAGE, messages.delete),
    ("GET", COMMANDS, account.list_commands),
    ("PUT", COMMANDS, account.put_commands),
    ("GET", GUILD_COMMANDS, account.list_commands),
    ("PUT", GUILD_COMMANDS, account.put_commands),
)
# These carry their right in the address, or need none.
OPEN_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/gateway", account.gateway),
    ("POST", "/interactions/{interaction_id}/{token}/callback", messages.answer_interaction),
    ("POST", WEBHOOK, messages.follow_up),
    ("GET", ANSWER, messages.webhook_message),
    ("PATCH", ANSWER, messages.edit_webhook_message),
    ("DELETE", ANSWER, messages.delete_webhook_message),
)


def add_api(app: web.Application, core: Core) -> None:
    """Hang the API into the server; whatever it does not know is answered loudly."""
    pipeline = Pipeline(core)
    for routes, open_to_all in ((ROUTES, False), (OPEN_ROUTES, True)):
        for method, path, handler in routes:
            served = pipeline.serve(handler, open_to_all=open_to_all)
            app.router.add_route(method, PREFIX + path, served)
    app.router.add_route("*", "/api/{tail:.*}", pipeline.unknown)
