"""Messages over REST: what is taken, what is refused, and what is stored."""

import aiohttp

from tests.sandbox.raw import Rest, play

EMBED = {"type": "rich", "flags": 0, "title": "t", "description": "d"}


def test_a_message_is_stored_as_discord_shows_it() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_a_wrong_token_and_an_unknown_route_are_told_loudly() -> None:
    async def scenario(rest: Rest) -> None:
        right, rest.token = rest.token, "Bot wrong"
        refused = await rest.ask("GET", "/users/@me")
        assert (refused.status, refused.body["message"]) == (401, "401: Unauthorized")
        rest.token = right
        lost = await rest.ask("PUT", "/channels/1/nonsense", {})
        assert lost.status == 404
        assert lost.code == 0
        assert "PUT /api/v10/channels/1/nonsense" in lost.body["message"]
        assert rest.sandbox.record.unknown_routes == ["PUT /channels/1/nonsense"]

    play(scenario)


def test_empty_and_overlong_messages_are_refused() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_an_enforced_nonce_returns_the_existing_message() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_a_nonce_is_forgotten_after_the_window_and_remembers_deleted_messages() -> None:
    async def scenario(rest: Rest) -> None:
        body = {"content": "once", "nonce": 7, "enforce_nonce": True}
        first = await rest.send(body)
        rest.sandbox.admin.delete_message(first.body["id"])
        again = await rest.send(body)
        assert (again.status, again.code) == (404, 10008)
        rest.sandbox.clock.advance(301)
        assert (await rest.send(body)).status == 200

    play(scenario)


def test_allowed_mentions_are_checked() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_mentions_are_what_was_allowed_and_written() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_the_rights_of_the_channel_are_kept() -> None:
    async def scenario(rest: Rest) -> None:
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
        assert await denied("READ_MESSAGE_HISTORY", reply) == 50013
        admin.time_out_bot("Harbour", 60)
        assert (await rest.send(words)).code == 50013
        rest.sandbox.clock.advance(61)
        assert (await rest.send(words)).status == 200
        assert (await rest.ask("POST", "/channels/123/messages", words)).code == 10003
        admin.remove_guild("Harbour")
        assert (await rest.send(words)).code == 50001

    play(scenario)


def test_files_come_as_multipart_and_embeds_may_show_them() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_only_own_messages_are_edited_and_foreign_ones_deleted_with_the_right() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_history_is_read_in_pages() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_replies_name_what_they_answer() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_pins_need_their_own_right() -> None:
    async def scenario(rest: Rest) -> None:
        message_id = (await rest.send({"content": "keep"})).body["id"]
        path = f"{rest.path()}/pins"
        assert (await rest.ask("PUT", f"{path}/{message_id}")).code == 50013
        rest.sandbox.admin.set_permissions("alerts", allow="PIN_MESSAGES")
        assert (await rest.ask("PUT", f"{path}/{message_id}")).status == 204
        listed = await rest.ask("GET", path)
        assert [item["message"]["content"] for item in listed.body["items"]] == ["keep"]
        assert (await rest.ask("DELETE", f"{path}/{message_id}")).status == 204
        assert (await rest.ask("GET", path)).body["items"] == []

    play(scenario)


def test_flags_keep_what_a_channel_message_may_carry() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_direct_messages_reach_people_who_take_them() -> None:
    async def scenario(rest: Rest) -> None:
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

    play(scenario)


def test_threads_are_made_filled_archived_and_locked() -> None:
    async def scenario(rest: Rest) -> None:
        message_id = (await rest.send({"content": "incident"})).body["id"]
        path = f"{rest.path()}/{message_id}/threads"
        made = await rest.ask("POST", path, {"name": "what happened"})
        assert (made.status, made.body["id"], made.body["type"]) == (201, message_id, 11)
        assert (await rest.ask("POST", path, {"name": "again"})).code == 160004
        read = await rest.ask("GET", f"{rest.path()}/{message_id}")
        assert read.body["thread"]["name"] == "what happened"
        inside = f"/channels/{message_id}/messages"
        note = (await rest.ask("POST", inside, {"content": "note"})).body["id"]
        admin = rest.sandbox.admin
        admin.set_thread(message_id, archived=True)
        assert (await rest.ask("PATCH", f"{inside}/{note}", {"content": "x"})).code == 50083
        assert (await rest.ask("POST", inside, {"content": "wakes it"})).status == 200
        thread = rest.sandbox.channel(message_id).thread
        assert thread is not None
        assert not thread.archived
        admin.set_thread(message_id, archived=True, locked=True)
        assert (await rest.ask("POST", inside, {"content": "no"})).code == 160005
        admin.set_thread(message_id, locked=False)
        admin.set_permissions("alerts", deny="SEND_MESSAGES")
        assert (await rest.ask("POST", inside, {"content": "own right"})).status == 200
        admin.set_permissions("alerts", deny="SEND_MESSAGES_IN_THREADS")
        assert (await rest.ask("POST", inside, {"content": "no"})).code == 50013

    play(scenario)


def test_a_thread_without_a_message_is_made_and_changed() -> None:
    async def scenario(rest: Rest) -> None:
        channel = f"/channels/{rest.sandbox.channel('alerts').id}"
        made = await rest.ask("POST", f"{channel}/threads", {"name": "talk", "type": 11})
        thread = f"/channels/{made.body['id']}"
        assert (await rest.ask("POST", f"{channel}/threads", {"name": ""})).code == 50013
        bad = {"name": "", "type": 11, "auto_archive_duration": 5}
        refused = await rest.ask("POST", f"{channel}/threads", bad)
        assert refused.complaints("auto_archive_duration") == ["BASE_TYPE_CHOICES"]
        assert (await rest.ask("PATCH", thread, {"locked": True})).code == 50013
        archived = await rest.ask("PATCH", thread, {"archived": True})
        assert archived.body["thread_metadata"]["archived"]
        listed = await rest.ask("GET", f"{channel}/threads/archived/public")
        assert [one["name"] for one in listed.body["threads"]] == ["talk"]
        assert (await rest.ask("DELETE", thread)).code == 50013

    play(scenario)


def test_servers_are_read_as_far_as_the_bot_may() -> None:
    async def scenario(rest: Rest) -> None:
        guild = rest.sandbox.world.guild("Harbour")
        path = f"/guilds/{guild.id}"
        assert (await rest.ask("GET", path)).body["name"] == "Harbour"
        channels = (await rest.ask("GET", f"{path}/channels")).body
        assert [channel["name"] for channel in channels] == ["alerts", "general", "news"]
        roles = (await rest.ask("GET", f"{path}/roles")).body
        assert {role["name"] for role in roles} >= {"@everyone", "On call"}
        me = await rest.ask("GET", f"{path}/members/{rest.sandbox.world.bot.id}")
        assert me.body["user"]["bot"]
        assert (await rest.ask("GET", f"{path}/members/1")).code == 10013
        assert (await rest.ask("GET", f"{path}/members")).code == 50001
        assert (await rest.ask("GET", f"{path}/roles/1")).code == 10011
        assert (await rest.ask("DELETE", f"/users/@me{path}")).status == 204
        assert (await rest.ask("GET", path)).code == 10004

    play(scenario)
