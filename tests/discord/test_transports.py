"""What delivery hears of each thing that can go wrong between us and a channel."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery.messages import Alert, ChannelAccess, Transport
from sandbox.faults import FaultName
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

LINE = Alert("notice", "en", "A line.", plain=True)


def transport_of(fixture: BotFixture) -> Transport:
    transport = fixture.app.delivery._transport
    assert transport is not None
    return transport


async def refusal(work: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await work
    return caught.value


def fault(name: FaultName, **more: Any) -> Callable[[BotFixture], None]:
    return lambda fixture: (fixture.sandbox.faults.add(name, path="/messages", **more), None)[1]


@pytest.mark.parametrize(
    ("order", "action"),
    [
        (fault("503"), DeliveryAction.RETRY),
        (fault("reset"), DeliveryAction.RETRY),
        (fault("close"), DeliveryAction.RETRY),
        (fault("401"), DeliveryAction.TOKEN),
        (fault("cloudflare"), DeliveryAction.HALT),
        (fault("429", retry_after=1163.0), DeliveryAction.WAIT),
        (fault("429", retry_after=77.0, code=30046, scope="shared"), DeliveryAction.WAIT),
        (
            lambda fixture: fixture.sandbox.admin.delete_channel("alerts"),
            DeliveryAction.CHANNEL_GONE,
        ),
        (
            lambda fixture: fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES"),
            DeliveryAction.CHANNEL_BLOCKED,
        ),
        (
            lambda fixture: fixture.sandbox.admin.set_permissions("alerts", deny="VIEW_CHANNEL"),
            DeliveryAction.CHANNEL_BLOCKED,
        ),
    ],
)
def test_each_failure_has_its_remedy(
    tmp_path: Path, order: Callable[[BotFixture], None], action: DeliveryAction
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        channel_id = fixture.channel_id("alerts")
        order(fixture)
        error = await refusal(transport_of(fixture).post(channel_id, LINE, nonce="n1"))
        assert error.action is action
        if action is DeliveryAction.WAIT:
            assert error.retry_after_s in {1163.0, 77.0}

    run_with_bot(tmp_path, scenario)


def test_an_edit_of_a_deleted_message_and_a_payload_too_long(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        transport, channel_id = transport_of(fixture), fixture.channel_id("alerts")
        message_id = await transport.post(channel_id, LINE, nonce="n1")
        fixture.sandbox.admin.delete_message(str(message_id))
        assert (
            await refusal(transport.edit(channel_id, message_id, LINE))
        ).action is DeliveryAction.MESSAGE_GONE
        again = await refusal(transport.post(channel_id, LINE, nonce="n1"))
        assert again.action is DeliveryAction.MESSAGE_GONE
        long = Alert("notice", "en", "x" * 2001, plain=True)
        assert (
            await refusal(transport.post(channel_id, long, nonce="n2"))
        ).action is DeliveryAction.REFUSED

    run_with_bot(tmp_path, scenario)


def test_the_same_nonce_sends_nothing_twice(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        transport, channel_id = transport_of(fixture), fixture.channel_id("alerts")
        fixture.sandbox.faults.add("accept_then_reset", path="/messages", times=1)
        assert (
            await refusal(transport.post(channel_id, LINE, nonce="n1"))
        ).action is DeliveryAction.RETRY
        message_id = await transport.post(channel_id, LINE, nonce="n1")
        assert [m["id"] for m in fixture.sandbox.messages("alerts")] == [str(message_id)]

    run_with_bot(tmp_path, scenario)


def test_a_reply_to_a_deleted_message_is_a_plain_message(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        transport, channel_id = transport_of(fixture), fixture.channel_id("alerts")
        first = await transport.post(channel_id, LINE, nonce="n1")
        fixture.sandbox.admin.delete_message(str(first))
        await transport.post(channel_id, LINE, nonce="n2", reply_to=first)
        assert fixture.sandbox.texts("alerts") == ["A line."]

    run_with_bot(tmp_path, scenario)


def test_a_client_that_is_being_replaced_is_tried_again_later(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        transport: Any = transport_of(fixture)
        await transport._client.close()
        error = await refusal(transport.post(fixture.channel_id("alerts"), LINE, nonce="n1"))
        assert error.action is DeliveryAction.RETRY
        await asyncio.sleep(0)

    run_with_bot(tmp_path, scenario)


def test_what_the_gateway_knows_of_our_rights(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        transport, admin = transport_of(fixture), fixture.sandbox.admin
        alerts, general = fixture.channel_id("alerts"), fixture.channel_id("general")
        assert transport.access(alerts) == ChannelAccess(allowed=True)
        assert transport.access(4_000_000_000) == ChannelAccess()
        admin.set_permissions("alerts", "bot", deny="SEND_MESSAGES")
        await until(lambda: transport.access(alerts).allowed is False)
        assert transport.access(general).allowed
        assert await transport.token_works()
        assert transport.readers_may_see(fixture.guild_id, general, alerts)
        admin.set_permissions("alerts", "@everyone", deny="VIEW_CHANNEL")
        await until(lambda: not transport.readers_may_see(fixture.guild_id, general, alerts))
        assert transport.readers_may_see(fixture.guild_id, general, 4_000_000_000) is None
        admin.time_out_bot("Harbour", 60)
        await until(lambda: transport.access(general).allowed is False)
        left_s = (transport.access(general).until_ms or 0) / 1000 - time.time()
        assert 50 < left_s < 61

    run_with_bot(tmp_path, scenario)
