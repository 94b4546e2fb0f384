"""Conditions about answers, typed in Discord: managers read what was seen instead."""

import json
import re
from pathlib import Path

from bot.services.transfer.files import export, read
from tests.cogs.bot_fixture import BotFixture, run_with_bot
from tests.engine.sites import answer, serve

HEALTH = answer(b'{"status": "@everyone **down**", "count": 3}', "Content-Type: application/json")
CONDITIONS = {
    "json": "status == 'ok' || count == `3`",
    "header_is": "Content-Type: application/* | Content-Length: 44",
    "body": '{"ask": 1}',
    "contains": "status && count",
}


def test_a_condition_that_does_not_hold_says_what_was_seen(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with serve(HEALTH) as site:
            added = await fixture.run("watch add", url=site.url(), name="Api", json="status")
            assert 'JSON condition not met · seen: "\\@everyone \\*\\*down\\*\\*"' in added.content
            edited = await fixture.run("watch edit", monitor="Api", json="count > `2`")
            assert "First check: OK" in edited.content
            edited = await fixture.run("watch edit", monitor="Api", json="-", header_is="X-A: b")
            assert "response header not as expected · seen: no X-A" in edited.content
            tested = await fixture.run("watch test", monitor="Api")
            assert "seen: no X-A" in tested.text
            card = await fixture.run("status", monitor="Api")
            assert "JSON condition not met · seen: " in card.text
            public = await fixture.run("status", monitor="Api", who="Member")
            assert "JSON condition not met" in public.text
            assert "seen" not in public.text

    run_with_bot(tmp_path, scenario)


def test_an_expression_that_does_not_compile_is_refused_with_its_place(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        refused = await fixture.run("watch add", url="https://a.example", json="status = 'ok'")
        assert "At character 8 it does not fit: = 'ok'" in refused.content
        french = await fixture.run(
            "watch add", url="https://a.example", json="nothing(status)", locale="fr"
        )
        assert "Au caractère 1" in french.content
        refused = await fixture.run("watch add", url="tcp://127.0.0.1:9", json="a")
        assert "have a page to request" in refused.content

    run_with_bot(tmp_path, scenario)


def test_conditions_travel_by_export_and_import(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with serve(HEALTH) as site:
            added = await fixture.run("watch add", url=site.url(), name="Api", **CONDITIONS)
            assert "First check: OK" in added.content
            (monitor,) = fixture.app.monitors.of_guild(fixture.guild_id)
            assert monitor.target.header_is == (
                ("Content-Type", "application/*"),
                ("Content-Length", "44"),
            )
            file = export([monitor])
            (found,) = json.loads(file)["monitors"]
            assert {name: found[name] for name in CONDITIONS} == CONDITIONS | {
                "header_is": {"Content-Type": "application/*", "Content-Length": "44"}
            }
            (item,) = read(file).items
            assert item.error is None
            assert item.typed["header_is"] == monitor.target.header_is
            assert item.typed["json"] == monitor.target.json

    run_with_bot(tmp_path, scenario)


def test_details_say_to_managers_alone_what_is_seen_instead(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with serve(HEALTH) as site:
            await fixture.set_channel("alerts")
            await fixture.run("watch add", url=site.url(), name="Api", every=1, json="count==`3`")
            await fixture.run("watch edit", monitor="Api", json="status")
            post = await fixture.sandbox.wait_for_message("alerts", "Api")
            details = await fixture.sandbox.press("Admin", post, "Details")
            (embed,) = (details.message or {})["embeds"]
            (field,) = [one for one in embed["fields"] if one["name"] == "Seen instead"]
            assert re.fullmatch(r'<t:\d+:T> · `"@everyone \*\*down\*\*"`', field["value"])
            public = await fixture.sandbox.press("Member", post, "Details")
            assert "Latest checks" in public.text
            assert "Seen instead" not in public.text
            assert "everyone" not in str((public.message or {})["embeds"])

    run_with_bot(tmp_path, scenario)
