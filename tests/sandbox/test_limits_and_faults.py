"""Rate limits as Discord keeps them, and faults as a test orders them."""

import asyncio
import time

import aiohttp
import pytest

from sandbox.faults import Fault
from tests.sandbox.raw import Response, Rest, with_rest


async def arrived(fault: Fault) -> None:
    while not fault.hits:  # noqa: ASYNC110 - the request comes by a socket
        await asyncio.sleep(0.01)


@with_rest(rate_limits=True)
async def test_sending_has_a_bucket_of_five_per_channel(rest: Rest) -> None:
    answers = [await rest.send({"content": str(n)}) for n in range(5)]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == [
        "4",
        "3",
        "2",
        "1",
        "0",
    ]
    first = answers[0].headers
    assert (first["X-RateLimit-Limit"], len(first["X-RateLimit-Bucket"])) == ("5", 32)
    assert 4 < float(first["X-RateLimit-Reset-After"]) <= 5
    over = await rest.send({"content": "six"})
    assert (over.status, over.body["global"]) == (429, False)
    assert 0 < over.body["retry_after"] <= 5
    assert over.headers["X-RateLimit-Scope"] == "user"
    assert {"Via", "Retry-After", "X-RateLimit-Bucket"} <= over.headers.keys()
    assert (await rest.send({"content": "elsewhere"}, "general")).status == 200
    path = f"{rest.path()}/{answers[0].body['id']}"
    patched = await rest.ask("PATCH", path, {"content": "edit"})
    assert patched.headers["X-RateLimit-Remaining"] == "4"
    assert patched.headers["X-RateLimit-Bucket"] != first["X-RateLimit-Bucket"]
    rest.sandbox.clock.advance(5.1)
    assert (await rest.send({"content": "six"})).status == 200


@with_rest(rate_limits=True, global_per_second=10)
async def test_fifty_requests_a_second_are_the_bots_limit_but_not_that_of_answers(
    rest: Rest,
) -> None:
    answers = [await rest.ask("GET", "/users/@me") for _ in range(12)]
    assert [one.status for one in answers] == [200] * 10 + [429] * 2
    assert answers[-1].body["global"] is True
    assert answers[-1].headers["X-RateLimit-Global"] == "true"
    assert answers[-1].headers["X-RateLimit-Scope"] == "global"
    callback = await rest.ask("POST", "/interactions/1/x/callback", {"type": 4})
    assert callback.code == 10062
    rest.sandbox.clock.advance(1.1)
    assert (await rest.ask("GET", "/users/@me")).status == 200


@with_rest(rate_limits=True)
async def test_old_messages_are_edited_three_times_in_six_seconds(rest: Rest) -> None:
    path = f"{rest.path()}/{(await rest.send({'content': 'x'})).body['id']}"
    rest.sandbox.clock.advance(3700)
    answers = [await rest.ask("PATCH", path, {"content": str(n)}) for n in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert (answers[-1].code, answers[-1].body["retry_after"] > 5) == (30046, True)


@with_rest()
async def test_faults_match_by_method_path_and_count(rest: Rest) -> None:
    faults = rest.sandbox.faults
    order = faults.add("503", method="POST", path=r"/messages$", times=2, code=130000)
    assert (await rest.ask("GET", rest.path())).status == 200
    refused = await rest.send({"content": "x"})
    assert (refused.status, refused.code) == (503, 130000)
    assert (await rest.send({"content": "x"})).status == 503
    assert (await rest.send({"content": "x"})).status == 200
    assert order.hits == 2
    faults.add("401")
    assert (await rest.send({"content": "x"})).status == 401
    faults.clear()
    assert (await rest.send({"content": "x"})).status == 200
    with pytest.raises(ValueError, match="unknown fault"):
        faults.add("explode")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="path"):
        faults.add("503", path="(")


@with_rest()
async def test_a_429_on_order_has_its_scope_and_cloudflares_has_no_via(rest: Rest) -> None:
    faults = rest.sandbox.faults
    faults.add("429", times=1, retry_after=1163, scope="shared", code=20028)
    limited = await rest.send({"content": "x"})
    assert (limited.body["retry_after"], limited.code) == (1163, 20028)
    assert limited.headers["X-RateLimit-Scope"] == "shared"
    faults.add("429", times=1, scope="global")
    limited = await rest.send({"content": "x"})
    assert (limited.body["global"], limited.headers["X-RateLimit-Global"]) == (True, "true")
    faults.add("cloudflare", times=1)
    banned = await rest.send({"content": "x"})
    assert (banned.status, "Via" in banned.headers) == (429, False)
    assert "<html>" in banned.body


@with_rest()
async def test_connections_break_before_or_after_the_message_is_made(rest: Rest) -> None:
    faults, body = rest.sandbox.faults, {"content": "x", "nonce": "n", "enforce_nonce": True}
    faults.add("reset", times=1)
    with pytest.raises(aiohttp.ClientOSError):
        await rest.send(body)
    faults.add("close", times=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await rest.send(body)
    assert rest.sandbox.texts("alerts") == []
    faults.add("accept_then_reset", times=1)
    with pytest.raises(aiohttp.ClientOSError):
        await rest.send(body)
    faults.add("accept_then_504", times=1)
    assert (await rest.send(body)).status == 504
    assert (await rest.send(body)).status == 200
    assert rest.sandbox.texts("alerts") == ["x"]
    entries = rest.sandbox.record.of("POST", "/messages")
    assert [(e.fault, e.status, e.accepted) for e in entries] == [
        ("reset", 0, False),
        ("close", 0, False),
        ("accept_then_reset", 0, True),
        ("accept_then_504", 504, True),
        (None, 200, True),
    ]
    assert {e.message_id for e in entries[2:]} == {entries[-1].message_id}


@with_rest()
async def test_a_stall_lasts_until_the_faults_are_cleared(rest: Rest) -> None:
    stall = rest.sandbox.faults.add("stall", method="POST")
    task = asyncio.create_task(rest.send({"content": "x"}))
    await arrived(stall)
    assert not task.done()
    rest.sandbox.faults.clear()
    with pytest.raises(aiohttp.ClientError):
        await task
    assert rest.sandbox.texts("alerts") == []


@with_rest()
async def test_a_stopped_sandbox_refuses_connections_and_comes_back_unchanged(rest: Rest) -> None:
    sandbox = rest.sandbox
    await rest.send({"content": "before"})
    port = sandbox.port
    await sandbox.stop()
    for _ in range(2):  # the first may still use a kept connection
        with pytest.raises(aiohttp.ClientConnectionError):
            await rest.send({"content": "away"})
    await sandbox.start(port)
    answer: Response = await rest.send({"content": "after"})
    assert answer.status == 200
    assert sandbox.texts("alerts") == ["before", "after"]


@with_rest()
async def test_stopping_is_quick_even_while_a_request_stalls(rest: Rest) -> None:
    stall = rest.sandbox.faults.add("stall")
    task = asyncio.create_task(rest.send({"content": "x"}))
    await arrived(stall)
    begun = time.monotonic()
    await rest.sandbox.stop()
    assert time.monotonic() - begun < 30
    with pytest.raises(aiohttp.ClientError):
        await task
