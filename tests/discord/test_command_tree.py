"""The commands as Discord knows them, and what happens when one fails."""

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.services.status import Status
from sandbox import Sandbox
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot, running_bot


def walk(command: Json) -> Iterator[Json]:
    """A command, its sub-commands, options and choices."""
    yield command
    for part in [*command.get("options", ()), *command.get("choices", ())]:
        yield from walk(part)


def test_everything_registered_is_for_servers_and_has_french_names(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        body: Any = fixture.sandbox.record.of("PUT", "/commands")[0].body
        assert {command["name"] for command in body} >= {"watch", "alerts", "status"}
        for command in body:
            assert command["contexts"] == [0]
            assert command["integration_types"] == [0]
            assert command["dm_permission"] is False
            for part in walk(command):
                assert part["name_localizations"]["fr"], part["name"]
                if "description" in part:
                    assert part["description_localizations"]["fr"], part["name"]
        watch = next(command for command in body if command["name"] == "watch")
        add = next(one for one in watch["options"] if one["name"] == "add")
        assert [option["name"] for option in add["options"]][:8] == [
            "url",
            "name",
            "every",
            "channel",
            "role",
            "expect_status",
            "contains",
            "slow_ms",
        ]
        assert {o["name"] for o in add["options"][8:]} == {
            "not_contains",
            "method",
            "headers",
            "timeout",
            "tags",
            "depends_on",
            "players",
            "public",
            "quiet",
            "body",
            "json",
            "header_is",
            "link",
            "note",
        }
        assert [o["name"] for o in add["options"] if o.get("required")] == ["url"]
        every = add["options"][2]
        assert (every["type"], every["min_value"]) == (4, 7)
        assert watch["default_member_permissions"] == 1 << 5

    run_with_bot(tmp_path, scenario, min_interval_s=7)


def test_commands_are_registered_again_only_when_they_differ(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            for _ in range(2):
                async with running_bot(tmp_path, sandbox=sandbox):
                    pass
            assert len(sandbox.record.of("PUT", "/commands")) == 1
            async with running_bot(tmp_path, sandbox=sandbox, min_interval_s=5):
                await asyncio.sleep(0.1)
            assert len(sandbox.record.of("PUT", "/commands")) == 2

    asyncio.run(scenario())


def test_commands_that_somebody_else_replaced_are_put_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox):
                pass
            core: Any = sandbox._core
            core.registry.put(None, [])
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                assert (await fixture.run("status")).ephemeral

    asyncio.run(scenario())


def test_a_failed_registration_is_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            sandbox.faults.add("503", method="PUT", path="/commands$", times=1)
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await sandbox.wait_for(lambda: sandbox.commands)
                assert (await fixture.run("status")).ephemeral

    asyncio.run(scenario())


def test_our_own_failure_is_answered_with_a_code_that_the_log_knows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Status, guild_id: int) -> None:
        raise KeyError("a bug")

    async def scenario(fixture: BotFixture) -> None:
        monkeypatch.setattr(Status, "overview", broken)
        with caplog.at_level(logging.ERROR, "bot.discord.command_tree"):
            answer = await fixture.run("status")
        assert answer.ephemeral
        found = re.search(r"give the bot's operator this code: ([0-9A-F]{6})$", answer.content)
        assert found is not None
        assert f"{found[1]}: /status failed" in caplog.text
        assert await fixture.sandbox.autocomplete("Admin", "general", "status", "monitor") == []

    run_with_bot(tmp_path, scenario)


def test_an_interaction_that_expired_is_no_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.settings.first_answer_s = 0.0
        answer = await fixture.run("status")
        assert answer.status == "failed"
        await asyncio.sleep(0.1)
        assert not [r for r in caplog.records if r.levelno >= logging.ERROR]

    run_with_bot(tmp_path, scenario)


def test_servers_outside_the_list_are_reported_once_and_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            wanted = int(sandbox.world.guild("Harbour").id)
            async with running_bot(
                tmp_path, sandbox=sandbox, guilds=frozenset({wanted})
            ) as fixture:
                other = sandbox.admin.add_guild("Elsewhere", channels=("lounge",), announce=False)
                other.system_channel_id = sandbox.channel("lounge").id
                sandbox.admin.readd_guild(other)
                await sandbox.wait_for(lambda: not other.present)
                (reported,) = sandbox.texts("lounge")
                assert reported.startswith("I do not serve this server.")
                assert (await fixture.run("status")).ephemeral
                assert int(other.id) not in {s.id for s in fixture.app.guilds.known()}

    asyncio.run(scenario())
