"""``/setup``: one card from nothing to the first alert, for people who read no manual."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cogs._ui.interactions import defer_if_slow
from sandbox import Answer, Refused, Sandbox
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot, running_bot, until

RLO = "\u202e"
NEEDED = "You need “Manage Server” for this."


async def press(fixture: BotFixture, card: Any, what: str, *picked: str, **more: Any) -> Answer:
    """Press or pick on the card; ``who`` is Admin unless reported otherwise."""
    who = more.pop("who", "Admin")
    values = list(picked) if what in {"channel", "role"} else None
    return await fixture.sandbox.press(who, card, f"v1:setup:{what}", values=values, **more)


async def add_site(fixture: BotFixture, card: Any, **typed: str) -> Answer:
    form = await press(fixture, card, "site")
    assert form.modal is not None
    return await fixture.sandbox.submit_modal("Admin", form, typed)


def chosen(card: Answer, what: str) -> list[str]:
    """What a menu shows as chosen."""
    [menu] = [c for c in card.components if c.get("custom_id") == f"v1:setup:{what}"]
    return [one["id"] for one in menu.get("default_values", ())]


def test_four_steps_lead_from_nothing_to_a_test_alert(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        alerts, role = fixture.channel_id("alerts"), fixture.role_id("On call")
        card = await fixture.run("setup")
        assert card.ephemeral
        assert "## Set up Vigie" in card.text
        assert card.buttons == ["Add a site", "Send a test alert", "Check again"]
        assert chosen(card, "channel") == chosen(card, "role") == []
        reported = await press(fixture, card, "channel", str(alerts))
        assert reported.status == "update"
        assert f"✔ 1 · Where do alerts go?**\n<#{alerts}>: permissions OK" in reported.text
        reported = await press(fixture, card, "role", role)
        assert f"<@&{role}> is pinged once, when an incident opens." in reported.text
        assert (chosen(reported, "channel"), chosen(reported, "role")) == ([str(alerts)], [role])
        reported = await add_site(fixture, card, url=fixture.site.url, name="Shop")
        assert "✔ Watching 127.0.0.1:" in reported.text
        assert "First check: OK, " in reported.text
        assert "1 site · Shop" in reported.text
        assert "## ✔ You are all set" in reported.text
        for command in ("status", "watch add", "alerts channel", "doctor", "help"):
            assert f"</{command}:" in reported.text
        reported = await press(fixture, card, "test")
        posted = await fixture.sandbox.wait_for_message("alerts", "TEST")
        assert posted["mention_roles"] == []
        assert "✔ 4 · See an alert before you need one**\nA test alert arrived <t:" in reported.text
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert (settings.channel_id, settings.role_id) == (alerts, int(role))
        [monitor] = fixture.app.monitors.of_guild(fixture.guild_id)
        assert (monitor.name, monitor.interval_s, monitor.channel_id) == ("Shop", 60, None)

    run_with_bot(tmp_path, scenario)


def test_what_is_missing_in_a_channel_is_named_at_once_with_where_to_mend_it(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        alerts = fixture.channel_id("alerts")
        fixture.sandbox.admin.set_permissions("alerts", deny=("SEND_MESSAGES", "EMBED_LINKS"))
        await asyncio.sleep(0.1)
        card = await fixture.run("setup")
        reported = await press(fixture, card, "channel", str(alerts))
        assert "✖ 1 · Where" in reported.text
        assert f"In <#{alerts}> I still need: Send Messages and Embed Links." in reported.text
        assert f"page Permissions, add <@{fixture.sandbox.world.bot.id}>" in reported.text
        fixture.sandbox.admin.set_permissions("alerts")
        await asyncio.sleep(0.1)
        assert "✔ 1 · Where" in (await press(fixture, card, "look")).text
        fixture.sandbox.admin.delete_channel("alerts")
        await asyncio.sleep(0.1)
        reported = await press(fixture, card, "look")
        assert "or it is gone.\n→ Choose another one.\n" in reported.text

    run_with_bot(tmp_path, scenario)


def test_a_role_that_cannot_be_pinged_is_said_and_can_be_taken_back(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        quiet = fixture.sandbox.admin.add_role("Harbour", "Quiet").id
        await asyncio.sleep(0.1)
        card = await fixture.run("setup")
        reported = await press(fixture, card, "role", quiet)
        assert f"I can't ping <@&{quiet}>: make it mentionable." in reported.text
        await press(fixture, card, "channel", str(fixture.channel_id("alerts")))
        reported = await press(fixture, card, "role", str(fixture.guild_id))
        assert "✖ I do not ping @everyone. Choose a role, or none." in reported.text
        assert chosen(reported, "role") == [quiet], "what was there stays"
        assert "or allow me “Mention @everyone, @here, and All Roles” in" in reported.text
        own = next(r.id for r in fixture.sandbox.world.guild("Harbour").roles.values() if r.bot_id)
        reported = await press(fixture, card, "role", own)
        assert "\u2716 That is the role of a bot" in reported.text
        assert chosen(reported, "role") == [quiet]
        assert "Nobody: alerts" in (await press(fixture, card, "role")).text
        await press(fixture, card, "role", fixture.role_id("On call"))
        reported = await press(fixture, card, "nobody")
        assert "No ping" not in reported.buttons
        assert fixture.app.guilds.settings(fixture.guild_id).role_id is None

    run_with_bot(tmp_path, scenario)


def test_an_address_that_cannot_be_taken_is_explained_on_the_card(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        card = await fixture.run("setup")
        reported = await add_site(fixture, card, url="http://10.0.0.1/")
        assert reported.status == "update"
        assert "✖ I can't watch private or local addresses." in reported.text
        fixture.site.status = 503
        reported = await add_site(
            fixture, card, url=fixture.site.url, name=f"{RLO}*Shop* <@&1> @everyone"
        )
        assert "⚠ Watching" in reported.text
        assert "First check: HTTP 503 (Service Unavailable)." in reported.text
        assert RLO not in reported.text
        assert "\\*Shop\\* \\<\\@&1> \\@everyone" in reported.text
        again = await add_site(fixture, card, url=fixture.site.url, name="*shop* <@&1> @EVERYONE")
        assert "is already watched here." in again.text

    run_with_bot(tmp_path, scenario)


def test_every_click_is_checked_and_others_are_refused(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        with pytest.raises(Refused):
            await fixture.run("setup", who="Member")
        fixture.sandbox.admin.add_user("Deputy", "Harbour", "MANAGE_GUILD")
        card = await fixture.run("setup", who="Deputy")
        form = await press(fixture, card, "site", who="Deputy")
        fixture.sandbox.admin.take_role("Harbour", "Deputy", "Deputy's")
        alerts = str(fixture.channel_id("alerts"))
        for what, picked in (("channel", (alerts,)), ("role", ()), ("site", ()), ("look", ())):
            answer = await press(fixture, card, what, *picked, who="Deputy")
            assert (answer.status, answer.content) == ("message", NEEDED)
            assert answer.ephemeral
        late = await fixture.sandbox.submit_modal("Deputy", form, {"url": fixture.site.url})
        assert late.content == NEEDED
        assert fixture.app.guilds.settings(fixture.guild_id).channel_id is None
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []

    run_with_bot(tmp_path, scenario)


def test_two_people_at_once_do_no_harm(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.add_user("Deputy", "Harbour", "MANAGE_GUILD")
        one, two = await fixture.run("setup"), await fixture.run("setup", who="Deputy")
        alerts, news = fixture.channel_id("alerts"), int(fixture.sandbox.channel("news").id)
        role = fixture.role_id("On call")
        await asyncio.gather(
            press(fixture, one, "channel", str(alerts)),
            press(fixture, two, "channel", str(news), who="Deputy"),
            press(fixture, one, "role", role),
        )
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert settings.channel_id in {alerts, news}
        assert settings.role_id == int(role)
        shown = await press(fixture, one, "look")
        assert chosen(shown, "channel") == [str(settings.channel_id)]

    run_with_bot(tmp_path, scenario)


def test_the_card_and_its_form_work_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                card = await fixture.run("setup")
                form = await press(fixture, card, "site")
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                alerts = str(fixture.channel_id("alerts"))
                assert "✔ 1" in (await press(fixture, card, "channel", alerts)).text
                reported = await fixture.sandbox.submit_modal(
                    "Admin", form, {"url": fixture.site.url}
                )
                assert "You are all set" in reported.text

    asyncio.run(scenario())


def test_the_button_under_the_greeting_opens_a_card_of_ones_own(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guild = fixture.sandbox.admin.add_guild("Quay", announce=False)
        lounge = next(iter(guild.channels.values()))
        guild.system_channel_id = lounge.id
        fixture.sandbox._core.events.guild_here(guild, unavailable=None)
        greeting: Json = await fixture.sandbox.wait_for_message(lounge, "</setup:")
        card = await fixture.sandbox.press("Admin", greeting, "Set up")
        assert (card.status, card.ephemeral) == ("message", True)
        other, theirs = list(guild.channels)[1], fixture.sandbox.channel("news").id
        await press(fixture, card, "channel", other)
        assert fixture.app.guilds.settings(int(guild.id)).channel_id == int(other)
        assert fixture.app.guilds.settings(fixture.guild_id).channel_id is None
        stranger = fixture.sandbox.admin.add_user("Stranger", "Quay").name
        refused = await fixture.sandbox.press(stranger, greeting, "Set up")
        assert (refused.content, refused.ephemeral) == (NEEDED, True)
        # A channel of another server, sent by a client of one's own making.
        reported = await press(fixture, card, "channel", theirs)
        assert "✖ I cannot send alerts to that channel." in reported.text
        assert fixture.app.guilds.settings(int(guild.id)).channel_id == int(other)

    run_with_bot(tmp_path, scenario)


def test_a_busy_store_and_a_slow_site_are_waited_for_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monkeypatch.setitem(defer_if_slow.__kwdefaults__ or {}, "after_s", 0.05)

        def busy() -> asyncio.Task[None]:
            """The one connection is held up."""
            db = fixture.app.services.trial._db
            return asyncio.create_task(db.read(lambda _: time.sleep(0.2)))

        held = busy()
        card = await fixture.run("setup")
        assert card.deferred
        assert card.ephemeral
        assert card.buttons[0] == "Add a site"
        await held
        held = busy()
        reported = await press(fixture, card, "channel", str(fixture.channel_id("alerts")))
        assert reported.deferred
        await until(lambda: "✔ 1 · Where" in _shown(fixture, card))
        await held
        form = await press(fixture, card, "site")
        fixture.site.delay_s = 0.2
        reported = await fixture.sandbox.submit_modal("Admin", form, {"url": fixture.site.url})
        assert reported.deferred
        await until(lambda: "First check: OK, 2" in _shown(fixture, card))

    run_with_bot(tmp_path, scenario)


def _shown(fixture: BotFixture, card: Answer) -> str:
    return str(fixture.sandbox.look(card).components)


def test_a_card_speaks_the_language_of_its_reader(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        card = await fixture.run("setup", locale="fr")
        assert "## Configurer Vigie" in card.text
        assert card.buttons[0] == "Ajouter un site"
        reported = await press(
            fixture, card, "channel", str(fixture.channel_id("alerts")), locale="fr"
        )
        assert "permissions OK" in reported.text

    run_with_bot(tmp_path, scenario)


def test_a_test_alert_that_is_refused_is_reported_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monkeypatch.setattr(sys.modules["cogs.setup"], "_ARRIVES_S", 0.2)
        alerts = fixture.channel_id("alerts")
        card = await fixture.run("setup")
        await press(fixture, card, "channel", str(alerts))
        fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES")
        await asyncio.sleep(0.1)
        reported = await press(fixture, card, "test")
        assert (
            f"○ 4 · See an alert before you need one**\nA test alert is on its way to <#{alerts}>"
            in (reported.text)
        )
        assert "I still need: Send Messages and Embed Links.\n→ Open the channel’s" in reported.text
        fixture.sandbox.admin.set_permissions("alerts")
        await fixture.sandbox.wait_for_message("alerts", "TEST")
        await until(lambda: fixture.app.delivery._busy == {})
        assert "A test alert arrived" in (await press(fixture, card, "look")).text

    run_with_bot(tmp_path, scenario)
