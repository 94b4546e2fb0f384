"""Commands, half-typed options, buttons and forms with anything in them: a harmless answer."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import Answer, Upload
from sandbox.interactions.interaction import Kind
from tests.cogs.bot_fixture import BotFixture, running_bot
from tests.cogs.test_isolation import SELECTS, Loot, forged, leaves, templates
from tests.fuzz.effort import examples, harmless, texts

Json = dict[str, Any]
LIKELY = {
    "monitor": ("1", "Shop", "0", "1" * 19),
    "window": ("1", "0"),
    "url": ("tcp://127.0.0.1:9", "http://127.0.0.1:1/?x=1", "example.com", "http://10.0.0.1"),
    "headers": ("X-A: 1", "Host: x"),
    "expect_status": ("2xx", "200"),
    "for": ("1h", "30m", "1d"),
    "days": ("mon,wed", "2027-03-28", "daily"),
    "from": ("02:30", "23h"),
    "to": ("04:00",),
    "timezone": ("Europe/Paris", "UTC"),
}
OURS = ("Something went wrong", "went wrong on my side")


def typed(option: Json) -> st.SearchStrategy[Any]:
    """What a person can send for an option: Discord's client lets nothing else through."""
    if option.get("choices"):
        return st.sampled_from([one["value"] for one in option["choices"]])
    match option["type"]:
        case 3:
            return texts(*LIKELY.get(option["name"], ("x",))).filter(bool)
        case 4:
            return st.integers(option.get("min_value") or 0, option.get("max_value") or 2**53)
        case 5:
            return st.booleans()
    assert option["type"] == 11
    return st.binary(max_size=200).map(lambda data: Upload("list.csv", data))


def filled(options: list[Json]) -> st.SearchStrategy[Json]:
    """Values for all that is typed: channels (7) and roles (8) are picked."""
    required, others = (
        {
            one["name"]: typed(one)
            for one in options
            if one["type"] not in {7, 8} and bool(one.get("required")) is wanted
        }
        for wanted in (True, False)
    )
    return st.fixed_dictionaries(required, optional=others)


def seen(answer: Answer, what: object) -> None:
    """Answered, not with an error of ours, and without a character nobody can see."""
    assert answer.status != "failed", what
    assert not any(one in answer.text for one in OURS), (what, answer.text)
    harmless(answer.text, lines=True)
    message = answer.message or {}
    assert not message.get("mention_everyone")
    assert not message.get("mentions")


class Desk:
    """One running Vigie, asked from outside the event loop."""

    def __init__(self, runner: asyncio.Runner, fixture: BotFixture) -> None:
        self.runner = runner
        self.fixture = fixture
        self.commands = sorted(leaves(fixture.sandbox.commands), key=lambda one: one[0])
        loot = Loot(fixture, 1, ["ABCDEF"], [1])
        self.errors: list[str] = []
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.errors.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        self.handler = handler
        self.buttons = sorted({one for made in templates(fixture) for one in forged(made, loot)})

    def command(self, name: str, options: list[Json], given_: Json) -> None:
        channels = {
            o["name"]: str(self.fixture.channel_id("general"))
            for o in options
            if o["type"] == 7 and o.get("required")
        }
        roles = {
            o["name"]: self.fixture.role_id("On call")
            for o in options
            if o["type"] == 8 and o.get("required")
        }
        work = self.fixture.sandbox.command("Admin", "general", name, channels | roles | given_)
        seen(self.runner.run(work), (name, given_))
        assert self.errors == [], (name, given_)

    def autocomplete(self, name: str, option: str, text: str) -> None:
        work = self.fixture.sandbox.autocomplete("Admin", "general", name, option, text)
        for choice in self.runner.run(work):
            harmless(choice["name"])
            assert 0 < len(choice["name"]) <= 100
            assert 0 < len(choice["value"]) <= 100
        assert self.errors == [], (name, option, text)

    def begin(self, kind: Kind, data: Json, *, must: bool) -> None:
        """Send what a client of somebody's own making could send; ``must`` be answered."""
        sandbox = self.fixture.sandbox
        shown = {"type": data.get("component_type", 2), "custom_id": data["custom_id"], "style": 2}
        row = {"type": 1, "components": [{**shown, "label": "x", "options": [], "id": 1}]}
        source = next(one for one in reversed(sandbox.ever) if one.alive)
        source = replace(source, message={**source.message, "components": [row], "flags": 0})

        async def sent() -> Answer:
            where = sandbox.channel("general")
            who = sandbox.world.user("Admin")
            made = await sandbox._begin(kind, data, who, where, "fr", source=source)
            return await sandbox._settled(made, 10)

        # What discord.py itself knows no button for is never answered, and need not be waited for.
        sandbox.settings.first_answer_s = 3.0 if must else 0.2
        answer = self.runner.run(sent())
        sandbox.settings.first_answer_s = 3.0
        if must or answer.status != "failed":
            seen(answer, data)
        assert self.errors == [], data


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with asyncio.Runner() as runner:
        voyage = running_bot(tmp_path_factory.mktemp("desk"), max_monitors=10_000)
        fixture = runner.run(voyage.__aenter__())
        runner.run(fixture.set_channel("alerts"))
        runner.run(fixture.run("watch add", url=fixture.site.url, name="Shop", every=86_400))
        desk = Desk(runner, fixture)
        yield desk
        logging.getLogger().removeHandler(desk.handler)
        runner.run(voyage.__aexit__(None, None, None))


@examples(150)
@given(st.data())
def test_commands(desk: Desk, data: st.DataObject) -> None:
    name, options = data.draw(st.sampled_from(desk.commands))
    desk.command(name, options, data.draw(filled(options)))


@examples(80)
@given(st.data())
def test_options_as_they_are_typed(desk: Desk, data: st.DataObject) -> None:
    offering = [
        (n, o["name"]) for n, found in desk.commands for o in found if o.get("autocomplete")
    ]
    name, option = data.draw(st.sampled_from(offering))
    desk.autocomplete(name, option, data.draw(texts(*LIKELY.get(option, ("x",)))))


@examples(100)
@given(st.data())
def test_buttons_and_menus(desk: Desk, data: st.DataObject) -> None:
    """Ids of every kind that is sent, with other numbers in them."""
    custom_id = data.draw(st.sampled_from(desk.buttons))
    head, _, tail = custom_id.rpartition(":")
    if tail.isdigit():
        number = data.draw(st.sampled_from([tail, "0", "9" * 4, "9" * 18, "\u0661"]))
        custom_id = f"{head}:{number}"
    sent: Json = {"custom_id": custom_id[:100], "component_type": 2, "id": 1}
    if custom_id.endswith((":channel", ":role", ":nobody")):
        kind = data.draw(st.sampled_from(SELECTS))
        sent |= {"component_type": kind, "values": ["1"], "resolved": {}}
    desk.begin(Kind.COMPONENT, sent, must=False)


FORMS = st.sampled_from(["v1:form:address:1", "v1:form:fine:1", "v1:form:told:1", "v1:setup:form"])
FIELDS = [
    "url", "name", "every", "method", "expect_status", "contains", "not_contains", "slow_ms",
    "headers", "channel", "role",
]  # fmt: skip


@examples(100)
@given(
    FORMS, st.dictionaries(st.sampled_from(FIELDS), texts("60", "https://a.example", "0", "GET"))
)
def test_forms(desk: Desk, custom_id: str, values: dict[str, str]) -> None:
    parts = [
        {"type": 18, "id": 1, "component": field_of(name, values.get(name, "60"))}
        for name in FIELDS
        if name not in {"channel", "role"} or not custom_id.endswith("setup:form")
    ]
    desk.begin(Kind.MODAL, {"custom_id": custom_id, "components": parts}, must=True)


def field_of(name: str, value: str) -> Json:
    if name in {"method", "channel", "role"}:
        kinds = {"method": 3, "channel": 8, "role": 6}
        digits = "".join(c for c in value if c in "0123456789")[:19] or "1"
        return {"type": kinds[name], "id": 1, "custom_id": name, "values": [digits]}
    return {"type": 4, "id": 1, "custom_id": name, "value": value}
