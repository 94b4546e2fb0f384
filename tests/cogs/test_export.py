"""All that a server has chosen as a file, and back: by ``/watch export``, ``/watch import``."""

import json
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot.config import ListenAddress
from bot.services.audit_log import FILE
from bot.services.transfer.server_entries import read_sites
from sandbox import Answer, Sandbox, Upload
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot
from tests.engine.sites import serve
from tests.engine.status_page_servers import StatusPageServer, summary
from tests.services.services_fixture import play

TO_BE_EMPTY = {"monitors": [], "vigie": 1}


async def exported(fixture: BotFixture) -> dict[str, Any]:
    answer = await fixture.run("watch export")
    (found,) = answer.attachments
    data = fixture.sandbox._core.attachments.files[found["id"]].data
    whole: dict[str, Any] = json.loads(data)
    return whole


async def take(fixture: BotFixture, whole: Any, who: str = "Admin", **options: Any) -> Answer:
    file = Upload("vigie.json", json.dumps(whole).encode())
    locale = options.pop("locale", "en-US")
    return await fixture.sandbox.command(
        who, "general", "watch import", {"file": file, **options}, locale=locale, settle_s=25
    )


async def choose_everything(fixture: BotFixture, page: str) -> None:
    """Each setting, and one of each thing that a server may have several of."""
    site = fixture.site.url

    async def run(command: str, **options: Any) -> None:
        await fixture.run(command, **options)

    alerts, general = (str(fixture.channel_id(one)) for one in ("alerts", "general"))
    on_call, moderators = fixture.role_id("On call"), fixture.role_id("Moderators")
    await run("alerts channel", channel=alerts, role=on_call, fallback=general, reminders="4p")
    await run("alerts channel", tag="shop", channel=general, role=moderators)
    await run("alerts language", language="fr")
    await run("alerts managers", role=moderators)
    await run("alerts escalate", after="15m", role=moderators, channel=general)
    await run("watch follow", page=page, components="Web")
    await run("watch add", url=f"{site}/router", name="Router", tags="#core")
    await run(
        "watch add",
        url=f"{site}/shop",
        name="Shop",
        every=90,
        channel=general,
        role=moderators,
        tags="#shop #eu",
        depends_on="Router",
        note="Call Ada",
        public=True,
        timeout=5,
    )
    await run("watch add", url=f"{site}/cloud", name="Cloud", depends_on="Example Cloud")
    await run("watch push", name="Backup", every=3600, grace=60)
    await run("watch pause", monitor="Cloud")
    night = {"days": "sunday", "from_": "02:30", "to": "04:00", "timezone": "Europe/Paris"}
    await run("maintenance schedule", monitor="Shop", reason="Backups", **night)
    await run("maintenance start", tag="core", for_="2h")
    await run("report schedule", period="weekly")
    await run("report schedule", period="monthly", channel=general, tag="shop")
    await run("board create", channel=general, tag="shop", title="Shops", groups=True)
    await run("board page on")


def without_ids(whole: dict[str, Any]) -> dict[str, Any]:
    monitors = [{k: v for k, v in one.items() if k != "id"} for one in whole["monitors"]]
    return {**whole, "monitors": monitors}


def test_a_server_with_everything_is_exported_and_comes_back_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        door: dict[str, Any] = {
            "listen": ListenAddress("127.0.0.1", 0),
            "public_url": "https://watch.example",
        }
        sandbox = Sandbox()
        await sandbox.start()
        folders = [tmp_path / name for name in ("old", "new")]
        for folder in folders:
            folder.mkdir()
        try:
            async with serve(StatusPageServer(body=summary())) as status_page:
                async with running_bot(folders[0], sandbox=sandbox, **door) as old:
                    assert await exported(old) == TO_BE_EMPTY
                    await choose_everything(old, status_page.url())
                    whole = await exported(old)
                async with running_bot(folders[1], sandbox=sandbox, **door) as new:
                    preview = await take(new, whole, preview=True)
                    assert await exported(new) == TO_BE_EMPTY, "a preview changes nothing"
                    answer = await take(new, whole)
                    assert answer.content == "4 of 4 sites are watched from now on."
                    assert without_ids(await exported(new)) == without_ids(whole)
                    again = await take(new, await exported(new))
                    assert "This server" not in again.text, "nothing changes any more"
        finally:
            await sandbox.stop()
        expect_whole(whole)
        expect_said(preview, answer)

    play(scenario())


def expect_whole(whole: dict[str, Any]) -> None:
    assert set(whole) == {
        *("vigie", "channel", "role", "fallback", "reminders", "escalate", "managers", "language"),
        *("timezone", "page", "tags", "monitors", "maintenance", "reports", "follow", "boards"),
    }
    assert whole["reminders"] == "4p"
    assert whole["escalate"]["after"] == "15m"
    assert whole["page"] is True
    assert {one["period"] for one in whole["reports"]} == {"weekly", "monthly"}
    assert whole["maintenance"][0]["tag"] == "core"
    assert whole["maintenance"][1]["monitor"] == "Shop"
    (server,) = read_sites(yaml.safe_dump({"servers": [{"id": 1, **the_words_of(whole)}]}).encode())
    assert len(server.settings) == 10, "a file of sites has the same words"
    assert (len(server.monitors), len(server.windows), len(server.reports)) == (4, 2, 2)


def the_words_of(whole: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in without_ids(whole).items() if key != "vigie"}


def expect_said(preview: Answer, answer: Answer) -> None:
    for one in (preview, answer):
        assert "Reminders: off → every 4 hours, with a ping" in one.text
        assert "every Sunday, 02:30–04:00 (Europe/Paris) · Shop" in one.text
        assert "I watch nothing called" not in one.text, "it depends on a page of the same file"
    assert "new address" not in preview.text
    assert "its job has to call a new address: https" in answer.text


def test_places_of_another_server_are_left_out_and_said(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        whole = {
            "vigie": 1,
            "channel": "123456789012345678",
            "role": fixture.role_id("On call"),
            "fallback": str(fixture.channel_id("general")),
            "escalate": {"after": "15m", "role": "1"},
            "tags": {"shop": {"channel": "2", "role": fixture.role_id("On call")}},
            "reports": [{"period": "weekly", "channel": "3"}, {"period": "yearly"}],
            "boards": [{"channel": "4"}],
            "follow": [{"page": "http://10.0.0.1/"}],
            "maintenance": [{"days": "sun", "from": "02:30", "for": "1h", "monitor": "Nobody"}],
            "language": ["fr"],
            "monitors": [],
        }
        answer = await take(fixture, whole)
        for line in (
            "⚠ channel · There is no channel “123456789012345678” on this server.",
            "⚠ escalate · There is no role “1” on this server.",
            "⚠ tags · There is no channel “2” on this server.",
            "⚠ reports · There is no channel “3” on this server.",
            "⚠ reports · “reports” cannot be read.",
            "⚠ boards · There is no channel “4” on this server.",
            "⚠ follow · I can't watch private or local addresses.",
            "⚠ maintenance · I watch nothing called “Nobody” here.",
            "⚠ language · “language” cannot be read.",
        ):
            assert line in answer.text.replace("\\", ""), answer.text
        kept = await exported(fixture)
        assert set(kept) == {"vigie", "role", "fallback", "tags", "monitors"}
        assert kept["tags"] == {"shop": {"role": fixture.role_id("On call")}}
        french = await take(fixture, {**whole, "boards": [{"channel": "4"}]}, locale="fr")
        assert "Il n’y a pas de salon « 4 » sur ce serveur." in french.text

    run_with_bot(tmp_path, scenario)


def test_whoever_may_import_sites_alone_changes_no_settings(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.give("watch", "Member")
        role = fixture.role_id("Moderators")
        shop = {"name": "Shop", "url": fixture.site.url}
        whole = {"vigie": 1, "managers": role, "monitors": [shop]}
        answer = await take(fixture, whole, who="Member")
        assert "1 of 1 site is watched" in answer.content
        assert "Settings are only imported for people with “Manage Server”" in answer.text
        assert "managers" not in await exported(fixture)
        await take(fixture, whole)
        assert (await exported(fixture))["managers"] == role

    run_with_bot(tmp_path, scenario)


def test_what_the_file_of_sites_gives_is_not_imported_over(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guilds, guild_id = fixture.app.services.guilds, fixture.guild_id
        given = {"reminder_h": 4, "reminder_ping": False}
        await guilds.take(guild_id, {**given, "file_keys": tuple(given)}, FILE)
        answer = await take(fixture, {"vigie": 1, "reminders": "off", "page": True, "monitors": []})
        assert "⚠ reminders · This is set in the bot operator's file of sites" in answer.text
        assert (await exported(fixture))["reminders"] == "4"
        assert (await exported(fixture))["page"] is True

    run_with_bot(tmp_path, scenario)
