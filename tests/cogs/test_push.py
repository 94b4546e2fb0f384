"""``/watch push``: the secret address, what is shown of a job, and by whose leave."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import ListenAddress
from bot.db import results
from bot.db.results import ResultRow
from bot.services.pushes import Call, Taken
from sandbox import Answer, Refused
from tests.cogs.bot_fixture import BotFixture, labels, run_with_bot
from tests.web.rig import HERE
from tests.web.test_door import free_port

PUBLIC = "https://door.example"


def settings() -> dict[str, object]:
    return {"listen": ListenAddress(HERE, free_port()), "public_url": PUBLIC}


def secret_in(answer: Answer) -> str:
    return answer.content.partition(f"{PUBLIC}/beat/")[2][:32]


def test_the_address_is_shown_once_and_a_button_makes_another(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("watch push", name="Backup", every=3600)
        assert answer.ephemeral
        assert "Backup waits for a beat every 1 h, at most 6 min late." in answer.content
        assert f"Alerts go to this channel, <#{fixture.channel_id('general')}>" in answer.content
        first, pushes = secret_in(answer), fixture.app.pushes
        assert await pushes.call(first, Call.FINE) is Taken.OK
        assert labels(answer.message or {}) == ["New address"]
        pressed = await fixture.sandbox.press("Admin", answer, "New address")
        assert pressed.content.startswith("The old address no longer works.")
        assert await pushes.call(first, Call.FINE) is Taken.UNKNOWN
        assert await pushes.call(secret_in(pressed), Call.FINE) is Taken.OK
        taken = await fixture.run("watch push", name="backup", every=60)
        assert "“backup” is already watched here" in taken.content
        for surface in ("status", "why", "watch edit", "history"):
            shown = await fixture.run(surface, monitor="Backup")
            assert first not in str(shown.message)
            assert secret_in(pressed) not in str(shown.message)
            assert "push://" not in str(shown.message)

    run_with_bot(tmp_path, scenario, **settings())


def test_a_job_looks_like_a_job_everywhere(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        answer = await fixture.run("watch push", name="Backup", every=60, grace=30)
        waiting = str((await fixture.run("status", monitor="Backup")).message)
        assert "Waiting for the first beat." in waiting
        pushes = fixture.app.pushes
        await pushes.call(secret_in(answer), Call.FINE)
        past = str((await fixture.run("history", monitor="Backup")).message)
        assert "Uptime" in past
        assert "median 0 ms" not in past
        await pushes.call(secret_in(answer), Call.START)
        await pushes.call(secret_in(answer), Call.FINE)
        status = str((await fixture.run("status", monitor="Backup")).message)
        assert "Last beat" in status
        assert "every 1 min, at most 30 s late" in status
        await pushes.call(secret_in(answer), Call.FAILED, status=2, body="`@everyone` \u202e oh")
        post = await fixture.sandbox.wait_for_message("alerts", "Backup")
        assert post["content"] == "🔴 DOWN · Backup · exit status 2"
        (embed,) = post["embeds"]
        assert [field["name"] for field in embed["fields"]] == ["Since", "Last OK"]
        details = await fixture.sandbox.press("Admin", post, "Details")
        fields = (details.message or {})["embeds"][0]["fields"]
        (field,) = [one for one in fields if "said" in one["name"]]
        assert field["value"].endswith("```\n'@everyone'  oh\n```")
        why = str((await fixture.run("why", monitor="Backup")).message)
        assert "did not come, or said that the job failed" in why
        assert "The last one came <t:" in why
        assert "round" not in why
        assert " 0 ms" not in str((await fixture.run("status")).message)
        assert " 0 ms" not in str(details.message)
        listed = str((await fixture.run("watch list")).message)
        assert "🔴 DOWN · Backup · every 60 s" in listed
        card = await fixture.run("watch edit", monitor="Backup")
        assert "New address" in labels(card.message or {})
        french = await fixture.run("watch push", name="Nuit", every=60, locale="fr")
        assert "Sa tâche appelle" in french.content

    run_with_bot(tmp_path, scenario, **settings())


def test_the_history_of_a_job_is_of_its_runs(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch push", name="Backup", every=60, grace=30)
        monitor = fixture.app.monitors.find(fixture.guild_id, "Backup")
        entry = fixture.app.watchlist.get(fixture.guild_id, monitor.id)
        now_ms = fixture.app.clock.now_ms()
        entry.monitor = replace(monitor, created_ms=now_ms - 20 * 3_600_000)
        rows = [
            ResultRow(now_ms - hour * 3_600_000, monitor.id, 0, None if hour else "timeout")
            for hour in range(20)
        ]
        await fixture.app.recorder._db.write(lambda conn: results.append(conn, rows))
        answer = await fixture.run("history", monitor="Backup")
        assert answer.content == ""
        assert field(answer, "Run time") == "no run times: the job does not call /start"
        rows = [
            ResultRow(now_ms - hour * 3_600_000 - 1, monitor.id, 1_500_000 + hour, None)
            for hour in range(20)
        ]
        await fixture.app.recorder._db.write(lambda conn: results.append(conn, rows))
        shown = await fixture.run("history", monitor="Backup")
        assert field(shown, "Run time") == "median 25 min · 95% within 25 min"
        [file] = shown.attachments
        assert "Run time: median 25 min" in file["description"]
        everything = str((answer.message, shown.message))
        assert "Response time" not in everything
        assert " ms" not in everything

    run_with_bot(tmp_path, scenario, **settings())


def field(answer: Answer, name: str) -> str:
    (embed,) = answer.embeds
    return next(str(one["value"]) for one in embed["fields"] if one["name"] == name)


def test_without_a_door_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("watch push", name="Backup", every=3600)
        assert answer.content == (
            "Push monitors need my web server: ask the bot's operator to set VIGIE_LISTEN."
        )
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []
        assert fixture.app.door is None

    run_with_bot(tmp_path, scenario)


def test_only_managers_make_addresses(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("watch push", name="Backup", every=3600)
        with pytest.raises(Refused):
            await fixture.run("watch push", who="Member", name="Mine", every=3600)
        with pytest.raises(Refused):
            await fixture.sandbox.press("Member", answer, "New address")
        assert await fixture.app.pushes.call(secret_in(answer), Call.FINE) is Taken.OK

    run_with_bot(tmp_path, scenario, **settings())
