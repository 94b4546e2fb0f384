"""The control API that the page and other processes use."""

import asyncio
import base64

import aiohttp
import pytest
import yarl

from sandbox import Sandbox
from tests.sandbox.raw import Json, Response, Rest, online, with_rest
from tests.sandbox.test_interactions import BUTTON, PING, ROWS, reply


async def control(rest: Rest, path: str, body: object = None, method: str = "POST") -> Response:
    url = f"{rest.sandbox.url}/sandbox/{path}"
    async with rest.session.request(method, url, json=body) as response:
        return Response(response.status, await response.json(), dict(response.headers))


def ids(rest: Rest, user: str = "Member", channel: str = "alerts") -> Json:
    sandbox = rest.sandbox
    return {"user_id": sandbox.world.user(user).id, "channel_id": sandbox.channel(channel).id}


@with_rest()
async def test_the_state_shows_servers_people_commands_and_messages(rest: Rest) -> None:
    await rest.put_commands(PING)
    await rest.send({"content": "hello"})
    state = (await control(rest, "state", method="GET")).body
    assert state["bot_online"] is False
    assert [command["name"] for command in state["application"]["commands"]] == ["ping"]
    (guild,) = state["guilds"]
    assert [channel["name"] for channel in guild["channels"]] == ["alerts", "general", "news"]
    assert [user["name"] for user in guild["users"]] == ["Admin", "Moderator", "Member"]
    assert all(user["permissions"].isdigit() for user in guild["users"])
    channel = rest.sandbox.channel("alerts").id
    assert [message["content"] for message in state["messages"][channel]] == ["hello"]


@with_rest()
async def test_the_page_plays_a_person_and_hears_of_everything(rest: Rest) -> None:
    await rest.put_commands(PING)
    live = await rest.session.ws_connect(rest.sandbox.url + "/sandbox/live")
    assert (await live.receive_json())["type"] == "state"

    async def news(kind: str) -> Json:
        while (line := await live.receive_json(timeout=2))["type"] != kind:
            assert line["type"]
        return dict(line)

    async with online(rest) as line:
        assert (await news("bot"))["online"] is True
        task = asyncio.create_task(
            control(rest, "interactions/command", {**ids(rest), "name": "ping"})
        )
        event = await line.event("INTERACTION_CREATE")
        await reply(rest, event, 4, {"content": "pong", "components": ROWS})
        answer = (await task).body
        assert (answer["status"], answer["message"]["content"]) == ("message", "pong")
        made = (await news("message_create"))["message"]
        assert made["id"] == answer["message"]["id"]
        pressed = {**ids(rest), "message_id": made["id"], "custom_id": BUTTON["custom_id"]}
        task = asyncio.create_task(control(rest, "interactions/component", pressed))
        event = await line.event("INTERACTION_CREATE")
        text = {"type": 4, "custom_id": "why", "style": 1, "label": "Why"}
        rows = [{"type": 1, "components": [text]}]
        await reply(rest, event, 9, {"title": "t", "custom_id": "m", "components": rows})
        opened = (await task).body
        assert opened["status"] == "modal"
        shown = await news("modal")
        assert shown["interaction_id"] == opened["interaction_id"]
        filled = {**ids(rest), "interaction_id": opened["interaction_id"]}
        filled["values"] = {"why": "so"}
        task = asyncio.create_task(control(rest, "interactions/modal", filled))
        event = await line.event("INTERACTION_CREATE")
        await reply(rest, event, 4, {"content": "private", "flags": 64})
        assert (await task).body["ephemeral"] is True
        private = await news("ephemeral")
        assert private["user_id"] == ids(rest)["user_id"]
        original = f"/webhooks/{event['application_id']}/{event['token']}/messages/@original"
        await rest.ask("DELETE", original)
        assert (await news("ephemeral_delete"))["id"] == private["message"]["id"]
        await rest.ask("DELETE", f"{rest.path()}/{made['id']}")
        assert (await news("message_delete"))["id"] == made["id"]
        await rest.put_commands()
        assert (await news("commands"))["commands"] == []
    assert (await news("bot"))["online"] is False
    await live.close()


@with_rest()
async def test_refusals_and_silence_are_reported_in_words(rest: Rest) -> None:
    await rest.put_commands(PING)
    wrong = {**ids(rest), "name": "ping", "options": {"x": 1}}
    refused = await control(rest, "interactions/command", wrong)
    assert (refused.status, refused.body["status"]) == (400, "failed")
    assert "no option" in refused.body["error"]
    missing = await control(rest, "interactions/command", {"name": "ping"})
    assert (missing.status, "user_id" in missing.body["error"]) == (400, True)
    rest.sandbox.settings.first_answer_s = 0.05
    silent = await control(rest, "interactions/command", {**ids(rest), "name": "ping"})
    assert (silent.status, silent.body["error"]) == (200, "The application did not respond")
    gone = {**ids(rest), "message_id": "1", "custom_id": "x"}
    assert (await control(rest, "interactions/component", gone)).status == 400


@with_rest()
async def test_files_and_choices_pass_through_the_page(rest: Rest) -> None:
    file = {"type": 11, "name": "file", "description": "f"}
    word = {"type": 3, "name": "word", "description": "w", "autocomplete": True}
    await rest.put_commands({**PING, "options": [file, word]})
    async with online(rest) as line:
        data = base64.b64encode(b"a,b").decode()
        upload = {"filename": "a.csv", "content_type": "text/csv", "data_base64": data}
        body = {**ids(rest), "name": "ping", "options": {"file": upload}}
        task = asyncio.create_task(control(rest, "interactions/command", body))
        event = await line.event("INTERACTION_CREATE")
        (found,) = event["data"]["resolved"]["attachments"].values()
        async with rest.session.get(found["url"]) as response:
            assert await response.read() == b"a,b"
        await reply(rest, event, 5)
        assert (await task).body["status"] == "deferred"
        typing = {**ids(rest), "name": "ping", "focused": "word", "value": "sh"}
        task = asyncio.create_task(control(rest, "interactions/autocomplete", typing))
        event = await line.event("INTERACTION_CREATE")
        await reply(rest, event, 8, {"choices": [{"name": "Shop", "value": "shop"}]})
        assert (await task).body == {"choices": [{"name": "Shop", "value": "shop"}]}


@with_rest()
async def test_faults_are_ordered_and_cleared_from_outside(rest: Rest) -> None:
    await control(rest, "faults", {"fault": "503", "method": "POST"})
    assert (await rest.send({"content": "x"})).status == 503
    await control(rest, "faults", method="DELETE")
    assert (await rest.send({"content": "x"})).status == 200
    assert (await control(rest, "faults", {"fault": "x"})).status == 400
    record = (await control(rest, "record", method="GET")).body
    assert [(one["status"], bool(one["message_id"])) for one in record] == [
        (503, False),
        (200, True),
    ]


@with_rest()
async def test_the_gateway_misbehaves_as_reported_from_outside(rest: Rest) -> None:
    await control(rest, "gateway", {"action": "refuse"})
    assert rest.sandbox.gateway.refusing
    assert (await control(rest, "gateway", {"action": "open"})).status == 400


@with_rest()
async def test_the_world_is_changed_from_outside(rest: Rest) -> None:
    made = await control(rest, "world", {"action": "add_guild", "name": "Quay"})
    assert made.body["id"] in rest.sandbox.world.guilds
    channel = rest.sandbox.channel("news").id
    gone = {"action": "delete_channel", "channel_id": channel, "announce": False}
    assert (await control(rest, "world", gone)).status == 200
    assert rest.sandbox.world.find_channel(channel) is None
    denied = {"action": "set_permissions", "channel": "general", "deny": ["SEND_MESSAGES"]}
    assert (await control(rest, "world", {**denied, "channel": "Harbour/general"})).status == 200
    assert (await rest.send({"content": "x"}, "Harbour/general")).code == 50013
    for wrong in ({"action": "explode"}, {"action": "delete_channel"}, denied):
        assert (await control(rest, "world", wrong)).status == 400


@with_rest()
async def test_somebody_writes_through_the_page(rest: Rest) -> None:
    said = await control(rest, "messages", {**ids(rest), "content": "hi"})
    assert said.body["message"]["content"] == "hi"


@with_rest()
async def test_the_page_is_served_and_nothing_beside_it(rest: Rest) -> None:
    url = rest.sandbox.url
    async with rest.session.get(url + "/../server.py") as response:
        assert response.status == 404
    async with rest.session.get(url + "/page/%2e%2e/server.py") as response:
        assert response.status == 404
    async with rest.session.get(url + "/") as response:
        assert response.status == 200
        assert "html" in response.headers["Content-Type"]


@pytest.mark.parametrize("path", ["page/%00", "page/" + "a" * 5_000, "%00", "page/../server.py"])
def test_what_is_no_file_of_the_page_is_not_there(path: str) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
            url = yarl.URL(f"{sandbox.url}/{path}", encoded=True)
            async with session.get(url) as answer:
                assert answer.status == 404

    asyncio.run(scenario())


def test_with_a_key_nobody_plays_people_without_it() -> None:
    async def scenario() -> None:
        async with Sandbox(key="s3cret") as sandbox, aiohttp.ClientSession() as session:
            for path, status in (("state", 403), ("state?key=no", 403), ("state?key=s3cret", 200)):
                async with session.get(f"{sandbox.url}/sandbox/{path}") as answer:
                    assert answer.status == status
            async with session.post(f"{sandbox.url}/sandbox/messages", json={}) as answer:
                assert answer.status == 403
            async with session.get(f"{sandbox.url}/?key=no") as page:
                assert not page.cookies

    asyncio.run(scenario())
