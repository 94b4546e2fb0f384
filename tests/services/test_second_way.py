"""The second way out, with real receivers: a mail server and a web server of our own."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller

from bot.errors import ConfigError, DeliveryAction, DeliveryError
from bot.services import second_way
from bot.services.second_way import SecondWay
from tests.services.delivery.delivery_fixture import always
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

AWAY = always(DeliveryAction.RETRY)


@dataclass
class Receiver:
    """A web server that takes what Apprise's ``json://`` sends."""

    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Receiver"]:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"json://127.0.0.1:{runner.addresses[0][1]}/?key=hunter2"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self.status < 400:
            self.got.append(json.loads(await request.text()))
        return web.Response(status=self.status)


async def outage(s: ServicesFixture) -> None:
    """An opening that Discord does not take."""
    await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
    await s.watch("shop")
    await s.play({"shop": "OOO"})
    s.transport.before = AWAY
    await s.play({"shop": "FFF"})


def test_the_operator_is_notified_once_after_five_minutes_and_when_it_is_over(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        receiver = Receiver()
        async with receiver.running(), services_fixture(tmp_path) as s:
            way = SecondWay(s.db, s.clock, (receiver.url,))
            await way.check()
            await outage(s)
            assert await way.look()
            assert receiver.got == []
            await s.clock.advance(300)
            assert await way.look()
            assert await way.look()
            (first,) = receiver.got
            assert first["title"] == "Vigie cannot reach Discord"
            assert "1 alert waits" in first["message"]
            assert "🔴 DOWN · shop · HTTP 500" in first["message"]
            again = SecondWay(s.db, s.clock, (receiver.url,))  # Vigie started again meanwhile
            assert await again.look()
            assert len(receiver.got) == 1
            s.transport.before = lambda _: None
            await s.clock.advance(600)
            await s.delivery.deliver_due()
            assert await again.look()
            assert await again.look()
            assert [one["title"] for one in receiver.got[1:]] == ["Vigie reaches Discord again"]

    play(scenario())


def test_a_receiver_that_refuses_is_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        receiver = Receiver(status=503)
        async with receiver.running(), services_fixture(tmp_path) as s:
            way = SecondWay(s.db, s.clock, (receiver.url,))
            await outage(s)
            await s.clock.advance(300)
            assert not await way.look()
            receiver.status = 200
            assert await way.look()
            assert len(receiver.got) == 1

    play(scenario())


def test_a_receiver_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_way, "SEND_S", 2.0)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, services_fixture(tmp_path) as s:
            way = SecondWay(s.db, s.clock, (f"json://127.0.0.1:{port}/",))
            await outage(s)
            await s.clock.advance(300)
            assert not await way.look()

    play(scenario())


def test_a_refused_channel_is_no_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        receiver = Receiver()
        async with receiver.running(), services_fixture(tmp_path) as s:
            way = SecondWay(s.db, s.clock, (receiver.url,))
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await s.watch("shop")
            await s.play({"shop": "OOO"})
            s.transport.before = lambda _: DeliveryError(
                "missing access", DeliveryAction.CHANNEL_BLOCKED
            )
            await s.play({"shop": "FFF"})
            await s.clock.advance(400)
            await s.delivery.deliver_due()
            assert await way.look()
            assert receiver.got == []

    play(scenario())


def test_mail_arrives_once_for_one_refusal(tmp_path: Path, free_tcp_port: int) -> None:
    mails: list[str] = []

    class Mailbox:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            mails.append(envelope.content.decode())
            return "250 OK"

    smtp = Controller(Mailbox(), hostname="127.0.0.1", port=free_tcp_port)
    smtp.start()
    try:
        url = f"mailto://127.0.0.1:{free_tcp_port}/?from=vigie@shop.example&to=ops@shop.example&mode=insecure"

        async def scenario() -> None:
            async with services_fixture(tmp_path) as s:
                way = SecondWay(s.db, s.clock, (url,))
                await way.refused(ConfigError("Discord refuses DISCORD_TOKEN: copy it again."))
                again = SecondWay(s.db, s.clock, (url,))
                await again.refused(ConfigError("Discord refuses DISCORD_TOKEN: copy it again."))

        play(scenario())
    finally:
        smtp.stop()
    (mail,) = mails
    assert "Subject: Vigie has stopped" in mail
    assert "To: ops@shop.example" in mail


@pytest.mark.parametrize("url", ["gopher9://x", "nothing"])
def test_an_address_that_apprise_does_not_know_is_refused_without_repeating_it(
    tmp_path: Path, url: str
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            with pytest.raises(ConfigError, match="Apprise does not know") as caught:
                await SecondWay(s.db, s.clock, (url,)).check()
            assert url not in str(caught.value)

    play(scenario())
