"""“Did you mean …?”: nothing mistyped is watched, and one press takes what was meant."""

from pathlib import Path

import pytest

from cogs._ui import did_you_mean
from tests.cogs.bot_fixture import BotFixture, run_with_bot


def mistyped(fixture: BotFixture, path: str = "") -> str:
    return fixture.site.url.replace("http://", "http//") + path


def test_a_slip_is_asked_about_and_a_press_watches_with_all_options(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        asked = await fixture.run("watch add", url=mistyped(fixture), name="Shop", every=77)
        assert asked.ephemeral
        assert "Did you mean" in asked.content
        assert asked.buttons == ["Yes, use that"]
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []
        answer = await fixture.sandbox.press("Admin", asked, "Yes, use that")
        assert "every 77 s. First check: OK" in answer.content
        assert answer.buttons == []
        (shop,) = fixture.app.monitors.of_guild(fixture.guild_id)
        assert (shop.target.url, shop.name) == (f"{fixture.site.url}/", "Shop")

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize(
    "typed", ["https//example.com", "https:/example.com", "htps://example.com"]
)
def test_in_a_home_lab_too_no_host_is_called_https(tmp_path: Path, typed: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        asked = await fixture.run("watch add", url=typed, locale="fr")
        assert "Vouliez-vous dire https" in asked.content
        assert asked.buttons == ["Oui, celle-l\u00e0"]
        for alone in ("https", "https://https", "http/"):
            refused = await fixture.run("watch add", url=alone)
            assert "doesn't look like a web address" in refused.content
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []

    run_with_bot(tmp_path, scenario)


def test_an_edit_with_a_slip_changes_nothing_until_it_is_confirmed(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        asked = await fixture.run(
            "watch edit", monitor="Shop", url=mistyped(fixture, "/b"), every=90
        )
        assert "Did you mean" in asked.content
        shop = fixture.app.monitors.find(fixture.guild_id, "Shop")
        assert (shop.target.url, shop.interval_s) == (f"{fixture.site.url}/", 60)
        await fixture.sandbox.press("Admin", asked, "Yes, use that")
        shop = fixture.app.monitors.find(fixture.guild_id, "Shop")
        assert (shop.target.url, shop.interval_s) == (f"{fixture.site.url}/b", 90)

    run_with_bot(tmp_path, scenario)


def test_the_forms_ask_as_well(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        card = await fixture.run("setup")
        form = await fixture.sandbox.press("Admin", card, "v1:setup:site")
        reported = await fixture.sandbox.submit_modal(
            "Admin", form, {"url": mistyped(fixture), "name": "A"}
        )
        assert "Did you mean" in reported.text
        assert "Yes, use that" in reported.buttons
        done = await fixture.sandbox.press("Admin", reported, "Yes, use that")
        assert "First check: OK" in done.text
        assert "Yes, use that" not in done.buttons
        card = await fixture.run("watch edit", monitor="A")
        form = await fixture.sandbox.press("Admin", card, "Address and interval")
        values = {"url": mistyped(fixture, "/c"), "name": "A", "every": "60"}
        reported = await fixture.sandbox.submit_modal("Admin", form, values)
        assert "Did you mean" in reported.text
        await fixture.sandbox.press("Admin", reported, "Yes, use that")
        shop = fixture.app.monitors.find(fixture.guild_id, "A")
        assert shop.target.url == f"{fixture.site.url}/c"

    run_with_bot(tmp_path, scenario)


def test_what_is_forgotten_or_another_s_is_not_taken(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        asked = await fixture.run("watch add", url=mistyped(fixture))
        for kept in did_you_mean._KEPT.values():
            kept.clear()
        reported = await fixture.sandbox.press("Admin", asked, "Yes, use that")
        assert "I no longer know what you typed" in reported.content
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []

    run_with_bot(tmp_path, scenario)


def test_what_stands_around_an_address_is_taken_off_and_a_mapped_name_is_said(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        for index, wrapped in enumerate((f"<{fixture.site.url}/1>", f"`{fixture.site.url}/2`")):
            answer = await fixture.run("watch add", url=wrapped, name=str(index))
            assert "First check: OK" in answer.content
        answer = await fixture.run("watch add", url="http://\u00c9cole.localhost:1/")
        assert "\u00e9cole.localhost:1 (xn--cole-9oa.localhost:1)" in answer.content

    run_with_bot(tmp_path, scenario)
