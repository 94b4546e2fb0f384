"""The table of the API's routes."""

from aiohttp import web

from sandbox.core import Core
from sandbox.rest import account, commands, messages, webhooks
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
    ("GET", COMMANDS, commands.listing),
    ("PUT", COMMANDS, commands.put),
    ("GET", GUILD_COMMANDS, commands.listing),
    ("PUT", GUILD_COMMANDS, commands.put),
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
