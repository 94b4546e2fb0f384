"""Each kind of channel of Discord as a place for alerts and for a board: docs/channels.md."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.services.boards import publisher, state
from sandbox.errors import Refused
from sandbox.world.world import Channel, ChannelType
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot

DOCUMENT = Path("docs/channels.md")
NO_EDITS = "A board is edited often, which Discord hardly allows in an announcement channel."
NO_BOARD = "A board needs a text or voice channel, or a public thread."
NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Row:
    """A kind of channel; a sentence says why it takes no alerts, or no board."""

    name: str
    kind: ChannelType
    parent: ChannelType | None = None
    archived: bool = False
    locked: bool = False
    alerts: str = ""
    board: str = ""

    def make(self, fixture: BotFixture) -> Channel:
        admin = fixture.sandbox.admin
        if self.parent is None:
            return admin.add_channel("Harbour", "place", self.kind)
        home = admin.add_channel("Harbour", "home", self.parent)
        return admin.add_thread(home, "place", self.kind)


_THREAD = (ChannelType.PUBLIC_THREAD, ChannelType.TEXT)
ROWS = [
    Row("Text channel", ChannelType.TEXT),
    Row("Announcement channel", ChannelType.ANNOUNCEMENT, board=NO_EDITS),
    Row("Public thread", *_THREAD),
    Row("Post of a forum", ChannelType.PUBLIC_THREAD, ChannelType.FORUM),
    Row("Thread that sleeps", *_THREAD, archived=True),
    Row("Text of a voice channel", ChannelType.VOICE),
    Row("Text of a stage", ChannelType.STAGE),
    Row("Locked thread", *_THREAD, locked=True, alerts="is locked.", board="is locked."),
    Row(
        "Private thread",
        *(ChannelType.PRIVATE_THREAD, ChannelType.TEXT),
        alerts=NOT_OFFERED,
        board=NO_BOARD,
    ),
    Row(
        "Thread of an announcement channel",
        *(ChannelType.ANNOUNCEMENT_THREAD, ChannelType.ANNOUNCEMENT),
        alerts=NOT_OFFERED,
        board=NO_EDITS,
    ),
    Row("Forum", ChannelType.FORUM, alerts=NOT_OFFERED, board=NOT_OFFERED),
    Row("Category", ChannelType.CATEGORY, alerts=NOT_OFFERED, board=NOT_OFFERED),
]


def test_the_document_has_the_same_rows() -> None:
    lines = DOCUMENT.read_text("utf-8").splitlines()
    cells = [re.split(r"\s*\|\s*", line)[1:4] for line in lines if line.startswith("| ")][2:]
    assert [name for name, _, _ in cells] == [row.name for row in ROWS]
    for row, (_, alerts, board) in zip(ROWS, cells, strict=True):
        assert alerts.startswith("yes") == (not row.alerts), row.name
        assert board.startswith("yes") == (not row.board), row.name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_alerts_are_posted_changed_and_answered_or_a_sentence_refuses(
    tmp_path: Path, row: Row
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        place = row.make(fixture)
        if row.locked:
            fixture.sandbox.admin.set_thread(place, locked=True)
        if row.alerts == NOT_OFFERED:
            with pytest.raises(Refused, match="does not take a channel of type"):
                await fixture.run("alerts channel", channel=place.id)
            return
        answer = await fixture.run("alerts channel", channel=place.id)
        assert f"<#{place.id}>" in answer.content
        if row.alerts:
            assert row.alerts in answer.content
            return
        if row.archived:
            fixture.sandbox.admin.set_thread(place, archived=True)
        await _alerts(fixture, place)

    run_with_bot(tmp_path, scenario)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "STATES_APART_MS", 100)
    monkeypatch.setattr(publisher, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(publisher, "LOOKS_APART_S", 0.05)


async def _alerts(fixture: BotFixture, place: Channel) -> None:
    sandbox = fixture.sandbox
    await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
    fixture.site.status = 503
    alert = await sandbox.wait_for_message(place, "DOWN · Shop")
    assert alert["embeds"]
    await sandbox.press("Admin", alert, "Acknowledge")
    await sandbox.wait_for(lambda: "is on it" in str(_message(fixture, place, alert)["embeds"]))
    await fixture.site.heal()
    reply = await sandbox.wait_for_message(place, "UP · Shop")
    assert reply["message_reference"]["message_id"] == alert["id"]
    await sandbox.wait_for(lambda: _message(fixture, place, alert)["components"] == [])
    assert "Everything is OK" in (await fixture.run("doctor")).text


def _message(fixture: BotFixture, place: Channel, posted: Json) -> Json:
    return next(one for one in fixture.sandbox.messages(place) if one["id"] == posted["id"])


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_board_is_posted_and_changed_or_a_sentence_refuses(tmp_path: Path, row: Row) -> None:
    async def scenario(fixture: BotFixture) -> None:
        place, sandbox = row.make(fixture), fixture.sandbox
        await fixture.run("alerts channel", channel=sandbox.channel("alerts").id)
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        if row.locked:
            sandbox.admin.set_thread(place, locked=True)
        if row.board == NOT_OFFERED:
            with pytest.raises(Refused, match="does not take a channel of type"):
                await fixture.run("board create", channel=place.id)
            return
        if row.alerts == NOT_OFFERED:  # a thread where somebody types the command
            answer = await fixture.run("board create", where=place.name)
        else:
            answer = await fixture.run("board create", channel=place.id)
        if row.board:
            assert row.board in answer.content
            return
        assert f"/{place.id}/" in answer.content
        board = await sandbox.wait_for_message(place, "Shop")
        if row.archived:
            sandbox.admin.set_thread(place, archived=True)
            await fixture.run("watch edit", monitor="Shop", name="Store")
            await asyncio.sleep(0.2)
            assert "Store" not in str(sandbox.messages(place))
            sandbox.admin.set_thread(place, archived=False)
        else:
            await fixture.run("watch edit", monitor="Shop", name="Store")
        changed = await sandbox.wait_for_message(place, "Store")
        assert changed["id"] == board["id"]

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize("kind", [ChannelType.VOICE, ChannelType.STAGE])
def test_who_may_not_join_a_voice_channel_does_not_see_its_text(
    tmp_path: Path, kind: ChannelType
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        admin = fixture.sandbox.admin
        place = admin.add_channel("Harbour", "place", kind)
        admin.set_permissions(place, "@everyone", deny="CONNECT")
        refused = await fixture.run("alerts channel", channel=place.id)
        assert "Connect" in refused.content
        admin.set_permissions(place, "bot", allow="CONNECT")
        await fixture.run("alerts channel", channel=place.id)
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        hidden = await fixture.run("status", who="Member")
        assert "Shop" not in hidden.text
        board = await fixture.run("board create", channel=fixture.sandbox.channel("general").id)
        assert "1 site hidden" in board.content

    run_with_bot(tmp_path, scenario)
