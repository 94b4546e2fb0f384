"""A second server's admin checks everything of the first one, and learns and changes nothing.

Commands, options and buttons are taken from what the bot registered, so new ones are tried by
themselves; one that needs a value this file has never heard of fails until it is taught one.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.db import followed_pages
from bot.db.followed_pages import FollowedPage
from cogs._ui import forms
from sandbox import Answer, Upload
from sandbox.interactions.answer import picture
from sandbox.interactions.interaction import Kind
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

Json = dict[str, Any]
RIVAL, MALLORY = "Rival", "Mallory"
# What nobody of another server may ever read. None of it is typed by Mallory, so none is an echo.
SECRETS = ("Zanzibar", "zanzi-path", "sesame", "new-disk-in-rack-9", "X-Zanzi")
SUB_COMMANDS = {1, 2}
STRING, CHANNEL, ROLE, ATTACHMENT = 3, 7, 8, 11
SELECTS = (3, 6, 8)
COMPONENTS_V2 = 1 << 15


@dataclass
class Loot:
    """Everything of the first server that has an id or a name."""

    fixture: BotFixture
    monitor: int = 0
    public_ids: list[str] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    followed: int = 0

    @property
    def values(self) -> list[str]:
        """What Mallory types where a monitor, a window or an incident is asked for."""
        here = self.fixture
        numbers = [
            self.monitor,
            self.followed,
            *self.windows,
            here.guild_id,
            here.channel_id("Harbour/alerts"),
        ]
        posts = [m["id"] for m in here.sandbox.messages("Harbour/alerts")]
        return [*map(str, numbers), *self.public_ids, *posts[:1], "%", "0", "' OR 1=1 --", "*"]


def leaves(commands: list[Json]) -> Iterator[tuple[str, list[Json]]]:
    """Every command that can be run, with its options."""
    for command in commands:
        below = [one for one in command.get("options", ()) if one["type"] in SUB_COMMANDS]
        if below:
            for name, options in leaves(below):
                yield f"{command['name']} {name}", options
        else:
            yield command["name"], list(command.get("options", ()))


def test_a_second_server_learns_and_changes_nothing_of_the_first(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        loot = await settle(fixture)
        await found_rival(fixture)
        quiet = await photograph(fixture)
        met = Meeting(fixture, loot)
        await met.try_every_command()
        await met.try_every_autocomplete()
        await met.press_every_button()
        await met.send_every_form()
        met.look_around()
        assert met.leaks == []
        assert await photograph(fixture) == quiet
        for one in fixture.app.monitors.of_guild(met.rival_id):
            assert one.channel_id in {None, int(met.bridge.id)}, one
            assert one.role_id is None, one

    run_with_bot(tmp_path, scenario, max_monitors=200)


async def settle(fixture: BotFixture) -> Loot:
    """The first server uses everything there is, so that there is something to steal."""
    await fixture.set_channel("Harbour/alerts", role=fixture.role_id("On call"))
    loot = Loot(fixture)
    url = f"{fixture.site.url}/zanzi-path?key=sesame"
    await fixture.run("watch add", url=url, name="Zanzibar", every=1, headers="X-Zanzi: sesame")
    loot.monitor = fixture.app.monitors.find(fixture.guild_id, "Zanzibar").id
    await fixture.run("watch add", url="https//zanzi.example")  # asks what was meant
    fixture.site.status = 503
    await fixture.sandbox.wait_for_message("Harbour/alerts", "Zanzibar")
    fixture.tasks[0].cancel()  # no more rounds: what is photographed stands still
    await fixture.app.recorder.flush()
    for _, reason in ((1, "new-disk-in-rack-9"), (2, "new-disk-in-rack-9")):
        await fixture.run(
            "maintenance schedule", days="daily", from_="02:00", to="03:00", reason=reason
        )
    loot.windows = [
        one.window.id for one in fixture.app.services.maintenance.of_guild(fixture.guild_id)
    ]
    [incident] = await fixture.app.services.incidents.recent(fixture.guild_id, None, 0, 9)
    loot.public_ids = [incident.public_id]
    page = FollowedPage(0, fixture.guild_id, "https://zanzi.example", "instatus", "Zanzistatus")
    loot.followed = await fixture.app.db.write(lambda conn: followed_pages.insert(conn, page))
    await fixture.app.followed.load()
    await use_everything(fixture, loot)
    return loot


async def use_everything(fixture: BotFixture, loot: Loot) -> None:
    """Open every answer and form of the first server, so that their ids can be copied."""
    for name, options in leaves(fixture.sandbox.commands):
        if name in {"watch remove", "watch pause", "maintenance cancel", "mute", "alerts clear"}:
            continue
        given = {one["name"]: value_of(fixture, one, str(loot.monitor)) for one in options}
        wanted = {o["name"] for o in options if o.get("required") or o["name"] == "monitor"}
        chosen = {key: value for key, value in given.items() if key in wanted}
        await fixture.sandbox.command("Admin", "Harbour/general", name, chosen)
    for stored in list(fixture.sandbox.ever):
        for custom_id in custom_ids(stored.message):
            if re.search(r":(details|open|address|fine|told|site)\b", custom_id):
                who = "Admin"
                answer = await fixture.sandbox.press(who, stored.id, custom_id)
                assert answer.status != "failed", custom_id


def value_of(fixture: BotFixture, option: Json, monitor: str) -> Any:
    """A value that an option takes; KeyError for a new kind of text."""
    if option.get("choices"):
        return option["choices"][0]["value"]
    if option["type"] == STRING:
        return TEXTS[option["name"]] or monitor
    return {
        4: option.get("min_value") or 60,
        5: False,
        CHANNEL: str(fixture.channel_id("Harbour/general")),
        ROLE: fixture.role_id("On call"),
        ATTACHMENT: Upload("list.csv", b"name,url\nElsewhere,tcp://127.0.0.1:9\n"),
    }[option["type"]]


# Every text option of every command: what it takes; "" is a monitor's id. Teach new ones here.
TEXTS = {
    "monitor": "",
    "window": "",
    "url": "tcp://127.0.0.1:9",
    "name": "Own",
    "expect_status": "2xx",
    "contains": "x",
    "not_contains": "y",
    "headers": "X-Own: 1",
    "for": "1h",
    "days": "daily",
    "from": "04:00",
    "to": "05:00",
    "timezone": "UTC",
    "reason": "own",
    "after": "15m",
    "json": "ok",
    "body": "{}",
    "header_is": "Server: own",
    "link": "https://own.example/",
    "note": "own",
    "tag": "own",
    "tags": "#own",
    "depends_on": "",
    "every": "60",
    "text": "own",
    "title": "own",
    "timeout": "5",
    "page": "http://127.0.0.1:9",
    "components": "Own",
}
# Texts that name a thing of a server. Whatever else completes itself as it is typed is none.
NAMES = {"monitor", "window", "tag", "depends_on"}
NO_NAMES = {"for", "days", "timezone"}


async def found_rival(fixture: BotFixture) -> None:
    fixture.sandbox.admin.add_guild(RIVAL, channels=("bridge",))
    fixture.sandbox.admin.add_user(MALLORY, RIVAL, "ADMINISTRATOR")
    rival_id = int(fixture.sandbox.world.guild(RIVAL).id)
    await until(lambda: any(one.id == rival_id for one in fixture.app.guilds.known()))
    await asyncio.sleep(0.1)
    answer = await fixture.sandbox.command(
        MALLORY, f"{RIVAL}/bridge", "watch add", {"url": "tcp://127.0.0.1:9", "name": "Own"}
    )
    assert answer.status == "message"


def custom_ids(message: Json) -> list[str]:
    text = json.dumps([message.get("components") or []])
    return re.findall(r'"custom_id": "([^"]+)"', text)


async def photograph(fixture: BotFixture) -> dict[str, Any]:
    """All rows of the first server, and what its people can see."""
    guild_id = fixture.guild_id
    rows: dict[str, Any] = {}

    def read(conn: Any) -> None:
        for (name,) in conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            columns = {one["name"] for one in conn.execute(f"PRAGMA table_info({name})")}
            where = {
                "guild_id": "guild_id = :guild",
                "monitor_id": "monitor_id IN (SELECT id FROM monitor WHERE guild_id = :guild)",
                "incident_id": "incident_id IN (SELECT id FROM incident WHERE guild_id = :guild)",
            }
            chosen = next((where[one] for one in where if one in columns), None)
            if name == "guild":
                chosen = "id = :guild"
            if chosen is not None:
                query = f"SELECT * FROM {name} WHERE {chosen} ORDER BY 1, 2"
                rows[name] = [tuple(one) for one in conn.execute(query, {"guild": guild_id})]

    await fixture.app.recorder.flush()
    await fixture.app.recorder._db.read(read)
    assert {"monitor", "incident", "maintenance_window", "guild", "follower"} <= rows.keys()
    channels = fixture.sandbox.world.guild("Harbour").channels.values()
    seen = {one.name: [m["id"] for m in fixture.sandbox.messages(one)] for one in channels}
    return rows | {"seen": seen}


class Meeting:
    """Mallory at work. ``leaks`` is what came back that should not have."""

    def __init__(self, fixture: BotFixture, loot: Loot) -> None:
        self.fixture = fixture
        self.loot = loot
        self.leaks: list[str] = []
        self.bridge = fixture.sandbox.channel(f"{RIVAL}/bridge")
        self.rival_id = int(fixture.sandbox.world.guild(RIVAL).id)
        self.role = fixture.sandbox.admin.add_role(RIVAL, "Own", mentionable=True)

    @property
    def own(self) -> str:
        return str(self.fixture.app.monitors.of_guild(self.rival_id)[0].id)

    async def try_every_command(self) -> None:
        """Each with nothing foreign, then with each foreign id in each place a name stands in."""
        tried = set()
        commands = list(leaves(self.fixture.sandbox.commands))
        assert {"watch remove", "status", "incidents", "maintenance cancel"} <= dict(
            commands
        ).keys()
        for name, options in commands:
            texts = [one["name"] for one in options if one["type"] == STRING]
            unknown = {
                one["name"]
                for one in options
                if one.get("autocomplete") and one["name"] not in NAMES | NO_NAMES
            }
            assert not unknown, f"/{name} has new options that may name things: {unknown}"
            for option in NAMES & set(texts):
                for value in self.loot.values:
                    await self.run(name, options, {option: value})
                tried.add((name, option))
            await self.run(name, options, {})
        expected = {(n, o["name"]) for n, found in commands for o in found if o["name"] in NAMES}
        assert tried == expected

    async def run(self, name: str, options: list[Json], foreign: Json) -> None:
        given = {
            one["name"]: self.mine(one)
            for one in options
            if one.get("required") and one["name"] not in foreign
        }
        if name in {"watch remove", "watch pause"} and not foreign:
            return  # Mallory's own monitor is still needed
        answer = await self.fixture.sandbox.command(
            MALLORY, self.bridge, name, {**given, **foreign}
        )
        self.look(f"/{name} {foreign}", answer)

    def mine(self, option: Json) -> Any:
        if option["type"] == CHANNEL:
            return self.bridge.id
        if option["type"] == ATTACHMENT:
            return self.file()
        if option["type"] == ROLE:
            return self.role.id
        if option["name"] == "window":
            return "0"
        return value_of(self.fixture, option, self.own)

    def file(self) -> Upload:
        """Alerts of Mallory's are to go to the first server's channel, and call its role."""
        monitor = {
            "url": f"tcp://127.0.0.1:{len(self.fixture.app.monitors.of_guild(self.rival_id)) + 20}",
            "name": "Spy",
            "channel": str(self.fixture.channel_id("Harbour/alerts")),
            "role": self.fixture.role_id("On call"),
            "guild_id": str(self.fixture.guild_id),
            "id": self.loot.monitor,
        }
        return Upload("list.json", json.dumps({"monitors": [monitor]}).encode())

    async def try_every_autocomplete(self) -> None:
        sandbox = self.fixture.sandbox
        for name, options in leaves(sandbox.commands):
            for option in (one["name"] for one in options if one.get("autocomplete")):
                for typed in ("", "z", "Zan", "2", *self.loot.values[:5]):
                    found = await sandbox.autocomplete(MALLORY, self.bridge, name, option, typed)
                    shown = json.dumps(found)
                    self.leaks += [f"/{name} {option}: {s}" for s in SECRETS if s in shown]
                    taken = {one["value"] for one in found} & {str(self.loot.monitor)}
                    if option in NAMES and taken and str(self.loot.monitor) != self.own:
                        self.leaks.append(f"/{name} {option} offers {taken}")

    async def press_every_button(self) -> None:
        """Copied from messages of the first server, and made up from every registered template."""
        copied = {one for stored in self.fixture.sandbox.ever for one in custom_ids(stored.message)}
        assert len(copied) > 8
        made = {one for pattern in templates(self.fixture) for one in forged(pattern, self.loot)}
        assert len(made) > 15
        for custom_id in sorted(copied | made):
            await self.begin(Kind.COMPONENT, pressed(custom_id), custom_id)
            if re.search(r":(channel|role|nobody)$", custom_id):
                for kind in SELECTS:
                    picked = self.fixture.channel_id("Harbour/alerts")
                    await self.begin(Kind.COMPONENT, pressed(custom_id, kind, picked), custom_id)

    async def send_every_form(self) -> None:
        """Forms that the first server's people opened, sent from the second."""
        opened = [
            one.modal
            for one in self.fixture.sandbox._core.interactions.by_id.values()
            if one.modal is not None
        ]
        assert len({one["custom_id"] for one in opened}) > 3
        for modal in opened:
            custom_id = re.sub(r"\d+$", str(self.loot.monitor), modal["custom_id"])
            for form in sorted({modal["custom_id"], custom_id}):
                data = {
                    "custom_id": form,
                    "components": [filled(one) for one in modal["components"]],
                }
                await self.begin(Kind.MODAL, data, form)

    async def begin(self, kind: Kind, data: Json, what: str) -> None:
        sandbox = self.fixture.sandbox
        source = next(
            one for one in reversed(sandbox.ever) if one.channel_id == self.bridge.id and one.alive
        )
        # discord.py looks for a button in the message that Discord says it was under.
        shown = {"type": data.get("component_type", 2), "custom_id": what, "style": 2, "label": "x"}
        row = {"type": 1, "components": [{**shown, "options": [], "id": 1}]}
        like = {"content": "", "embeds": [], "components": [row], "flags": self.flags_of(what)}
        source = replace(source, message={**source.message, **like})
        interaction = await sandbox._begin(
            kind, data, sandbox.world.user(MALLORY), self.bridge, "en-US", source=source
        )
        answer = await sandbox._settled(interaction, 10)
        self.look(what, answer)
        self.look(what, picture(sandbox._core, interaction))

    def look_around(self) -> None:
        """Everything that was ever posted or answered in the second server, edits included."""
        here = [one for one in self.fixture.sandbox.ever if one.channel_id == self.bridge.id]
        assert len(here) > 50
        for stored in here:
            shown = json.dumps([stored.message, stored.versions], ensure_ascii=False)
            self.leaks += [f"{stored.id}: {secret}" for secret in SECRETS if secret in shown]

    def flags_of(self, custom_id: str) -> int:
        """Those of the messages under which such buttons stand: some are made of components."""
        kind = ":".join(custom_id.split(":")[:2])
        for stored in self.fixture.sandbox.ever:
            if any(one.startswith(kind) for one in custom_ids(stored.message)):
                return int(stored.message.get("flags", 0)) & COMPONENTS_V2
        return 0

    def look(self, what: str, answer: Answer) -> None:
        """Anything of the first server in an answer, its files and forms is a leak."""
        shown = json.dumps([answer.message, answer.followups, answer.modal], ensure_ascii=False)
        for one in answer.attachments:
            shown += self.fixture.sandbox._core.attachments.files[one["id"]].data.decode("latin-1")
        self.leaks += [f"{what}: {secret}" for secret in SECRETS if secret in shown]
        if answer.status == "failed" or "Something went wrong" in shown:
            self.leaks.append(f"{what}: {answer.status} {answer.content}")


def pressed(custom_id: str, kind: int = 2, picked: int | None = None) -> Json:
    """What Discord sends of a button, or of a menu in which one thing was picked."""
    data: Json = {"custom_id": custom_id, "component_type": kind, "id": 1}
    if picked is not None:
        data |= {"values": [str(picked)], "resolved": {}}
    return data


def filled(part: Json) -> Json:
    """A part of a form as its sender leaves it."""
    inner = part.get("component")
    if inner is None:
        return part
    sent = {"type": inner["type"], "id": 1, "custom_id": inner["custom_id"]}
    if inner["type"] == 4:
        return {"type": 18, "id": 1, "component": {**sent, "value": inner.get("value") or "60"}}
    chosen = [o["value"] for o in inner.get("options", ()) if o.get("default")]
    return {"type": 18, "id": 1, "component": {**sent, "values": chosen}}


def templates(fixture: BotFixture) -> list[str]:
    """The patterns of all buttons that work for ever."""
    client: Any = fixture.app.delivery._transport
    return [pattern.pattern for pattern in client._client._connection._view_store._dynamic_items]


GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()\\]|\\.)+)\)")


def forged(pattern: str, loot: Loot) -> list[str]:
    """Every custom_id of a template with the first server's ids in it. Teach new groups here."""
    pattern = pattern.replace("(?:", "").replace(":)?", ":")  # what may be left out is there
    match = GROUP.search(pattern)
    if match is None:
        return [pattern]
    name, body = match.groups()
    known: dict[str, list[str]] = {
        "monitor": [str(loot.monitor)],
        "incident": loot.public_ids,
        "window": list(map(str, loot.windows)),
        "page": ["0", "1"],
        "followed": [str(loot.followed)],
        "days": ["30"],
        "count": ["1"],
        "channel": [str(loot.fixture.channel_id("Harbour/alerts"))],
        "tag": ["own"],
        "state": ["down"],
        "text": ["own"],
        "key": [key for kept in forms._KEPT.values() for key in kept],
    }
    options = known[name] if name in known else body.split("|")
    assert name in known or "\\" not in body, f"a new group of ids: {name} in {pattern}"
    head, tail = pattern[: match.start()], pattern[match.end() :]
    return [one for option in options for one in forged(head + option + tail, loot)]
