"""README and CONTRIBUTING are taken at their word: what they name is there."""

import re
from pathlib import Path

import pytest

from sandbox.world.default_world import BOT_PERMISSIONS
from tests.cogs.bot_fixture import BotFixture, run_with_bot
from tests.cogs.test_help import leaves

ROOT = Path(__file__).parents[1]
PAGES = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
)
PATH = re.compile(r"(?<![\w./])(?:bot|cogs|tests|docs|deploy)/[\w./-]*(?:/|\.\w+)")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_readme_names_every_command(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        readme = page("README.md")
        for command in fixture.sandbox.commands:
            for name in leaves(command):
                noun, *verb = name.split()
                reported = rf"^\| .*`/{noun}\b" + "".join(rf".*\b{one}\b" for one in verb)
                assert re.search(reported, readme, re.MULTILINE), name

    run_with_bot(tmp_path, scenario)


def test_the_invitation_grants_what_the_sandbox_grants() -> None:
    assert f"permissions={int(BOT_PERMISSIONS)}`" in page("README.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_file_and_title_a_page_names_is_there(name: str) -> None:
    text = page(name)
    for path in PATH.findall(text):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
