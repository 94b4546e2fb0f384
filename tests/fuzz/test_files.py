"""Files from elsewhere: imports, scenarios, settings, catalogues. Read, or refused plainly."""

import asyncio
import io
import json
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from babel.messages.pofile import PoFileError
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cli import replay
from bot.config import VARIABLES, load, require_token
from bot.errors import ConfigError, UserError
from bot.services.bulk import BulkImport
from bot.services.registry import Services
from bot.services.transfer.files import Item, export, read
from bot.services.transfer.server_entries import Problems, read_export, read_sites
from bot.services.transfer.settings import Reference
from bot.services.transfer.yaml_lines import YamlError
from bot.words import translator
from bot.words.translator import LOCALES, _filled, translator_for
from cogs._ui.watch_files import ServerChange, report
from tests.fuzz.effort import as_json, examples, fields, harmless, json_values, mutated, said, texts
from tests.fuzz.services import services
from tests.services.services_fixture import GUILD, PERSON
from tests.services.test_sites_file import FILE_TEXT

URLS = st.sampled_from(
    ["https://a.example/", "a.example", "http://10.0.0.1/", "tcp://a.example:22"]
)
SHOWN = st.integers(-5, 5) | st.sampled_from(["1", "60", "9" * 19, "9" * 30, 2**63, "\u0661", 1.5])
OURS = fields(
    {
        "url": URLS,
        "name": texts("Shop", "@everyone"),
        "every": SHOWN,
        "channel": SHOWN,
        "role": SHOWN,
        "expect_status": st.sampled_from(["2xx", "200", "nope"]),
        "contains": texts("hello"),
        "not_contains": texts("hello"),
        "slow_ms": SHOWN,
        "method": st.sampled_from(["GET", "head", "POST"]),
        "headers": st.dictionaries(texts("X-Key"), texts("v"), max_size=3),
        "paused": st.booleans(),
    }
)
KUMA = fields(
    {
        "type": st.sampled_from(["http", "keyword", "port", "dns", "ping"]),
        "url": URLS,
        "hostname": texts("a.example"),
        "port": SHOWN,
        "name": texts("Shop"),
        "interval": SHOWN,
        "active": st.booleans(),
        "keyword": texts("hello"),
        "invertKeyword": st.booleans(),
        "method": st.sampled_from(["GET", "POST"]),
        "accepted_statuscodes": st.lists(texts("200-299")),
        "headers": texts('{"a": "b"}', "{"),
        "authMethod": st.sampled_from(["basic", "ntlm", None]),
        "basic_auth_user": texts("me"),
        "basic_auth_pass": texts("pw"),
        "upsideDown": SHOWN | st.booleans(),
        "ignore_tls": st.booleans(),
        "proxyId": SHOWN,
        "maxredirects": SHOWN,
        "maxretries": SHOWN,
        "timeout": SHOWN | st.floats(),
        "tags": json_values(["name"]),
        "conditions": json_values(["type"]),
        "dns_resolve_type": texts("A", "MX"),
    }
)
JSON_FILES = st.one_of(
    st.lists(OURS, max_size=4).map(lambda found: as_json({"monitors": found})),
    st.lists(OURS, max_size=4).map(as_json),
    st.lists(KUMA, max_size=4).map(lambda found: as_json({"monitorList": found})),
    json_values(["monitors", "monitorList", "url", "name"]).map(as_json),
)
CSV = mutated(
    [
        b"name,url,every\nShop,https://a.example/,60\n",
        b'url;name\nhttps://a.example/;"a\nb"\n',
        b"sep=;\nNom;Adresse du site;Intervalle (min)\nShop;a.example;5\n",
        b"https://a.example/\n- b.example\n# no\n<c.example> Shop\n",
        b"Type,Friendly Name,URL/IP,Port\nPort,SSH,2001:db8::1,22\nPing,P,a.example,\n",
        "name;url\nCaf\u00e9;a.example\n".encode("utf-16"),
        (
            b"endpoints:\n  - name: x\n    url: https://a.example\n    interval: 5m\n    group: g\n"
            b"    headers: {A: b}\n    conditions: ['[STATUS] == any(200, 429)', '[BODY].a == 1']\n"
        ),
        (
            b"sites:\n  - name: x\n    url: a.example\n    check: tcp-ping\n    port: 22\n"
            b"    expectedStatusCodes: [200]\n    tags: [a, b]\n    maxResponseTime: 50\n"
        ),
        "\ufeffurl\tname\r\nhttps://a.example/\t\u202eB\u00fccher\r\n".encode(),
    ],
    [b'"', b",", b";", b"\t", b"\xc2\x85", b"url,url,url\n", b"=1+1", b"@everyone"],
)


@examples(150)
@given(JSON_FILES | CSV | st.binary(max_size=60))
@example(b"[" * 100_000)
@example(b"sites: " + b"[" * 100_000)
@example(b"sites:\n" + b"- a: &a [*a]\n" * 9)
@example(b"SQLite format 3\0" + bytes(4_000))
@example(b'[{"name": ' + b"[" * 900 + b"]" * 900 + b', "url": "a.example"}]')
@example(b'{"monitors": [{"every": ' + b"9" * 5_000 + b"}]}")
@example(b"name,url\nShop," + b"a" * 200_000)
@example(as_json([{"url": "a.example", "name": "a" + "\u0301\u0316" * 80_000}]))
@example(as_json([{"url": "a.example", "contains": "\ud800x"}]))
@example(as_json([{"url": "a.example", "slow_ms": "9" * 19}]))
@example(
    as_json({"monitorList": [{"type": "http", "url": "a.example", "accepted_statuscodes": 5}]})
)
@example(as_json({"monitorList": [{"type": "http", "url": "a.example", "authMethod": []}]}))
@example(b'{"monitorList": [{"type": ' + b"[" * 960 + b"]" * 960 + b"}]}")
@example(as_json({"monitorList": [{"type": "http", "basic_auth_user": "\ud800"}]}))
@example(as_json([{"url": "a.example", "channel": "9" * 19}]))
@example(b"{}" + b" " * (1 << 20))
@example(b"[" + b"{}," * 340_000 + b"{}]")
@example(b"a,b\n" * 260_000)
@example(b"url\n" + b"," * 1_000_000)
@example(b"\n" * 1_000_000 + b"a,b")
def test_a_list_of_monitors(data: bytes) -> None:
    began = time.process_time()  # of this process: others may keep the machine busy
    try:
        items = read(data).items
    except UserError as error:
        said(error)
    else:
        asyncio.run(taken(items))
    assert time.process_time() - began < 5


async def taken(items: list[Item]) -> None:
    async with services() as here:
        outcomes = await BulkImport(here.monitors, here.silences).take(
            GUILD, items, by=PERSON, progress=silent
        )
        for language in ("en", "fr"):
            shown(report(translator_for(language), outcomes))
        again = read(export(here.monitors.of_guild(GUILD))).items if len(here.monitors) else []
        assert all(item.error is None for item in again)


CLOCK_TEXT = st.sampled_from(["02:30", "24:00", "00:00:59", "2"]) | texts("02:30")
PLACE = st.sampled_from(["1", "#alerts", "@everyone", 7, "9" * 30])
SERVER = fields(
    {
        "channel": PLACE,
        "role": PLACE,
        "fallback": PLACE,
        "managers": PLACE,
        "reminders": st.sampled_from(["4p", 4, "off", 5]),
        "language": st.sampled_from(["fr", "en", "xx"]),
        "timezone": st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "../etc/passwd"]),
        "page": st.booleans(),
        "escalate": fields({"after": texts("15m", "1s"), "role": PLACE, "channel": PLACE}),
        "tags": st.dictionaries(
            texts("shop"), fields({"channel": PLACE, "role": PLACE}), max_size=3
        ),
        "maintenance": st.lists(
            fields(
                {
                    "days": texts("daily", "sun", "mon-fri", "2027-03-28", "0001-01-01"),
                    "from": CLOCK_TEXT,
                    "to": CLOCK_TEXT,
                    "for": texts("90m", "9" * 18 + "d"),
                    "monitor": texts("Shop"),
                    "tag": texts("shop"),
                    "timezone": texts("Asia/Kathmandu"),
                    "reason": texts("Backups"),
                }
            ),
            max_size=3,
        ),
        "reports": st.lists(
            fields({"period": texts("weekly"), "channel": PLACE, "tag": texts("shop")}), max_size=3
        ),
        "follow": st.lists(
            fields({"page": texts("status.example"), "components": st.lists(texts("api"))}),
            max_size=3,
        ),
        "boards": st.lists(fields({"channel": PLACE, "tag": texts("shop")}), max_size=3),
    }
)


SIGNS = [b"&a ", b"*a", b"<<: ", b"!!int ", b"{", b"[", b"- ", b"? ", b": ", b"\t", b"~", b"\xff"]
MERGED = b"a: &a {k: 1}\nb: {<<: [*a, {c: d}]}\nc: !!int 5\n"


@examples(300)
@given(mutated([FILE_TEXT.encode(), MERGED], SIGNS))
def test_a_file_of_sites(data: bytes) -> None:
    with suppress(YamlError):
        read_sites(data)
        return
    with pytest.raises(YamlError, match=r"^line [1-9]\d*: ") as refused:
        read_sites(data)
    harmless(str(refused.value))


class Here:
    """A Discord where even ids are there."""

    complete = True

    def find(self, _kind: str, _guild_id: int, wanted: Reference) -> int | None:
        return wanted.id if wanted.id is not None and wanted.id % 2 == 0 else None


@examples(150)
@given(SERVER, st.lists(OURS, max_size=2))
@example({"maintenance": [{"days": "9999-12-31", "from": "23:59", "for": "6d"}]}, [])
@example({"maintenance": [{"days": "0001-01-01", "from": "00:00", "for": "1m"}]}, [])
@example({"reports": [{"period": "weekly", "tag": "\ud800"}]}, [])
@example({"tags": {"\ud800": {"channel": 2}}, "timezone": "\ud800"}, [])
def test_an_export_of_a_server(server: dict[str, Any], monitors: list[Any]) -> None:
    data = as_json({"vigie": 1, **server, "monitors": monitors})
    asyncio.run(imported(data))


async def imported(data: bytes) -> None:
    """Taken over as far as it goes; whatever was taken comes back from an export."""
    async with services() as here:
        servers = Services.build(here, here.clock).servers
        listing, problems = read(data), Problems(lenient=True)
        entry = read_export(listing.server or {}, problems)
        plan = await servers.plan(GUILD, entry, Here(), problems, by=PERSON, to_be={"shop"})
        await servers.apply(plan, problems, PERSON)
        outcomes = await servers.bulk.take(GUILD, listing.items, by=PERSON, progress=silent)
        await servers.apply_rest(plan, problems, PERSON)
        for language in ("en", "fr"):
            shown(report(translator_for(language), outcomes, ServerChange(plan, problems)))
        whole = await servers.export(GUILD)
        again = Problems(lenient=True)
        entry = read_export(read(whole).server or {}, again)
        plan = await servers.plan(GUILD, entry, Here(), again, by=PERSON, to_be=())
        assert again.found == []
        assert plan.changes == []


async def silent(_done: int, _of: int) -> None:
    return None


def shown(answer: tuple[str, Any, Any]) -> None:
    text, embed, file = answer
    harmless(text)
    harmless(embed.description or "", lines=True)
    assert len(embed.description or "") <= 4_000
    harmless(file.fp.read().decode(), lines=True)


ROW = fields(
    {
        "t": st.integers(-1, 600) | st.sampled_from([10**9, 10**400, 1e308, "60", True]),
        "outcome": st.sampled_from(
            ["ok", "http_500", "http_", "http_99999999999999", "tls", "nope"]
        ),
        "retry": st.lists(st.sampled_from(["ok", "dns", 5]), max_size=3),
        "ms": st.floats() | st.integers(-5, 10**6),
        "site": texts("shop", "canary-a", "@everyone"),
    }
)


@examples(80)
@given(st.lists(ROW, max_size=4).map(lambda rows: b"\n".join(map(as_json, rows))) | JSON_FILES)
@example(b"[" * 100_000)
@example(as_json({"t": 10**12, "outcome": "http_500", "ms": 1}))
@example(as_json({"t": 1, "outcome": "http_500", "ms": float("nan")}))
@example(as_json({"t": 1, "outcome": "http_500", "ms": 1, "site": "\ud800"}))
@example(
    b"\n".join(
        as_json(
            {"t": t, "outcome": "dns", "ms": 1, "site": "\u202e@everyone", "retry": ["dns", "dns"]}
        )
        for t in range(0, 600, 60)
    )
)
def test_a_scenario(data: bytes) -> None:
    began = time.process_time()
    with TemporaryDirectory() as folder:
        path = Path(folder, "scenario.jsonl")
        path.write_bytes(data)
        said_out, said_err = io.StringIO(), io.StringIO()
        with redirect_stdout(said_out), redirect_stderr(said_err):
            status = replay.run(str(path), as_json=True)
    assert status in {0, replay.UNUSABLE}
    assert bool(said_err.getvalue()) is (status == replay.UNUSABLE)
    for text in said_out.getvalue().splitlines():
        content = json.loads(text)["content"]
        harmless(content)
        assert "@everyone" not in content.replace("\\@", "")
    assert time.process_time() - began < 20


ENVIRONMENT = st.dictionaries(
    st.sampled_from([*VARIABLES, "DISCORD_TOKEN_FILE", "VIGIE_HEARTBEAT_URL_FILE"]),
    texts(
        "60", "9" * 5_000, "http://[", "https://discord.com/api", "10.0.0.0/8", "::/0", "/dev/null",
        "80,443", "INFO", "\x00", "abc.def.ghi", "Bot x", ",", "/proc/self/mem", "\u0663",
    ).map(lambda text: text.replace("\ud800", "").replace("\udfff", "")),
    max_size=4,
)  # fmt: skip


@examples(200)
@given(ENVIRONMENT)
@example({"VIGIE_MIN_INTERVAL": "9" * 5_000})
@example({"DISCORD_TOKEN_FILE": "a\x00b"})
@example({"DISCORD_API_URL": "http://["})
def test_settings(values: dict[str, str]) -> None:
    settled(lambda: load(values, None))


DOTENV = mutated(
    [
        b"DISCORD_TOKEN=abc.def.ghi\nVIGIE_PORTS=3000\n",
        b"export VIGIE_CANARIES=\"https://a/,https://b/\" # two\nVIGIE_DATABASE='data/x'\n",
        b"VIGIE_MIN_INTERVAL=${HOME}${VIGIE_MIN_INTERVAL:-60}\n",
    ],
    [b"=", b'"', b"'", b"${", b"#", b"\\", b"\xff", b"\x00"],
)


@examples(150)
@given(DOTENV)
def test_the_file_of_settings(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, ".env")
        path.write_bytes(data)
        settled(lambda: load({}, path))


def settled(work: Any) -> None:
    """Settings that can be used, or one sentence."""
    try:
        config = work()
        if config.token:
            require_token(config)
    except ConfigError as error:
        sentence = str(error)
    else:
        assert urlsplit(config.api_url).hostname
        sentence = "taken"
    assert 0 < len(sentence) < 12_000


PO = (LOCALES / "fr.po").read_bytes()[:3_000]


@examples(60)
@given(mutated([PO], [b'"', b"msgid ", b"msgstr[9] ", b"\\", b"#, fuzzy\n", b"nplurals=99"]))
def test_a_catalogue(data: bytes) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder, "fr.po").write_bytes(data)
        patch.setattr(translator, "LOCALES", Path(folder))
        with suppress(PoFileError, ValueError, LookupError):  # what stops the start with its line
            assert translator._read("fr").gettext("Not in it") == "Not in it"


@examples(100)
@given(texts("{n}", "{name", "}", "{0}", "{name.real}", "{name[0]}", "{n:>9}", "{n!r}", "{n:d}"))
def test_a_slip_in_a_translation_costs_no_sentence(found: str) -> None:
    assert _filled(found, "{name} is {n}", {"name": "Shop", "n": 5}) or not found
