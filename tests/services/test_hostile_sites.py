"""Files of sites and exports that nobody should write: one sentence with its line, no traceback."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.models import Monitor
from bot.services.transfer.files import read
from bot.services.transfer.server_entries import (
    SIZE_LIMIT,
    Problems,
    read_export,
    read_sites,
)
from bot.services.transfer.yaml_lines import YamlError, load_yaml
from tests.services.services_fixture import GUILD, PERSON, ServicesFixture, play, services_fixture
from tests.services.test_sites_file import FILE_TEXT, apply, plan, sites_of

WIDE = "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join([f'*{chr(97 + n)}'] * 9)}]}}\n"
    for n in range(12)
)


def refusal(data: str | bytes) -> YamlError:
    with pytest.raises(YamlError) as refused:
        read_sites(data if isinstance(data, bytes) else data.encode())
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 800
    return refused.value


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: !!int x", 1, "“x” is no int"),
        ("a: !!float x", 1, "“x” is no float"),
        ("a: !!bool yes", 1, "“yes” is no bool"),
        ("a: !!timestamp 2027-01-01", 1, "is not known here"),
        ("a: !!binary aGk=", 1, "is not known here"),
        ("\na: !mine x", 2, "“!mine” is not known here"),
        ("\n{[a]: b}", 2, "a key must be a word"),
        ("a:\n  <<: {{b: c}: d}", 2, "a key must be a word"),
        ("a:\n  <<: [x]", 2, "takes the keys of another mapping"),
        ("a:\n  <<: x", 2, "takes the keys of another mapping"),
        ("a: &a\n  <<: *a", 1, "nested too deeply"),
        ("a: &a [*a]", 1, "nested too deeply"),
        ("a:\n" + "- " * 3_000, 2, "nested too deeply"),
        ("a: &a {k: 1, l: 2}\n" + WIDE, 1, "too many parts"),
        ("a: 1\nb: \x07", 2, "U+0007 is no character of YAML"),
        ("a: 1\n\tb: 2", 2, "cannot start any token"),
        ("a: 1\na: 2", 2, "stands here twice"),
    ],
)
def test_yaml_that_is_none_has_one_sentence_with_its_line(
    text: str, line: int, reason: str
) -> None:
    began = time.process_time()
    found = refusal(text)
    assert reason in found.reason
    assert found.line == line
    assert time.process_time() - began < 10


def test_scalars_are_what_they_look_like() -> None:
    digits = "9" * 5_000
    found = load_yaml(
        f"- {digits}\n- 2027-01-01\n- 0o17\n- 0x1F\n- on\n- 1_000\n- '<<'\n- {{'<<': 1}}"
    )
    assert found == [digits, "2027-01-01", "0o17", "0x1F", "on", "1_000", "<<", {"<<": 1}]


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("every: 60", "paused: [x]"), 14, "neither yes nor no"),
        (("every: 60", "paused: 2027-01-01"), 14, "offset from UTC"),
        (("every: 60", "every: [60]"), 14, "cannot be read"),
        (("every: 60", f"every: {'9' * 5_000}"), 14, "is not a whole number"),
        (("name: Shop", "name: [Shop]"), 12, "cannot be read"),
        (("name: Shop", "name: {a: b}"), 12, "cannot be read"),
        (("every: 60", f"{'x' * 1_000}: 60"), 14, "is no key here"),
        (("reason: Deploys", "reason: [a]"), 23, "“reason” is a text"),
        (("tag: shop", "tag: true"), 22, "“tag” is a text"),
        (("days: mon-fri", "days: [mon]"), 19, "“days” is a text"),
        (("role: On call", "role: [a]"), 5, "is an id or a name"),
        (("role: On call", "role: 0"), 5, "is an id or a name"),
        (("reminders: 4", "reminders: [4]"), 6, "is one of"),
        (("reminders: 4", "page: maybe"), 6, "neither yes nor no"),
        (("reminders: 4", "reports: [{period: [weekly]}]"), 6, "is one of"),
        (("reminders: 4", "reports: [~]"), 6, "each entry of “reports” has keys"),
        (("reminders: 4", "follow: [{page: status.example, components: [~]}]"), 6, "list of names"),
        (("reminders: 4", "boards: [{channel: 1, title: [a]}]"), 6, "“title” is a text"),
        (("reminders: 4", "escalate: {after: [1], role: 1}"), 6, "“after” is a text"),
        (("Shop: {channel: shop-alerts}", "Shop: {role: 1}\n      '#shop': {role: 2}"), 9, "twice"),
        (("  - id: 1", "  - id: 0"), 3, "is an id or a name"),
        (("  - id: 1", "  - id: [1]"), 3, "is an id or a name"),
        (("  - id: 1", "  - ~\n  - id: 1"), 2, "each server is a list of keys"),
        (("reminders: 4", "boards: 5"), 6, "“boards” is a list"),
    ],
)
def test_wrong_types_are_refused_with_line_and_reason(
    change: tuple[str, str], line: int, reason: str
) -> None:
    assert change[0] in FILE_TEXT
    found = refusal(FILE_TEXT.replace(*change, 1))
    assert reason in found.reason
    assert found.line == line


def test_what_is_no_file_of_sites_is_refused() -> None:
    assert "begins with “servers:”" in refusal("").reason
    assert "begins with “servers:”" in refusal("- a").reason
    assert refusal("servers:\n  - id: 1\n    language: fr\u00e9".encode("latin-1")).line == 3
    assert "save the file as UTF-8" in refusal(b"\xff\xfes\0").reason
    assert "at most 2 MiB" in refusal(b"#" * (SIZE_LIMIT + 1)).reason
    assert read_sites(b"servers: []") == []
    assert read_sites(b"servers:\n") == []


def test_a_key_without_a_value_is_not_there_and_yes_is_true() -> None:
    text = FILE_TEXT.replace("tag: shop", "tag:\n        timezone:\n        monitor:")
    text = text.replace("every: 60", "every:\n        paused: yes\n        public: on")
    text = text.replace("role: On call", "role:\n    page: yes")
    (server,) = read_sites(text.encode())
    (window,) = server.windows
    assert (window.window.tag, window.window.timezone, window.monitor) == (None, None, None)
    assert server.settings["page"] is True
    assert "role" not in server.settings
    shop = server.monitors[1].item
    assert (shop.paused, shop.typed["public"], shop.typed["every"]) == (True, True, None)


@pytest.mark.parametrize("value", [[], {}, [[]], True, 5, 1.5, "x", None, [None], [{}], {"a": [1]}])
def test_an_export_with_anything_anywhere_is_read(value: Any) -> None:
    part = dict.fromkeys(("period", "page", "components", "channel", "tag", "title"), value)
    window = dict.fromkeys(("days", "from", "to", "timezone", "reason", "monitor", "tag"), value)
    keys = ("channel", "role", "reminders", "escalate", "language", "timezone", "page", "tags")
    whole = {"vigie": 1, **dict.fromkeys(keys, value), "monitors": []}
    lists = {"maintenance": window, "reports": part, "follow": part, "boards": part}
    for raw in (whole, whole | {key: [one] for key, one in lists.items()}, whole | lists):
        listing = read(json.dumps(raw).encode())
        read_export(listing.server or {}, Problems(lenient=True))


NUMBERS = """
servers:
  - id: 1
    monitors:
      - {name: "12", url: a.example}
      - {name: 007, url: b.example, depends_on: "1"}
      - {name: "1", url: c.example}
      - {name: Shop, url: d.example, depends_on: 007}
    maintenance:
      - {days: sun, from: "02:30", for: 1h, monitor: "2"}
      - {days: mon, from: "02:30", for: 1h, monitor: "12"}
"""


def test_names_of_digits_are_names_in_a_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            # The ids that will be taken for names: 12 is the first site, 1 has the id 1 …
            for name in ("Other", "2"):
                await fixture.watch(name)
            for _ in range(2):
                await apply(fixture, tmp_path, NUMBERS)
                expect(fixture)
            assert (await plan(fixture, NUMBERS))[-1] == "  = 4 sites unchanged"

    def expect(fixture: ServicesFixture) -> None:
        by_name = {one.name: one for one in fixture.monitors.of_guild(GUILD)}
        assert by_name["007"].depends_on == by_name["1"].id != 1
        assert by_name["Shop"].depends_on == by_name["007"].id
        windows = {one.window.days: one.monitor for one in fixture.maintenance.of_guild(GUILD)}
        assert windows[(6,)] == by_name["2"]
        assert windows[(0,)] == by_name["12"]

    play(scenario())


def test_two_sites_change_places_in_one_go(tmp_path: Path) -> None:
    def text(**parents: str) -> str:
        rows = [
            f"      - {{name: {name}, url: {name}.example, depends_on: {parent}}}\n"
            for name, parent in parents.items()
        ]
        return "servers:\n  - id: 1\n    monitors:\n" + "".join(rows)

    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            await apply(fixture, tmp_path, text(A="B", B="C", C=""))
            reversed_ = text(C="B", B="A", A="")
            lines = await plan(fixture, reversed_)
            assert "! It cannot depend" not in "\n".join(lines)
            await apply(fixture, tmp_path, reversed_)
            by_id = {one.id: one.name for one in fixture.monitors.of_guild(GUILD)}
            found = fixture.monitors.of_guild(GUILD)
            parents = {one.name: by_id.get(one.depends_on or 0) for one in found}
            assert parents == {"A": None, "B": "A", "C": "B"}

    play(scenario())


async def quietly(_done: int, _of: int) -> None:
    return None


async def take(fixture: ServicesFixture, whole: bytes) -> list[str]:
    """Imports it; returns the remarks."""
    bulk = sites_of(fixture).servers.bulk
    outcomes = await bulk.take(GUILD, read(whole).items, by=PERSON, progress=quietly)
    assert all(one.error is None for one in outcomes)
    return [text.format(**values) for one in outcomes for text, values in one.item.remarks]


def headers(fixture: ServicesFixture) -> tuple[tuple[str, str], ...]:
    return fixture.entry("Shop").monitor.target.headers


def test_a_secret_that_an_export_lacks_is_kept_or_asked_for_and_never_sent_empty(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as fixture:
            shop = await fixture.watch("Shop")
            secret = {"headers": "Authorization: Bearer abc | X-Key: 1"}
            await fixture.monitors.change(GUILD, shop.id, secret, PERSON)
            servers = sites_of(fixture).servers
            whole = await servers.export(GUILD)
            assert await take(fixture, whole) == []
            assert headers(fixture) == (("Authorization", "Bearer abc"), ("X-Key", "1"))
            elsewhere = whole.replace(b"shop.example", b"other.example").replace(b"Shop", b"Old")
            await fixture.monitors.remove(GUILD, shop.id, PERSON)
            for _ in range(2):
                remarks = await take(fixture, whole)
                assert remarks == [
                    "the value of the header Authorization is not in the file",
                    "the value of the header X-Key is not in the file",
                ]
                assert headers(fixture) == (), "none that is empty"
            given = whole.replace(b'"X-Key": ""', b'"X-Key": "2"')
            await take(fixture, given)
            assert headers(fixture) == (("X-Key", "2"),)
            await take(fixture, elsewhere)
            moved = whole.replace(b"shop.example", b"third.example")
            assert len(await take(fixture, moved)) == 2, "another site must not learn them"
            assert headers(fixture) == ()

    play(scenario())


def test_a_pause_with_its_end_is_exported_and_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        folders = [tmp_path / name for name in ("old", "new")]
        for folder in folders:
            folder.mkdir()
        async with services_fixture(folders[0]) as old:
            shop = await old.watch("Shop")
            paused = await old.silences.pause(GUILD, shop.id, by=PERSON, for_s=7200)
            whole = await sites_of(old).servers.export(GUILD)
            await take(old, whole)
            assert pause(old.entry("Shop").monitor) == pause(paused)
            async with services_fixture(folders[1], clock=old.clock) as new:
                await take(new, whole)
                assert pause(new.entry("Shop").monitor) == pause(paused)
                assert await sites_of(new).servers.export(GUILD) == whole
                await new.clock.advance(7_300)
                await new.silences.expire_due()
                assert not new.entry("Shop").monitor.paused
                await take(new, whole)
                assert not new.entry("Shop").monitor.paused, "its end is over"
                await new.monitors.remove(GUILD, new.entry("Shop").monitor.id, PERSON)
                await take(new, whole)
                assert not new.entry("Shop").monitor.paused

    def pause(monitor: Monitor) -> tuple[bool, int | None]:
        return monitor.paused, monitor.resume_ms

    play(scenario())
