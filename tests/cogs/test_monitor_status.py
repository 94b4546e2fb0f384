"""``/status monitor``: driven by people over the whole Vigie, on seeded months of history."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, incidents, rollups
from bot.db.database import Connection
from bot.db.rollups import Rollup
from bot.engine.certificates import CertificateHistory, Observation
from bot.models import Cause, Ending, Incident, Kind, Reason
from bot.services.watchlist import Entry
from sandbox import Answer
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot, until

NARROW = "\u202f"


def fields(answer: Answer) -> dict[str, str]:
    return {field["name"]: field["value"] for field in answer.embeds[0].get("fields", [])}


async def shop(fixture: BotFixture, **more: Any) -> Entry:
    """A monitor that is up."""
    await fixture.set_channel("alerts")
    await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1, **more)
    entry = next(iter(fixture.app.watchlist.all()))
    await until(lambda: entry.judge_state.monitor_state == "up")
    return entry


def ended(entry: Entry, begin_ms: int, length_s: int, **more: object) -> Incident:
    return Incident(
        *(0, "", entry.monitor.guild_id, entry.monitor.id, "Shop", "", 60, Kind.DOWN),
        cause=Cause(Reason.HTTP, 503),
        since_ms=begin_ms,
        opened_ms=begin_ms + 60_000,
        ended_ms=begin_ms + length_s * 1000,
        resolved_ms=begin_ms + length_s * 1000 + 60_000,
        ending=Ending.RESOLVED,
        **more,  # type: ignore[arg-type]
    )


async def remember(fixture: BotFixture, *past: Incident) -> None:
    def write(conn: Connection) -> None:
        for one in past:
            incidents.update(conn, replace(one, id=incidents.insert(conn, one).id))

    await fixture.app.recorder._db.write(write)


async def live_long(fixture: BotFixture, entry: Entry, days: int = 120) -> int:
    """As if it had been watched so long, with one bad day a week ago; returns that day."""
    now_ms = fixture.app.clock.now_ms()
    today, hour = now_ms // DAY_MS, now_ms // HOUR_MS
    entry.monitor = replace(entry.monitor, created_ms=now_ms - days * DAY_MS)
    monitor_id = entry.monitor.id

    def write(conn: Connection) -> None:
        for day in range(today - days, today):
            down_s = 43_200 if day == today - 7 else 0
            rollups.save_day(conn, Rollup(monitor_id, day, 1440, 1440, 100, 200, 86_400, down_s, 0))
        guilds.put(conn, rollups.ROLLED_DAY, str(today))
        guilds.put(conn, rollups.ROLLED_HOUR, str(today * 24))
        # Spans of 30 and of 90 days begin within a day, whatever the hour of the test.
        begun = (today - back for back in (30, 90))
        partly = [one for day in begun for one in range(day * 24, day * 24 + 24)]
        for one in (*partly, *range(hour - 30, today * 24)):
            rollups.save_hour(conn, Rollup(monitor_id, one, 60, 60, 100, 200, 3600, 0, 0))

    await fixture.app.recorder._db.write(write)
    await fixture.app.recorder.flush()
    return today - 7


def test_months_of_history_are_reported_to_everybody_in_numbers(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        bad_day = await live_long(fixture, entry)
        begin_ms = bad_day * DAY_MS + 8 * HOUR_MS
        channel_id = fixture.channel_id("alerts")
        await remember(fixture, ended(entry, begin_ms, 43_200, channel_id=channel_id))
        answer = await fixture.run("status", who="Member", monitor="Shop")
        assert answer.ephemeral
        embed = answer.embeds[0]
        assert embed["title"] == "🟢 UP · Shop"
        end = begin_ms // 1000 + 43_200
        assert embed["description"] == f"No trouble since <t:{end}:R> (<t:{end}:f>)."
        reported = fields(answer)
        line = reported["Last 90 days"].split("\n")[1]
        assert line.replace(" ", "").count("█") == 29
        assert line.split(" ")[2][-3:].count("X") == 1
        uptime = reported["Uptime"].split("\n")
        assert uptime[0] == "**24 h** · 100%"
        assert uptime[2].startswith("**30 days** · 98.3")
        assert uptime[2].endswith("% · down 12 h")
        assert uptime[3].startswith("**90 days** · 99.4")
        assert "median " in reported["Response time, last 24 h"]
        past, more = reported["Last incidents"].split("\n")
        seen = "HTTP 503 (Service Unavailable)"
        assert past == f"<t:{begin_ms // 1000}:f> · 🔴 DOWN · lasted 12 h · {seen}"
        assert more.startswith("All of them: </incidents:")
        assert "Certificate" not in reported, "a site without TLS has none"
        assert "Alert channel" not in reported
        assert reported["Address"] == fixture.site.url.removeprefix("http://")
        assert embed["footer"]["text"] == "every 1 s"

    run_with_bot(tmp_path, scenario)


def test_french_people_read_french_numbers(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        await live_long(fixture, entry)
        answer = await fixture.run("status", who="Member", monitor="Shop", locale="fr")
        reported = fields(answer)
        assert answer.embeds[0]["title"] == "🟢 EN LIGNE · Shop"
        uptime = reported["Disponibilité"].replace(NARROW, "~").split("\n")
        assert uptime[0] == "**24~h** · 100\u00a0%"
        assert uptime[2].startswith("**30~jours** · 98,3")
        assert uptime[2].endswith("\u00a0% · en panne 12~h")
        bar = reported[f"90{NARROW}derniers jours"].split("\n")
        assert bar[3].replace(NARROW, "~") == (
            "Chaque marque vaut 3~jours, la plus récente à la fin~:"
            " `█` sans incident · `X` plus de 10~% en panne"
        )
        assert "médiane" in reported[f"Temps de réponse, dernières 24{NARROW}h"]

    run_with_bot(tmp_path, scenario)


def test_a_manager_also_reads_the_address_and_where_it_is_reported(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.role_id("On call")
        await shop(fixture, role=role)
        reported = fields(await fixture.run("status", monitor="Shop"))
        assert reported["Address"] == f"`{fixture.site.url}/`"
        assert reported["Alert channel"] == f"<#{fixture.channel_id('alerts')}> · <@&{role}>"
        public = await fixture.run("status", monitor="Shop", public=True)
        assert not public.ephemeral
        assert "Alert channel" not in fields(public)
        assert fields(public)["Address"] == fixture.site.url.removeprefix("http://")

    run_with_bot(tmp_path, scenario)


def test_an_open_incident_says_since_when_and_is_not_among_the_past(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.outage("Shop")
        answer = await fixture.run("status", who="Member", monitor="Shop")
        entry = next(iter(fixture.app.watchlist.all()))
        assert entry.incident is not None
        since = entry.incident.since_ms // 1000
        assert answer.embeds[0]["title"] == "🔴 DOWN · Shop"
        reported = fields(answer)
        assert reported["Since"] == f"<t:{since}:R> (<t:{since}:f>)"
        assert "HTTP 503" in reported["Latest check"]
        assert "Last incidents" not in reported
        assert "since it was added" in reported["Uptime"]
        assert "100%" not in reported["Uptime"]

    run_with_bot(tmp_path, scenario)


def test_a_paused_one_says_since_when_and_until_when(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        await fixture.run("watch pause", monitor="Shop", for_="2h")
        answer = await fixture.run("status", who="Member", monitor="Shop")
        resume = (entry.monitor.resume_ms or 0) // 1000
        paused = (entry.monitor.paused_ms or 0) // 1000
        assert answer.embeds[0]["title"] == "⚫ PAUSED · Shop"
        assert answer.embeds[0]["description"] == f"Paused until <t:{resume}:f>."
        assert fields(answer)["Since"].startswith(f"<t:{paused}:R>")

    run_with_bot(tmp_path, scenario)


def test_one_that_was_never_judged_has_no_numbers_and_one_that_is_gone_no_answer(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.site.status = 503  # one failed check says nothing yet
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=3600)
        answer = await fixture.run("status", who="Member", monitor="Shop")
        assert answer.embeds[0]["title"] == "⚪ PENDING · Shop"
        assert answer.embeds[0]["description"].startswith("Waiting for the first")
        assert set(fields(answer)) == {"Latest check", "Address"}
        found = fixture.app.monitors.find(fixture.guild_id, "Shop")
        await fixture.app.monitors.remove(fixture.guild_id, found.id, 1)
        gone = await fixture.run("status", who="Member", monitor="Shop")
        assert gone.ephemeral
        assert gone.content.startswith("I watch nothing called “Shop” here.")

    run_with_bot(tmp_path, scenario)


def test_incidents_reported_in_a_channel_one_cannot_see_are_left_out(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        fixture.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")
        now_ms = fixture.app.clock.now_ms()
        await remember(
            fixture,
            ended(entry, now_ms - 3 * HOUR_MS, 600, channel_id=fixture.channel_id("alerts")),
            ended(entry, now_ms - 2 * HOUR_MS, 1200, channel_id=fixture.channel_id("news")),
        )
        assert _lengths(await fixture.run("status", who="Member", monitor="Shop")) == ["10 min"]
        assert _lengths(await fixture.run("status", monitor="Shop")) == ["20 min", "10 min"]
        shared = await fixture.run("status", monitor="Shop", public=True)
        assert _lengths(shared) == ["10 min"]

    run_with_bot(tmp_path, scenario)


def _lengths(answer: Answer) -> list[str]:
    lines = fields(answer)["Last incidents"].split("\n")[:-1]
    return [line.split(" · ")[2].removeprefix("lasted ") for line in lines]


def test_another_server_s_monitor_does_not_exist_here(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        elsewhere = fixture.sandbox.admin.add_guild("Elsewhere", ("lounge",))
        await until(lambda: int(elsewhere.id) in {g.id for g in fixture.app.guilds.known()})
        answer = await fixture.run("status", where="lounge", monitor=str(entry.monitor.id))
        assert answer.ephemeral
        assert answer.content.startswith("I watch nothing called")
        assert "Nothing is watched yet" in (await fixture.run("status", where="lounge")).content

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize(("days", "left"), [(43, "43 days left"), (1, "1 day left")])
def test_a_certificate_says_how_many_days_are_left(tmp_path: Path, days: int, left: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        ends_ms = fixture.app.clock.now_ms() + days * DAY_MS + HOUR_MS
        url = fixture.site.url.replace("http://", "https://") + "/"
        target = replace(entry.monitor.target, url=url)
        await fixture.run("watch pause", monitor="Shop")
        entry.monitor = replace(entry.monitor, target=target)
        entry.certificate = CertificateHistory(url, (Observation(0, ends_ms),))
        reported = fields(await fixture.run("status", monitor="Shop"))
        assert reported["Certificate"] == f"{left} · <t:{ends_ms // 1000}:D>"

    run_with_bot(tmp_path, scenario)


def test_the_newest_five_incidents_are_enough_and_fit_with_a_long_name(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        entry = await shop(fixture)
        await live_long(fixture, entry)
        entry.monitor = replace(entry.monitor, name="é*" * 40)
        now_ms = fixture.app.clock.now_ms()
        channel_id = fixture.channel_id("alerts")
        past = [ended(entry, now_ms - n * DAY_MS, 4000, channel_id=channel_id) for n in range(1, 9)]
        await remember(fixture, *past)
        answer = await fixture.run("status", monitor=str(entry.monitor.id), locale="fr")
        assert len(_lengths_of(answer.embeds[0])) == 5

    run_with_bot(tmp_path, scenario)


def _lengths_of(embed: Json) -> list[str]:
    (value,) = (f["value"] for f in embed["fields"] if f["name"] == "Derniers incidents")
    return str(value).split("\n")[:-1]
