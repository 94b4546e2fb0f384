"""Alerts through Discord's checker: one message, one reply, buttons that do what they say."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from tests.cogs.bot_fixture import BotFixture, Json, labels, run_with_bot, running_bot, until

BUTTONS = ["Acknowledge", "Mute 1 h", "Details", "Tell me when it is back", "Me too"]


def fields(message: Json) -> dict[str, str]:
    return {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}


def sent(fixture: BotFixture, channel: str = "alerts") -> list[Json]:
    """The bodies of the posts that a channel was asked to take."""
    entries = fixture.sandbox.record.of("POST", f"/channels/{fixture.channel_id(channel)}/messages")
    return [entry.body for entry in entries if isinstance(entry.body, dict)]


def test_an_outage_is_one_message_edited_and_one_silent_reply(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.role_id("On call")
        answer = await fixture.set_channel("alerts", role=role)
        assert (
            answer.content == f"Alerts go to <#{fixture.channel_id('alerts')}> and ping <@&{role}>."
        )
        alert = await fixture.outage("Shop")
        public_id = alert["embeds"][0]["footer"]["text"].removeprefix("#").partition(" ")[0]
        assert alert["content"].startswith("🔴 DOWN · Shop · HTTP 503 (")
        assert alert["content"].endswith(f" checks) <@&{role}>")
        assert alert["embeds"][0]["title"] == "Shop is down"
        assert alert["embeds"][0]["footer"]["text"] == f"#{public_id} · every 1 s"
        assert list(fields(alert)) == ["Since", "Last OK", "Checks"]
        assert labels(alert) == BUTTONS
        assert alert["components"][0]["components"][0]["custom_id"] == f"v1:ack:{public_id}"
        assert alert["mention_roles"] == [role]
        assert sent(fixture)[0]["allowed_mentions"] == {"parse": [], "roles": [int(role)]}
        assert sent(fixture)[0]["enforce_nonce"] is True
        await fixture.site.heal()
        reply = await fixture.sandbox.wait_for_message("alerts", "🟢 UP · Shop · back after")
        assert reply["message_reference"]["message_id"] == alert["id"]
        assert reply["flags"] & 1 << 12
        assert sent(fixture)[1]["allowed_mentions"] == {"parse": []}
        assert sent(fixture)[1]["message_reference"]["fail_if_not_exists"] is False
        await until(lambda: fixture.sandbox.messages("alerts")[0]["components"] == [])
        edited = fixture.sandbox.messages("alerts")[0]
        assert edited["embeds"][0]["title"] == "Resolved · Shop"
        assert edited["embeds"][0]["description"].startswith("**Down <t:")
        assert edited["content"].endswith(f" <@&{role}>"), "who was called finds it"
        patches = fixture.sandbox.record.of("PATCH", "/messages/")
        closed = {"parse": [], "roles": [int(role)]}
        assert all(
            p.body["allowed_mentions"] == closed for p in patches if isinstance(p.body, dict)
        )
        assert len(fixture.sandbox.messages("alerts")) == 2

    run_with_bot(tmp_path, scenario)


def test_a_held_recovery_says_so_keeps_its_role_and_mentions_who_asked(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role, sandbox = fixture.role_id("On call"), fixture.sandbox
        await fixture.set_channel("alerts", role=role)
        await fixture.outage("Shop")
        await fixture.site.heal()
        await sandbox.wait_for_message("alerts", "🟢 UP · Shop · back after")
        fixture.site.status = 503
        await until(lambda: len(sandbox.messages("alerts")) == 3)
        alert = sandbox.messages("alerts")[-1]
        await sandbox.press("Member", alert, "Tell me when it is back")
        await fixture.site.heal()
        line = f"🟡 RECOVERING · Shop · answers again <@&{role}>"
        await until(lambda: sandbox.messages("alerts")[2]["content"] == line)
        shown = sandbox.messages("alerts")[2]
        assert shown["embeds"][0]["title"] == "Shop answers again"
        assert (
            "The all-clear needs 60 good rounds in a row and has "
            in (shown["embeds"][0]["description"])
        )
        assert "RECOVERING" in (await fixture.run("status")).embeds[0]["description"]
        reply = await sandbox.wait_for_message("alerts", "🟢 ANSWERS AGAIN · Shop · ")
        assert reply["message_reference"]["message_id"] == alert["id"]
        member = sandbox.world.user("Member").id
        assert reply["content"].endswith(f"; I keep watching <@{member}>")
        assert [user["id"] for user in reply["mentions"]] == [member]
        assert not reply["flags"]

    run_with_bot(tmp_path, scenario)


def test_buttons_do_their_work_and_ask_for_the_right_to_press(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts", role=fixture.role_id("On call"))
        alert = await fixture.outage("Shop")

        async def press(who: str, label: str) -> str:
            answer = await fixture.sandbox.press(who, alert, label)
            assert answer.ephemeral
            return answer.text

        refused = "You need “Manage Messages” or the role of this alert for this."
        assert await press("Member", "Acknowledge") == refused
        assert await press("Member", "Mute 1 h") == refused
        assert await press("Member", "Tell me when it is back") == (
            "I will mention you here when it is over."
        )
        assert await press("Member", "Tell me when it is back") == (
            "Taken back: I will not mention you."
        )
        assert await press("Member", "Tell me when it is back") == (
            "I will mention you here when it is over."
        )
        assert await press("Member", "Me too") == "Noted: 1 person sees the same."
        assert await press("Admin", "Me too") == "Noted: 2 people see the same."
        assert await press("Admin", "Me too") == "Taken back: you are not counted any more."
        assert await press("Admin", "Me too") == "Noted: 2 people see the same."
        details = await press("Member", "Details")
        assert "Latest checks" in details
        assert " ms · HTTP 503 (Service Unavailable)" in details
        assert fixture.site.url not in details
        assert fixture.site.url in await press("Admin", "Details")
        fixture.sandbox.admin.give_role("Harbour", "Member", "On call")
        assert (
            await press("Member", "Acknowledge") == "Acknowledged; the alert now shows your name."
        )
        member = fixture.sandbox.world.user("Member").id
        await fixture.sandbox.wait_for_message("alerts", f"<@{member}> is on it.")
        assert (await press("Moderator", "Mute 1 h")).startswith(
            "Alerts for Shop are muted until <t:"
        )
        await fixture.site.heal()
        reply = await fixture.sandbox.wait_for_message("alerts", "🟢 UP · Shop")
        assert reply["content"].endswith(f" <@{member}>")
        assert [user["id"] for user in reply["mentions"]] == [member]
        assert not reply["flags"]

    run_with_bot(tmp_path, scenario)


def test_who_has_an_alert_can_give_it_back_and_others_take_it_over(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert, sandbox = await fixture.outage("Shop"), fixture.sandbox
        admin, moderator = (sandbox.world.user(who).id for who in ("Admin", "Moderator"))
        await sandbox.press("Moderator", alert, "Acknowledge")
        shown = await sandbox.wait_for_message("alerts", f"<@{moderator}> is on it.")
        assert labels(shown) == ["Take over", *BUTTONS[1:]]
        mine = await sandbox.press("Moderator", alert, "Take over")
        assert mine.content == "You already took this one."
        assert mine.buttons == ["Give it back"]
        back = await sandbox.press("Moderator", mine, "Give it back")
        assert (back.content, back.buttons) == ("Given back: nobody is on it now.", [])
        await sandbox.wait_for(lambda: "is on it" not in str(sandbox.messages("alerts")[0]))
        assert labels(sandbox.messages("alerts")[0]) == BUTTONS
        await sandbox.press("Moderator", alert, "Acknowledge")
        await sandbox.wait_for_message("alerts", f"<@{moderator}> is on it.")
        taken = await sandbox.press("Admin", alert, "Take over")
        assert taken.content == "Acknowledged; the alert now shows your name."
        await sandbox.wait_for_message("alerts", f"<@{admin}> is on it.")
        refused = await sandbox.press("Member", alert, "Take over")
        assert "You need “Manage Messages”" in refused.content
        assert refused.ephemeral
        assert len(sandbox.messages("alerts")) == 1

    run_with_bot(tmp_path, scenario)


def test_whoever_presses_a_card_that_has_not_caught_up_reads_who_was_first(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert, sandbox = await fixture.outage("Shop"), fixture.sandbox
        core: Any = sandbox._core
        stored = core.messages.find(alert["id"])
        before = stored.message["components"]
        await sandbox.press("Moderator", alert, "Acknowledge")
        await sandbox.wait_for_message("alerts", "is on it.")
        stored.message["components"] = before
        moderator = sandbox.world.user("Moderator").id
        theirs = await sandbox.press("Admin", alert, "Acknowledge")
        assert theirs.content == f"<@{moderator}> has already acknowledged it."
        mine = await sandbox.press("Moderator", alert, "Acknowledge")
        assert (mine.content, mine.buttons) == ("You already took this one.", ["Give it back"])
        taken = await sandbox.press("Admin", theirs, "Take over")
        assert (taken.content, taken.buttons) == (
            "Acknowledged; the alert now shows your name.",
            [],
        )

    run_with_bot(tmp_path, scenario)


def test_a_muted_alert_says_until_when_and_can_be_unmuted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert, sandbox = await fixture.outage("Shop"), fixture.sandbox
        await sandbox.press("Moderator", alert, "Mute 1 h")
        shown = await sandbox.wait_for_message("alerts", "Alerts are muted until <t:")
        assert labels(shown) == [BUTTONS[0], "Unmute", *BUTTONS[2:]]
        answer = await sandbox.press("Moderator", alert, "Unmute")
        assert answer.content.startswith("Alerts for Shop are on again.")
        await sandbox.wait_for(lambda: "muted" not in str(sandbox.messages("alerts")[0]))
        assert labels(sandbox.messages("alerts")[0]) == BUTTONS
        await fixture.run("mute", monitor="Shop", for_="2h")
        await sandbox.wait_for_message("alerts", "Alerts are muted until <t:")
        await fixture.run("mute", monitor="Shop", for_="off")
        await sandbox.wait_for(lambda: "muted" not in str(sandbox.messages("alerts")[0]))

    run_with_bot(tmp_path, scenario)


def test_the_title_leads_to_the_site_and_a_link_and_a_note_help_whoever_mends_it(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        refused = await fixture.run("watch add", url=fixture.site.url, link="wiki", name="No")
        assert "That is not a link" in refused.content
        await fixture.run("watch add", url=f"{fixture.site.url}/?key=secret", name="Shop", every=1)
        link = "https://wiki.example/runbooks/shop"
        await fixture.run("watch edit", monitor="Shop", link=link, note="Call **Ada** @everyone")
        fixture.site.status = 503
        alert = await fixture.sandbox.wait_for_message("alerts", "DOWN")
        embed = alert["embeds"][0]
        assert embed["url"] == f"{fixture.site.url}/"
        assert "Call \\*\\*Ada\\*\\* \\@everyone" in embed["description"]
        assert link in embed["description"]
        details = await fixture.sandbox.press("Member", alert, "Details")
        assert details.embeds[0]["url"] == f"{fixture.site.url}/"
        assert link in details.text
        status = await fixture.run("status", who="Member", monitor="Shop")
        assert status.embeds[0]["url"] == f"{fixture.site.url}/"
        card = await fixture.run("watch edit", monitor="Shop")
        assert link in card.text
        await fixture.run("watch edit", monitor="Shop", link="-", note="-")
        assert fixture.app.monitors.find(fixture.guild_id, "Shop").link is None

    run_with_bot(tmp_path, scenario)


def test_a_button_of_a_closed_alert_or_of_another_server_says_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert = await fixture.outage("Shop")
        core: Any = fixture.sandbox._core
        stored = core.messages.find(alert["id"])
        before = dict(stored.message)
        await fixture.site.heal()
        await fixture.sandbox.wait_for_message("alerts", "🟢 UP")
        stored.message["components"] = before["components"]  # a client that has not caught up
        for label in ("Me too", "Tell me when it is back"):
            answer = await fixture.sandbox.press("Member", alert, label)
            assert answer.content == "This alert is already closed."
        assert "Resolved · Shop" in (await fixture.sandbox.press("Member", alert, "Details")).text
        fixture.sandbox.admin.add_guild("Elsewhere", channels=("lounge",))
        foreign = fixture.sandbox.say("Admin", "Elsewhere/lounge", "hello")
        copy = core.messages.find(foreign["id"])
        copy.message["components"] = before["components"]
        answer = await fixture.sandbox.press("Admin", foreign, "Details")
        assert answer.content == "I no longer know this alert."

    run_with_bot(tmp_path, scenario)


def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.set_channel("alerts")
                alert = await fixture.outage("Shop")
            async with running_bot(tmp_path, sandbox=sandbox):
                answer = await sandbox.press("Moderator", alert, "Acknowledge")
                assert answer.content == "Acknowledged; the alert now shows your name."
                await sandbox.wait_for_message("alerts", "is on it.")
                assert len(sandbox.texts("alerts")) == 1

    asyncio.run(scenario())


def test_missing_rights_and_roles_out_of_reach_are_named_at_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.set_permissions(
            "alerts", deny=("EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        quiet = fixture.sandbox.admin.add_role("Harbour", "Quiet")
        answer = await fixture.set_channel("alerts", role=quiet.id)
        channel = f"<#{fixture.channel_id('alerts')}>"
        assert answer.content.splitlines() == [
            f"Alerts go to {channel} and ping <@&{quiet.id}>.",
            f"In {channel} I still need: Embed Links and Read Message History.",
            (
                "Open the channel’s settings, page Permissions, add"
                f" <@{fixture.sandbox.world.bot.id}> and allow what is missing."
            ),
            (
                f"I can't ping <@&{quiet.id}>: make it mentionable, or allow me"
                f" “Mention @everyone, @here, and All Roles” in {channel}."
            ),
        ]
        everyone = await fixture.set_channel("alerts", role=str(fixture.guild_id))
        assert everyone.content == "I do not ping @everyone. Choose a role, or none."
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert settings.role_id == int(quiet.id)

    run_with_bot(tmp_path, scenario)


def test_announcement_channels_are_taken_with_what_discord_limits_there(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        assert "few edits" in (await fixture.set_channel("news")).content
        assert "few edits" not in (await fixture.set_channel("alerts")).content

    run_with_bot(tmp_path, scenario)


def test_a_role_of_before_is_looked_at_in_the_new_channel(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.sandbox.admin.add_role("Harbour", "Night watch")
        fixture.sandbox.admin.set_bot_permissions(
            "Harbour", ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        fixture.sandbox.admin.set_permissions("alerts", allow="MENTION_EVERYONE")
        await asyncio.sleep(0.1)
        first = await fixture.set_channel("alerts", role=role.id)
        assert "I can't ping" not in first.content
        other = await fixture.set_channel("news")
        assert f"I can't ping <@&{role.id}>: make it mentionable" in other.content

    run_with_bot(tmp_path, scenario)


def test_an_alert_that_was_blocked_goes_out_when_the_right_is_back(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        fixture.site.status = 503
        await until(lambda: any(e.code == 50013 for e in fixture.sandbox.record.requests))
        checks = len(sent(fixture))
        await asyncio.sleep(0.2)
        assert len(sent(fixture)) == checks
        fixture.sandbox.admin.set_permissions("alerts")
        await fixture.sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")

    run_with_bot(tmp_path, scenario)


def test_reminders_and_a_second_channel_are_kept(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fallback = fixture.sandbox.channel("news").id
        await fixture.set_channel("alerts", fallback=fallback, reminders="4")
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert (settings.fallback_channel_id, settings.reminder_h) == (int(fallback), 4)
        assert settings.set_by == int(fixture.sandbox.world.user("Admin").id)

    run_with_bot(tmp_path, scenario)


def test_role_and_second_channel_can_be_taken_away_again(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role, second = fixture.role_id("On call"), fixture.sandbox.channel("news").id
        both = await fixture.set_channel("alerts", role=role, fallback=second)
        assert f"If that fails, they go to <#{second}>." in both.content
        kept = await fixture.set_channel("alerts")
        assert f"and ping <@&{role}>" in kept.content, "what is left out stays"
        gone = await fixture.set_channel("alerts", clear="role")
        assert "ping" not in gone.content
        assert f"<#{second}>" in gone.content
        none = await fixture.set_channel("alerts", clear="fallback")
        assert none.content == f"Alerts go to <#{fixture.channel_id('alerts')}>."
        settings = fixture.app.guilds.settings(fixture.guild_id)
        assert (settings.role_id, settings.fallback_channel_id) == (None, None)
        await fixture.set_channel("alerts", role=role, fallback=second)
        await fixture.set_channel("alerts", clear="role fallback")
        assert fixture.app.guilds.settings(fixture.guild_id) == settings

    run_with_bot(tmp_path, scenario)


def test_what_contradicts_itself_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role, alerts = fixture.role_id("On call"), fixture.channel_id("alerts")
        await fixture.set_channel("alerts", role=role)
        before = fixture.app.guilds.settings(fixture.guild_id)
        for wrong in ({"clear": "role", "role": role}, {"fallback": str(alerts)}):
            answer = await fixture.set_channel("alerts", **wrong)
            assert answer.ephemeral
            assert "not both." in answer.content or "must differ" in answer.content
        assert fixture.app.guilds.settings(fixture.guild_id) == before
        await fixture.set_channel("alerts", fallback=fixture.sandbox.channel("news").id)
        await fixture.set_channel("news")
        after = fixture.app.guilds.settings(fixture.guild_id)
        assert after.fallback_channel_id is None, "the second one became the first"

    run_with_bot(tmp_path, scenario)


def test_me_too_has_the_site_looked_at_early(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert = await fixture.outage("Shop")
        monitor = fixture.app.monitors.find(fixture.guild_id, "Shop")
        entry = fixture.app.watchlist.get(fixture.guild_id, monitor.id)
        await fixture.run("watch edit", monitor="Shop", every=600)
        await until(lambda: fixture.app.scheduler.stats.running == 0)
        assert entry.latest is not None
        entry.latest = replace(entry.latest, at_ms=entry.latest.at_ms - 60_000)
        before = fixture.app.scheduler.stats.started
        await fixture.sandbox.press("Member", alert, "Me too")
        await until(lambda: fixture.app.scheduler.stats.started > before)
        # A crowd, or one person who presses again, is no load for the site.
        await until(lambda: fixture.app.scheduler.stats.running == 0)
        looked = fixture.app.scheduler.stats.started
        for who in ("Member", "Admin", "Moderator"):
            await fixture.sandbox.press(who, alert, "Me too")
        await asyncio.sleep(0.1)
        assert fixture.app.scheduler.stats.started <= looked + 2, "the confirm tries of one round"

    run_with_bot(tmp_path, scenario)
