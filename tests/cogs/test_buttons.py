"""Buttons of old messages go on working, and a late answer still stands in their place."""

import asyncio
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import cogs
import cogs._ui
from bot.services.status import Status
from cogs._ui.buttons import ListPage, PersistentItem
from cogs._ui.interactions import defer_if_slow
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

# As they stand under messages that were sent long ago: none of them may ever change.
SENT = [
    *(f"v1:{action}:7K2F9Q" for action in ("ack", "mute", "details", "tell", "metoo")),
    *(f"v1:{action}:7K2F9Q" for action in ("take", "release", "unmute")),
    *("v1:sites:prev:7K2F9Q:0", "v1:sites:next:7K2F9Q:1"),
    *("v1:changes:open:0:0", "v1:changes:prev:12:0", "v1:changes:next:12:2"),
    *("v1:edit:address:12", "v1:edit:fine:12", "v1:edit:told:12"),
    *("v1:remove:yes:12", "v1:remove:no:12"),
    *("v1:setup:open", "v1:setup:channel", "v1:setup:role", "v1:setup:nobody"),
    *("v1:setup:site", "v1:setup:test", "v1:setup:look", "v1:doctor:look"),
    *("v1:status:prev:0", "v1:status:show:1", "v1:status:next:2"),
    *("v1:incidents:prev:0:30:0", "v1:incidents:next:12:7:1"),
]


@pytest.mark.parametrize("custom_id", SENT)
def test_each_button_that_was_ever_sent_has_one_that_answers(custom_id: str) -> None:
    for package in (cogs, cogs._ui):
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    kinds = [*PersistentItem.__subclasses__(), *ListPage.__subclasses__()]
    # Each client loads its cogs anew, so that a kind may be there more than once.
    fits = {
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if kind.__discord_ui_compiled_template__.fullmatch(custom_id)
    }
    assert len(fits) == 1


def test_a_page_that_comes_late_replaces_the_old_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = Status.uptimes

    async def slow(*args: Any) -> Any:
        await asyncio.sleep(0.2)
        return await prompt(*args)

    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        first = await fixture.run("status")
        await fixture.run("watch add", url=fixture.site.url, name="Blog")
        monkeypatch.setitem(defer_if_slow.__kwdefaults__ or {}, "after_s", 0.05)
        monkeypatch.setattr(Status, "uptimes", slow)
        await fixture.sandbox.press("Admin", first, "Refresh")
        await until(lambda: "Blog" in fixture.sandbox.look(first).text)

    run_with_bot(tmp_path, scenario)
