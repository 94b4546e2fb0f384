from pathlib import Path

from tests.cogs.harbour import Harbour, labels, sail, until


async def fill(ship: Harbour, count: int) -> None:
    for number in range(count):
        await ship.run("watch add", url=ship.site.url, name=f"Site {number:02}", every=1)
    await until(
        lambda: all(s.state == "up" for s in ship.app.services.status.overview(ship.guild_id))
    )


def test_an_empty_server_is_shown_the_next_step(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        answer = await ship.run("status", who="Member")
        command = next(c for c in ship.sandbox.commands if c["name"] == "watch")
        assert answer.ephemeral
        assert answer.content == f"Nothing is watched yet. Try </watch add:{command['id']}>"

    sail(tmp_path, scenario)


def test_pages_of_ten_turn_in_place_and_survive_what_has_changed(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await fill(ship, 23)
        answer = await ship.run("status", who="Member")
        assert answer.ephemeral
        assert answer.content == "23 up"
        assert answer.text.count("✔ UP") == 10
        assert answer.buttons == ["◀", "▶", "Refresh"]
        assert answer.components[1]["disabled"] is True
        assert "Page 1 of 3" in answer.text
        turned = await ship.sandbox.press("Member", answer, "▶")
        assert turned.status == "update"
        shown = ship.sandbox.ephemerals("Member")[-1]
        assert "Site 10" in shown["embeds"][0]["description"]
        for number in range(3, 23):
            await ship.run("watch remove", monitor=f"Site {number:02}")
        await ship.sandbox.press("Member", shown, "▶")
        shown = ship.sandbox.ephemerals("Member")[-1]
        assert shown["content"] == "3 up"
        assert labels(shown) == ["Refresh"]

    sail(tmp_path, scenario)


def test_problems_come_first_and_words_carry_the_state(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await ship.run("watch add", url=f"{ship.site.url}/canary", name="Bakery", every=1)
        await ship.outage("Shop")
        await ship.run("watch add", url=ship.site.url, name="Attic")
        await ship.run("watch pause", monitor="Attic")
        answer = await ship.run("status", who="Member")
        assert answer.content == "1 down · 1 up · 1 paused"
        lines = answer.embeds[0]["description"].splitlines()
        host = ship.site.url.removeprefix("http://")
        assert lines[0].startswith(f"**✖ DOWN** · Shop · {host} · HTTP 503 · <t:")
        assert lines[1].startswith(f"**✔ UP** · Bakery · {host} · ")
        assert lines[2] == f"**‖ PAUSED** · Attic · {host}"
        assert lines[3].startswith("Checked <t:")

    sail(tmp_path, scenario)


def test_one_monitor_shows_why_and_the_whole_address_to_managers_alone(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await ship.run("watch add", url=f"{ship.site.url}/?key=secret", name="Shop", every=1)
        ship.site.status = 503
        await ship.sandbox.wait_for_message("alerts", "Shop", 15)
        plain = await ship.run("status", who="Member", monitor="Shop")
        assert plain.ephemeral
        assert "✖ DOWN · Shop" in plain.text
        assert "HTTP 503" in plain.text
        assert "secret" not in plain.text
        assert "secret" in (await ship.run("status", monitor="Shop")).text
        public = await ship.run("status", monitor="Shop", public=True)
        assert not public.ephemeral
        assert "secret" not in public.text

    sail(tmp_path, scenario)


def test_monitors_told_in_a_channel_one_cannot_see_are_left_out(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        hidden = ship.sandbox.channel("news").id
        ship.sandbox.admin.set_permissions("news", "@everyone", deny="VIEW_CHANNEL")
        await ship.run("watch add", url=ship.site.url, name="Open")
        await ship.run("watch add", url=ship.site.url, name="Hidden", channel=hidden)
        seen = await ship.run("status", who="Member")
        assert "Open" in seen.text
        assert "Hidden" not in seen.text
        offered = await ship.sandbox.autocomplete("Member", "general", "status", "monitor")
        assert [choice["name"] for choice in offered] == ["Open"]
        asked = await ship.run("status", who="Member", monitor="Hidden")
        assert "Hidden" not in asked.text.replace("“Hidden”", "")
        assert "Hidden" in (await ship.run("status")).text
        public = await ship.run("status", public=True)
        await ship.sandbox.press("Member", public, "Refresh")
        assert "Hidden" in ship.sandbox.messages("general")[-1]["embeds"][0]["description"]
        own = ship.sandbox.ephemerals("Member")[-1]
        assert "Hidden" not in own["embeds"][0]["description"]

    sail(tmp_path, scenario)
