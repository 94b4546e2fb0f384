"""An address with a port that is no TLS server's: one press watches it as what it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.models import Monitor
from tests.cogs.bot_fixture import BotFixture, run_with_bot
from tests.cogs.test_setup import add_site

ALWAYS = ["Edit", "Undo", "Keep it"]


@asynccontextmanager
async def bare_server(how: str) -> AsyncIterator[str]:
    """A server on 127.0.0.1 that speaks neither TLS nor HTTP; its host and port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if how == "greets":
            writer.write(b"220 hello\r\n")
            await writer.drain()
        if how != "hangs up":
            await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield "{}:{}".format(*server.sockets[0].getsockname()[:2])


def only(fixture: BotFixture) -> Monitor:
    (one,) = fixture.app.monitors.of_guild(fixture.guild_id)
    return one


def test_a_plain_site_is_watched_by_http_with_one_press_and_all_its_options(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        host = fixture.site.url.removeprefix("http://")
        await fixture.set_channel()
        answer = await fixture.run(
            "watch add", url=host, every=77, contains="hello", headers="X-Key: secret", tags="lab"
        )
        assert answer.content.startswith(f"\u26a0 Watching {host} every 77 s.")
        # tcp:// looks for no text and sends no headers.
        assert answer.buttons == [f"Watch http://{host}", *ALWAYS]
        before = only(fixture)
        assert before.target.url == f"https://{host}/"
        done = await fixture.sandbox.press("Admin", answer, f"Watch http://{host}")
        assert done.status == "update"
        assert done.content.startswith(f"Watching {host} every 77 s. First check: OK")
        assert f"<#{fixture.channel_id('alerts')}>" in done.content
        assert done.buttons == []
        after = only(fixture)
        assert after.target.url == f"http://{host}/"
        assert (after.id, after.name, after.interval_s) == (before.id, host, 77)
        assert after.target.contains == "hello"
        assert after.target.headers == (("X-Key", "secret"),)
        assert after.tags == ("lab",)

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize("how", ["greets", "hangs up", "is silent"])
def test_what_speaks_another_protocol_is_watched_by_tcp(tmp_path: Path, how: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with bare_server(how) as host:
            asked: dict[str, Any] = {"url": f"https://{host}/login", "timeout": 2}
            answer = await fixture.run("watch add", name="Disk", **asked, locale="fr")
            assert answer.buttons[:2] == [
                f"Surveiller http://{host}/login",
                f"Surveiller tcp://{host}",
            ]
            done = await fixture.sandbox.press(
                "Admin", answer, f"Surveiller tcp://{host}", locale="fr"
            )
            assert "Premier test : OK" in done.content.replace("\u202f", " ")
            assert (only(fixture).target.url, only(fixture).name) == (f"tcp://{host}", "Disk")

    run_with_bot(tmp_path, scenario)


def test_what_http_does_not_mend_is_offered_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with bare_server("is silent") as closed:
            pass
        for url in (closed, f"http://{closed}", "nowhere.invalid:3000", "127.0.0.1"):
            answer = await fixture.run("watch add", url=url, name=url)
            assert answer.content.startswith("\u26a0"), url
            assert answer.buttons == ALWAYS, url

    run_with_bot(tmp_path, scenario)


def test_a_wrong_choice_can_be_undone_and_what_others_changed_stays(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with bare_server("hangs up") as host:
            answer = await fixture.run("watch add", url=host)
            done = await fixture.sandbox.press("Admin", answer, f"Watch http://{host}")
            assert done.content.startswith("\u26a0 Watching")
            assert done.buttons == ALWAYS
            await fixture.sandbox.press("Admin", done, "Undo")
            assert fixture.app.monitors.of_guild(fixture.guild_id) == []
            answer = await fixture.run("watch add", url=host, name="Disk")
            await fixture.run("watch edit", monitor="Disk", url=fixture.site.url)
            late = await fixture.sandbox.press("Admin", answer, f"Watch tcp://{host}")
            assert "Somebody has changed it since" in late.content
            assert only(fixture).target.url == f"{fixture.site.url}/"
            answer = await fixture.run("watch add", url=host, name="Gone")
            await fixture.remove("Gone")
            late = await fixture.sandbox.press("Admin", answer, f"Watch tcp://{host}")
            assert "There is no such site here." in late.content
            assert only(fixture).name == "Disk"

    run_with_bot(tmp_path, scenario)


def test_beside_its_plain_twin_the_twin_is_named_and_no_name_says_another_scheme(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        host = fixture.site.url.removeprefix("http://")
        await fixture.run("watch add", url=fixture.site.url)
        answer = await fixture.run("watch add", url=host)
        assert "TLS handshake failed: not TLS" in answer.content
        assert f"already, as {host}." in answer.content
        assert answer.buttons == [f"Watch tcp://{host}", *ALWAYS]
        await fixture.sandbox.press("Admin", answer, f"Watch tcp://{host}")
        names = {
            one.target.url: one.name for one in fixture.app.monitors.of_guild(fixture.guild_id)
        }
        assert names == {f"{fixture.site.url}/": host, f"tcp://{host}": f"{host} (tcp)"}

    run_with_bot(tmp_path, scenario)


def test_setup_and_a_change_of_address_offer_it_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        host = fixture.site.url.removeprefix("http://")
        card = await fixture.run("setup")
        reported = await add_site(fixture, card, url=host, name="Lab")
        assert "\u26a0 Watching" in reported.text
        done = await fixture.sandbox.press("Admin", reported, f"Watch http://{host}")
        assert done.status == "update"
        assert "\u2714 Watching" in done.text
        assert "First check: OK" in done.text
        assert f"Watch tcp://{host}" not in done.buttons
        assert only(fixture).target.url == f"http://{host}/"
        changed = await fixture.run("watch edit", monitor="Lab", url=f"{host}/metrics")
        done = await fixture.sandbox.press("Admin", changed, f"Watch http://{host}/metrics")
        assert "First check: OK" in done.text
        assert f"Watch http://{host}/metrics" not in done.buttons
        assert only(fixture).target.url == f"http://{host}/metrics"

    run_with_bot(tmp_path, scenario)
