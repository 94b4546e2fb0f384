"""Followed status pages, from the command to the message: one for each incident, kept true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot
from tests.engine.sites import serve
from tests.engine.status_page_servers import StatusPageServer, incident, instatus, summary

REPORTED = "🟠 REPORTED · Example Cloud · "


@asynccontextmanager
async def followed(
    fixture: BotFixture, page: StatusPageServer, components: str | None = None
) -> AsyncIterator[str]:
    """A page that the server follows; its address."""
    await fixture.set_channel("alerts")
    async with serve(page) as site:
        more = {} if components is None else {"components": components}
        answer = await fixture.run("watch follow", page=site.url(), **more)
        assert "I follow Example Cloud" in answer.content, answer.text
        yield site.url().rstrip("/")


def posts(fixture: BotFixture, channel: str = "alerts") -> list[dict[str, Any]]:
    return [one for one in fixture.sandbox.messages(channel) if "Example Cloud" in one["content"]]


async def settled(fixture: BotFixture) -> None:
    """One poll, and everything sent that follows from it."""
    await fixture.app.followed.poll_all()
    waiting = "SELECT count(*) FROM notification WHERE state IN ('pending', 'sending')"
    for _ in range(40):
        await asyncio.sleep(0.05)
        if not await fixture.app.db.read(lambda conn: conn.execute(waiting).fetchone()[0]):
            return


def test_the_first_look_is_silent_then_one_message_follows_each_incident(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer(body=summary(incident("old", "Long ago")))
        async with followed(fixture, page) as url:
            await settled(fixture)
            assert posts(fixture) == []
            new = incident("new", "@everyone **Login** is slow")
            page.body = summary(incident("old", "Long ago"), new)
            await fixture.app.followed.poll_all()
            message = await fixture.sandbox.wait_for_message("alerts", REPORTED)
            assert message["content"] == REPORTED + "\\@everyone \\*\\*Login\\*\\* is slow"
            embed = message["embeds"][0]
            assert embed["url"] == url
            assert "We are looking into it." in embed["description"]
            assert "I have not checked it" in embed["description"]
            assert message["mention_everyone"] is False
            for _ in range(3):
                await settled(fixture)
            assert len(posts(fixture)) == 1

    run_with_bot(tmp_path, scenario)


def test_updates_edit_the_message_and_the_end_closes_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with followed(fixture, page):
            page.body = summary(incident())
            await fixture.app.followed.poll_all()
            message = await fixture.sandbox.wait_for_message("alerts", REPORTED)
            page.body = summary(incident(name="Login is down", status="identified"))
            await settled(fixture)
            (now,) = posts(fixture)
            assert now["id"] == message["id"]
            assert now["content"] == REPORTED + "Login is down"
            assert "identified" in str(now["embeds"][0]["fields"])
            page.body = summary()
            await settled(fixture)
            (now,) = posts(fixture)
            assert now["content"] == "🟢 REPORT OVER · Example Cloud · Login is down"
            page.body = summary(incident(name="Login is down", status="identified"))
            await settled(fixture)
            (now,) = posts(fixture)
            assert now["content"] == REPORTED + "Login is down", "it is open again"
            page.status = "503 Later"
            await settled(fixture)
            assert posts(fixture) == [now], "a page that is away ends nothing"

    run_with_bot(tmp_path, scenario)


def test_components_are_matched_by_id_and_chosen_by_name(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with serve(page) as site:
            refused = await fixture.run("watch follow", page=site.url(), components="Web, Mail")
            assert refused.content == ("Example Cloud has no component “Mail”. It has: Web, Api")
            page.path, page.body = "/summary.json", instatus()  # its public answer names none
            whole = await fixture.run("watch follow", page=site.url(), components="Web")
            assert whole.content.startswith("Example App does not say which of its components")
            assert fixture.app.followed.of_guild(fixture.guild_id) == []
            page.path, page.body = "/api/v2/summary.json", summary()
            nothing = await fixture.run("watch follow", page=fixture.site.url)
            assert "I find no status page there" in nothing.content
        async with followed(fixture, page, "API"):
            other = incident("a", "Web is slow")
            named = incident("b", "Api is slow", components=[{"id": "api", "name": "Renamed"}])
            page.body = summary(other, named)
            await settled(fixture)
            await fixture.sandbox.wait_for_message("alerts", "Api is slow")
            assert [one["content"] for one in posts(fixture)] == [REPORTED + "Api is slow"]

    run_with_bot(tmp_path, scenario)


def test_the_page_is_asked_once_for_all_and_other_servers_see_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with followed(fixture, page) as url:
            fixture.sandbox.admin.add_guild("Rival", channels=("bridge",))
            fixture.sandbox.admin.add_user("Mallory", "Rival", "ADMINISTRATOR")
            there = {"who": "Mallory", "where": "Rival/bridge"}
            answer = await fixture.run("watch follow", **there, page=url)
            assert "Alerts go to" in answer.content
            before = len(page.asked)
            page.body = summary(incident())
            await settled(fixture)
            assert len(page.asked) == before + 1
            await fixture.sandbox.wait_for_message("alerts", REPORTED)
            await fixture.sandbox.wait_for_message("Rival/bridge", REPORTED)
            assert len(posts(fixture)) == 1
            assert len(posts(fixture, "Rival/bridge")) == 1
            mine = fixture.app.followed.of_guild(fixture.guild_id)
            listed = await fixture.run("watch list", **there)
            assert "Example Cloud" in listed.text
            assert [one.guild_id for one in mine] == [fixture.guild_id]

    run_with_bot(tmp_path, scenario)


def test_unfollowing_says_so_and_posts_nothing_more(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with followed(fixture, page) as url:
            page.body = summary(incident())
            await settled(fixture)
            again = await fixture.run("watch follow", page=url)
            assert "I already follow Example Cloud" in again.content
            gone = await fixture.sandbox.press("Admin", again, "Stop following Example Cloud")
            assert "I no longer follow Example Cloud." in gone.text
            page.body = summary(incident("b", "Another"))
            await settled(fixture)
            (now,) = posts(fixture)
            assert now["content"] == "⚪ NO LONGER FOLLOWED · Example Cloud"
            log = await fixture.run("watch list")
            assert "Example Cloud" not in log.text

    run_with_bot(tmp_path, scenario)


def test_what_waits_for_a_channel_that_refuses_is_posted_once_or_not_at_all(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with followed(fixture, page):
            fixture.sandbox.admin.set_permissions("alerts", "bot", deny="send_messages")
            page.body = summary(incident("a", "Stays"), incident("b", "Comes and goes"))
            await settled(fixture)
            page.body = summary(incident("a", "Stays"))
            await settled(fixture)
            assert posts(fixture) == []
            fixture.sandbox.admin.set_permissions("alerts", "bot")
            await fixture.sandbox.wait_for_message("alerts", REPORTED)
            await settled(fixture)
            assert [one["content"] for one in posts(fixture)] == [REPORTED + "Stays"]

    run_with_bot(tmp_path, scenario)


def test_a_restart_forgets_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        page = StatusPageServer()
        async with running_bot(tmp_path) as fixture:
            sandbox = fixture.sandbox
            async with followed(fixture, page):
                page.body = summary(incident())
                await settled(fixture)
                assert len(posts(fixture)) == 1
                await fixture.app.followed.load()
                await settled(fixture)
                page.body = summary(incident(name="Newer"))
                await settled(fixture)
        assert sandbox is not None
        (now,) = posts(fixture)
        assert now["content"] == REPORTED + "Newer"

    asyncio.run(scenario())


def test_an_alert_of_a_site_that_depends_on_a_page_says_what_that_reports(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        page = StatusPageServer()
        async with followed(fixture, page):
            page.body = summary(incident(started_at="2026-11-18T11:48:00Z"))
            await settled(fixture)
            alert = await fixture.outage("Shop", depends_on="Example Cloud")
            assert alert["content"].startswith("🔴 DOWN · Shop"), "no cause is named in the line"
            said = alert["embeds"][0]["description"]
            assert "Example Cloud has reported an incident since <t:1795002480:t>." in said
            card = await fixture.run("watch edit", monitor="Shop")
            assert "Example Cloud" in card.text
            page.body = summary()
            await settled(fixture)
            await asyncio.sleep(0.5)

    run_with_bot(tmp_path, scenario)
