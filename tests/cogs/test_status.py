"""``/status``: all sites or one, with no more than the asker may see."""

import unicodedata
from dataclasses import replace
from pathlib import Path

from bot.services.monitor_rules import MonitorIndex
from tests.cogs.bot_fixture import BotFixture, labels, run_with_bot, until


async def fill(fixture: BotFixture, count: int) -> None:
    for number in range(count):
        await fixture.run("watch add", url=fixture.site.url, name=f"Site {number:02}", every=1)
    await until(
        lambda: all(s.state == "up" for s in fixture.app.services.status.overview(fixture.guild_id))
    )


def test_an_empty_server_is_shown_the_next_step(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("status", who="Member")
        assert answer.content == "Nothing is watched yet.", "no command that is not theirs"
        answer = await fixture.run("status")
        command = next(c for c in fixture.sandbox.commands if c["name"] == "watch")
        assert answer.ephemeral
        assert answer.content == f"Nothing is watched yet. Try </watch add:{command['id']}>"

    run_with_bot(tmp_path, scenario)


def test_pages_of_ten_turn_in_place_and_survive_what_has_changed(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fill(fixture, 23)
        answer = await fixture.run("status", who="Member")
        assert answer.ephemeral
        assert answer.content == "23 up"
        assert answer.text.count("🟢 UP") == 10
        assert answer.buttons == ["◀", "▶", "Refresh"]
        assert answer.components[1]["disabled"] is True
        assert "Page 1 of 3" in answer.text
        turned = await fixture.sandbox.press("Member", answer, "▶")
        assert turned.status == "update"
        shown = fixture.sandbox.ephemerals("Member")[-1]
        assert "Site 10" in shown["embeds"][0]["description"]
        for number in range(3, 23):
            await fixture.remove(f"Site {number:02}")
        await fixture.sandbox.press("Member", shown, "▶")
        shown = fixture.sandbox.ephemerals("Member")[-1]
        assert shown["content"] == "3 up"
        assert labels(shown) == ["Refresh"]

    run_with_bot(tmp_path, scenario)


def test_problems_come_first_and_words_carry_the_state(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=f"{fixture.site.url}/canary", name="Bakery", every=1)
        await fixture.outage("Shop")
        await fixture.run("watch add", url=fixture.site.url, name="Attic")
        await fixture.run("watch pause", monitor="Attic")
        answer = await fixture.run("status", who="Member")
        assert answer.content == "1 down · 1 up · 1 paused"
        lines = answer.embeds[0]["description"].splitlines()
        host = fixture.site.url.removeprefix("http://")
        assert lines[0].startswith(f"**🔴 DOWN** · Shop · {host} · HTTP 503 · <t:")
        assert lines[1].startswith(f"**🟢 UP** · Bakery · {host} · ")
        assert lines[2] == f"**⚫ PAUSED** · Attic · {host}"
        assert lines[3].startswith("Checked <t:")

    run_with_bot(tmp_path, scenario)


def test_how_a_month_went_is_reported_of_what_is_up_and_has_a_label(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fill(fixture, 2)
        for entry in fixture.app.watchlist.all():
            entry.monitor = replace(entry.monitor, created_ms=entry.monitor.created_ms - 60_000)
        answer = await fixture.run("status", who="Member")
        first = answer.embeds[0]["description"].splitlines()[0]
        assert first.endswith(" ms · 100%")
        assert answer.embeds[0]["footer"]["text"] == "Uptime: last 30 days"
        french = await fixture.run("status", who="Member", locale="fr")
        assert french.embeds[0]["description"].splitlines()[0].endswith(" · 100\u00a0%")
        for name in ("Site 00", "Site 01"):
            await fixture.run("watch pause", monitor=name)
        paused = await fixture.run("status", who="Member")
        assert "%" not in paused.text
        assert " ms" not in paused.text, "an answer from before the pause is no news"
        assert "Uptime" not in paused.text

    run_with_bot(tmp_path, scenario)


def test_while_vigie_is_offline_itself_both_pages_say_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fill(fixture, 1)
        since_ms = fixture.app.clock.now_ms() - 60_000
        fixture.app.connectivity._since_ms = since_ms
        since = f"<t:{since_ms // 1000}:T>"
        why = "(no connectivity check answers); failures are not counted."
        said = f"I have been offline since {since} {why}"
        assert said in (await fixture.run("status", who="Member")).embeds[0]["description"]
        one = await fixture.run("status", who="Member", monitor="Site 00")
        assert one.embeds[0]["description"].endswith(said)

    run_with_bot(tmp_path, scenario)


def test_one_monitor_shows_why_and_the_whole_address_to_managers_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=f"{fixture.site.url}/?key=secret", name="Shop", every=1)
        fixture.site.status = 503
        await fixture.sandbox.wait_for_message("alerts", "Shop")
        plain = await fixture.run("status", who="Member", monitor="Shop")
        assert plain.ephemeral
        assert "🔴 DOWN · Shop" in plain.text
        assert "HTTP 503" in plain.text
        assert "secret" not in plain.text
        assert "secret" in (await fixture.run("status", monitor="Shop")).text
        public = await fixture.run("status", monitor="Shop", public=True)
        assert not public.ephemeral
        assert "secret" not in public.text

    run_with_bot(tmp_path, scenario)


def test_monitors_reported_in_a_channel_one_cannot_see_are_left_out(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        hidden = fixture.sandbox.channel("news").id
        fixture.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")
        await fixture.run("watch add", url=fixture.site.url, name="Open")
        await fixture.run("watch add", url=fixture.site.url, name="Hidden", channel=hidden)
        seen = await fixture.run("status", who="Member")
        assert "Open" in seen.text
        assert "Hidden" not in seen.text
        offered = await fixture.sandbox.autocomplete("Member", "general", "status", "monitor")
        assert [choice["name"] for choice in offered] == ["Open"]
        asked = await fixture.run("status", who="Member", monitor="Hidden")
        assert "Hidden" not in asked.text.replace("“Hidden”", "")
        assert "Hidden" in (await fixture.run("status")).text

    run_with_bot(tmp_path, scenario)


async def open_and_hidden(fixture: BotFixture) -> None:
    """One monitor that everybody sees, one whose alert channel is hidden from everybody."""
    await fixture.set_channel("alerts")
    hidden = fixture.sandbox.channel("news").id
    await fixture.run("watch add", url=fixture.site.url, name="Open")
    await fixture.run("watch add", url=fixture.site.url, name="Hidden", channel=hidden)
    fixture.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")


def test_a_public_answer_names_nothing_its_readers_may_not_see(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await open_and_hidden(fixture)
        answer = await fixture.run("status", public=True, locale="fr")
        assert not answer.ephemeral
        assert "Open" in answer.text
        assert "Hidden" not in answer.text
        assert await aside(fixture) == (
            "1 site masqué\u202f: son salon d’alertes n’est pas visible de tous ici."
        )
        await fixture.sandbox.press("Admin", answer, "Refresh", locale="fr")
        shown = fixture.sandbox.messages("general")[-1]
        assert "Hidden" not in shown["embeds"][0]["description"]
        assert shown["content"].endswith(("up", "pending")), "still in the server's words"
        await fixture.sandbox.press("Member", answer, "Refresh")
        own = fixture.sandbox.ephemerals("Member")[-1]
        assert "Open" in own["embeds"][0]["description"]
        assert "Hidden" not in own["embeds"][0]["description"]

    run_with_bot(tmp_path, scenario)


async def aside(fixture: BotFixture) -> str:
    """What the manager alone is reported after the answer."""

    def reported() -> list[str]:
        said = [str(message["content"]) for message in fixture.sandbox.ephemerals("Admin")]
        return [text for text in said if "hidden" in text or "masqué" in text]

    await fixture.sandbox.wait_for(reported)
    return reported()[-1]


def test_a_hidden_monitor_is_shown_to_its_manager_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await open_and_hidden(fixture)
        answer = await fixture.run("status", monitor="Hidden", public=True)
        assert answer.ephemeral
        assert "Hidden" in answer.text
        assert await aside(fixture) == (
            "1 site hidden: not everyone here can see its alert channel."
        )
        await fixture.app.monitors.remove(fixture.guild_id, monitor_id(fixture, "Open"), 1)
        answer = await fixture.run("status", public=True)
        assert answer.ephemeral
        assert "Hidden" in answer.text
        assert [m for m in fixture.sandbox.messages("general") if "Hidden" in str(m)] == []

    run_with_bot(tmp_path, scenario)


def monitor_id(fixture: BotFixture, name: str) -> int:
    return fixture.app.monitors.find(fixture.guild_id, name).id


def test_where_everybody_who_reads_may_look_the_hidden_is_named(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await open_and_hidden(fixture)
        admin = fixture.sandbox.admin
        inside = await fixture.run("status", where="news", public=True)
        assert "Hidden" in inside.text, "in the alert channel itself"
        admin.set_permissions("news", "Moderators", allow="VIEW_CHANNEL")
        assert "Hidden" not in (await fixture.run("status", public=True)).text
        admin.set_permissions("general", "@everyone", deny="VIEW_CHANNEL")
        admin.set_permissions("general", "Moderators", allow="VIEW_CHANNEL")
        assert "Hidden" in (await fixture.run("status", public=True)).text
        admin.set_permissions("news", "On call", allow="VIEW_CHANNEL")
        assert "Hidden" in (await fixture.run("status", public=True)).text, (
            "more may see the alerts"
        )
        admin.set_permissions("general", "Member", allow="VIEW_CHANNEL")
        assert "Hidden" not in (await fixture.run("status", public=True)).text, "let in by name"
        admin.set_permissions("news", "Member", allow="VIEW_CHANNEL")
        assert "Hidden" in (await fixture.run("status", public=True)).text
        admin.set_permissions("news", "On call", deny="VIEW_CHANNEL")
        answer = await fixture.run("status", public=True)
        assert "Hidden" not in answer.text, "a role is shut out by name"

    run_with_bot(tmp_path, scenario)


NASTY = [
    "שלום " * 16,
    "مرحبا\u202e\u2066 @everyone",
    "👩‍👩‍👧‍👦" * 8,
    "**bold** `code` ||spoiler|| [a](http://b)",
    "<@&1> <#2> </x:3> <t:1:R>",
    "# heading",
    "x" * 80,
]


def test_fifty_sites_with_odd_names_fit_every_page_and_stay_text(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        names = [f"{NASTY[n % len(NASTY)][:76]}{n:02}" for n in range(50)]
        drafts = []
        for name in names:
            url = f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.example/"
            new = {"url": url, "name": name}
            drafts.append(fixture.app.monitors.draft(fixture.guild_id, new, MonitorIndex()))
        await fixture.app.monitors.keep(fixture.guild_id, drafts, by=1)
        answer = await fixture.run("status", who="Member", locale="fr")
        assert answer.message is not None
        shown = answer.message
        for page in range(5):
            text = shown["embeds"][0]["description"]
            assert text.count("EN ATTENTE") == 10
            assert not {c for c in text if unicodedata.category(c) in {"Cf", "Cc"}} - {"\n"}
            assert "||spoiler||" not in text
            assert "<@&1>" not in text
            if page < 4:
                await fixture.sandbox.press("Member", shown, "▶", locale="fr")
                shown = fixture.sandbox.ephemerals("Member")[-1]
        assert "Page 5 sur 5" in shown["embeds"][0]["footer"]["text"]

    run_with_bot(tmp_path, scenario)
