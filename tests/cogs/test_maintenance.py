"""``/maintenance``: windows that are started, planned, listed and cancelled by people."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.models import State
from sandbox import Refused
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until


async def offered(
    fixture: BotFixture, command: str, option: str, typed: str = ""
) -> list[dict[str, str]]:
    found = await fixture.sandbox.autocomplete(
        "Admin", "general", f"maintenance {command}", option, typed
    )
    return list(found)


def test_what_fails_under_maintenance_is_reported_when_it_is_cancelled(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        overview = fixture.app.services.status.overview
        await until(lambda: overview(fixture.guild_id)[0].state is State.UP)
        begun = await fixture.run("maintenance start", monitor="Shop", for_="2h", reason="new disk")
        [window] = fixture.app.services.maintenance.of_guild(fixture.guild_id)
        end = (window.occurrence.until_ms or 0) // 1000
        assert (window.occurrence.until_ms or 0) - window.occurrence.from_ms == 7_200_000
        assert begun.ephemeral
        assert begun.content.startswith(f"Maintenance until <t:{end}:f>: Shop.\n")
        assert "</maintenance cancel:" in begun.content
        fixture.site.status = 503
        await until(lambda: overview(fixture.guild_id)[0].state is State.DOWN)
        await fixture.app.silences.expire_due()
        shown = await fixture.run("status", who="Member")
        assert shown.content == "1 down · 1 in maintenance"
        assert "**🔴 DOWN · MAINTENANCE** · Shop" in shown.text
        one = await fixture.run("status", who="Member", monitor="Shop")
        assert (
            f"Maintenance until <t:{end}:f>; alerts are silenced until then. new disk" in one.text
        )
        assert fixture.sandbox.messages("alerts") == []
        [choice] = await offered(fixture, "cancel", "window")
        cancelled = await fixture.run("maintenance cancel", window=choice["value"])
        assert cancelled.content == "The maintenance is over: Shop."
        await fixture.app.silences.expire_due()
        message = await fixture.sandbox.wait_for_message("alerts", "Shop")
        assert message["content"].startswith("🔴 DOWN · Shop · HTTP 503")

    run_with_bot(tmp_path, scenario)


def test_a_start_without_options_is_an_hour_for_everything_here(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("maintenance start")
        assert ": all sites.\n" in answer.content
        [window] = fixture.app.services.maintenance.of_guild(fixture.guild_id)
        assert window.window.monitor_id is None
        assert (window.occurrence.until_ms or 0) - window.occurrence.from_ms == 3_600_000
        [choice] = await offered(fixture, "cancel", "window")
        assert choice["name"].startswith("all sites · 20")
        assert choice["name"].endswith(" UTC")
        assert choice["value"] == str(window.window.id)
        gone = await fixture.run("maintenance cancel", window=choice["name"])
        assert gone.content == (
            "There is no such maintenance window here. Pick one from the list as you type."
        )

    run_with_bot(tmp_path, scenario)


def test_a_start_under_an_open_window_says_that_there_are_two(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        already = "It was in maintenance already, until <t:"
        for name in ("Shop", "Blog"):
            await fixture.run("watch add", url=f"{fixture.site.url}/{name}", name=name)
        first = await fixture.run("maintenance start", monitor="Shop", for_="2h")
        assert already not in first.content
        [window] = fixture.app.services.maintenance.of_guild(fixture.guild_id)
        end = f"{already}{(window.occurrence.until_ms or 0) // 1000}:f>."
        assert already not in (await fixture.run("maintenance start", monitor="Blog")).content
        again = await fixture.run("maintenance start", monitor="Shop")
        assert f"{end} Each window ends by itself: </maintenance list:" in again.content
        assert already not in (await fixture.run("maintenance start")).content, "it covers more"
        french = await fixture.run("maintenance start", monitor="Shop", locale="fr")
        assert "Il y avait déjà une maintenance, jusqu’au <t:" in french.content

    run_with_bot(tmp_path, scenario)


def test_a_weekly_window_says_its_zone_and_the_server_remembers_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        first = await fixture.run(
            "maintenance schedule", days="mon,wed", from_="02:30", to="04:00", monitor="Shop"
        )
        assert first.content.startswith(
            "Maintenance is planned: **Shop** · every Monday and Wednesday, 02:30–04:00 (UTC) · "
        )
        assert "The times are those of the zone UTC. For another one use" in first.content
        options = {"days": "lun-ven", "from_": "23h", "for_": "90m"}
        second = await fixture.run("maintenance schedule", **options, timezone="europe/paris")
        assert "**all sites** · Monday to Friday, 23:00 for 1 h 30 min (Europe/Paris)" in (
            second.content
        )
        assert "The times are those of the zone Europe/Paris.\n" in second.content
        third = await fixture.run(
            "maintenance schedule", days="sunday", from_="1:00 pm", to="14:00"
        )
        assert "every Sunday, 13:00–14:00 (Europe/Paris)" in third.content
        assert fixture.app.guilds.settings(fixture.guild_id).timezone == "Europe/Paris"
        listed = await fixture.run("maintenance list")
        # Depending on the hour of the test, one of them may be under way.
        assert listed.text.count(" · next <t:") + listed.text.count(" · now, until <t:") == 3
        assert "3 maintenance windows" in listed.text
        choices = await offered(fixture, "cancel", "window", "shop")
        assert [c["name"] for c in choices] == [
            "Shop · every Monday and Wednesday, 02:30–04:00 UTC"
        ]

    run_with_bot(tmp_path, scenario)


def test_one_date_is_planned_once_and_shown_as_discord_shows_times(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        day = (datetime.now(UTC) + timedelta(days=3)).date()
        begins = datetime(day.year, day.month, day.day, 22, tzinfo=UTC).timestamp()
        answer = await fixture.run(
            "maintenance schedule", days=day.isoformat(), from_="22:00", to="02:00"
        )
        span = f"<t:{begins:.0f}:f> – <t:{begins + 14_400:.0f}:f>"
        assert f"**all sites** · {span}\n" in answer.content
        [choice] = await offered(fixture, "cancel", "window", day.isoformat())
        assert choice["name"] == (f"all sites · {day} 22:00–{day + timedelta(days=1)} 02:00 UTC")
        cancelled = await fixture.run("maintenance cancel", window=choice["value"])
        assert cancelled.content == "The planned maintenance is cancelled: all sites."
        empty = await fixture.run("maintenance list")
        assert empty.content.startswith("No maintenance is planned. Try </maintenance schedule:")

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "There is no time zone called “Mars/Olympus”."),
        ({"days": "someday"}, "I did not understand those days."),
        ({"days": "2027-02-30"}, "I did not understand those days."),
        ({"days": "2020-01-01"}, "That time is over already."),
        ({"from_": "25:00"}, "I did not understand that time of day."),
        ({"to": "noon"}, "I did not understand that time of day."),
        ({"to": None}, "Set its end with “to” or with “for”"),
        ({"for_": "1h"}, "Set its end with “to” or with “for”"),
        ({"days": "daily", "from_": "00:00", "to": "24:00"}, "That would be maintenance without"),
        ({"monitor": "Nothing"}, "I watch nothing called “Nothing” here."),
    ],
)
def test_what_was_not_understood_is_said_in_one_helpful_line(
    tmp_path: Path, options: dict[str, str | None], said: str
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        whole: dict[str, Any] = {"days": "mon", "from_": "02:00", "to": "03:00"} | options
        answer = await fixture.run("maintenance schedule", **whole)
        assert answer.ephemeral
        assert answer.content.startswith(said)
        assert "\n" not in answer.content
        assert fixture.app.services.maintenance.of_guild(fixture.guild_id) == []

    run_with_bot(tmp_path, scenario)


def test_days_and_zones_are_offered_as_people_type(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        patterns = await offered(fixture, "schedule", "days")
        assert patterns[0] == {"name": "every day", "value": "mon,tue,wed,thu,fri,sat,sun"}
        today = datetime.now(UTC).date()
        assert today.isoformat() in [c["value"] for c in patterns]
        typed = await offered(fixture, "schedule", "days", "lun, mer")
        assert typed[0] == {"name": "every Monday and Wednesday", "value": "mon,wed"}
        usual = await offered(fixture, "schedule", "timezone")
        assert usual[0]["value"] == "UTC"
        assert len(usual) > 10
        york = await offered(fixture, "schedule", "timezone", "new y")
        assert york[0]["value"] == "America/New_York"
        assert york[0]["name"].startswith("America/New_York (")
        assert await offered(fixture, "schedule", "timezone", "nowhere at all") == []
        nobody = await fixture.sandbox.autocomplete(
            "Admin", "general", "maintenance cancel", "window", "x"
        )
        assert nobody == []

    run_with_bot(tmp_path, scenario)


def test_only_people_with_manage_server_plan_and_everybody_is_answered_in_their_language(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("maintenance start")
        with pytest.raises(Refused):
            await fixture.run("maintenance start", who="Moderator")
        with pytest.raises(Refused):
            await fixture.sandbox.autocomplete(
                "Moderator", "general", "maintenance cancel", "window"
            )
        fixture.give("maintenance", "Moderators")
        offered = await fixture.sandbox.autocomplete(
            "Moderator", "general", "maintenance cancel", "window"
        )
        assert len(offered) == 1
        french = await fixture.run(
            "maintenance schedule", days="lun,mer", from_="2h30", to="4h", locale="fr"
        )
        assert "**tous les sites** · chaque lundi et mercredi" in french.content
        assert "Les heures sont celles du fuseau UTC." in french.content

    run_with_bot(tmp_path, scenario)


def test_a_weekly_plan_that_is_cancelled_is_written_out_to_be_made_again(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        for locale, plan in (
            ("en-US", "it was scheduled every Monday, 02:30–03:30 (Europe/Paris)."),
            ("fr", "(Europe/Paris)."),
        ):
            await fixture.run(
                "maintenance schedule",
                days="mon",
                from_="02:30",
                to="03:30",
                timezone="Europe/Paris",
                monitor="Shop",
            )
            window = str(fixture.app.services.maintenance.of_guild(fixture.guild_id)[0].window.id)
            answer = await fixture.run("maintenance cancel", window=window, locale=locale)
            assert answer.content.endswith(plan)
            assert fixture.app.services.maintenance.of_guild(fixture.guild_id) == []

    run_with_bot(tmp_path, scenario)


def test_a_date_is_taken_as_people_write_it_and_no_window_twice(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        day = (datetime.now(UTC) + timedelta(30)).date()
        local = f"{day:%d/%m/%Y}"
        options: dict[str, Any] = {"days": local, "from_": "22:00", "for_": "1h", "locale": "fr"}
        [choice] = await fixture.sandbox.autocomplete(
            "Admin", "general", "maintenance schedule", "days", local, locale="fr"
        )
        assert choice["value"] == day.isoformat()
        await fixture.run("maintenance schedule", **options)
        [window] = fixture.app.services.maintenance.of_guild(fixture.guild_id)
        assert window.window.date == day
        again = await fixture.run("maintenance schedule", **options, reason="once more")
        assert again.content == "Cette maintenance est d\u00e9j\u00e0 pr\u00e9vue."
        assert len(fixture.app.services.maintenance.of_guild(fixture.guild_id)) == 1

    run_with_bot(tmp_path, scenario)


def test_maintenance_is_announced_where_the_alerts_go_if_that_is_wanted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        nowhere = await fixture.run("maintenance start", for_="1h", announce=True)
        assert nowhere.content.endswith("It is announced nowhere: no alert channel is set.")
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="**Shop** @everyone")
        await fixture.run("maintenance start", monitor="**Shop** @everyone", for_="2h")
        options: dict[str, Any] = {"days": "2027-12-24", "from_": "22:00", "for_": "1h"}
        said = await fixture.run(
            "maintenance schedule", **options, monitor="**Shop** @everyone", announce=True
        )
        assert said.content.endswith(f"Announced in <#{fixture.channel_id('alerts')}>.")
        posted = await fixture.sandbox.wait_for_message("alerts", "MAINTENANCE")
        assert "2027-12-24 22:00\u201323:00 UTC" in posted["content"]
        assert "\\*\\*Shop" in posted["content"]
        assert not posted["mention_everyone"]
        assert len(fixture.sandbox.messages("alerts")) == 1

    run_with_bot(tmp_path, scenario)
