"""Whatever a compatible server answers to a post is a message's id or a failure with a remedy."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import discord
import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord.client import VigieClient
from bot.discord.limits import GlobalLimit
from bot.discord.transports import DiscordTransport
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery.messages import Alert, LostMessage
from tests.fuzz.effort import as_json, examples, fields, json_values, mutated, texts

LINE = Alert("notice", "en", "A line.", plain=True)
BODIES = fields(
    {
        "code": st.sampled_from([0, 10003, 50013, 30046, "10003", [], {}, 10**30]),
        "message": texts("Missing Access"),
        "errors": json_values(["_errors", "message", "content"]),
        "retry_after": st.sampled_from([99.0, 10**9, float("inf"), "soon", None, []]),
        "global": st.sampled_from([False, 1, "no"]),
        "id": st.sampled_from(["1", 1, "x", None, "9" * 40]),
        "channel_id": st.just("7"),
        "author": json_values(["id", "username"]),
    }
).map(as_json)
ANY_BODY = (
    BODIES
    | json_values(["code", "message"]).map(as_json)
    | mutated([b'{"code": 10003}', b"<html>"])
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Via", "Retry-After", "X-RateLimit-Reset-After", "X-RateLimit-Remaining", "Content-Type"]
    ),
    st.sampled_from(
        ["1.1 google", "nan", "inf", "-5", "1e400", "9" * 40, "application/json", "text/html"]
    ),
    max_size=3,
).filter(lambda found: found.get("X-RateLimit-Remaining") is None)
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 413, 418, 429])


@dataclass
class Api:
    """A server that logs in everybody and answers every post as it is reported."""

    status: int = 200
    headers: dict[str, str] | None = None
    body: bytes = b""

    async def answer(self, _request: web.Request) -> web.Response:
        return web.Response(status=self.status, headers=self.headers, body=self.body)

    async def me(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"id": "1", "username": "Vigie", "discriminator": "0", "avatar": None}
        )


class Plain(discord.Client):
    """A client without cogs: what the transport needs of one."""

    def __init__(self) -> None:
        self.global_limit = GlobalLimit(lambda: None)
        super().__init__(intents=discord.Intents.none(), max_ratelimit_timeout=30.0)


async def with_api(api: Api, use: Callable[[DiscordTransport], Awaitable[None]]) -> None:
    app = web.Application()
    app.router.add_get("/users/@me", api.me)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", f"http://{host}:{port}")
        async with Plain() as client:
            await client.http.static_login("token")
            try:
                await use(DiscordTransport(cast("VigieClient", client)))
            finally:
                await runner.cleanup()


@examples(120)
@given(STATUSES, HEADERS, ANY_BODY)
@example(403, {"Content-Type": "application/json"}, b'{"code": []}')
@example(
    400, {"Content-Type": "application/json"}, b'{"code": 30046, "message": 5, "errors": [[]]}'
)
@example(400, {"Content-Type": "application/json", "Retry-After": "nan"}, b'{"code": 30046}')
@example(429, {"Content-Type": "application/json", "Via": "x"}, b"{}")
@example(429, {"Content-Type": "application/json", "Via": "x"}, b'{"retry_after": "soon"}')
@example(200, {"Content-Type": "application/json"}, b"{not json")
@example(200, {"Content-Type": "application/json"}, b"[" * 100_000)
def test_any_answer_to_a_post(status: int, headers: dict[str, str], body: bytes) -> None:
    async def post(transport: DiscordTransport) -> None:
        await posted(transport.post(7, LINE, nonce="1"))
        await posted(transport.edit(7, 9, LINE))
        await posted(transport.find(7, LostMessage(("A line.",)), 0))

    asyncio.run(with_api(Api(status, headers, body), post))


async def posted(work: Awaitable[Any]) -> None:
    try:
        async with asyncio.timeout(60):
            await work
    except DeliveryError as failure:
        reported = failure
    else:
        return
    assert reported.action in DeliveryAction
    assert 0 <= reported.retry_after_s <= 10**9
    assert isinstance(reported.code, int)
