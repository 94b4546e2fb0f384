"""“Did you mean …?”: nothing mistyped is watched, and one press takes what was meant."""

from pathlib import Path

import pytest

from cogs._ui import forms
from sandbox import Answer
from tests.cogs.bot_fixture import BotFixture, run_with_bot


def fields(form: Answer) -> dict[str, str | None]:
    """What stands in the fields of a form, by their names."""
    assert form.modal is not None
    parts = [one["component"] for one in form.modal["components"]]
    return {one["custom_id"]: one.get("value") for one in parts}


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
        for kept in forms._KEPT.values():
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


def test_a_port_of_a_game_is_asked_about_and_watched_as_what_it_usually_is(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        asked = await fixture.run("watch add", url="127.0.0.1:25565", name="Survival")
        assert "Port 25565 is not a web port." in asked.content
        assert asked.buttons == [
            "Watch minecraft://127.0.0.1",
            "Watch tcp://127.0.0.1:25565",
        ]
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []
        answer = await fixture.sandbox.press("Admin", asked, "Watch minecraft://127.0.0.1")
        assert "Watching minecraft\\://127.0.0.1 every" in answer.content
        (one,) = fixture.app.monitors.of_guild(fixture.guild_id)
        assert (one.target.url, one.name) == ("minecraft://127.0.0.1", "Survival")

    run_with_bot(tmp_path, scenario)


def test_another_port_is_offered_as_what_accepts_connections(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        asked = await fixture.run("watch add", url="grafana.example.com:3000", locale="fr")
        assert "Le port 3000 n\u2019est pas un port web" in asked.content
        assert asked.buttons == ["Surveiller tcp://grafana.example.com:3000"]
        refused = await fixture.run("watch add", url="mail.example.com:25")
        assert refused.buttons == []

    run_with_bot(tmp_path, scenario, allow_private=())


def test_a_first_check_that_fails_looks_like_it_and_can_be_undone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.site.status = 503
        answer = await fixture.run("watch add", url=fixture.site.url, name="Shop")
        assert answer.content.startswith("\u26a0 Watching 127.0.0.1:")
        assert answer.buttons == ["Edit", "Undo", "Keep it"]
        status = await fixture.run("status", who="Member")
        assert "⚪ PENDING** \u00b7 Shop" in status.text
        assert "HTTP 503" in status.text
        kept = await fixture.sandbox.press("Admin", answer, "Keep it")
        assert "I keep watching Shop" in kept.text
        again = await fixture.run("watch add", url=f"{fixture.site.url}/b", name="Blog")
        form = await fixture.sandbox.press("Admin", again, "Edit")
        assert fields(form)["url"] == f"{fixture.site.url}/b"
        undone = await fixture.sandbox.press("Admin", again, "Undo")
        assert "I no longer watch Blog" in undone.text
        assert "Watching" not in undone.text
        assert [one.name for one in fixture.app.monitors.of_guild(fixture.guild_id)] == ["Shop"]

    run_with_bot(tmp_path, scenario)


def test_a_form_that_is_refused_says_all_that_is_wrong_and_keeps_what_was_typed(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        card = await fixture.run("watch edit", monitor="Shop")
        form = await fixture.sandbox.press("Admin", card, "Address and interval")
        typed = {"url": f"{fixture.site.url}/x", "name": "Store", "every": "soon", "timeout": "99"}
        refused = await fixture.sandbox.submit_modal("Admin", form, typed)
        assert "\u201csoon\u201d is not a whole number." in refused.text
        assert "must be from 2 to 30 seconds" in refused.text
        assert refused.buttons == ["Try again"]
        for _ in range(2):  # a form can be closed and opened again
            form = await fixture.sandbox.press("Admin", refused, "Try again")
            shown = fields(form)
            assert shown["every"] == "soon"
            assert shown["name"] == "Store"
        mended = {**typed, "every": "5m", "timeout": "20 s"}
        await fixture.sandbox.submit_modal("Admin", form, mended)
        shop = fixture.app.monitors.find(fixture.guild_id, "Store")
        assert (shop.interval_s, shop.target.timeout_s) == (300, 20)
        assert shop.target.url == f"{fixture.site.url}/x"

    run_with_bot(tmp_path, scenario)


def test_the_form_of_setup_keeps_what_was_typed_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        card = await fixture.run("setup")
        form = await fixture.sandbox.press("Admin", card, "v1:setup:site")
        typed = {"url": "http://user:pass@example.com", "name": "Mine"}
        refused = await fixture.sandbox.submit_modal("Admin", form, typed)
        assert "Please remove the user name" in refused.text
        form = await fixture.sandbox.press("Admin", refused, "Try again")
        assert fields(form) == {"url": typed["url"], "name": "Mine"}
        done = await fixture.sandbox.submit_modal("Admin", form, {**typed, "url": fixture.site.url})
        assert "First check: OK" in done.text
        assert "Try again" not in done.buttons

    run_with_bot(tmp_path, scenario)
