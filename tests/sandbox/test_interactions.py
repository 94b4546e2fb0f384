"""Interactions on the wire: what the bot hears, and which answers it may give when."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox import Answer, Refused
from tests.sandbox.raw import Gateway, Json, Response, Rest, gateway, online, with_rest

PING: Json = {"name": "ping", "description": "Ping", "contexts": [0]}
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
ROWS = [{"type": 1, "components": [BUTTON]}]


async def begin(rest: Rest, line: Gateway, **options: Any) -> tuple[Json, "asyncio.Task[Answer]"]:
    """A member runs /ping; the event, and the task that ends with the answer."""
    await rest.put_commands(
        {**PING, "options": [{"type": 3, "name": "word", "description": "w"}] if options else []}
    )
    task = asyncio.create_task(rest.sandbox.command("Member", "alerts", "ping", options))
    return await line.event("INTERACTION_CREATE"), task


async def reply(rest: Rest, event: Json, kind: int, data: object = None) -> Response:
    path = f"/interactions/{event['id']}/{event['token']}/callback?with_response=1"
    return await rest.ask("POST", path, {"type": kind, **({"data": data} if data else {})})


def hook(event: Json, tail: str = "") -> str:
    return f"/webhooks/{event['application_id']}/{event['token']}{tail}"


@with_rest()
async def test_the_event_has_every_key_and_the_answer_its_shape(rest: Rest) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line, word="hi")
        wanted = {
            "id",
            "application_id",
            "type",
            "token",
            "version",
            "attachment_size_limit",
            "guild_id",
            "channel",
            "member",
            "data",
            "locale",
            "guild_locale",
            "app_permissions",
            "context",
            "authorizing_integration_owners",
            "entitlements",
        }
        assert wanted <= event.keys()
        assert {"user", "roles", "flags", "permissions"} <= event["member"].keys()
        assert event["data"]["options"] == [{"name": "word", "type": 3, "value": "hi"}]
        assert "message" not in event
        rest.token = ""
        taken = await reply(rest, event, 4, {"content": "pong", "flags": 64})
        answer = await task
        about = taken.body["interaction"]
        assert about["response_message_id"] == answer.message_id
        assert (about["response_message_ephemeral"], about["response_message_loading"]) == (
            True,
            False,
        )
        message = taken.body["resource"]["message"]
        assert (message["type"], message["flags"]) == (20, 64)
        assert message["interaction_metadata"]["user"]["global_name"] == "Member"
        assert answer.ephemeral
        assert rest.sandbox.messages("alerts") == []


@with_rest()
async def test_without_with_response_the_callback_answers_204(rest: Rest) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line)
        path = f"/interactions/{event['id']}/{event['token']}/callback"
        done = await rest.ask("POST", path, {"type": 4, "data": {"content": "x"}})
        assert (done.status, done.body) == (204, "")
        assert (await task).content == "x"


@with_rest()
async def test_a_late_a_second_and_a_foreign_answer_are_refused(rest: Rest) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line)
        unknown = await reply(rest, {**event, "token": "x"}, 4, {"content": "x"})
        assert (unknown.status, unknown.code) == (404, 10062)
        assert (await reply(rest, event, 3)).code == 50035
        assert (await reply(rest, event, 7, {"content": "x"})).code == 50035
        assert (await reply(rest, event, 4, {"content": ""})).code == 50006
        assert (await reply(rest, event, 4, {"content": "once"})).status == 200
        twice = await reply(rest, event, 4, {"content": "twice"})
        assert (twice.status, twice.code) == (400, 40060)
        assert (await task).content == "once"
        late, slow = await begin(rest, line)
        rest.sandbox.clock.advance(3.1)
        assert (await reply(rest, late, 4, {"content": "late"})).code == 10062
        rest.sandbox.settings.first_answer_s = 0
        slow.cancel()


@with_rest()
async def test_a_deferral_becomes_its_first_follow_up(rest: Rest) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line)
        assert (await rest.ask("POST", hook(event), {"content": "x"})).code == 10015
        deferred = await reply(rest, event, 5, {"flags": 64})
        assert deferred.body["interaction"]["response_message_loading"]
        first = await rest.ask("POST", hook(event), {"content": "first", "flags": 0})
        answer = await task
        assert (answer.message_id, answer.content) == (first.body["id"], "first")
        assert first.body["flags"] == 64, "the deferral decides who sees it"
        second = await rest.ask("POST", hook(event, "?wait=1"), {"content": "second"})
        assert second.body["flags"] == 0
        assert second.body["message_reference"]["message_id"] == first.body["id"]
        assert rest.sandbox.texts("alerts") == ["second"]


@with_rest()
async def test_answers_are_read_edited_and_deleted_through_their_token_for_15_minutes(
    rest: Rest,
) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line)
        await reply(rest, event, 4, {"content": "one", "components": ROWS})
        answer = await task
        original = hook(event, "/messages/@original")
        assert (await rest.ask("GET", original)).body["content"] == "one"
        edited = await rest.ask("PATCH", original, {"content": "two", "components": []})
        assert (edited.body["content"], edited.body["components"]) == ("two", [])
        by_id = hook(event, f"/messages/{answer.message_id}")
        assert (await rest.ask("GET", by_id)).body["content"] == "two"
        foreign = (await rest.send({"content": "foreign"})).body["id"]
        assert (await rest.ask("GET", hook(event, f"/messages/{foreign}"))).code == 10008
        assert (await rest.ask("GET", hook({**event, "token": "x"}, "/messages/1"))).code == 10015
        assert (await rest.ask("DELETE", original)).status == 204
        assert (await rest.ask("GET", original)).code == 10008
        rest.sandbox.clock.advance(901)
        expired = await rest.ask("POST", hook(event), {"content": "late"})
        assert (expired.status, expired.code) == (401, 50027)


@with_rest()
async def test_mentions_in_answers_ping_people_alone_by_default(rest: Rest) -> None:
    role = rest.sandbox.world.role(rest.sandbox.world.guild("Harbour"), "On call").id
    member = rest.sandbox.world.user("Member").id
    async with online(rest) as line:
        event, task = await begin(rest, line)
        await reply(rest, event, 4, {"content": f"<@&{role}> <@{member}>"})
        message = (await task).message
        assert message is not None
        assert message["mention_roles"] == []
        assert [user["id"] for user in message["mentions"]] == [member]
        allowed = {"roles": [role]}
        body = {"content": f"<@&{role}>", "allowed_mentions": allowed}
        pinged = await rest.ask("POST", hook(event), body)
        assert pinged.body["mention_roles"] == [role]


@with_rest()
async def test_components_update_their_message_or_defer(rest: Rest) -> None:
    async with online(rest) as line:
        sent = (await rest.send({"content": "press", "components": ROWS})).body
        for kind, data, content in (
            (7, {"content": "pressed"}, "pressed"),
            (6, None, "pressed"),
        ):
            task = asyncio.create_task(rest.sandbox.press("Member", sent, "Go"))
            event = await line.event("INTERACTION_CREATE")
            assert event["message"]["components"][0]["components"][0]["custom_id"] == "go"
            assert event["data"]["component_type"] == 2
            taken = await reply(rest, event, kind, data)
            assert ("message" in taken.body["resource"]) is (kind == 7)
            answer = await task
            assert (answer.status, answer.content) == ("update", content)
        edited = await rest.ask("PATCH", hook(event, "/messages/@original"), {"content": "later"})
        assert edited.body["id"] == sent["id"]
        assert rest.sandbox.texts("alerts") == ["later"]


@with_rest()
async def test_selects_take_only_what_they_offer(rest: Rest) -> None:
    options = [{"label": name, "value": name.lower()} for name in ("One", "Two", "Three")]
    select = {"type": 3, "custom_id": "pick", "options": options, "max_values": 2}
    user_select = {"type": 5, "custom_id": "who"}
    rows = [{"type": 1, "components": [one]} for one in (select, user_select)]
    async with online(rest) as line:
        sent = (await rest.send({"content": "pick", "components": rows})).body
        for values in (["four"], [], ["one", "two", "three"]):
            with pytest.raises(Refused):
                await rest.sandbox.press("Member", sent, "pick", values=values)
        task = asyncio.create_task(
            rest.sandbox.press("Member", sent, "pick", values=["Two", "one"])
        )
        event = await line.event("INTERACTION_CREATE")
        assert event["data"]["values"] == ["two", "one"]
        await reply(rest, event, 6)
        await task
        admin = rest.sandbox.world.user("Admin").id
        task = asyncio.create_task(rest.sandbox.press("Member", sent, "who", values=[admin]))
        event = await line.event("INTERACTION_CREATE")
        assert event["data"]["resolved"]["users"][admin]["global_name"] == "Admin"
        await reply(rest, event, 6)
        await task


@with_rest()
async def test_people_press_only_what_they_see_and_what_is_there(rest: Rest) -> None:
    off = {**BUTTON, "label": "Off", "custom_id": "off", "disabled": True}
    link = {"type": 2, "style": 5, "label": "Link", "url": "https://example.com"}
    row = [{"type": 1, "components": [BUTTON, off, link]}]
    async with online(rest) as line:
        sent = (await rest.send({"content": "press", "components": row})).body
        for what, reason in (("Stop", "0 components"), ("Off", "greyed"), ("Link", "a link")):
            with pytest.raises(Refused, match=reason):
                await rest.sandbox.press("Member", sent, what)
        member = rest.sandbox.world.user("Member")
        rest.sandbox.admin.set_permissions("alerts", member, deny="VIEW_CHANNEL")
        with pytest.raises(Refused, match="may not"):
            await rest.sandbox.press("Member", sent, "Go")
        rest.sandbox.admin.set_permissions("alerts", member)
        event, task = await begin(rest, line)
        await reply(rest, event, 4, {"content": "private", "flags": 64, "components": ROWS})
        private = await task
        with pytest.raises(Refused, match="private"):
            await rest.sandbox.press("Moderator", private, "Go")


@with_rest()
async def test_modals_are_submitted_with_the_message_they_came_from(rest: Rest) -> None:
    text = {"type": 4, "custom_id": "why", "style": 2, "label": "Why", "min_length": 3}
    label = {"type": 18, "label": "More", "component": {**text, "custom_id": "more"}}
    label["component"]["required"] = False  # type: ignore[index]
    modal = {
        "title": "Tell",
        "custom_id": "tell",
        "components": [{"type": 1, "components": [text]}, label],
    }
    async with online(rest) as line:
        sent = (await rest.send({"content": "press", "components": ROWS})).body
        task = asyncio.create_task(rest.sandbox.press("Member", sent, "Go"))
        event = await line.event("INTERACTION_CREATE")
        assert (await reply(rest, event, 9, {**modal, "title": ""})).code == 50035
        await reply(rest, event, 9, modal)
        opened = await task
        assert (opened.status, opened.modal) == ("modal", modal)
        for values, reason in (
            ({}, "required"),
            ({"why": "ab"}, "3 to"),
            ({"why": "abc", "x": "y"}, "no inputs"),
        ):
            with pytest.raises(Refused, match=reason):
                await rest.sandbox.submit_modal("Member", opened, values)
        with pytest.raises(Refused, match="this person"):
            await rest.sandbox.submit_modal("Moderator", opened, {"why": "abc"})
        filled = asyncio.create_task(
            rest.sandbox.submit_modal("Member", opened, {"Why": "because"})
        )
        event = await line.event("INTERACTION_CREATE")
        assert (event["type"], event["message"]["id"]) == (5, sent["id"])
        parts = event["data"]["components"]
        assert parts[0]["components"][0]["value"] == "because"
        assert parts[1]["component"]["value"] == ""
        assert (await reply(rest, event, 9, modal)).code == 50035
        done = await reply(rest, event, 7, {"content": "told", "components": []})
        assert done.body["resource"]["message"]["id"] == sent["id"]
        assert (await filled).content == "told"


@with_rest()
async def test_autocomplete_choices_are_checked(rest: Rest) -> None:
    number = {"type": 4, "name": "n", "description": "n", "autocomplete": True}
    async with online(rest) as line:
        await rest.put_commands({**PING, "options": [number]})
        task = asyncio.create_task(rest.sandbox.autocomplete("Member", "alerts", "ping", "n", "4"))
        event = await line.event("INTERACTION_CREATE")
        assert event["type"] == 4
        assert event["data"]["options"] == [{"name": "n", "type": 4, "value": "4", "focused": True}]
        many = [{"name": str(n), "value": n} for n in range(26)]
        for choices in (many, [{"name": "x", "value": "x"}], [{"name": "", "value": 1}]):
            assert (await reply(rest, event, 8, {"choices": choices})).code == 50035
        assert (await reply(rest, event, 4, {"content": "x"})).code == 50035
        await reply(rest, event, 8, {"choices": many[:2]})
        assert await task == many[:2]


@with_rest()
async def test_files_come_with_the_first_answer(rest: Rest) -> None:
    async with online(rest) as line:
        event, task = await begin(rest, line)
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", '{"type":4,"data":{"attachments":[{"id":0}]}}')
        form.add_field("files[0]", b"[]", filename="export.json")
        path = f"/interactions/{event['id']}/{event['token']}/callback"
        assert (await rest.ask("POST", path, data=form)).status == 204
        (file,) = (await task).attachments
        assert (file["filename"], file["size"]) == ("export.json", 2)


@with_rest()
async def test_commands_of_one_server_are_offered_there_alone(rest: Rest) -> None:
    quay = rest.sandbox.admin.add_guild("Quay")
    application = f"/applications/{rest.sandbox.world.application.id}"
    path = f"{application}/guilds/{quay.id}/commands"
    made = await rest.ask("PUT", path, [PING])
    assert made.body[0]["guild_id"] == quay.id
    async with online(rest) as line:
        task = asyncio.create_task(rest.sandbox.command("Admin", "Quay/alerts", "ping"))
        event = await line.event("INTERACTION_CREATE")
        assert event["data"]["guild_id"] == quay.id
        await reply(rest, event, 4, {"content": "here"})
        assert (await task).content == "here"
        with pytest.raises(Refused, match="no command"):
            await rest.sandbox.command("Admin", "Harbour/alerts", "ping")
    assert (await rest.ask("PUT", "/applications/1/commands", [PING])).code == 50001
    rest.sandbox.admin.remove_guild(quay)
    assert (await rest.ask("GET", path)).code == 50001


@with_rest()
async def test_a_command_keeps_its_id_while_it_keeps_its_name(rest: Rest) -> None:
    first = (await rest.put_commands(PING, {**PING, "name": "pong"})).body
    again = (await rest.put_commands({**PING, "description": "Other"})).body
    assert again[0]["id"] == first[0]["id"]
    assert {"id", "application_id", "name", "description", "version"} <= again[0].keys()


@with_rest()
async def test_commands_are_shown_with_their_languages_when_asked(rest: Rest) -> None:
    path = f"/applications/{rest.sandbox.world.application.id}/commands"
    await rest.put_commands({**PING, "name_localizations": {"fr": "sonner"}})
    assert "name_localizations" not in (await rest.ask("GET", path)).body[0]
    full = (await rest.ask("GET", f"{path}?with_localizations=true")).body[0]
    assert full["name_localizations"] == {"fr": "sonner"}


@with_rest()
async def test_a_list_of_commands_has_100_of_valid_and_different_names(rest: Rest) -> None:
    twice = await rest.put_commands(PING, PING)
    assert twice.complaints(1, "name") == ["APPLICATION_COMMANDS_DUPLICATE_NAME"]
    bad = await rest.put_commands({**PING, "name": "Ping"})
    assert bad.complaints(0, "name") == ["APPLICATION_COMMAND_INVALID_NAME"]
    many = [{**PING, "name": f"c{n}"} for n in range(101)]
    assert (await rest.put_commands(*many)).code == 30032
    assert (await rest.put_commands(*many[:100])).status == 200


@with_rest()
async def test_a_day_has_200_new_commands(rest: Rest) -> None:
    for letter in "ab":
        await rest.put_commands(*({**PING, "name": f"{letter}{n}"} for n in range(100)))
    assert (await rest.put_commands(PING)).code == 30034
    rest.sandbox.clock.advance(86_401)
    assert (await rest.put_commands(PING)).status == 200


@with_rest()
async def test_commands_show_only_to_those_with_the_rights(rest: Rest) -> None:
    await rest.put_commands(
        {**PING, "default_member_permissions": 1 << 13},
        {**PING, "name": "owner", "default_member_permissions": 0},
        {**PING, "name": "private", "contexts": [1]},
    )
    sandbox = rest.sandbox
    sandbox.settings.first_answer_s = 0.01
    with pytest.raises(Refused, match="may not use /ping"):
        await sandbox.command("Member", "alerts", "ping")
    assert (await sandbox.command("Moderator", "alerts", "ping")).status == "failed"
    with pytest.raises(Refused, match="may not use /owner"):
        await sandbox.command("Moderator", "alerts", "owner")
    assert (await sandbox.command("Admin", "alerts", "owner")).status == "failed"
    with pytest.raises(Refused, match="not offered here"):
        await sandbox.command("Admin", "alerts", "private")
    helper = sandbox.admin.add_user("Helper", "Harbour", "MANAGE_MESSAGES")
    assert (await sandbox.command(helper, "alerts", "ping")).status == "failed"


@with_rest()
async def test_a_server_gives_commands_to_others_and_keeps_them(rest: Rest) -> None:
    """Server Settings → Integrations: a command comes before all of them, a person before roles."""
    await rest.put_commands(
        {**PING, "default_member_permissions": 1 << 5}, {**PING, "name": "open"}
    )
    sandbox = rest.sandbox
    sandbox.settings.first_answer_s = 0.01

    async def may(user: str, name: str = "ping", where: str = "alerts") -> bool:
        try:
            await sandbox.command(user, where, name)
        except Refused:
            return False
        return True

    def permit(command: str | None, target: str, allow: bool | None) -> None:
        sandbox.admin.set_command_permission("Harbour", command, target, allow=allow)

    assert not await may("Moderator")
    permit(None, "Moderators", True)
    assert not await may("Moderator"), "for the whole application the command's right stays"
    permit("ping", "Moderators", True)
    assert await may("Moderator")
    assert not await may("Member")
    permit("ping", "Moderator", False)
    assert not await may("Moderator"), "a person comes before their roles"
    permit("ping", "Moderator", None)
    permit("ping", "general", False)
    assert not await may("Moderator", where="general")
    assert await may("Moderator")
    permit("ping", "all channels", False)
    assert not await may("Moderator")
    assert await may("Admin"), "administrators always may"
    permit("ping", "alerts", True)
    assert await may("Moderator"), "a channel comes before all of them"
    assert await may("Member", "open")
    permit(None, "everyone", False)
    assert not await may("Member", "open")
    assert await may("Moderator", "open"), "its role is allowed for the whole application"
    permit("open", "everyone", True)
    assert await may("Member", "open")


@with_rest()
async def test_a_dm_takes_commands_made_for_it(rest: Rest) -> None:
    member = rest.sandbox.world.user("Member").id
    opened = await rest.ask("POST", "/users/@me/channels", {"recipient_id": member})
    channel = opened.body["id"]
    anywhere = {**PING, "contexts": None}
    await rest.put_commands(anywhere, {**anywhere, "name": "here", "dm_permission": False})
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
