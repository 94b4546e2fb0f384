"""``/watch test``, ``import`` and ``export``: one probe, and lists of monitors as files."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from aiohttp import web

from bot.errors import UserError
from bot.models import Monitor
from cogs._ui.watch_files import read_at_most
from sandbox import Answer, Refused, Upload
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until


def shops(fixture: BotFixture) -> dict[str, Monitor]:
    return {one.name: one for one in fixture.app.monitors.of_guild(fixture.guild_id)}


def attached(fixture: BotFixture, answer: Answer) -> str:
    (found,) = answer.attachments
    return fixture.sandbox._core.attachments.files[found["id"]].data.decode()


async def take(
    fixture: BotFixture, name: str, text: str | bytes, *, who: str = "Admin", locale: str = "en-US"
) -> Answer:
    data = text.encode() if isinstance(text, str) else text
    return await fixture.sandbox.command(
        who, "general", "watch import", {"file": Upload(name, data)}, locale=locale
    )


def test_one_probe_shows_what_it_saw_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=f"{fixture.site.url}/x", name="Shop")
        entry = fixture.app.watchlist.get(fixture.guild_id, shops(fixture)["Shop"].id)
        fixture.site.status = 503
        before = (entry.latest, entry.judge_state, entry.incident)
        answer = await fixture.run("watch test", monitor="Shop")
        assert answer.ephemeral
        assert answer.embeds[0]["title"] == "✖ Shop · HTTP 503 (Service Unavailable)"
        assert "It changes nothing and is not stored." in answer.text
        assert f"GET `{fixture.site.url}/x`" in answer.text
        assert "First byte" in answer.text
        assert (entry.latest, entry.judge_state, entry.incident) == before
        french = await fixture.run("watch test", monitor="Shop", locale="fr")
        assert "Premier octet" in french.text

    run_with_bot(tmp_path, scenario)


def test_an_export_is_read_back_without_loss_but_for_the_secrets(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run(
            "watch add",
            url=f"{fixture.site.url}/a?key=1",
            name="Shop “é” | `x`",
            every=90,
            channel=str(fixture.channel_id("general")),
            role=fixture.role_id("On call"),
            expect_status="2xx, 404",
            contains="hello",
            not_contains="goodbye",
            slow_ms=500,
            headers="Authorization: Bearer s3cret",
        )
        await fixture.run("watch add", url="tcp://127.0.0.1:22", name="Port")
        await fixture.run("watch pause", monitor="Port")
        answer = await fixture.run("watch export")
        assert answer.ephemeral
        assert answer.content.startswith("2 sites watched\nRequest headers are listed by name only")
        text = attached(fixture, answer)
        assert "s3cret" not in text
        assert len(json.loads(text)["monitors"]) == 2
        before = shops(fixture)
        for name in before:
            await fixture.remove(name)
        back = await take(fixture, "vigie-monitors.json", text)
        assert back.content == "2 of 2 sites are watched from now on."
        assert "the value of the header Authorization is not in the file" in back.text
        after = shops(fixture)
        for name, old in before.items():
            new = after[name]
            assert (new.target.url, new.interval_s, new.slow_ms, new.paused) == (
                old.target.url,
                old.interval_s,
                old.slow_ms,
                old.paused,
            )
            assert (new.channel_id, new.role_id) == (old.channel_id, old.role_id)
            assert new.target.expect_status == old.target.expect_status
            assert (new.target.contains, new.target.not_contains) == (
                old.target.contains,
                old.target.not_contains,
            )

    run_with_bot(tmp_path, scenario)


def test_csv_is_taken_and_every_line_is_reported(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        url = fixture.site.url
        text = f"name,url,every\nShop,{url}/a,90\nBlog,{url}/b,\nshop,{url}/c,60\n"
        text += "Inside,http://10.0.0.1/,60\n\u202eOdd,not a url,60\nFast,example.com,0\n"
        answer = await take(fixture, "sites.csv", text)
        assert answer.ephemeral
        assert answer.content == "3 of 6 sites are watched from now on."
        assert set(shops(fixture)) == {"Shop", "Blog", "Fast"}
        assert shops(fixture)["Shop"].interval_s == 90
        assert shops(fixture)["Fast"].target.url == "https://example.com/"
        lines = attached(fixture, answer).splitlines()
        assert len(lines) == 6
        assert lines[0].startswith("2 ✔ Shop · 127.0.0.1:"), "rows as a spreadsheet counts them"
        assert lines[3] == (
            "5 ✖ Inside · I can't watch private or local addresses. The bot's operator can allow a"
            " network with VIGIE_ALLOW_PRIVATE."
        )
        assert lines[4].startswith("6 ✖ Odd · ")
        assert lines[5].endswith("checked every 1 s: faster is not allowed here")
        assert "already watched here" in answer.text
        french = await take(fixture, "sites.csv", f"nom;{url}/z;60", locale="fr")
        assert french.content == "1 site sur 1 est surveillé désormais."

    run_with_bot(tmp_path, scenario)


def test_a_backup_of_uptime_kuma_is_taken(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        common = {"interval": 60, "active": 1, "accepted_statuscodes": ["200-299"]}
        listed = [
            {
                **common,
                "name": "Shop",
                "type": "http",
                "url": f"{fixture.site.url}/",
                "method": "GET",
            },
            {
                **common,
                "name": "Word",
                "type": "keyword",
                "url": f"{fixture.site.url}/k",
                "keyword": "hello",
                "active": 0,
                "headers": '{"X-Key": "one"}',
                "authMethod": "basic",
                "basic_auth_user": "me",
                "basic_auth_pass": "pw",
            },
            {**common, "name": "Port", "type": "port", "hostname": "127.0.0.1", "port": 22},
            {**common, "name": "Name", "type": "dns", "hostname": "example.com"},
            {**common, "name": "Ping", "type": "ping", "hostname": "127.0.0.1"},
            {**common, "name": "Box", "type": "docker", "hostname": "example.com"},
            {**common, "name": "Post", "type": "http", "url": "https://e.com", "method": "PUT"},
        ]
        backup = json.dumps({"version": "1.23.13", "monitorList": listed})
        answer = await take(fixture, "Uptime_Kuma_Backup.json", backup)
        assert answer.content == "5 of 7 sites are watched from now on."
        assert "cannot watch the kind “docker”" in answer.text
        assert "not PUT" in answer.text
        found = shops(fixture)
        assert found["Word"].paused
        assert found["Word"].target.contains == "hello"
        assert dict(found["Word"].target.headers)["Authorization"] == "Basic bWU6cHc="
        assert found["Shop"].target.expect_status == tuple(range(200, 300))
        assert found["Port"].target.url == "tcp://127.0.0.1:22"
        assert found["Name"].target.url.startswith("dns://example.com")

    run_with_bot(tmp_path, scenario)


def test_500_sites_are_taken_in_time_up_to_the_limit(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        rows = [f"Site {n},https://site{n}.example.com/,3600" for n in range(505)]
        began = time.process_time()
        answer = await take(fixture, "sites.csv", "name,url,every\n" + "\n".join(rows))
        # A busy machine shows how far it is before it is done.
        await until(lambda: "from now on" in fixture.sandbox.look(answer).content)
        answer = fixture.sandbox.look(answer)
        assert time.process_time() - began < 25
        assert answer.content == "500 of 505 sites are watched from now on."
        assert answer.text.count("already watches 500 of 500") == 5
        assert len(shops(fixture)) == 500
        exported = attached(fixture, await fixture.run("watch export"))
        assert len(json.loads(exported)["monitors"]) == 500

    run_with_bot(tmp_path, scenario, max_monitors=500)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfe\x00", "I cannot read this file."),
        (b"", "I cannot read this file."),
        (b"{not json", "I cannot read this file."),
        (b"[" * 100_000, "I cannot read this file."),
        (b'{"monitors": 3}', "I cannot read this file."),
        (b'{"monitors": []}', "There is no site in this file."),
        (b"hello there", "I cannot read this file."),
        (b"a" * ((1 << 20) + 1), "The file is too large: at most 1 MiB."),
    ],
)
def test_what_is_no_list_of_monitors_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await take(fixture, "file.json", text)
        assert answer.ephemeral
        assert answer.content.startswith(said)

    run_with_bot(tmp_path, scenario)


def test_odd_entries_cost_only_themselves(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        odd = [
            7,
            {},
            {"url": 7},
            {"url": "https://a.example.com", "every": "soon"},
            {"url": "https://a.example.com", "headers": {"X": 1}},
            {"url": "https://a.example.com", "headers": {"Host": "x"}},
            {"url": "https://a.example.com", "method": "PUT"},
            {"name": "@everyone **x**", "url": fixture.site.url, "channel": "123", "role": "456"},
        ]
        answer = await take(fixture, "x.json", json.dumps({"monitors": odd}))
        assert answer.content == "1 of 8 sites are watched from now on."
        assert "its channel is not on this server" in answer.text
        assert "its role is not on this server" in answer.text
        assert "\\*\\*x\\*\\*" in answer.text
        assert shops(fixture)["@everyone **x**"].channel_id is None

    run_with_bot(tmp_path, scenario)


def test_only_managers_carry_lists_about(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        with pytest.raises(Refused):
            await fixture.run("watch export", who="Moderator")
        with pytest.raises(Refused):
            await take(fixture, "x.csv", f"a,{fixture.site.url},60", who="Moderator")
        assert shops(fixture) == {}
        fixture.give("watch", "Moderators")
        await take(fixture, "x.csv", f"a,{fixture.site.url},60", who="Moderator")
        assert set(shops(fixture)) == {"a"}

    run_with_bot(tmp_path, scenario)


def test_a_preview_shows_everything_and_adds_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        url = fixture.site.url
        text = f"name,url,every\nShop,{url}/a,90\nFast,{url}/b,0\nIn,10.0.0.1,\n"
        file = Upload("sites.csv", text.encode())
        answer = await fixture.sandbox.command(
            "Admin", "general", "watch import", {"file": file, "preview": True}
        )
        assert answer.content == "Preview, nothing was added: 2 of 3 sites would be watched."
        shown = answer.embeds[0]["description"]
        assert shown.startswith("2 new · 1 not imported\n**Not imported: 1**\n4 ✖ In · ")
        assert "**With a remark: 1**\n3 ✔ Fast" in shown
        assert "**Imported: 1**\n2 ✔ Shop" in shown
        assert len(attached(fixture, answer).splitlines()) == 3
        assert shops(fixture) == {}

    run_with_bot(tmp_path, scenario)


def test_an_edited_export_changes_what_differs_and_says_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        secret = "Authorization: Bearer s3cret"
        await fixture.run("watch add", url=f"{fixture.site.url}/a", name="Shop", headers=secret)
        await fixture.run("watch add", url=f"{fixture.site.url}/b", name="Blog", contains="hello")
        await fixture.run("watch add", url=f"{fixture.site.url}/c", name="News")
        before = shops(fixture)
        export = attached(fixture, await fixture.run("watch export"))
        same = await take(fixture, "vigie-monitors.json", export)
        assert same.embeds[0]["description"].startswith("3 unchanged\n")
        assert shops(fixture) == before

        listed = json.loads(export)
        by_name = {one["name"]: one for one in listed["monitors"]}
        by_name["Shop"]["every"] = 120
        del by_name["Blog"]["contains"]
        by_name["Blog"]["paused"] = True
        by_name["Blog"]["url"] = f"{fixture.site.url}/moved"
        by_name["News"]["name"] = "Press"
        listed["monitors"].append({"url": f"{fixture.site.url}/a", "name": "Again"})
        answer = await take(fixture, "vigie-monitors.json", json.dumps(listed))
        assert answer.content == "4 of 4 sites are watched from now on."
        assert answer.embeds[0]["description"].startswith("1 new · 3 changed\n")
        lines = {line.split(" ")[2]: line for line in attached(fixture, answer).splitlines()}
        assert lines["Shop"].endswith("changed: Seconds between checks")
        assert lines["Blog"].endswith("changed: Address, Required text, Paused")
        assert lines["Press"].endswith("changed: Name")
        assert lines["Again"].endswith("the same address is already watched as “Shop”")
        after = shops(fixture)
        assert set(after) == {"Shop", "Blog", "Press", "Again"}
        assert after["Shop"].interval_s == 120
        assert dict(after["Shop"].target.headers) == {"Authorization": "Bearer s3cret"}
        assert (after["Blog"].paused, after["Blog"].target.contains) == (True, None)
        assert after["Blog"].target.url.endswith("/moved")
        assert after["Press"].id == before["News"].id

    run_with_bot(tmp_path, scenario)


def test_a_table_changes_only_what_it_speaks_of_at_the_same_address(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        url = fixture.site.url
        await fixture.run("watch add", url=f"{url}/a", name="Shop", contains="hello")
        answer = await take(fixture, "x.csv", f"name,url,every\nShop,{url}/a,90\nshop,{url}/b,60\n")
        assert "changed: Seconds between checks" in answer.text
        assert "3 ✖ shop · “Shop” is already watched here." in answer.text
        assert shops(fixture)["Shop"].interval_s == 90
        assert shops(fixture)["Shop"].target.contains == "hello"
        answer = await take(fixture, "x.csv", f"name,url\nShop,{url}/b\n")
        assert "“Shop” is already watched here, at another address." in answer.text
        answer = await take(fixture, "x.txt", f"{url}/a\n{url}/new\n{url}/newer\n")
        assert answer.embeds[0]["description"].startswith("2 new · 1 unchanged\n")
        by_hand = {"monitors": [{"name": "Shop", "url": f"{url}/b", "every": 120}]}
        answer = await take(fixture, "x.json", json.dumps(by_hand))
        assert "changed: Address, Seconds between checks" in answer.text
        assert shops(fixture)["Shop"].target.contains == "hello", (
            "only an export speaks of everything"
        )

    run_with_bot(tmp_path, scenario)


def test_a_site_under_a_second_name_is_hinted_at_and_names_are_as_people_write_them(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=f"{fixture.site.url}/a", name="Shop")
        answer = await fixture.run("watch add", url=f"{fixture.site.url}/a", name="Shop 2")
        assert "/a already, as Shop." in answer.text
        answer = await fixture.run("watch add", url=f"{fixture.site.url}/b", name="x" * 81)
        assert "Its name was cut to 80 characters." in answer.text
        answer = await fixture.run("watch edit", monitor="Shop 2", name="y" * 81)
        assert "Its name was cut to 80 characters." in answer.text
        await fixture.run("watch add", url="dns://éxample.fr")
        await fixture.run("watch add", url="https://éxample.fr")
        assert {"éxample.fr", "éxample.fr (https)"} < set(shops(fixture))

    run_with_bot(tmp_path, scenario)


def test_a_file_that_does_not_end_is_read_up_to_the_limit() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            sent += 65_536

    async def scenario() -> None:
        app = web.Application()
        app.router.add_get("/file", endless)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        with pytest.raises(UserError, match="too large"):
            await read_at_most(f"http://{host}:{port}/file", 1 << 20)
        await runner.cleanup()

    asyncio.run(scenario())
    assert sent < 1 << 24
