"""Alerts through Discord's eyes: one message, one reply, buttons that do what they say."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from tests.cogs.harbour import Harbour, Json, harbour, labels, sail, until

BUTTONS = ["Acknowledge", "Mute 1 h", "Details", "Tell me when it is back", "Me too"]


def fields(message: Json) -> dict[str, str]:
    return {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}


def sent(ship: Harbour, channel: str = "alerts") -> list[Json]:
    """The bodies of the posts that a channel was asked to take."""
    entries = ship.sandbox.record.of("POST", f"/channels/{ship.channel_id(channel)}/messages")
    return [entry.body for entry in entries if isinstance(entry.body, dict)]


def test_an_outage_is_one_message_edited_and_one_silent_reply(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        role = ship.role_id("On call")
        answer = await ship.set_channel("alerts", role=role)
        assert answer.content == f"Alerts go to <#{ship.channel_id('alerts')}> and call <@&{role}>."
        alert = await ship.outage("Shop")
        public_id = alert["embeds"][0]["footer"]["text"].removeprefix("#").partition(" ")[0]
        assert alert["content"].startswith("🔴 DOWN · Shop · HTTP 503 (")
        assert alert["content"].endswith(f" checks) <@&{role}>")
        assert alert["embeds"][0]["title"] == "Shop is down"
        assert alert["embeds"][0]["footer"]["text"] == f"#{public_id} · every 1 s"
        assert list(fields(alert)) == ["Since", "Last OK", "Checks"]
        assert labels(alert) == BUTTONS
        assert alert["components"][0]["components"][0]["custom_id"] == f"v1:ack:{public_id}"
        assert alert["mention_roles"] == [role]
        assert sent(ship)[0]["allowed_mentions"] == {"parse": [], "roles": [int(role)]}
        assert sent(ship)[0]["enforce_nonce"] is True
        await ship.site.heal()
        reply = await ship.sandbox.wait_for_message("alerts", "🟢 UP · Shop · back after", 15)
        assert reply["message_reference"]["message_id"] == alert["id"]
        assert reply["flags"] & 1 << 12
        assert sent(ship)[1]["allowed_mentions"] == {"parse": []}
        assert sent(ship)[1]["message_reference"]["fail_if_not_exists"] is False
        await until(lambda: ship.sandbox.messages("alerts")[0]["components"] == [])
        edited = ship.sandbox.messages("alerts")[0]
        assert edited["embeds"][0]["title"] == "Resolved · Shop"
        assert edited["embeds"][0]["description"].startswith("It lasted ")
        assert "<@&" not in edited["content"]
        patches = ship.sandbox.record.of("PATCH", "/messages/")
        assert all(
            p.body["allowed_mentions"] == {"parse": []} for p in patches if isinstance(p.body, dict)
        )
        assert len(ship.sandbox.messages("alerts")) == 2

    sail(tmp_path, scenario)


def test_buttons_do_their_work_and_ask_for_the_right_to_press(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts", role=ship.role_id("On call"))
        alert = await ship.outage("Shop")

        async def press(who: str, label: str) -> str:
            answer = await ship.sandbox.press(who, alert, label)
            assert answer.ephemeral
            return answer.text

        refused = "You need “Manage Messages” or the role of this alert for this."
        assert await press("Member", "Acknowledge") == refused
        assert await press("Member", "Mute 1 h") == refused
        assert await press("Member", "Tell me when it is back") == (
            "I will mention you here when it is over."
        )
        assert await press("Member", "Tell me when it is back") == "I had noted that already."
        assert await press("Member", "Me too") == "Noted: 1 person sees the same."
        assert await press("Admin", "Me too") == "Noted: 2 people see the same."
        details = await press("Member", "Details")
        assert "Latest checks" in details
        assert ship.site.url not in details
        assert ship.site.url in await press("Admin", "Details")
        ship.sandbox.admin.give_role("Harbour", "Member", "On call")
        assert await press("Member", "Acknowledge") == "You are on it; the alert says so."
        member = ship.sandbox.world.user("Member").id
        assert await press("Moderator", "Acknowledge") == f"<@{member}> was there before you."
        await ship.sandbox.wait_for_message("alerts", f"<@{member}> is on it.")
        assert (await press("Moderator", "Mute 1 h")).startswith(
            "Alerts for Shop are muted until <t:"
        )
        await ship.site.heal()
        reply = await ship.sandbox.wait_for_message("alerts", "🟢 UP · Shop", 15)
        assert reply["content"].endswith(f" <@{member}>")
        assert [user["id"] for user in reply["mentions"]] == [member]
        assert not reply["flags"]

    sail(tmp_path, scenario)


def test_a_button_of_a_closed_alert_or_of_another_server_says_so(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        alert = await ship.outage("Shop")
        core: Any = ship.sandbox._core
        stored = core.messages.find(alert["id"])
        before = dict(stored.message)
        await ship.site.heal()
        await ship.sandbox.wait_for_message("alerts", "🟢 UP", 15)
        stored.message["components"] = before["components"]  # a client that has not caught up
        for label in ("Me too", "Tell me when it is back"):
            answer = await ship.sandbox.press("Member", alert, label)
            assert answer.content == "This alert is already closed."
        assert "Resolved · Shop" in (await ship.sandbox.press("Member", alert, "Details")).text
        ship.sandbox.admin.add_guild("Elsewhere", channels=("lounge",))
        foreign = ship.sandbox.say("Admin", "Elsewhere/lounge", "hello")
        copy = core.messages.find(foreign["id"])
        copy.message["components"] = before["components"]
        answer = await ship.sandbox.press("Admin", foreign, "Details")
        assert answer.content == "I do not know this alert any more."

    sail(tmp_path, scenario)


def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await ship.set_channel("alerts")
                alert = await ship.outage("Shop")
            async with harbour(tmp_path, sandbox=sandbox):
                answer = await sandbox.press("Moderator", alert, "Acknowledge")
                assert answer.content == "You are on it; the alert says so."
                await sandbox.wait_for_message("alerts", "is on it.")
                assert len(sandbox.texts("alerts")) == 1

    asyncio.run(scenario())


def test_missing_rights_and_roles_out_of_reach_are_named_at_once(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.admin.set_permissions("alerts", deny=("EMBED_LINKS", "READ_MESSAGE_HISTORY"))
        quiet = ship.sandbox.admin.add_role("Harbour", "Quiet")
        answer = await ship.set_channel("alerts", role=quiet.id)
        channel = f"<#{ship.channel_id('alerts')}>"
        assert answer.content.splitlines() == [
            f"Alerts go to {channel} and call <@&{quiet.id}>.",
            f"In {channel} I still need: Embed Links and Read Message History.",
            (
                "Open the channel’s settings, page Permissions, add"
                f" <@{ship.sandbox.world.bot.id}> and allow what is missing."
            ),
            (
                f"I can't ping <@&{quiet.id}>: make it mentionable, or allow me"
                f" “Mention everyone” in {channel}."
            ),
        ]
        everyone = await ship.set_channel("alerts", role=str(ship.guild_id))
        assert everyone.content == "I do not call @everyone. Choose a role, or none."
        settings = ship.app.guilds.settings(ship.guild_id)
        assert settings.role_id == int(quiet.id)

    sail(tmp_path, scenario)


def test_a_role_of_before_is_looked_at_in_the_new_channel(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        role = ship.sandbox.admin.add_role("Harbour", "Night watch")
        ship.sandbox.admin.set_bot_permissions(
            "Harbour", ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        ship.sandbox.admin.set_permissions("alerts", allow="MENTION_EVERYONE")
        await asyncio.sleep(0.1)
        first = await ship.set_channel("alerts", role=role.id)
        assert "I can't ping" not in first.content
        other = await ship.set_channel("news")
        assert f"I can't ping <@&{role.id}>: make it mentionable" in other.content

    sail(tmp_path, scenario)


def test_an_alert_that_was_blocked_goes_out_when_the_right_is_back(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        ship.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES")
        await ship.run("watch add", url=ship.site.url, name="Shop", every=1)
        ship.site.status = 503
        await until(lambda: any(e.code == 50013 for e in ship.sandbox.record.requests), 15)
        tries = len(sent(ship))
        await asyncio.sleep(0.2)
        assert len(sent(ship)) == tries
        ship.sandbox.admin.set_permissions("alerts")
        await ship.sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")

    sail(tmp_path, scenario)


def test_reminders_and_a_second_channel_are_kept(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        fallback = ship.sandbox.channel("news").id
        await ship.set_channel("alerts", fallback=fallback, reminders="4")
        settings = ship.app.guilds.settings(ship.guild_id)
        assert (settings.fallback_channel_id, settings.reminder_h) == (int(fallback), 4)
        assert settings.set_by == int(ship.sandbox.world.user("Admin").id)

    sail(tmp_path, scenario)


def test_role_and_second_channel_can_be_taken_away_again(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        role, second = ship.role_id("On call"), ship.sandbox.channel("news").id
        both = await ship.set_channel("alerts", role=role, fallback=second)
        assert f"If that fails they go to <#{second}>." in both.content
        kept = await ship.set_channel("alerts")
        assert f"and call <@&{role}>" in kept.content, "what is left out stays"
        gone = await ship.set_channel("alerts", clear="role")
        assert "call" not in gone.content
        assert f"<#{second}>" in gone.content
        none = await ship.set_channel("alerts", clear="fallback")
        assert none.content == f"Alerts go to <#{ship.channel_id('alerts')}>."
        settings = ship.app.guilds.settings(ship.guild_id)
        assert (settings.role_id, settings.fallback_channel_id) == (None, None)
        await ship.set_channel("alerts", role=role, fallback=second)
        await ship.set_channel("alerts", clear="role fallback")
        assert ship.app.guilds.settings(ship.guild_id) == settings

    sail(tmp_path, scenario)


def test_what_contradicts_itself_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        role, alerts = ship.role_id("On call"), ship.channel_id("alerts")
        await ship.set_channel("alerts", role=role)
        before = ship.app.guilds.settings(ship.guild_id)
        for wrong in ({"clear": "role", "role": role}, {"fallback": str(alerts)}):
            answer = await ship.set_channel("alerts", **wrong)
            assert answer.ephemeral
            assert "not both." in answer.content or "another one" in answer.content
        assert ship.app.guilds.settings(ship.guild_id) == before
        await ship.set_channel("alerts", fallback=ship.sandbox.channel("news").id)
        await ship.set_channel("news")
        after = ship.app.guilds.settings(ship.guild_id)
        assert after.fallback_channel_id is None, "the second one became the first"

    sail(tmp_path, scenario)


def test_me_too_has_the_site_looked_at_early(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        alert = await ship.outage("Shop")
        monitor = ship.app.monitors.find(ship.guild_id, "Shop")
        entry = ship.app.watchlist.get(ship.guild_id, monitor.id)
        await ship.run("watch edit", monitor="Shop", every=600)
        await until(lambda: ship.app.scheduler.stats.running == 0)
        assert entry.latest is not None
        entry.latest = replace(entry.latest, at_ms=entry.latest.at_ms - 60_000)
        before = ship.app.scheduler.stats.started
        await ship.sandbox.press("Member", alert, "Me too")
        await until(lambda: ship.app.scheduler.stats.started > before)
        # A crowd, or one person who presses again, is no load for the site.
        await until(lambda: ship.app.scheduler.stats.running == 0)
        looked = ship.app.scheduler.stats.started
        for who in ("Member", "Admin", "Moderator"):
            await ship.sandbox.press(who, alert, "Me too")
        await asyncio.sleep(0.1)
        assert ship.app.scheduler.stats.started <= looked + 2, "the confirm tries of one round"

    sail(tmp_path, scenario)
