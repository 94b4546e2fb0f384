"""``/watch edit``: by options, cards and forms, and no secret is shown."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.models import Monitor
from sandbox import Answer, Refused, Sandbox
from tests.cogs.harbour import Harbour, harbour, sail, until

BUTTONS = ["Address and rhythm", "What counts as fine", "Where it is told"]


def shop(ship: Harbour) -> Monitor:
    return ship.app.monitors.of_guild(ship.guild_id)[0]


async def add(ship: Harbour, **more: Any) -> None:
    await ship.set_channel("alerts")
    await ship.run("watch add", url=f"{ship.site.url}/a", name="Shop", **more)


async def send(ship: Harbour, card: Answer, label: str, values: dict[str, Any]) -> Answer:
    """Open a form of the card and send it."""
    opened = await ship.sandbox.press("Admin", card, label)
    assert opened.modal is not None
    assert len(opened.modal["components"]) <= 5
    return await ship.sandbox.submit_modal("Admin", opened, values)


def test_without_options_a_card_shows_the_settings_but_no_header_value(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await add(ship, headers="Authorization: Bearer s3cret", contains="hello", every=30)
        card = await ship.run("watch edit", monitor="Shop")
        assert card.ephemeral
        assert card.buttons == [*BUTTONS, "Changes"]
        assert f"{ship.site.url}/a" in card.text
        assert "every 30 s" in card.text
        assert "`Authorization`" in card.text
        opened = await ship.sandbox.press("Admin", card, "What counts as fine")
        assert "s3cret" not in str(card.message) + str(opened.modal)
        french = await ship.run("watch edit", monitor="Shop", locale="fr")
        *forms, changes = french.buttons
        assert forms == ["Adresse et rythme", "Ce qui est normal", "Où c’est annoncé"]
        assert changes == "Modifications"
        for label in forms:
            form = await ship.sandbox.press("Admin", french, label, locale="fr")
            assert form.modal is not None
            assert form.modal["title"] == label

    sail(tmp_path, scenario)


def test_every_setting_is_an_option_too(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await add(ship)
        answer = await ship.run(
            "watch edit",
            monitor="Shop",
            name="Bakery",
            every=90,
            channel=str(ship.channel_id("general")),
            role=ship.role_id("On call"),
            expect_status="2xx, 404",
            contains="hello",
            not_contains="goodbye",
            slow_ms=500,
            method="GET",
            headers="X-Key: one",
        )
        assert answer.content.startswith("Changed: Name, Seconds between checks, Fine HTTP codes,")
        assert "First check: fine, " in answer.content
        now = shop(ship)
        assert (now.name, now.interval_s, now.slow_ms) == ("Bakery", 90, 500)
        assert (now.channel_id, str(now.role_id)) == (
            ship.channel_id("general"),
            ship.role_id("On call"),
        )
        assert now.target.expect_status == (*range(200, 300), 404)
        assert (now.target.contains, now.target.not_contains) == ("hello", "goodbye")
        assert "2xx, 404" in answer.text
        same = await ship.run("watch edit", monitor="Bakery", every=90)
        assert same.content == "Nothing changed."
        await ship.run(
            "watch edit",
            monitor="Bakery",
            contains="-",
            not_contains="-",
            expect_status="-",
            slow_ms=0,
            headers="-",
        )
        bare = shop(ship)
        assert (bare.slow_ms, bare.target.contains, bare.target.headers) == (None, None, ())
        assert bare.target.expect_status == ()
        await ship.app.watchlist.load()
        assert shop(ship) == bare, "what is stored is what is told"

    sail(tmp_path, scenario)


def test_forms_change_what_was_typed_and_keep_the_secrets(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await add(ship, headers="Authorization: Bearer s3cret")
        card = await ship.run("watch edit", monitor="Shop")
        done = await send(ship, card, BUTTONS[1], {"slow_ms": "700", "contains": "hello"})
        assert done.status in {"update", "message"}
        assert shop(ship).target.headers == (("Authorization", "Bearer s3cret"),)
        assert (shop(ship).slow_ms, shop(ship).target.contains) == (700, "hello")
        await send(ship, card, BUTTONS[1], {"headers": "Authorization:\nX-Key: two"})
        assert shop(ship).target.headers == (
            ("Authorization", "Bearer s3cret"),
            ("X-Key", "two"),
        )
        await send(ship, card, BUTTONS[0], {"name": "Bakery", "every": "120", "method": ["HEAD"]})
        assert (shop(ship).name, shop(ship).interval_s) == ("Bakery", 120)
        assert shop(ship).target.method == "HEAD"
        general = str(ship.channel_id("general"))
        await send(ship, card, BUTTONS[2], {"channel": [general], "role": []})
        assert shop(ship).channel_id == ship.channel_id("general")
        card = await ship.run("watch edit", monitor="Bakery")
        role = ship.role_id("On call")
        await send(ship, card, BUTTONS[2], {"role": [role]})
        assert (shop(ship).channel_id, str(shop(ship).role_id)) == (int(general), role)
        await send(ship, card, BUTTONS[2], {"channel": [], "role": []})
        assert (shop(ship).channel_id, shop(ship).role_id) == (None, None)

    sail(tmp_path, scenario)


def test_what_cannot_be_taken_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await add(ship)
        await ship.run("watch add", url=ship.site.url, name="Bakery")
        before = ship.app.monitors.find(ship.guild_id, "Shop")
        card = await ship.run("watch edit", monitor="Shop")
        for values, said in (
            ({"every": "often"}, "“often” is not a whole number."),
            ({"every": "90000"}, "“every” must be from 1 to 86400 seconds."),
            ({"name": "BAKERY"}, "“BAKERY” is already watched here."),
            ({"url": "http://10.0.0.1/"}, "I can't watch private or local addresses."),
        ):
            answer = await send(ship, card, BUTTONS[0], values)
            assert said in answer.content
            assert answer.ephemeral
        everyone = str(ship.guild_id)
        refused = await send(ship, card, BUTTONS[2], {"channel": [], "role": [everyone]})
        assert "@everyone" in refused.content
        assert ship.app.monitors.find(ship.guild_id, "Shop") == before

    sail(tmp_path, scenario)


def test_a_new_address_is_judged_anew_and_its_alert_is_closed_without_an_all_clear(
    tmp_path: Path,
) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        alert = await ship.outage("Shop")
        moved = await ship.run(
            "watch edit", monitor="Shop", channel=str(ship.channel_id("general")), slow_ms=5000
        )
        assert "The open alert stays where it is" in moved.content
        answer = await ship.run("watch edit", monitor="Shop", url=f"{ship.site.url}/canary")
        assert "The new address is judged anew." in answer.content
        assert "First check: fine" in answer.content
        await until(lambda: ship.sandbox.messages("alerts")[0]["components"] == [])
        edited = ship.sandbox.messages("alerts")[0]
        assert edited["id"] == alert["id"]
        assert "No longer watched" in edited["embeds"][0]["title"]
        assert len(ship.sandbox.messages("alerts")) == 1
        entry = ship.app.watchlist.get(ship.guild_id, shop(ship).id)
        assert entry.incident is None
        await until(lambda: entry.memory.rounds)
        assert set(entry.memory.rounds) <= {"O", "o"}

    sail(tmp_path, scenario)


def test_cards_and_forms_ask_for_the_right_again_and_outlive_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await add(ship)
                with pytest.raises(Refused):
                    await ship.run("watch edit", who="Moderator", monitor="Shop")
                card = await ship.run("watch edit", monitor="Shop")
                opened = await sandbox.press("Admin", card, BUTTONS[0])
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await sandbox.submit_modal("Admin", opened, {"name": "Bakery"})
                assert shop(again).name == "Bakery"
                form = await sandbox.press("Admin", card, BUTTONS[0])
                await again.remove("Bakery")
                gone = await sandbox.submit_modal("Admin", form, {"name": "Shop"})
                assert gone.content.startswith("There is no such monitor here.")

    asyncio.run(scenario())


def test_settings_at_their_limits_fit_into_cards_and_forms(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        name = "\N{ROCKET}`*_[x](http://y)\u202e@everyone" + "é" * 80
        codes = ", ".join(str(code) for code in range(100, 600, 2))
        headers = " | ".join(f"X-{n}-{'h' * 50}: {'v' * 400}" for n in range(10))
        await ship.run(
            "watch add",
            url=f"{ship.site.url}/{'a' * 1900}?q=`1`",
            name=name,
            expect_status=codes,
            contains="`" + "c" * 199,
            not_contains=" n" * 100,
            headers=headers,
            slow_ms=60_000,
        )
        before = shop(ship)
        assert len(before.target.expect_status) == 250
        card = await ship.run("watch edit", monitor=str(before.id))
        assert card.buttons == [*BUTTONS, "Changes"]
        for label in BUTTONS:
            sent = await send(ship, card, label, {})
            assert "Nothing changed." in sent.content + ship.sandbox.look(card).content
        assert shop(ship) == before

    sail(tmp_path, scenario)


def test_two_people_who_change_one_site_at_once_lose_nothing_of_each_other(
    tmp_path: Path,
) -> None:
    async def scenario(ship: Harbour) -> None:
        await add(ship)
        monitor = str(shop(ship).id)
        first, second = await asyncio.gather(
            ship.run("watch edit", monitor=monitor, name="Bakery"),
            ship.run("watch edit", monitor=monitor, every=90),
        )
        assert first.content == "Changed: Name."
        assert second.content == "Changed: Seconds between checks."
        assert (shop(ship).name, shop(ship).interval_s) == ("Bakery", 90)
        await ship.app.watchlist.load()
        assert (shop(ship).name, shop(ship).interval_s) == ("Bakery", 90)

    sail(tmp_path, scenario)


def test_a_port_has_no_page_to_ask_for(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("watch add", url="tcp://127.0.0.1:22", name="Port")
        refused = await ship.run("watch edit", monitor="Port", contains="hello", locale="fr")
        assert "http://" in refused.content
        card = await ship.run("watch edit", monitor="Port")
        assert "`tcp://127.0.0.1:22`" in card.text
        assert "GET" not in card.text
        await send(ship, card, BUTTONS[0], {"every": "120"})
        assert shop(ship).interval_s == 120

    sail(tmp_path, scenario)
