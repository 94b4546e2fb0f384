"""Messages over REST: what is taken, what is refused, and what is stored."""

import io

import aiohttp
import pytest

from sandbox.world.world import ChannelType
from tests.sandbox.raw import Rest, with_rest

EMBED = {"type": "rich", "flags": 0, "title": "t", "description": "d"}


@with_rest()
async def test_a_message_is_stored_as_discord_shows_it(rest: Rest) -> None:
    sent = await rest.send({"content": "  hello ", "embeds": [EMBED], "tts": False})
    assert sent.status == 200
    assert sent.headers["Content-Type"] == "application/json"
    message = sent.body
    assert message["content"] == "hello"
    assert message["embeds"] == [{"type": "rich", "title": "t", "description": "d"}]
    assert 18 <= len(message["id"]) <= 19
    assert message["author"]["id"] == rest.sandbox.world.bot.id
    absent = {"thread", "poll", "interaction", "message_reference", "reactions", "guild_id"}
    assert not absent & message.keys()
    read = await rest.ask("GET", f"{rest.path()}/{message['id']}")
    assert read.body == message


@with_rest()
async def test_a_wrong_token_and_an_unknown_route_are_reported_loudly(rest: Rest) -> None:
    right, rest.token = rest.token, "Bot wrong"
    refused = await rest.ask("GET", "/users/@me")
    assert (refused.status, refused.body["message"]) == (401, "401: Unauthorized")
    rest.token = right
    lost = await rest.ask("PUT", "/channels/1/nonsense", {})
    assert lost.status == 404
    assert lost.code == 0
    assert "PUT /api/v10/channels/1/nonsense" in lost.body["message"]
    assert rest.sandbox.record.unknown_routes == ["PUT /channels/1/nonsense"]


@with_rest()
async def test_empty_and_overlong_messages_are_refused(rest: Rest) -> None:
    empty: tuple[object, ...] = ({}, {"content": "   "}, {"embeds": []}, {"components": []})
    for nothing in empty:
        assert (await rest.send(nothing)).code == 50006
    long = await rest.send({"content": "x" * 2001})
    assert (long.status, long.code) == (400, 50035)
    assert long.complaints("content") == ["BASE_TYPE_MAX_LENGTH"]
    assert (await rest.send({"content": "x" * 2000})).status == 200
    broken = await rest.ask(
        "POST", rest.path(), data=b"{", headers={"Content-Type": "application/json"}
    )
    assert broken.code == 50109
    nested = await rest.send({"embeds": [EMBED, {**EMBED, "title": "x" * 257}]})
    assert nested.complaints("embeds", 1, "title") == ["BASE_TYPE_MAX_LENGTH"]


@with_rest()
async def test_an_enforced_nonce_returns_the_existing_message(rest: Rest) -> None:
    body = {"content": "once", "nonce": "row-1", "enforce_nonce": True}
    first, again = await rest.send(body), await rest.send({**body, "content": "other"})
    assert first.body["id"] == again.body["id"]
    assert again.body["nonce"] == "row-1"
    other = await rest.send(body, "general")
    assert other.body["id"] == first.body["id"], "the scope is the author, not the channel"
    assert rest.sandbox.texts("alerts") == ["once"]
    assert (await rest.send({"content": "x", "nonce": "n" * 26})).code == 50035
    plain = await rest.send({"content": "twice", "nonce": "row-1"})
    assert plain.body["id"] != first.body["id"]


@with_rest()
async def test_a_nonce_is_forgotten_after_the_window_and_remembers_deleted_messages(
    rest: Rest,
) -> None:
    body = {"content": "once", "nonce": 7, "enforce_nonce": True}
    first = await rest.send(body)
    rest.sandbox.admin.delete_message(first.body["id"])
    again = await rest.send(body)
    assert (again.status, again.code) == (404, 10008)
    rest.sandbox.clock.advance(301)
    assert (await rest.send(body)).status == 200


@with_rest()
async def test_allowed_mentions_are_checked(rest: Rest) -> None:
    async def codes(allowed: object, *path: str | int) -> list[str]:
        answer = await rest.send({"content": "x", "allowed_mentions": allowed})
        return answer.complaints("allowed_mentions", *path)

    assert await codes({"parse": ["people"]}, "parse", 0) == ["BASE_TYPE_CHOICES"]
    clash = {"parse": ["users"], "users": ["1"]}
    assert await codes(clash) == ["MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"]
    assert await codes({"roles": [str(n) for n in range(101)]}, "roles")
    nothing = {"parse": None, "users": None}
    taken = await rest.send({"content": "@everyone", "allowed_mentions": nothing})
    assert (taken.status, taken.body["mention_everyone"]) == (200, False)


@with_rest()
async def test_mentions_are_what_was_allowed_and_written(rest: Rest) -> None:
    guild = rest.sandbox.world.guild("Harbour")
    on_call = rest.sandbox.world.role(guild, "On call").id
    closed = rest.sandbox.world.role(guild, "Moderators").id
    member = rest.sandbox.world.user("Member").id
    text = f"<@&{on_call}> <@&{closed}> <@{member}> @everyone `<@&{on_call}>`"

    async def pinged(allowed: object, content: str = text) -> tuple[list[str], list[str], bool]:
        body = {"content": content, "allowed_mentions": allowed}
        message = (await rest.send(body)).body
        users = [user["id"] for user in message["mentions"]]
        return message["mention_roles"], users, message["mention_everyone"]

    assert await pinged({"parse": []}) == ([], [], False)
    assert await pinged({"parse": ["roles", "users", "everyone"]}) == (
        [on_call],
        [member],
        False,
    )
    assert await pinged({"roles": [on_call]}) == ([on_call], [], False)
    assert await pinged({"roles": [on_call]}, "nobody named") == ([], [], False)
    assert await pinged({"roles": [on_call]}, f"`<@&{on_call}>`") == ([], [], False)
    rest.sandbox.admin.set_permissions("alerts", allow="MENTION_EVERYONE")
    assert await pinged(None) == ([on_call, closed], [member], True)


@with_rest()
async def test_the_rights_of_the_channel_are_kept(rest: Rest) -> None:
    admin = rest.sandbox.admin

    async def denied(right: str, body: object) -> int:
        admin.set_permissions("alerts", deny=right)
        answer = await rest.send(body)
        admin.set_permissions("alerts")
        return answer.code

    words = {"content": "x"}
    answered = (await rest.send(words)).body["id"]
    assert await denied("VIEW_CHANNEL", words) == 50001
    assert await denied("SEND_MESSAGES", words) == 50013
    assert await denied("EMBED_LINKS", {"embeds": [EMBED]}) == 50013
    reply = {**words, "message_reference": {"message_id": answered}}
    assert await denied("READ_MESSAGE_HISTORY", reply) == 160002
    admin.time_out_bot("Harbour", 60)
    assert (await rest.send(words)).code == 50013
    rest.sandbox.clock.advance(61)
    assert (await rest.send(words)).status == 200
    assert (await rest.ask("POST", "/channels/123/messages", words)).code == 10003
    admin.remove_guild("Harbour")
    assert (await rest.send(words)).code == 50001


@with_rest()
async def test_files_come_as_multipart_and_embeds_may_show_them(rest: Rest) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field(
        "payload_json",
        '{"content":"chart","embeds":[{"image":{"url":"attachment://a b.png"}}],'
        '"attachments":[{"id":0,"filename":"a_b.png","description":"alt"},'
        '{"id":1,"filename":"log.txt"}]}'.replace("a b.png", "a_b.png"),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4) + (320).to_bytes(4)
    kind = "application/octet-stream"
    form.add_field("files[0]", png, filename="x.png", content_type=kind)
    form.add_field("files[1]", b"a log", filename="log.txt", content_type=kind)
    message = (await rest.ask("POST", rest.path(), data=form)).body
    image = message["embeds"][0]["image"]
    assert (image["width"], image["height"], image["description"]) == (640, 320, "alt")
    assert [one["filename"] for one in message["attachments"]] == ["log.txt"]
    async with rest.session.get(image["url"]) as response:
        assert await response.read() == png
        assert response.headers["Content-Type"] == "image/png"
    rest.sandbox.admin.set_permissions("alerts", deny="ATTACH_FILES")
    again = aiohttp.FormData(quote_fields=False)
    again.add_field("files[0]", b"x", filename="x.txt")
    assert (await rest.ask("POST", rest.path(), data=again)).code == 50013


@with_rest()
async def test_only_own_messages_are_edited_and_foreign_ones_deleted_with_the_right(
    rest: Rest,
) -> None:
    own = (await rest.send({"content": "a"})).body["id"]
    foreign = rest.sandbox.say("Member", "alerts", "hi")["id"]
    edited = await rest.ask("PATCH", f"{rest.path()}/{own}", {"content": "b"})
    assert (edited.body["content"], edited.status) == ("b", 200)
    assert edited.body["edited_timestamp"]
    emptied = await rest.ask("PATCH", f"{rest.path()}/{own}", {"content": None})
    assert emptied.code == 50006
    assert (await rest.ask("PATCH", f"{rest.path()}/{foreign}", {"content": "c"})).code == 50005
    assert (await rest.ask("DELETE", f"{rest.path()}/{foreign}")).code == 50013
    rest.sandbox.admin.set_permissions("alerts", allow="MANAGE_MESSAGES")
    assert (await rest.ask("DELETE", f"{rest.path()}/{foreign}")).status == 204
    assert (await rest.ask("DELETE", f"{rest.path()}/{foreign}")).code == 10008
    stored = next(one for one in rest.sandbox.ever if one.id == own)
    assert [version["content"] for version in stored.versions] == ["a", "b"]
    assert not next(one for one in rest.sandbox.ever if one.id == foreign).alive


@with_rest()
async def test_history_is_read_in_pages(rest: Rest) -> None:
    ids = [(await rest.send({"content": str(n)})).body["id"] for n in range(6)]

    async def page(query: str) -> list[str]:
        answer = await rest.ask("GET", f"{rest.path()}?{query}")
        return [message["content"] for message in answer.body]

    assert await page("limit=3") == ["5", "4", "3"]
    assert await page(f"limit=2&after={ids[1]}") == ["3", "2"]
    assert await page(f"before={ids[2]}") == ["1", "0"]
    assert await page(f"limit=3&around={ids[3]}") == ["4", "3", "2"]
    assert (await rest.ask("GET", f"{rest.path()}?limit=101")).code == 50035
    rest.sandbox.admin.set_permissions("alerts", deny="READ_MESSAGE_HISTORY")
    assert await page("limit=3") == []


@with_rest()
async def test_replies_name_what_they_answer(rest: Rest) -> None:
    question = rest.sandbox.say("Member", "alerts", "hello?")["id"]
    reference = {"message_id": question}
    reply = (await rest.send({"content": "yes", "message_reference": reference})).body
    assert (reply["type"], reply["message_reference"]["message_id"]) == (19, question)
    assert reply["referenced_message"]["content"] == "hello?"
    assert [user["global_name"] for user in reply["mentions"]] == ["Member"]
    quiet = {"content": "y", "message_reference": reference, "allowed_mentions": {"parse": []}}
    assert (await rest.send(quiet)).body["mentions"] == []
    rest.sandbox.admin.delete_message(question)
    gone = await rest.send({"content": "x", "message_reference": reference})
    assert gone.complaints("message_reference") == ["REPLIES_UNKNOWN_MESSAGE"]
    lenient = {**reference, "fail_if_not_exists": False}
    kept = await rest.send({"content": "x", "message_reference": lenient})
    assert (kept.status, kept.body["type"]) == (200, 0)
    read = await rest.ask("GET", f"{rest.path()}/{reply['id']}")
    assert read.body["referenced_message"] is None


@with_rest()
async def test_flags_keep_what_a_channel_message_may_carry(rest: Rest) -> None:
    sent = (await rest.send({"content": "quiet", "flags": 4096 | 64 | 128})).body
    assert sent["flags"] == 4096
    text = [{"type": 10, "content": "layout"}]
    made = (await rest.send({"components": text, "flags": 32768})).body
    assert made["flags"] == 32768
    assert made["components"] == [{"type": 10, "content": "layout", "id": 1}]
    path = f"{rest.path()}/{made['id']}"
    clash = await rest.ask("PATCH", path, {"content": "words"})
    assert "LEGACY_FIELDS" in clash.complaints("content")[0]
    kept = await rest.ask("PATCH", path, {"components": text, "flags": 0})
    assert kept.body["flags"] == 32768, "the flag is never unset"


@with_rest()
async def test_direct_messages_reach_people_who_take_them(rest: Rest) -> None:
    member = rest.sandbox.world.user("Member")
    opened = await rest.ask("POST", "/users/@me/channels", {"recipient_id": member.id})
    again = await rest.ask("POST", "/users/@me/channels", {"recipient_id": member.id})
    assert opened.body["id"] == again.body["id"]
    path = f"/channels/{opened.body['id']}/messages"
    assert (await rest.ask("POST", path, {"content": "psst"})).status == 200
    assert [message["content"] for message in rest.sandbox.dm("Member")] == ["psst"]
    rest.sandbox.admin.close_dms("Member")
    assert (await rest.ask("POST", path, {"content": "psst"})).code == 50007
    stranger = await rest.ask("POST", "/users/@me/channels", {"recipient_id": "1"})
    assert stranger.code == 50007


@with_rest()
async def test_without_the_right_to_embed_an_embed_is_dropped_and_the_text_stays(
    rest: Rest,
) -> None:
    rest.sandbox.admin.set_permissions("alerts", deny="EMBED_LINKS")
    sent = await rest.send({"content": "x", "embeds": [EMBED]})
    assert (sent.status, sent.body["embeds"], sent.body["content"]) == (200, [], "x")


@with_rest()
async def test_nothing_can_be_posted_to_a_forum(rest: Rest) -> None:
    for kind in (ChannelType.FORUM, ChannelType.MEDIA, ChannelType.CATEGORY):
        made = rest.sandbox.admin.add_channel("Harbour", f"kind-{kind}", kind)
        answer = await rest.ask("POST", f"/channels/{made.id}/messages", {"content": "x"})
        assert (answer.status, answer.code) == (400, 50008)


@with_rest()
async def test_an_edit_to_components_v2_takes_the_text_away_itself(rest: Rest) -> None:
    path = f"{rest.path()}/{(await rest.send({'content': 'x'})).body['id']}"
    body = {"flags": 1 << 15, "components": [{"type": 10, "content": "board"}]}
    refused = await rest.ask("PATCH", path, body)
    assert refused.code == 50035
    assert (await rest.ask("PATCH", path, {**body, "content": None})).status == 200


@with_rest()
async def test_an_empty_footer_is_taken(rest: Rest) -> None:
    assert (await rest.send({"embeds": [{**EMBED, "footer": {"text": ""}}]})).status == 200


@with_rest()
async def test_an_archived_thread_wakes_for_a_message_and_a_locked_one_does_not(rest: Rest) -> None:
    admin = rest.sandbox.admin
    thread = admin.add_thread("alerts", "what happened")
    path = f"/channels/{thread.id}/messages"
    note = (await rest.ask("POST", path, {"content": "note"})).body["id"]
    admin.set_thread(thread, archived=True)
    assert (await rest.ask("PATCH", f"{path}/{note}", {"content": "x"})).code == 50083
    assert (await rest.ask("POST", path, {"content": "wakes it"})).status == 200
    assert thread.thread is not None
    assert not thread.thread.archived
    admin.set_thread(thread, archived=True, locked=True)
    refused = await rest.ask("POST", path, {"content": "no"})
    assert (refused.status, refused.code) == (403, 50083)
    admin.set_bot_permissions("Harbour", ["MANAGE_THREADS"])
    assert (await rest.ask("POST", path, {"content": "its keeper may"})).status == 200


@with_rest()
async def test_a_thread_has_a_right_to_send_of_its_own(rest: Rest) -> None:
    admin = rest.sandbox.admin
    path = f"/channels/{admin.add_thread('alerts', 'talk').id}/messages"
    admin.set_permissions("alerts", deny="SEND_MESSAGES")
    assert (await rest.ask("POST", path, {"content": "own right"})).status == 200
    admin.set_permissions("alerts", deny="SEND_MESSAGES_IN_THREADS")
    assert (await rest.ask("POST", path, {"content": "no"})).code == 50013


@with_rest()
async def test_a_pin_needs_its_own_right(rest: Rest) -> None:
    path = f"{rest.path()}/pins/{(await rest.send({'content': 'keep'})).body['id']}"
    assert (await rest.ask("PUT", path)).code == 50013
    rest.sandbox.admin.set_permissions("alerts", allow="PIN_MESSAGES")
    assert (await rest.ask("PUT", path)).status == 204
    assert rest.sandbox.messages("alerts")[0]["pinned"]


@with_rest()
async def test_a_server_is_read_and_left(rest: Rest) -> None:
    path = f"/guilds/{rest.sandbox.world.guild('Harbour').id}"
    assert (await rest.ask("GET", path)).body["name"] == "Harbour"
    assert (await rest.ask("DELETE", f"/users/@me{path}")).status == 204
    assert (await rest.ask("GET", path)).code == 10004


@with_rest()
async def test_the_account_is_read_and_the_gateway_is_named_to_everybody(rest: Rest) -> None:
    me = (await rest.ask("GET", "/users/@me")).body
    assert {"id", "username", "discriminator", "avatar"} <= me.keys()
    application = (await rest.ask("GET", "/oauth2/applications/@me")).body
    wanted = {"bot_public", "bot_require_code_grant", "owner", "verify_key", "flags"}
    assert wanted <= application.keys()
    rest.token = ""
    assert (await rest.ask("GET", "/gateway")).body["url"] == rest.sandbox.gateway.url
    assert (await rest.ask("GET", "/gateway/bot")).status == 401


@with_rest()
async def test_requests_of_the_wrong_kind_and_size_are_refused(rest: Rest) -> None:
    text = {"Content-Type": "text/plain"}
    assert (await rest.ask("POST", rest.path(), data=b"x", headers=text)).status == 400
    assert (await rest.send(["no object"])).code == 50109
    huge = {"Content-Type": "application/json"}
    answer = await rest.ask(
        "POST", rest.path(), data=io.BytesIO(bytes(25 * 2**20 + 1)), headers=huge
    )
    assert (answer.status, answer.code) == (413, 40005)


@with_rest()
async def test_a_channel_can_be_read_alone_also_a_thread_that_sleeps(rest: Rest) -> None:
    admin = rest.sandbox.admin
    thread = admin.add_thread("alerts", "what happened")
    admin.set_thread(thread, archived=True)
    found = (await rest.ask("GET", f"/channels/{thread.id}")).body
    assert found["thread_metadata"]["archived"] is True
    assert found["parent_id"] == rest.sandbox.channel("alerts").id
    admin.set_permissions("alerts", deny="VIEW_CHANNEL")
    assert (await rest.ask("GET", f"/channels/{thread.id}")).code == 50001
    assert (await rest.ask("GET", "/channels/1")).code == 10003


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (ChannelType.VOICE, True),
        (ChannelType.STAGE, True),
        (ChannelType.ANNOUNCEMENT, True),
        (ChannelType.CATEGORY, False),
        (ChannelType.FORUM, False),
        (ChannelType.MEDIA, False),
    ],
)
def test_only_channels_with_a_text_of_their_own_take_messages(
    kind: ChannelType, *, taken: bool
) -> None:
    async def scenario(rest: Rest) -> None:
        made = rest.sandbox.admin.add_channel("Harbour", "other", kind)
        answer = await rest.ask("POST", f"/channels/{made.id}/messages", {"content": "x"})
        assert answer.status == 200 if taken else answer.code == 50008

    with_rest()(scenario)()
