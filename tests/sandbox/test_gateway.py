"""The gateway frame by frame."""

import asyncio

import pytest

from sandbox import Sandbox
from sandbox.gateway.session import Session
from tests.sandbox.raw import Rest, gateway, online, with_rest

GUILDS, MESSAGES, CONTENT = 1, 1 << 9, 1 << 15


@with_rest()
async def test_a_session_starts_with_ready_and_its_servers(rest: Rest) -> None:
    async with gateway(rest, packed=True) as line:
        await line.send(1, None)
        assert (await line.next())["op"] == 11
        await line.identify(rest.sandbox.token)
        ready = await line.event("READY")
        assert {
            "user",
            "guilds",
            "session_id",
            "resume_gateway_url",
            "application",
        } <= ready.keys()
        assert ready["resume_gateway_url"].startswith("ws://127.0.0.1:")
        guild = await line.event("GUILD_CREATE")
        assert guild["unavailable"] is False
        assert [member["user"]["id"] for member in guild["members"]] == [rest.sandbox.world.bot.id]
        assert rest.sandbox.gateway.online


@with_rest()
async def test_wrong_identifies_are_closed_with_discords_codes(rest: Rest) -> None:
    right = rest.sandbox.token
    for token, intents, more, code in (
        ("wrong", 1, {}, 4004),
        (right, 1 << 30, {}, 4013),
        (right, CONTENT, {}, 4014),
        *((right, 1, {"shard": odd}, 4010) for odd in ([2, 2], [0], ["a", "b"], "x")),
    ):
        async with gateway(rest) as line:
            await line.identify(token, intents, **more)
            assert await line.next() == {"closed": code}
    async with online(rest) as line:
        await line.identify(right)
        assert await line.next() == {"closed": 4005}


@with_rest()
async def test_frames_that_make_no_sense_close_the_line(rest: Rest) -> None:
    nonsense = ("{", "[]", "5", '{"op": []}', '{"op": "x"}')
    early, unknown = '{"op": 8, "d": {}}', '{"op": 99, "d": {}}'
    for text, code in (*((one, 4002) for one in nonsense), (early, 4003), (unknown, 4001)):
        async with gateway(rest) as line:
            await line.socket.send_str(text)
            assert await line.next() == {"closed": code}


@with_rest()
async def test_more_than_120_frames_in_a_minute_close_the_line(rest: Rest) -> None:
    async with gateway(rest) as line:
        for _ in range(121):
            await line.send(1, None)
        while "closed" not in (frame := await line.next()):
            assert frame["op"] == 11
        assert frame == {"closed": 4008}


@with_rest(session_starts=2)
async def test_starts_are_counted_and_end(rest: Rest) -> None:
    for left in (2, 1):
        found = (await rest.ask("GET", "/gateway/bot")).body
        assert found["session_start_limit"]["remaining"] == left
        assert found["url"] == rest.sandbox.gateway.url
        async with online(rest):
            assert rest.sandbox.gateway.starts_left == left - 1
    async with gateway(rest) as line:
        await line.identify(rest.sandbox.token)
        assert await line.next() == {"closed": 4004}
    assert [one.intents for one in rest.sandbox.gateway.identifies] == [513, 513]


@with_rest()
async def test_a_resume_replays_what_was_missed(rest: Rest) -> None:
    async with gateway(rest) as line:
        await line.identify(rest.sandbox.token)
        session_id = (await line.event("READY"))["session_id"]
        await line.event("GUILD_CREATE")
        seq = line.seq
        rest.sandbox.gateway.drop()
        assert await line.next() == {"closed": 1006}
    sent = (await rest.send({"content": "missed"})).body
    resume = {"token": rest.sandbox.token, "session_id": session_id, "seq": seq}
    async with gateway(rest) as line:
        await line.send(6, resume)
        assert (await line.event("MESSAGE_CREATE"))["id"] == sent["id"]
        assert await line.event("RESUMED") == {}
    for changes, expected in (
        ({"seq": 999}, {"closed": 4007}),
        ({"token": "x"}, {"closed": 4004}),
    ):
        rest.sandbox.gateway.sessions.setdefault(session_id, Session(session_id, 1, seq=5))
        async with gateway(rest) as line:
            await line.send(6, {**resume, **changes})
            assert await line.next() == expected
    async with gateway(rest) as line:
        await line.send(6, {**resume, "session_id": "gone"})
        frame = await line.next()
        assert (frame["op"], frame["d"]) == (9, False)


@with_rest()
async def test_a_clean_close_ends_the_session(rest: Rest) -> None:
    async with online(rest) as line:
        await line.socket.close(code=1000)
    await rest.sandbox.wait_for(lambda: not rest.sandbox.gateway.sessions)
    async with online(rest) as line:
        await line.socket.close(code=4000)
    await rest.sandbox.wait_for(lambda: not rest.sandbox.gateway.online)
    assert len(rest.sandbox.gateway.sessions) == 1


@with_rest()
async def test_the_gateway_misbehaves_on_order(rest: Rest) -> None:
    async with online(rest) as line:
        rest.sandbox.gateway.reconnect()
        assert (await line.next())["op"] == 7
        rest.sandbox.gateway.invalidate(resumable=True)
        assert (await line.next())["d"] is True
        rest.sandbox.gateway.invalidate()
        assert (await line.next())["d"] is False
        assert not rest.sandbox.gateway.sessions
    async with online(rest) as line:
        rest.sandbox.gateway.drop(4000)
        assert await line.next() == {"closed": 4000}
    rest.sandbox.gateway.refuse()
    async with rest.session.get(rest.sandbox.url + "/gateway") as response:
        assert response.status == 503


@with_rest()
async def test_messages_are_heard_by_those_who_asked(rest: Rest) -> None:
    async with online(rest, GUILDS) as deaf, online(rest) as line:
        rest.sandbox.say("Member", "alerts", "a secret")
        foreign = await line.event("MESSAGE_CREATE")
        assert (foreign["content"], foreign["author"]["global_name"]) == ("", "Member")
        assert "user" not in foreign["member"]
        assert foreign["guild_id"] == rest.sandbox.world.guild("Harbour").id
        sent = (await rest.send({"content": "own", "nonce": "n"})).body
        own = await line.event("MESSAGE_CREATE")
        assert (own["content"], own["nonce"]) == ("own", "n")
        await rest.ask("PATCH", f"{rest.path()}/{sent['id']}", {"content": "edited"})
        updated = await line.event("MESSAGE_UPDATE")
        assert (updated["content"], updated["type"]) == ("edited", 0)
        await rest.ask("DELETE", f"{rest.path()}/{sent['id']}")
        assert (await line.event("MESSAGE_DELETE"))["id"] == sent["id"]
        rest.sandbox.admin.set_permissions("alerts", deny="VIEW_CHANNEL")
        rest.sandbox.say("Member", "alerts", "unseen")
        rest.sandbox.say("Member", "general", "seen")
        channel = rest.sandbox.channel("general").id
        assert (await line.event("MESSAGE_CREATE"))["channel_id"] == channel
        assert (await deaf.event("CHANNEL_UPDATE"))["name"] == "alerts"


@with_rest(granted_intents=CONTENT)
async def test_a_granted_intent_brings_foreign_text(rest: Rest) -> None:
    async with online(rest, GUILDS | MESSAGES | CONTENT) as line:
        rest.sandbox.say("Member", "alerts", "readable")
        assert (await line.event("MESSAGE_CREATE"))["content"] == "readable"


@with_rest()
async def test_changes_of_the_world_are_reported(rest: Rest) -> None:
    admin = rest.sandbox.admin
    async with online(rest) as line:
        admin.add_channel("Harbour", "dock")
        assert (await line.event("CHANNEL_CREATE"))["name"] == "dock"
        admin.delete_channel("dock")
        assert (await line.event("CHANNEL_DELETE"))["name"] == "dock"
        role = admin.add_role("Harbour", "Crew")
        assert (await line.event("GUILD_ROLE_CREATE"))["role"]["name"] == "Crew"
        admin.edit_role("Harbour", role, permissions=["MANAGE_GUILD"], mentionable=True)
        updated = await line.event("GUILD_ROLE_UPDATE")
        assert (updated["role"]["permissions"], updated["role"]["mentionable"]) == ("32", True)
        admin.give_role("Harbour", rest.sandbox.world.bot, role)
        assert role.id in (await line.event("GUILD_MEMBER_UPDATE"))["roles"]
        admin.delete_role("Harbour", role)
        assert (await line.event("GUILD_ROLE_DELETE"))["role_id"] == role.id
        admin.set_locale("Harbour", "fr")
        assert (await line.event("GUILD_UPDATE"))["preferred_locale"] == "fr"
        admin.guild_unavailable("Harbour")
        assert (await line.event("GUILD_DELETE"))["unavailable"] is True
        admin.guild_available("Harbour")
        assert (await line.event("GUILD_CREATE"))["unavailable"] is False
        admin.remove_guild("Harbour")
        assert "unavailable" not in await line.event("GUILD_DELETE")
        admin.readd_guild("Harbour")
        assert "unavailable" not in await line.event("GUILD_CREATE")
        admin.delete_channel("general", announce=False)
        thread = admin.add_thread("alerts", "t")
        event = await line.event("THREAD_CREATE")
        assert (event["newly_created"], event["id"]) == (True, thread.id)
        admin.set_thread(event["id"], archived=True, locked=True)
        metadata = (await line.event("THREAD_UPDATE"))["thread_metadata"]
        assert (metadata["archived"], metadata["locked"]) == (True, True)
        admin.delete_channel(event["id"])
        assert (await line.event("THREAD_DELETE"))["id"] == event["id"]


@with_rest(granted_intents=1 << 1)
async def test_members_are_chunked_as_far_as_the_intent_goes(rest: Rest) -> None:
    guild = rest.sandbox.world.guild("Harbour").id
    async with online(rest) as line:
        await line.send(8, {"guild_id": guild, "query": "", "limit": 0, "nonce": "n"})
        chunk = await line.event("GUILD_MEMBERS_CHUNK")
        assert ([m["user"]["bot"] for m in chunk["members"]], chunk["nonce"]) == ([True], "n")
    async with online(rest, GUILDS | 1 << 1) as line:
        await line.send(8, {"guild_id": guild, "query": "", "limit": 0})
        assert len((await line.event("GUILD_MEMBERS_CHUNK"))["members"]) == 4


@with_rest()
async def test_servers_are_dealt_out_to_shards(rest: Rest) -> None:
    for name in ("Quay", "Pier", "Dock", "Mole"):
        rest.sandbox.admin.add_guild(name)
        await asyncio.sleep(0.002)
    seen: list[str] = []
    for shard in (0, 1):
        async with gateway(rest) as line:
            await line.identify(rest.sandbox.token, shard=[shard, 2])
            ready = await line.event("READY")
            assert ready["shard"] == [shard, 2]
            ids = [guild["id"] for guild in ready["guilds"]]
            assert all((int(one) >> 22) % 2 == shard for one in ids)
            seen += ids
    assert sorted(seen) == sorted(rest.sandbox.world.guilds)


@with_rest()
async def test_threads_of_a_channel_that_comes_into_sight_are_listed(rest: Rest) -> None:
    admin = rest.sandbox.admin
    awake, sleeping = admin.add_thread("alerts", "awake"), admin.add_thread("alerts", "asleep")
    admin.set_thread(sleeping, archived=True)
    admin.set_permissions("alerts", deny="VIEW_CHANNEL")
    async with online(rest) as line:
        admin.set_thread(awake, locked=True)  # nobody hears of what they cannot see
        admin.set_permissions("alerts")
        await line.event("CHANNEL_UPDATE")
        reported = await line.event("THREAD_LIST_SYNC")
        assert reported["channel_ids"] == [rest.sandbox.channel("alerts").id]
        assert [one["id"] for one in reported["threads"]] == [awake.id]


@with_rest()
async def test_the_start_of_a_time_out_is_reported_and_its_end_is_not(rest: Rest) -> None:
    async with online(rest) as line:
        rest.sandbox.admin.time_out_bot("Harbour", 0.05)
        reported = await line.event("GUILD_MEMBER_UPDATE")
        assert reported["communication_disabled_until"]
        await asyncio.sleep(0.1)
        rest.sandbox.admin.set_locale("Harbour", "fr")
        assert (await line.next())["t"] == "GUILD_UPDATE", "nothing came before it"


def test_a_server_has_250_roles_at_most() -> None:
    sandbox = Sandbox()
    guild = sandbox.world.guild("Harbour")
    while len(guild.roles) < 250:
        sandbox.admin.add_role(guild, "more")
    with pytest.raises(ValueError, match="250"):
        sandbox.admin.add_role(guild, "too many")
