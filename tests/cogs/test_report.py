"""``/report`` through the whole Vigie: an answer with its picture and table, a post, a schedule."""

from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_a_report_is_shown_at_once_with_its_picture_and_table(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        assert "nothing to report" in (await fixture.run("report now")).text
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        answer = await fixture.run("report now")
        assert answer.ephemeral
        assert "WEEKLY REPORT" in answer.text
        assert "**Shop**" in answer.text
        message = fixture.sandbox.message(answer.message_id or "")
        assert message is not None
        files = {one["filename"]: one for one in message["attachments"]}
        assert "report.csv" in files
        french = await fixture.run("report now", locale="fr", period="monthly")
        assert "RAPPORT MENSUEL" in french.text

    run_with_bot(tmp_path, scenario)


def test_a_report_is_sent_to_a_channel_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        general = fixture.sandbox.channel("general").id
        answer = await fixture.run("report now", channel=general)
        assert f"<#{general}>" in answer.text
        posted = await fixture.sandbox.wait_for_message("general", "WEEKLY REPORT")
        names = [one["filename"] for one in posted["attachments"]]
        assert names[-1] == "report.csv"
        assert posted["mentions"] == []
        assert sum("REPORT" in text for text in fixture.sandbox.texts("general")) == 1

    run_with_bot(tmp_path, scenario)


def test_a_schedule_says_where_and_when_and_ends(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        assert (
            "no alert channel yet" in (await fixture.run("report schedule", period="weekly")).text
        )
        alerts = fixture.sandbox.channel("alerts").id
        await fixture.run("alerts channel", channel=alerts)
        weekly = await fixture.run("report schedule", period="weekly")
        assert f"<#{alerts}> gets a report every Monday at 9:00 (UTC)" in weekly.text
        monthly = await fixture.run("report schedule", period="monthly", tag="shop")
        assert "on the 1st at 9:00 (UTC)" in monthly.text
        assert "#shop" in monthly.text
        assert "No more reports" in (await fixture.run("report off")).text
        assert "There is no report here" in (await fixture.run("report off")).text

    run_with_bot(tmp_path, scenario)


def test_a_channel_that_refuses_us_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        fixture.sandbox.admin.set_permissions("general", deny=["send_messages"])
        general = fixture.sandbox.channel("general").id
        for command, more in (("report now", {}), ("report schedule", {"period": "weekly"})):
            answer = await fixture.run(command, channel=general, **more)
            assert "Send Messages" in answer.text

    run_with_bot(tmp_path, scenario)
