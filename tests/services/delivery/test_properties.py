"""Whatever happens in whatever order: reported once, ended once, in order, and nothing missing."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.db import incidents, outbox
from bot.errors import DeliveryAction, DeliveryError
from bot.models import Incident, Kind
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    GUILD,
    Call,
    DeliveryFixture,
    Message,
    play,
)

CHANNELS = (CHANNEL, CHANNEL + 1, CHANNEL + 2)
FAULTS = [
    one
    for one in DeliveryAction
    if one not in {DeliveryAction.TOKEN, DeliveryAction.REFUSED, DeliveryAction.MESSAGE_GONE}
]

opening = st.tuples(st.just("open"), st.sampled_from(CHANNELS), st.sampled_from([0.0, 60.0]))
on_one = st.tuples(
    st.sampled_from(["change", "urgent", "escalate", "close", "close_many"]),
    st.integers(0, 7),
    st.just(0.0),
)
passing = st.tuples(st.just("pass"), st.just(0), st.sampled_from([0.0, 1.0, 30.0, 61.0, 700.0]))
fault = st.tuples(
    st.sampled_from(["before", "after", "die"]),
    st.sampled_from(range(len(FAULTS))),
    st.sampled_from([1.0, 2.0, 6.0]),
)
restart = st.tuples(st.just("restart"), st.just(0), st.just(0.0))
steps = st.lists(st.one_of(opening, opening, on_one, passing, passing, fault, restart), max_size=30)


class Death(asyncio.CancelledError):
    """The process dies while it waits for Discord's answer."""


@dataclass
class Story:
    """One run: the incidents of the recorder's side and the faults still to come."""

    here: DeliveryFixture
    all: list[Incident] = field(default_factory=list)
    over: set[int] = field(default_factory=set)

    async def step(self, what: str, which: int, amount: float) -> None:
        match what:
            case "open":
                name = f"site {len(self.all)}"
                self.all.append(await self.here.open(name, which, wait_s=amount))
            case "pass":
                await self.deliver(amount)
            case "before" | "after" | "die":
                self.plan(what, FAULTS[which], int(amount))
            case "restart":
                self.here.restart()
            case _:
                await self.happen(what, which)

    async def happen(self, what: str, which: int) -> None:
        living = [one for one in self.all if one.id not in self.over]
        if not living:
            return
        incident = living[which % len(living)]
        match what:
            case "escalate":
                await self.here.escalate(incident)
            case "close":
                await self.close(incident)
            case "close_many":
                await self.close(*(one for one in living if one.channel_id == incident.channel_id))
            case _:
                await self.here.change(incident, urgent=what == "urgent", kind=Kind.UNSTABLE)

    async def close(self, *gone: Incident) -> None:
        self.over |= {one.id for one in gone}
        await self.here.close(*gone)

    def plan(self, where: str, action: DeliveryAction, count: int) -> None:
        left = [count]

        def trouble(_: Call) -> BaseException | None:
            if left[0] <= 0:
                return None
            left[0] -= 1
            if where == "die":
                raise Death
            return DeliveryError("ordered", action, retry_after_s=20.0)

        if where == "before":
            self.here.transport.before = trouble  # type: ignore[assignment]
        elif where == "die" or action is DeliveryAction.RETRY:
            self.here.transport.after = trouble  # type: ignore[assignment]

    async def deliver(self, seconds: float) -> None:
        try:
            await self.here.deliver(seconds)
        except Death:
            self.here.restart()

    async def settle(self) -> None:
        """Faults stop, permissions are back, an hour passes."""
        self.here.transport.before = self.here.transport.after = lambda _: None
        for channel_id in CHANNELS:
            self.here.transport.allow(channel_id)
            await self.here.delivery.rights_changed(GUILD, [channel_id])
        for _ in range(3):
            await self.deliver(7 * 3600.0)

    async def check(self) -> None:
        assert await self.here.db.read(lambda conn: outbox.due_by_channel(conn, 0)) == {}
        assert self.here.transport.most_at_once <= 1
        opens, closes = _reported(list(self.here.transport.messages.values()))
        for incident in self.all:
            reported, ended = opens[incident.id], closes[incident.id]
            assert len(reported) <= 1
            assert len(ended) == (incident.id in self.over)
            assert reported or ended
            assert not reported or not ended or reported[0].id < ended[0].id
            for message in reported:
                await self._is_true(message)

    async def _is_true(self, message: Message) -> None:
        """The message says what is so now, not what was so when it was first sent."""
        ids = [one.id for one in message.alert.incidents]
        truth = await self.here.db.read(lambda conn: incidents.load(conn, ids))
        assert message.alert.incidents == tuple(truth)


def _reported(
    messages: list[Message],
) -> tuple[dict[int, list[Message]], dict[int, list[Message]]]:
    """For each incident the messages that opened it, and those that ended it."""
    opens: dict[int, list[Message]] = defaultdict(list)
    closes: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        if "completely" in message.alert.content and message.reply_to is not None:
            continue
        ends = message.alert.content.startswith(("🟢 UP", "📋 DIGEST"))
        for incident in message.alert.incidents:
            (closes if ends else opens)[incident.id].append(message)
    return opens, closes


@settings(max_examples=150, deadline=None)
@given(steps)
def test_each_incident_is_reported_once_and_ended_once_whatever_dies_when(
    script: list[tuple[str, int, float]],
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        story = Story(here)
        for what, which, amount in script:
            await story.step(what, which, amount)
        await story.settle()
        await story.check()

    play(scene)
