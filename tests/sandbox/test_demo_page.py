"""The demo's page in a real browser, from the first alert to the list of six, and its switches."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from bot.config import child_environment

pytestmark = [pytest.mark.process, pytest.mark.browser]

SOON_MS, STORY_MS = 20_000, 45_000
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    demo = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        cwd=tmp_path,
        env=child_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        yield re.findall(r"http://\S+", demo.stdout.readline())[0]
    finally:
        demo.terminate()
        demo.communicate(timeout=30)
        assert demo.returncode == 0


def alert(page: Page, text: str) -> Locator:
    return page.locator("li.message").filter(has_text=text).last


def test_the_story_is_shown_within_a_minute_and_everything_can_be_tried(
    address: str, page: Page
) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(address)
    down = page.locator("li.message").filter(has_text="Bakery").first
    expect(down).to_contain_text("DOWN · Bakery · HTTP 502", timeout=SOON_MS)
    expect(down).to_contain_text("@On call")
    expect(down).to_contain_text("every 60 s")
    expect(down).not_to_contain_text("localhost")
    expect(page.locator(".panel-chapter")).to_contain_text("a second here is a minute")
    expect(down).to_contain_text("@Moderator is on it", timeout=SOON_MS)
    expect(down.locator("time[data-relative]").first).to_contain_text("ago")
    expect(alert(page, "UP · Bakery · back after")).to_contain_text("min", timeout=SOON_MS)
    night = alert(page, "UNSTABLE · Immigration Canada")
    expect(night).to_be_visible(timeout=STORY_MS)
    expect(page.locator("li.message").filter(has_text="Town choir").first).to_be_visible(
        timeout=STORY_MS
    )
    page.get_by_role("button", name="status").click()
    board = page.locator("li.message").filter(has_text="Immigration Canada").first
    expect(board).to_contain_text("Town library")

    page.set_viewport_size(PHONE)
    page.locator("[data-tip=acknowledge]").click()
    expect(page).to_have_title(re.compile("#alerts"))
    page.locator("[data-tip=language]").click()
    expect(page.locator("[data-switch=bakery]")).to_have_text("Casser la boulangerie")
    page.locator("[data-tip=reader]").click()
    expect(page.locator("#user option:checked")).to_have_text("Member")
    page.locator("[data-tip=history]").click()
    expect(page.locator(".command-chip")).to_have_text("/historique")

    page.locator("[data-switch=bakery]").click()
    expect(page.locator("[data-switch=bakery]")).to_have_attribute("aria-pressed", "true")
    # Alone, or in the list of those that failed before.
    down_again = re.compile(r"DOWN · Bakery|down: [^@]*Bakery")
    expect(page.locator("li.message").filter(has_text=down_again).first).to_be_visible(
        timeout=SOON_MS
    )
    page.locator("[data-switch=network]").click()
    expect(page.locator(".bot-away")).to_be_visible(timeout=SOON_MS)
    page.locator("[data-switch=network]").click()
    expect(page.locator(".bot-away")).to_be_hidden(timeout=SOON_MS)
