"""Every option of a monitor, in commands, forms and files: all from one table."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.services.monitor_options import IN_COMMANDS, OPTIONS, SECTIONS, of_section
from bot.services.monitor_rules import MonitorIndex
from bot.services.transfer.files import export, read
from sandbox import Upload
from tests.cogs.bot_fixture import BotFixture, run_with_bot
from tests.cogs.test_watch_edit import BUTTONS, add, send, shop

TEXT, NUMBER, CHANNEL, ROLE = 3, 4, 7, 8
# Name, type, French name, least and most, choices: as people know them. New ones come behind.
REGISTERED: list[tuple[str, int, str, tuple[int, int] | None, list[str]]] = [
    ("url", TEXT, "adresse", None, []),
    ("name", TEXT, "nom", None, []),
    ("every", NUMBER, "intervalle", (1, 86_400), []),
    ("channel", CHANNEL, "salon", None, []),
    ("role", ROLE, "rôle", None, []),
    ("expect_status", TEXT, "statut_attendu", None, []),
    ("contains", TEXT, "contient", None, []),
    ("slow_ms", NUMBER, "lent_ms", (1, 60_000), []),
    ("not_contains", TEXT, "ne_contient_pas", None, []),
    ("method", TEXT, "méthode", None, ["GET", "HEAD", "POST"]),
    ("headers", TEXT, "en-têtes", None, []),
    ("timeout", NUMBER, "délai", (2, 30), []),
]


def seen(option: dict[str, Any]) -> tuple[str, int, str, tuple[int, int] | None, list[str]]:
    bounds = (option["min_value"], option["max_value"]) if "min_value" in option else None
    choices = [one["value"] for one in option.get("choices", [])]
    assert option["description"]
    assert option["description_localizations"]["fr"]
    return option["name"], option["type"], option["name_localizations"]["fr"], bounds, choices


def test_the_commands_have_a_parameter_for_each_option(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        watch = next(one for one in fixture.sandbox.commands if one["name"] == "watch")
        options = {one["name"]: one["options"] for one in watch["options"]}
        adding, (monitor, *editing) = options["add"], options["edit"]
        assert [seen(one) for one in adding][: len(REGISTERED)] == REGISTERED
        assert [one["name"] for one in adding] == [
            one.name for one in IN_COMMANDS if one.name not in {"places", "grace"}
        ], "which need other places, and /watch push"
        assert [one["name"] for one in adding if one["required"]] == ["url"]
        assert (monitor["name"], monitor["required"]) == ("monitor", True)
        assert monitor["autocomplete"]
        assert [one["name"] for one in editing] == [
            one.name for one in IN_COMMANDS if one.name != "places"
        ]
        assert not any(one["required"] for one in editing)
        slow = next(one for one in editing if one["name"] == "slow_ms")
        assert slow["min_value"] == 0, "0 takes it away"

    run_with_bot(tmp_path, scenario)


def test_a_form_takes_every_interval_and_names_all_errors_at_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        card = await fixture.run("watch edit", monitor="Shop")
        for typed, every_s in (("5m", 300), ("90 s", 90), ("2h", 7_200), ("1d", 86_400)):
            await send(fixture, card, BUTTONS[0], {"every": typed})
            assert shop(fixture).interval_s == every_s
        await send(fixture, card, BUTTONS[1], {"slow_ms": "2s"})
        assert shop(fixture).slow_ms == 2_000
        before = shop(fixture)
        refused = await send(
            fixture, card, BUTTONS[1], {"slow_ms": "fast", "expect_status": "nice", "headers": "x"}
        )
        assert refused.content.split("\n") == [
            "“expect_status” takes codes such as 200, 301 or 2xx.",
            "“fast” is not a whole number. Durations fit too: 5m, 2 min, 1h30.",
            "A header looks like “Name: value”; put “ | ” between two of them.",
        ]
        french = await fixture.run(
            "watch edit", monitor="Shop", locale="fr", slow_ms=5, url="tcp://127.0.0.1:99"
        )
        assert shop(fixture).slow_ms == 5, french.content
        french = await fixture.run("watch edit", monitor="Shop", locale="fr", method="HEAD")
        assert "méthode, en-têtes, json, en-tête_attendu et corps" in (french.content)
        assert shop(fixture).target.expect_status == before.target.expect_status

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("60,0", 60), ("5m", 300), ("5 min", 300), ("1500ms", None), ("2000 ms", 2)],
)
def test_lengths_of_time_are_whole(text: str, seconds: int | None) -> None:
    if seconds is None:
        with pytest.raises(UserError):
            OPTIONS["every"].read(text)
    else:
        assert OPTIONS["every"].read(text) == seconds


def test_every_option_comes_back_from_an_export(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        rules, guild_id = fixture.app.monitors.rules, fixture.guild_id
        typed: dict[str, Any] = {
            "url": "https://a.example/",
            "name": "Shop",
            "every": 77,
            "method": "HEAD",
            "timeout": 20,
            "places": "paris",
            "expect_status": "2xx, 404",
            "contains": "hello",
            "not_contains": "error",
            "slow_ms": 700,
            "headers": "X-Key: v",
            "channel": 2**60,
            "role": 55,
            "tags": "shop",
            "depends_on": "Router",
            "public": True,
            "quiet": True,
            "link": "https://runbook.example/",
            "note": "Call the host.",
            "json": "ready && !error",
            "header_is": "X-Cache: hit*",
            "body": "a=b",
        }
        router = replace(
            rules.new(guild_id, {"url": "https://r.example", "name": "Router"}, MonitorIndex(), 0),
            id=7,
        )
        full = replace(rules.new(guild_id, typed, MonitorIndex([router]), 0), id=8)
        unset = [one.name for one in OPTIONS.values() if one.of(full) == one.default]
        assert unset == ["grace", "players"], "which jobs and games alone have"
        (item, _) = read(export([full, router])).items
        assert item.typed["depends_on"] == "Router"
        there = rules.changed(full, item.typed, MonitorIndex([full, router]))
        assert there == full, "the value of a header stays where the file has none"
        (bare,) = read(
            json.dumps(
                {"vigie": 1, "monitors": [{"url": "https://a.example/", "name": "Shop"}]}
            ).encode()
        ).items
        plain = rules.changed(full, bare.typed, MonitorIndex([full]))
        assert plain.interval_s == 60
        assert all(
            one.of(plain) == one.default
            for one in OPTIONS.values()
            if one.name not in {"url", "name", "every"}
        ), "an export leaves out what has its default"

    run_with_bot(tmp_path, scenario)


def test_a_timeout_is_stored_shown_logged_and_exported(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture, timeout=20)
        card = await fixture.run("watch edit", monitor="Shop")
        assert card.message is not None
        fields = {one["name"]: one["value"] for one in card.message["embeds"][0]["fields"]}
        assert fields["Timeout (s)"] == "20 s"
        edited = await send(fixture, card, BUTTONS[0], {"timeout": "5s"})
        assert "Timeout (s): 20 → 5" in edited.text
        await fixture.app.watchlist.load()
        assert shop(fixture).target.timeout_s == 5
        assert json.loads(export([shop(fixture)]))["monitors"][0]["timeout"] == 5
        for typed in ("1", "31"):
            refused = await send(fixture, card, BUTTONS[0], {"timeout": typed})
            assert refused.content == "“timeout” must be from 2 to 30 seconds."
        await send(fixture, card, BUTTONS[0], {"timeout": ""})
        assert shop(fixture).target.timeout_s == 10

    run_with_bot(tmp_path, scenario)


def test_a_file_gets_the_nearest_timeout_and_says_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        data = json.dumps([{"url": "https://a.example/", "timeout": 48}]).encode()
        answer = await fixture.run("watch import", file=Upload("list.json", data), preview=True)
        assert "its timeout becomes 30 s" in answer.text

    run_with_bot(tmp_path, scenario)


def test_a_form_has_room_for_its_options_and_no_two_have_one_name() -> None:
    for section in SECTIONS:
        assert 1 <= len(list(of_section(section, "https://a.example/"))) <= 5
    assert len({one.label for one in OPTIONS.values()}) == len(OPTIONS)


def test_errors_of_a_change_are_reported_together(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        rules = fixture.app.monitors.rules
        with pytest.raises(UserError) as raised:
            rules.changed(
                shop(fixture),
                {"every": 0, "slow_ms": 60_001, "not_contains": "x" * 201},
                MonitorIndex(),
            )
        assert [str(one) for one in raised.value.each] == [
            "“every” must be from 1 to 86400 seconds.",
            "“slow_ms” must be from 1 to 60000 milliseconds.",
            "The text to look for may be at most 200 characters long.",
        ]

    run_with_bot(tmp_path, scenario)
