"""What followed pages report is sent once, whatever becomes of the answer, and edited."""

import asyncio
from dataclasses import replace

from bot.db import followed_pages, guilds
from bot.db.database import Connection
from bot.db.followed_pages import FollowedPage, PageReport
from bot.errors import DeliveryAction
from bot.models import GuildSettings
from bot.services.delivery import enqueue
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    GUILD,
    START_MS,
    Call,
    DeliveryFixture,
    always,
    in_channel,
    only,
    play,
    times,
)

LATER = CHANNEL + 1


async def report(here: DeliveryFixture, title: str = "Login is slow") -> PageReport:
    """A page reports something new."""
    now_ms = here.clock.now_ms()

    def write(conn: Connection) -> PageReport:
        page = FollowedPage(0, GUILD, f"https://{title[:5]}.example", "statuspage", "Cloud")
        number = followed_pages.insert(conn, page)
        new = PageReport(
            *(0, "", GUILD, number, "Cloud", "https://cloud.example", "inc1", title),
            *("investigating", "We look", ("Web",)),
            since_ms=START_MS,
            updated_ms=START_MS,
        )
        stored = followed_pages.add_report(conn, new)
        enqueue.page_report(conn, stored, CHANNEL, now_ms)
        return stored

    return await here.db.write(write)


async def change(here: DeliveryFixture, number: int, **values: object) -> None:
    """Its newest update, as the service writes it."""

    def write(conn: Connection) -> None:
        found = followed_pages.report_by_id(conn, number)
        assert found is not None
        newest = replace(found, **values)  # type: ignore[arg-type]  # real fields
        followed_pages.save_report(conn, newest)
        enqueue.page_report_changed(conn, newest, here.clock.now_ms(), urgent=True)

    await here.db.write(write)


def test_an_answer_lost_on_the_way_makes_no_second_message() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await report(here)
        here.transport.after = times(3, DeliveryAction.RETRY)
        for _ in range(5):
            await here.deliver(10)
        assert here.transport.texts() == ["🟠 REPORTED · Cloud · Login is slow"]
        assert len({call.nonce for call in here.transport.calls if call.action == "post"}) == 1

    play(scene)


def test_a_process_that_dies_between_sending_and_committing_repeats_nothing() -> None:
    async def scene(here: DeliveryFixture) -> None:
        def die(_: Call) -> Exception:
            raise asyncio.CancelledError

        stored = await report(here)
        here.transport.after = die
        try:
            await here.deliver()
        except asyncio.CancelledError:
            here.transport.after = lambda _: None
        assert await here.rows() == [("page_report", "sending")]
        here.restart()
        # What became of it meanwhile is an edit of the message that may be there.
        await change(here, stored.id, ended_ms=here.clock.now_ms())
        await here.deliver(1)
        await here.deliver(1)
        assert here.transport.texts() == ["🟢 REPORT OVER · Cloud · Login is slow"]
        assert len(here.transport.of()) == 1

    play(scene)


def test_what_was_over_before_it_could_be_sent_is_never_sent() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = only("post", always(DeliveryAction.WAIT, after_s=30))
        gone = await report(here)
        await here.deliver()
        await change(here, gone.id, ended_ms=here.clock.now_ms())
        here.transport.before = lambda _: None
        await here.deliver(40)
        assert here.transport.of() == []
        assert await here.rows() == [("page_report", "superseded")]

    play(scene)


def test_a_message_that_somebody_deleted_stays_deleted() -> None:
    async def scene(here: DeliveryFixture) -> None:
        stored = await report(here)
        await here.deliver()
        here.transport.messages.clear()
        await change(here, stored.id, title="Login is down")
        await here.deliver(1)
        await change(here, stored.id, title="Login is back")
        await here.deliver(60)
        assert here.transport.of() == []

    play(scene)


def test_a_report_for_a_channel_that_refuses_goes_to_the_second_one() -> None:
    async def scene(here: DeliveryFixture) -> None:
        settings = GuildSettings(GUILD, channel_id=CHANNEL, fallback_channel_id=LATER)
        await here.db.write(lambda conn: guilds.save(conn, settings))
        here.transport.before = in_channel(CHANNEL, always(DeliveryAction.CHANNEL_BLOCKED))
        await report(here)
        for _ in range(4):
            await here.deliver(30)
        assert here.transport.texts(CHANNEL) == []
        found = [text for text in here.transport.texts(LATER) if "REPORTED" in text]
        assert found == ["🟠 REPORTED · Cloud · Login is slow"]

    play(scene)


def test_alerts_go_before_reports_and_a_refused_card_becomes_a_line() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await report(here)
        await here.open("Shop")
        refuse = always(DeliveryAction.REFUSED)
        here.transport.before = lambda call: (
            refuse(call) if call.alert.report is not None and not call.alert.plain else None
        )
        for _ in range(4):
            await here.deliver(1)
        down, reported = here.transport.of()
        assert down.alert.content.startswith("🔴 DOWN · Shop")
        assert reported.alert.content == "🟠 REPORTED · Cloud · Login is slow"
        assert reported.alert.plain

    play(scene)
