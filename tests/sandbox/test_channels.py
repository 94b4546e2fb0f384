"""The rarer routes: changing and deleting channels, single commands, many messages at once."""

import asyncio
import io

import pytest

from bot.sandbox import Refused
from tests.sandbox.raw import Json, Rest, gateway, online, play

PING: Json = {"name": "ping", "description": "Ping"}


def test_channels_are_changed_and_deleted_with_the_right() -> None:
    async def scenario(rest: Rest) -> None:
        path = f"/channels/{rest.sandbox.channel('alerts').id}"
        assert (await rest.ask("GET", path)).body["name"] == "alerts"
        assert (await rest.ask("PATCH", path, {"name": "alarm"})).code == 50013
        assert (await rest.ask("DELETE", path)).code == 50013
        rest.sandbox.admin.set_bot_permissions("Harbour", ["MANAGE_CHANNELS"])
        assert (await rest.ask("PATCH", path, {"name": "", "topic": "x" * 1025})).code == 50035
        changed = await rest.ask("PATCH", path, {"name": "alarm", "topic": "loud"})
        assert (changed.body["name"], changed.body["topic"]) == ("alarm", "loud")
        assert (await rest.ask("DELETE", path)).status == 200
        assert (await rest.ask("GET", path)).code == 10003

    play(scenario)


def test_threads_are_joined_left_and_locked_by_those_who_manage_them() -> None:
    async def scenario(rest: Rest) -> None:
        channel = f"/channels/{rest.sandbox.channel('alerts').id}"
        assert (await rest.ask("PUT", f"{channel}/thread-members/@me")).code == 50024
        wrong = await rest.ask("POST", f"{channel}/threads", {"name": "t", "type": 3})
        assert wrong.complaints("type") == ["BASE_TYPE_CHOICES"]
        made = (await rest.ask("POST", f"{channel}/threads", {"name": "t", "type": 11})).body
        thread = f"/channels/{made['id']}"
        assert (await rest.ask("DELETE", f"{thread}/thread-members/@me")).status == 204
        assert (await rest.ask("GET", f"{thread}/thread-members")).body == []
        assert (await rest.ask("PUT", f"{thread}/thread-members/@me")).status == 204
        rest.sandbox.admin.set_bot_permissions("Harbour", ["MANAGE_THREADS"])
        locked = await rest.ask("PATCH", thread, {"locked": True, "archived": True})
        assert locked.body["thread_metadata"]["locked"]
        assert (await rest.ask("PATCH", thread, {"name": "u"})).code == 50083
        assert (await rest.ask("PUT", f"{thread}/thread-members/@me")).code == 50083
        assert (await rest.ask("POST", f"{thread}/messages", {"content": "x"})).status == 200
        assert (await rest.ask("DELETE", thread)).status == 200
        assert (
            await rest.ask("POST", f"{channel}/messages/1/threads", {"name": "t"})
        ).code == 10008

    play(scenario)


def test_many_messages_are_deleted_at_once() -> None:
    async def scenario(rest: Rest) -> None:
        ids = [(await rest.send({"content": str(n)})).body["id"] for n in range(3)]
        path = f"{rest.path()}/bulk-delete"
        assert (await rest.ask("POST", path, {"messages": ids})).code == 50013
        rest.sandbox.admin.set_permissions("alerts", allow="MANAGE_MESSAGES")
        assert (await rest.ask("POST", path, {"messages": ids[:1]})).code == 50035
        assert (await rest.ask("POST", path, {"messages": ids[:2]})).status == 204
        assert rest.sandbox.texts("alerts") == ["2"]
        foreign = rest.sandbox.say("Member", "alerts", "https://example.com")["id"]
        hidden = await rest.ask("PATCH", f"{rest.path()}/{foreign}", {"flags": 4})
        assert hidden.body["flags"] == 4

    play(scenario)


def test_commands_are_made_one_by_one() -> None:
    async def scenario(rest: Rest) -> None:
        path = f"/applications/{rest.sandbox.world.application.id}/commands"
        made = await rest.ask("POST", path, PING)
        again = await rest.ask("POST", path, {**PING, "description": "New"})
        assert (made.status, again.status) == (201, 200)
        assert made.body["id"] == again.body["id"]
        assert (await rest.ask("POST", path, {**PING, "name": "No"})).code == 50035
        assert (await rest.ask("POST", path, [PING])).code == 50109
        guild = rest.sandbox.world.guild("Harbour").id
        rest.sandbox.admin.remove_guild("Harbour")
        lost = path.replace("/commands", f"/guilds/{guild}/commands")
        assert (await rest.ask("GET", lost)).code == 50001

    play(scenario)


def test_the_account_and_people_are_read() -> None:
    async def scenario(rest: Rest) -> None:
        me = (await rest.ask("GET", "/users/@me")).body
        assert {"id", "username", "discriminator", "avatar"} <= me.keys()
        application = (await rest.ask("GET", "/oauth2/applications/@me")).body
        wanted = {"bot_public", "bot_require_code_grant", "owner", "verify_key", "flags"}
        assert wanted <= application.keys()
        assert (await rest.ask("GET", "/users/1")).code == 10013
        rest.token = ""
        assert (await rest.ask("GET", "/gateway")).body["url"] == rest.sandbox.gateway.url
        assert (await rest.ask("GET", "/gateway/bot")).status == 401

    play(scenario)


def test_requests_of_the_wrong_kind_and_size_are_refused() -> None:
    async def scenario(rest: Rest) -> None:
        text = {"Content-Type": "text/plain"}
        assert (await rest.ask("POST", rest.path(), data=b"x", headers=text)).status == 400
        huge = {"Content-Type": "application/json"}
        answer = await rest.ask(
            "POST", rest.path(), data=io.BytesIO(bytes(25 * 2**20 + 1)), headers=huge
        )
        assert (answer.status, answer.code) == (413, 40005)

    play(scenario)


def test_a_dm_takes_commands_made_for_it() -> None:
    async def scenario(rest: Rest) -> None:
        member = rest.sandbox.world.user("Member").id
        opened = await rest.ask("POST", "/users/@me/channels", {"recipient_id": member})
        channel = opened.body["id"]
        await rest.put_commands(PING, {**PING, "name": "here", "dm_permission": False})
        with pytest.raises(Refused, match="not offered"):
            await rest.sandbox.command("Member", channel, "here")
        async with gateway(rest) as line:
            await line.identify(rest.sandbox.token, 1 | 1 << 12)
            await line.event("READY")
            task = asyncio.create_task(rest.sandbox.command("Member", channel, "ping"))
            event = await line.event("INTERACTION_CREATE")
            assert (event["context"], event["user"]["id"]) == (1, member)
            assert not {"guild_id", "member"} & event.keys()
            path = f"/interactions/{event['id']}/{event['token']}/callback"
            await rest.ask("POST", path, {"type": 4, "data": {"content": "pong"}})
            assert (await task).content == "pong"
            assert "guild_id" not in await line.event("MESSAGE_CREATE")

    play(scenario)


def test_a_sandbox_bug_is_loud() -> None:
    async def scenario(rest: Rest) -> None:
        rest.sandbox.world.users.pop(rest.sandbox.world.application.owner_id)
        broken = await rest.ask("GET", "/oauth2/applications/@me")
        assert (broken.status, "sandbox bug" in broken.body["message"]) == (500, True)
        async with online(rest):
            assert len(rest.sandbox.record.bugs) == 1

    with pytest.raises(RuntimeError, match="the sandbox itself failed"):
        play(scenario)
