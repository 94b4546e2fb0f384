"""Whoever presses a button of an alert may see where it is reported; nothing else says so."""

from pathlib import Path

import pytest

from sandbox import Answer
from sandbox.interactions.interaction import Kind
from tests.cogs.bot_fixture import BotFixture, Json, run_with_bot

UNKNOWN = "I no longer know this alert."


async def secret_outage(fixture: BotFixture) -> str:
    """An outage reported in a channel of the admins'; returns its public id."""
    admin = fixture.sandbox.admin
    secret = admin.add_channel("Harbour", "secret")
    admin.set_permissions(secret, "@everyone", deny="VIEW_CHANNEL")
    admin.set_permissions(secret, "bot", allow=["VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS"])
    await fixture.set_channel("alerts")
    message = await fixture.outage("Merger", where="secret", channel=secret.id)
    custom_id = str(message["components"][0]["components"][0]["custom_id"])
    return custom_id.rpartition(":")[2]


async def press(fixture: BotFixture, who: str, custom_id: str) -> Answer:
    """A press in #general, made up: the message there has never had such a button."""
    sandbox = fixture.sandbox
    shown = await fixture.run("help", who=who)
    source = sandbox._core.messages.find(shown.message_id or "")
    assert source is not None
    button: Json = {"type": 2, "custom_id": custom_id, "style": 2, "label": "x", "id": 2}
    row = {"type": 1, "components": [button], "id": 1}
    source.message = {**source.message, "components": [row]}
    data = {"custom_id": custom_id, "component_type": 2, "id": 2}
    begun = await sandbox._begin(
        Kind.COMPONENT,
        data,
        sandbox.world.user(who),
        sandbox.channel("general"),
        "en-US",
        source=source,
    )
    return await sandbox._settled(begun, 10)


@pytest.mark.parametrize("action", ["ack", "mute", "details", "tell", "metoo"])
@pytest.mark.parametrize("who", ["Member", "Moderator"])
def test_a_made_up_press_learns_and_changes_nothing(tmp_path: Path, who: str, action: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        public_id = await secret_outage(fixture)
        answer = await press(fixture, who, f"v1:{action}:{public_id}")
        assert answer.content == UNKNOWN
        assert "Merger" not in str(answer.message)
        answer = await press(fixture, "Admin", f"v1:{action}:{public_id}")
        assert answer.content != UNKNOWN

    run_with_bot(tmp_path, scenario)


def test_a_page_of_a_private_answer_ends_with_the_right_to_see(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        public_id = await secret_outage(fixture)
        admin = fixture.sandbox.admin
        role = admin.add_role("Harbour", "Insiders")
        admin.give_role("Harbour", "Member", role)
        admin.set_permissions("secret", role, allow="VIEW_CHANNEL")
        page = f"v1:sites:next:{public_id}:0"
        answer = await press(fixture, "Member", page)
        assert "Merger" in str(answer.message)
        admin.take_role("Harbour", "Member", role)
        answer = await press(fixture, "Member", page)
        assert "Merger" not in str(answer.content)
        assert answer.content == UNKNOWN

    run_with_bot(tmp_path, scenario)


def test_who_reads_the_message_itself_may_press_though_the_alert_was_moved_there(
    tmp_path: Path,
) -> None:
    """The second channel's readers are reported, so they may answer."""

    async def scenario(fixture: BotFixture) -> None:
        admin = fixture.sandbox.admin
        await fixture.set_channel("alerts", fallback=fixture.sandbox.channel("general").id)
        admin.set_permissions("alerts", "bot", deny="VIEW_CHANNEL")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        fixture.site.status = 503
        message = await fixture.sandbox.wait_for_message("general", "DOWN · Shop")
        answer = await fixture.sandbox.press("Member", message, "Details")
        assert "Shop" in str(answer.message)

    run_with_bot(tmp_path, scenario)
