"""What delivery hears of each thing that can go wrong between us and a channel."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import DeliveryError, Remedy
from bot.services.delivery.messages import Access, Alert, Transport
from sandbox.faults import FaultName
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

LINE = Alert("notice", "en", "A line.", plain=True)


def sink_of(fixture: BotFixture) -> Transport:
    sink = fixture.app.delivery._sink
    assert sink is not None
    return sink


async def refusal(work: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await work
    return caught.value


def fault(name: FaultName, **more: Any) -> Callable[[BotFixture], None]:
    return lambda fixture: (fixture.sandbox.faults.add(name, path="/messages", **more), None)[1]


@pytest.mark.parametrize(
    ("order", "remedy"),
    [
        (fault("503"), Remedy.RETRY),
        (fault("reset"), Remedy.RETRY),
        (fault("close"), Remedy.RETRY),
        (fault("401"), Remedy.TOKEN),
        (fault("cloudflare"), Remedy.HALT),
        (fault("429", retry_after=1163.0), Remedy.WAIT),
        (fault("429", retry_after=77.0, code=30046, scope="shared"), Remedy.WAIT),
        (lambda fixture: fixture.sandbox.admin.delete_channel("alerts"), Remedy.CHANNEL_GONE),
        (
            lambda fixture: fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES"),
            Remedy.CHANNEL_BLOCKED,
        ),
        (
            lambda fixture: fixture.sandbox.admin.set_permissions("alerts", deny="VIEW_CHANNEL"),
            Remedy.CHANNEL_BLOCKED,
        ),
    ],
)
def test_each_failure_has_its_remedy(
    tmp_path: Path, order: Callable[[BotFixture], None], remedy: Remedy
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        channel_id = fixture.channel_id("alerts")
        order(fixture)
        error = await refusal(sink_of(fixture).post(channel_id, LINE, nonce="n1"))
        assert error.remedy is remedy
        if remedy is Remedy.WAIT:
            assert error.retry_after_s in {1163.0, 77.0}

    run_with_bot(tmp_path, scenario)


def test_an_edit_of_a_deleted_message_and_a_payload_too_long(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        sink, channel_id = sink_of(fixture), fixture.channel_id("alerts")
        message_id = await sink.post(channel_id, LINE, nonce="n1")
        fixture.sandbox.admin.delete_message(str(message_id))
        assert (
            await refusal(sink.edit(channel_id, message_id, LINE))
        ).remedy is Remedy.MESSAGE_GONE
        again = await refusal(sink.post(channel_id, LINE, nonce="n1"))
        assert again.remedy is Remedy.MESSAGE_GONE
        long = Alert("notice", "en", "x" * 2001, plain=True)
        assert (await refusal(sink.post(channel_id, long, nonce="n2"))).remedy is Remedy.REFUSED

    run_with_bot(tmp_path, scenario)


def test_the_same_nonce_sends_nothing_twice(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        sink, channel_id = sink_of(fixture), fixture.channel_id("alerts")
        fixture.sandbox.faults.add("accept_then_reset", path="/messages", times=1)
        assert (await refusal(sink.post(channel_id, LINE, nonce="n1"))).remedy is Remedy.RETRY
        message_id = await sink.post(channel_id, LINE, nonce="n1")
        assert [m["id"] for m in fixture.sandbox.messages("alerts")] == [str(message_id)]

    run_with_bot(tmp_path, scenario)


def test_a_reply_to_a_deleted_message_is_a_plain_message(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        sink, channel_id = sink_of(fixture), fixture.channel_id("alerts")
        first = await sink.post(channel_id, LINE, nonce="n1")
        fixture.sandbox.admin.delete_message(str(first))
        await sink.post(channel_id, LINE, nonce="n2", reply_to=first)
        assert fixture.sandbox.texts("alerts") == ["A line."]

    run_with_bot(tmp_path, scenario)


def test_a_client_that_is_being_replaced_is_tried_again_later(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        sink: Any = sink_of(fixture)
        await sink._client.close()
        error = await refusal(sink.post(fixture.channel_id("alerts"), LINE, nonce="n1"))
        assert error.remedy is Remedy.RETRY
        await asyncio.sleep(0)

    run_with_bot(tmp_path, scenario)


def test_what_the_gateway_knows_of_our_rights(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        sink, admin = sink_of(fixture), fixture.sandbox.admin
        alerts, general = fixture.channel_id("alerts"), fixture.channel_id("general")
        assert sink.access(alerts) == Access(allowed=True)
        assert sink.access(4_000_000_000) == Access()
        admin.set_permissions("alerts", "bot", deny="SEND_MESSAGES")
        await until(lambda: sink.access(alerts).allowed is False)
        assert sink.access(general).allowed
        assert await sink.token_works()
        assert sink.is_open(fixture.guild_id, general, alerts)
        admin.set_permissions("alerts", "@everyone", deny="VIEW_CHANNEL")
        await until(lambda: not sink.is_open(fixture.guild_id, general, alerts))
        assert sink.is_open(fixture.guild_id, general, 4_000_000_000) is None
        admin.time_out_bot("Harbour", 60)
        await until(lambda: sink.access(general).allowed is False)
        left_s = (sink.access(general).until_ms or 0) / 1000 - time.time()
        assert 50 < left_s < 61

    run_with_bot(tmp_path, scenario)
