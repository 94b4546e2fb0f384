"""README and CONTRIBUTING are taken at their word: what they name is there."""

import re
import sqlite3
from pathlib import Path

import pytest

from bot.clock import DAY_MS
from bot.config import Config
from bot.db import stats
from bot.services import followed_pages, guilds, maintenance, pushes, reports
from bot.services.boards import boards
from bot.services.history import retention
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


# Columns that hold ids of people, or what people or strangers wrote, by the words of the document
# that stand for them.
STORED = {
    "addresses and settings of its monitors": {
        *(
            "monitor.url",
            "monitor.method",
            "monitor.expect_status",
            "monitor.place",
            "monitor.json",
        ),
        *("monitor.contains", "monitor.not_contains", "monitor.header_is", "guild.timezone"),
        *("guild.language", "guild.guild_locale", "maintenance_window.timezone"),
    },
    "names, tags, links, notes, request headers": {
        *("monitor.name", "monitor.name_key", "monitor.tags", "monitor.link", "monitor.note"),
        *("monitor.headers", "guild.tag_alerts", "maintenance_window.tag", "board.tag"),
        "report.tag",
    },
    "and bodies": {"monitor.body"},
    "last known address": {"incident.address"},
    "the results of checks": {"result.cause", "incident.cause"},
    "maintenance windows with their reasons": {"maintenance_window.reason"},
    "boards with their titles": {"board.title"},
    "status pages of others": {
        *(f"followed_page.{one}" for one in ("url", "name", "components")),
        *(f"page_report.{one}" for one in ("page", "url", "foreign_id", "title", "status")),
        *("page_report.text", "page_report.components"),
    },
    "messages it sent and those that wait": {
        *(f"notification.{one}" for one in ("payload", "sent_lines", "last_error")),
        "blocked_channel.reason",
    },
    "acknowledged an alert": {"incident.acknowledged_by"},
    "asked to be notified": {"follower.user_id"},
    "changed a setting (with the value before and after": {
        *("change.user_id", "change.before", "change.after"),
    },
    "set the bot up": {"guild.set_by"},
    "made a maintenance window, a board or a followed page": {
        *("maintenance_window.created_by", "board.created_by", "followed_page.created_by"),
    },
    "last message that the job sent, up to 10 kB": {"push.body"},
}
# Other columns of text: Vigie's own words and numbers, with nothing of people.
OWN_WORDS = {
    *("setting.key", "setting.value", "guild.file_keys", "judge_state.state", "certificate.warned"),
    *(f"maintenance_window.{one}" for one in ("days", "date", "begins", "ends")),
    *(f"incident.{one}" for one in ("public_id", "kind", "ending", "places")),
    *("incident_stage.kind", "follower.kind", "post.pinged", "change.field", "report.period"),
    *(f"notification.{one}" for one in ("kind", "state", "message_kind", "nonce")),
    *("board.words", "board.numbers", "board.nonce", "followed_page.kind"),
    "page_report.public_id",
}


def test_the_privacy_policy_names_everything_of_people_that_is_stored() -> None:
    schema = page("bot/db/migrations/schema.sql")
    conn = sqlite3.connect(":memory:")
    conn.executescript(schema)
    tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {
        f"{table}.{name}": kind
        for table in tables
        if not table.startswith("sqlite_")
        for _, name, kind, *_ in conn.execute(f"PRAGMA table_info({table})")
    }
    conn.close()
    text_or_ids = {
        name
        for name, kind in columns.items()
        if kind == "TEXT" or name.endswith(("user_id", "_by"))
    }
    assert text_or_ids == OWN_WORDS.union(*STORED.values())
    policy = " ".join(page("docs/public-instance.md").replace("\n>", " ").split())
    assert [words for words in STORED if words not in policy] == []
    # Whoever is stored is counted as one of the people by /doctor.
    people = stats._QUERIES["people"]
    ids = [name for name in columns if name.endswith(("user_id", "_by"))]
    for table, column in (name.split(".") for name in ids):
        assert re.search(rf"SELECT {column} FROM {table}\b", people), (table, column)


def test_the_page_for_public_instances_has_the_numbers_of_the_code() -> None:
    text = page("docs/public-instance.md").replace("\n> ", " ")
    config = Config()
    for row in (
        f"| monitors | {config.max_monitors} |",
        f"| interval | {config.min_interval_s} s or longer |",
        f"| boards | {boards.MAX_BOARDS} |",
        f"| maintenance windows | {maintenance.MAX_WINDOWS} |",
        f"| scheduled reports | {reports.MAX_SCHEDULES} |",
        f"| followed status pages | {followed_pages.MOST_PAGES} |",
        f"| tags with a channel of their own | {guilds.MAX_TAGGED} |",
        f"Single checks are kept for {retention.PACKED_DAYS} days",
        f"hourly totals and player counts for {retention.HOURLY_DAYS} days",
        f"changes of settings for {retention.CHANGES_MS // DAY_MS} days",
        f"asked to be notified for {retention.FOLLOWERS_MS // DAY_MS} days",
        f"server is deleted {retention.GUILD_MS // DAY_MS} days later",
        f"up to {pushes.BODY_LIMIT // 1000} kB",
    ):
        assert row in " ".join(text.split()), row
