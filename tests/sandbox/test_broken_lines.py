"""What breaks half way: bodies cut off, messages gone in between, sessions too old to resume."""

import asyncio
import contextlib

import pytest

from sandbox.gateway import session as sessions
from tests.sandbox.raw import Rest, gateway, online, with_rest
from tests.sandbox.test_interactions import ROWS, reply


@with_rest()
async def test_a_body_cut_off_by_its_sender_is_no_fault_of_the_sandbox(rest: Rest) -> None:
    sandbox = rest.sandbox
    head = (
        f"POST /api/v10{rest.path()} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {rest.token}\r\nContent-Type: application/json\r\n"
        'Content-Length: 500\r\n\r\n{"content": "ha'
    )
    _, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    writer.write(head.encode())
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    await sandbox.wait_for(lambda: [e for e in sandbox.record.requests if e.error])
    assert sandbox.record.bugs == []
    assert not sandbox.record.requests[0].accepted
    assert sandbox.messages("alerts") == []


@with_rest()
async def test_waiting_for_a_request_ends_with_it(rest: Rest) -> None:
    record = rest.sandbox.record
    waiting = asyncio.create_task(rest.sandbox.wait_for(lambda: record.of("GET", "/users")))
    await asyncio.sleep(0)
    rest.sandbox.faults.add("503", times=1)
    await rest.ask("GET", "/users/@me")
    (entry,) = await waiting
    assert (entry.status, entry.fault) == (503, "503")


@with_rest()
async def test_a_message_gone_before_its_button_is_answered_is_unknown(rest: Rest) -> None:
    async with online(rest) as line:
        sent = (await rest.send({"content": "press", "components": ROWS})).body
        task = asyncio.create_task(rest.sandbox.press("Member", sent, "Go"))
        event = await line.event("INTERACTION_CREATE")
        rest.sandbox.admin.delete_message(sent["id"])
        gone = await reply(rest, event, 7, {"content": "too late"})
        assert (gone.status, gone.code) == (404, 10008)
        assert (await reply(rest, event, 4, {"content": "instead"})).status == 200
        assert (await task).content == "instead"


@with_rest()
async def test_a_direct_message_needs_a_shared_server(rest: Rest) -> None:
    member = rest.sandbox.world.user("Member")
    opened = await rest.ask("POST", "/users/@me/channels", {"recipient_id": member.id})
    path = f"/channels/{opened.body['id']}/messages"
    assert (await rest.ask("POST", path, {"content": "psst"})).status == 200
    rest.sandbox.admin.remove_guild("Harbour")
    assert (await rest.ask("POST", path, {"content": "psst"})).code == 50007


@with_rest()
async def test_forwards_are_refused_by_name(rest: Rest) -> None:
    sent = (await rest.send({"content": "x"})).body["id"]
    forward = {"type": 1, "message_id": sent, "channel_id": rest.sandbox.channel("alerts").id}
    refused = await rest.send({"message_reference": forward, "content": "x"})
    assert refused.complaints("message_reference", "type") == ["SANDBOX"]


@with_rest()
async def test_edits_need_no_right_to_send_but_new_files_do(rest: Rest) -> None:
    path = f"{rest.path()}/{(await rest.send({'content': 'x'})).body['id']}"
    rest.sandbox.admin.set_permissions("alerts", deny=["SEND_MESSAGES", "EMBED_LINKS"])
    edited = await rest.ask("PATCH", path, {"embeds": [{"title": "still true"}]})
    assert edited.status == 200
    rest.sandbox.admin.set_permissions("alerts", deny="VIEW_CHANNEL")
    assert (await rest.ask("PATCH", path, {"content": "y"})).code == 50001


def test_a_session_that_missed_too_much_cannot_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BACKLOG", 3)

    async def scenario(rest: Rest) -> None:
        async with gateway(rest) as line:
            await line.identify(rest.sandbox.token)
            session_id = (await line.event("READY"))["session_id"]
            await line.event("GUILD_CREATE")
            rest.sandbox.gateway.drop(1000)
            assert await line.next() == {"closed": 1000}
        resume = {"token": rest.sandbox.token, "session_id": session_id, "seq": line.seq}
        for _ in range(3):
            await rest.send({"content": "missed"})
        async with gateway(rest) as again:
            await again.send(6, resume)
            for _ in range(3):
                assert (await again.event("MESSAGE_CREATE"))["content"] == "missed"
            rest.sandbox.gateway.drop()
        await rest.sandbox.wait_for(lambda: not rest.sandbox.gateway.online)
        await rest.send({"content": "one too many"})
        async with gateway(rest) as late:
            await late.send(6, resume)
            frame = await late.next()
            assert (frame["op"], frame["d"]) == (9, False)

    with_rest()(scenario)()


@with_rest()
async def test_the_page_may_be_reached_through_a_tunnel_but_by_no_foreign_name(rest: Rest) -> None:
    async def status(host: str, origin: str | None) -> int:
        headers = {"Host": host, **({"Origin": origin} if origin else {})}
        url = f"{rest.sandbox.url}/sandbox/state"
        async with rest.session.get(url, headers=headers) as response:
            return response.status

    assert await status("localhost:9000", "http://localhost:9000") == 200
    assert await status("localhost:9000", None) == 200
    assert await status("localhost:9000", "http://localhost:9001") == 403
    assert await status("evil.example", "http://evil.example") == 403
    assert await status("evil.example", None) == 403


def test_a_sandbox_bug_is_loud() -> None:
    async def scenario(rest: Rest) -> None:
        rest.sandbox.world.users.pop(rest.sandbox.world.application.owner_id)
        broken = await rest.ask("GET", "/oauth2/applications/@me")
        assert (broken.status, "sandbox bug" in broken.body["message"]) == (500, True)
        async with online(rest):
            assert len(rest.sandbox.record.bugs) == 1

    with pytest.raises(RuntimeError, match="the sandbox itself failed"):
        with_rest()(scenario)()
