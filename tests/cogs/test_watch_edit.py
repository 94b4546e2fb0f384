"""``/watch edit``: by options, cards and forms, and no secret is shown."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.models import Monitor
from sandbox import Answer, Refused, Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until

BUTTONS = ["Address and interval", "Success criteria", "Alert channel", "More criteria"]


def shop(fixture: BotFixture) -> Monitor:
    return fixture.app.monitors.of_guild(fixture.guild_id)[0]


async def add(fixture: BotFixture, **more: Any) -> None:
    await fixture.set_channel("alerts")
    await fixture.run("watch add", url=f"{fixture.site.url}/a", name="Shop", **more)


async def send(fixture: BotFixture, card: Answer, label: str, values: dict[str, Any]) -> Answer:
    """Open a form of the card and send it."""
    opened = await fixture.sandbox.press("Admin", card, label)
    assert opened.modal is not None
    assert len(opened.modal["components"]) <= 5
    return await fixture.sandbox.submit_modal("Admin", opened, values)


def test_without_options_a_card_shows_the_settings_but_no_header_value(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture, headers="Authorization: Bearer s3cret", contains="hello", every=30)
        card = await fixture.run("watch edit", monitor="Shop")
        assert card.ephemeral
        assert card.buttons == [*BUTTONS, "Changes"]
        assert f"{fixture.site.url}/a" in card.text
        assert "every 30 s" in card.text
        assert "`Authorization`" in card.text
        opened = await fixture.sandbox.press("Admin", card, "Success criteria")
        assert "s3cret" not in str(card.message) + str(opened.modal)
        french = await fixture.run("watch edit", monitor="Shop", locale="fr")
        *forms, changes = french.buttons
        assert forms == [
            "Adresse et fréquence",
            "Critères de réussite",
            "Salon des alertes",
            "Autres critères",
        ]
        assert changes == "Modifications"
        for label in forms:
            form = await fixture.sandbox.press("Admin", french, label, locale="fr")
            assert form.modal is not None
            assert form.modal["title"] == label

    run_with_bot(tmp_path, scenario)


def test_every_setting_is_an_option_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        answer = await fixture.run(
            "watch edit",
            monitor="Shop",
            name="Bakery",
            every=90,
            channel=str(fixture.channel_id("general")),
            role=fixture.role_id("On call"),
            expect_status="2xx, 404",
            contains="hello",
            not_contains="goodbye",
            slow_ms=500,
            method="GET",
            headers="X-Key: one",
        )
        assert answer.content.startswith(
            "Changed: Name, Seconds between checks, Accepted HTTP codes,"
        )
        assert "First check: OK, " in answer.content
        now = shop(fixture)
        assert (now.name, now.interval_s, now.slow_ms) == ("Bakery", 90, 500)
        assert (now.channel_id, str(now.role_id)) == (
            fixture.channel_id("general"),
            fixture.role_id("On call"),
        )
        assert now.target.expect_status == (*range(200, 300), 404)
        assert (now.target.contains, now.target.not_contains) == ("hello", "goodbye")
        assert "2xx, 404" in answer.text
        same = await fixture.run("watch edit", monitor="Bakery", every=90)
        assert same.content == "Nothing changed."
        await fixture.run(
            "watch edit",
            monitor="Bakery",
            contains="-",
            not_contains="-",
            expect_status="-",
            slow_ms=0,
            headers="-",
        )
        bare = shop(fixture)
        assert (bare.slow_ms, bare.target.contains, bare.target.headers) == (None, None, ())
        assert bare.target.expect_status == ()
        await fixture.app.watchlist.load()
        assert shop(fixture) == bare, "what is stored is what is told"

    run_with_bot(tmp_path, scenario)


def test_forms_change_what_was_typed_and_keep_the_secrets(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture, headers="Authorization: Bearer s3cret")
        card = await fixture.run("watch edit", monitor="Shop")
        done = await send(fixture, card, BUTTONS[1], {"slow_ms": "700", "contains": "hello"})
        assert done.status in {"update", "message"}
        assert shop(fixture).target.headers == (("Authorization", "Bearer s3cret"),)
        assert (shop(fixture).slow_ms, shop(fixture).target.contains) == (700, "hello")
        await send(fixture, card, BUTTONS[1], {"headers": "Authorization:\nX-Key: two"})
        assert shop(fixture).target.headers == (
            ("Authorization", "Bearer s3cret"),
            ("X-Key", "two"),
        )
        await send(
            fixture, card, BUTTONS[0], {"name": "Bakery", "every": "120", "method": ["HEAD"]}
        )
        assert (shop(fixture).name, shop(fixture).interval_s) == ("Bakery", 120)
        assert shop(fixture).target.method == "HEAD"
        general = str(fixture.channel_id("general"))
        await send(fixture, card, BUTTONS[2], {"channel": [general], "role": []})
        assert shop(fixture).channel_id == fixture.channel_id("general")
        card = await fixture.run("watch edit", monitor="Bakery")
        role = fixture.role_id("On call")
        await send(fixture, card, BUTTONS[2], {"role": [role]})
        assert (shop(fixture).channel_id, str(shop(fixture).role_id)) == (int(general), role)
        await send(fixture, card, BUTTONS[2], {"channel": [], "role": []})
        assert (shop(fixture).channel_id, shop(fixture).role_id) == (None, None)

    run_with_bot(tmp_path, scenario)


def test_what_cannot_be_taken_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        await fixture.run("watch add", url=fixture.site.url, name="Bakery")
        before = fixture.app.monitors.find(fixture.guild_id, "Shop")
        card = await fixture.run("watch edit", monitor="Shop")
        for values, said in (
            (
                {"every": "often"},
                "“often” is not a whole number. Durations fit too: 5m, 2 min, 1h30.",
            ),
            ({"every": "90000"}, "“every” must be from 1 to 86400 seconds."),
            ({"name": "BAKERY"}, "“BAKERY” is already watched here."),
            ({"url": "http://10.0.0.1/"}, "I can't watch private or local addresses."),
        ):
            answer = await send(fixture, card, BUTTONS[0], values)
            assert said in answer.content
            assert answer.ephemeral
        everyone = str(fixture.guild_id)
        refused = await send(fixture, card, BUTTONS[2], {"channel": [], "role": [everyone]})
        assert "@everyone" in refused.content
        assert fixture.app.monitors.find(fixture.guild_id, "Shop") == before

    run_with_bot(tmp_path, scenario)


def test_a_new_address_is_judged_anew_and_its_alert_is_closed_without_an_all_clear(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert = await fixture.outage("Shop")
        moved = await fixture.run(
            "watch edit", monitor="Shop", channel=str(fixture.channel_id("general")), slow_ms=5000
        )
        assert "The open alert stays where it is" in moved.content
        answer = await fixture.run("watch edit", monitor="Shop", url=f"{fixture.site.url}/canary")
        assert "The new address starts from scratch." in answer.content
        assert "First check: OK" in answer.content
        await until(lambda: fixture.sandbox.messages("alerts")[0]["components"] == [])
        edited = fixture.sandbox.messages("alerts")[0]
        assert edited["id"] == alert["id"]
        assert "No longer watched" in edited["embeds"][0]["title"]
        assert len(fixture.sandbox.messages("alerts")) == 1
        entry = fixture.app.watchlist.get(fixture.guild_id, shop(fixture).id)
        assert entry.incident is None
        await until(lambda: entry.judge_state.rounds)
        assert set(entry.judge_state.rounds) <= {"O", "o"}

    run_with_bot(tmp_path, scenario)


def test_cards_and_forms_ask_for_the_right_again_and_outlive_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await add(fixture)
                with pytest.raises(Refused):
                    await fixture.run("watch edit", who="Moderator", monitor="Shop")
                card = await fixture.run("watch edit", monitor="Shop")
                opened = await sandbox.press("Admin", card, BUTTONS[0])
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await sandbox.submit_modal("Admin", opened, {"name": "Bakery"})
                assert shop(again).name == "Bakery"
                form = await sandbox.press("Admin", card, BUTTONS[0])
                await again.remove("Bakery")
                gone = await sandbox.submit_modal("Admin", form, {"name": "Shop"})
                assert gone.content.startswith("There is no such site here.")

    asyncio.run(scenario())


def test_settings_at_their_limits_fit_into_cards_and_forms(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        name = "\N{ROCKET}`*_[x](http://y)\u202e@everyone" + "é" * 80
        codes = ", ".join(str(code) for code in range(100, 600, 2))
        headers = " | ".join(f"X-{n}-{'h' * 50}: {'v' * 400}" for n in range(10))
        await fixture.run(
            "watch add",
            url=f"{fixture.site.url}/{'a' * 1900}?q=`1`",
            name=name,
            expect_status=codes,
            contains="`" + "c" * 499,
            not_contains=" n" * 100,
            headers=headers,
            slow_ms=60_000,
            json="a" * 200,
            header_is=" | ".join(f"X-{n}: {'v' * 80}" for n in range(10)),
            body="`b`" + "é" * 1_997,
        )
        before = shop(fixture)
        assert len(before.target.expect_status) == 250
        card = await fixture.run("watch edit", monitor=str(before.id))
        assert card.buttons == [*BUTTONS, "Changes"]
        for label in BUTTONS:
            sent = await send(fixture, card, label, {})
            assert "Nothing changed." in sent.content + fixture.sandbox.look(card).content
        assert shop(fixture) == before

    run_with_bot(tmp_path, scenario)


def test_two_people_who_change_one_site_at_once_lose_nothing_of_each_other(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        monitor = str(shop(fixture).id)
        first, second = await asyncio.gather(
            fixture.run("watch edit", monitor=monitor, name="Bakery"),
            fixture.run("watch edit", monitor=monitor, every=90),
        )
        assert first.content == "Changed: Name."
        assert second.content == "Changed: Seconds between checks."
        assert (shop(fixture).name, shop(fixture).interval_s) == ("Bakery", 90)
        await fixture.app.watchlist.load()
        assert (shop(fixture).name, shop(fixture).interval_s) == ("Bakery", 90)

    run_with_bot(tmp_path, scenario)


def test_a_port_has_no_page_to_ask_for(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url="tcp://127.0.0.1:22", name="Port")
        refused = await fixture.run("watch edit", monitor="Port", contains="hello", locale="fr")
        assert "http://" in refused.content
        card = await fixture.run("watch edit", monitor="Port")
        assert "`tcp://127.0.0.1:22`" in card.text
        assert "GET" not in card.text
        await send(fixture, card, BUTTONS[0], {"every": "120"})
        assert shop(fixture).interval_s == 120

    run_with_bot(tmp_path, scenario)
