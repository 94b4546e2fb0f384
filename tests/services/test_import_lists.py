"""The lists of Gatus, Upptime and Uptime Kuma 2: what is taken, remarked and refused of each."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.services.transfer.files import Item, read

GATUS = """
ui: {title: x}
endpoints:
  - name: shop
    group: Core Services
    url: https://shop.example/health
    interval: 5m
    method: GET
    headers: {Accept: application/json, Authorization: "Bearer ${TOKEN}"}
    client: {timeout: 7s}
    conditions:
      - "[STATUS] == any(200, 429)"
      - "[RESPONSE_TIME] < 800"
      - "[BODY].status == UP"
      - "[CERTIFICATE_EXPIRATION] > 48h"
    alerts: [{type: discord}]
  - name: page
    enabled: false
    url: https://page.example
    conditions: ["[STATUS] < 300", "[BODY] == pat(*Welcome*)", "[BODY].items > 3"]
  - name: ssh
    url: tcp://ssh.example:22
    conditions: ["[CONNECTED] == true"]
  - {name: ping, url: "icmp://ping.example", conditions: ["[CONNECTED] == true"]}
  - {name: mail, url: "starttls://mail.example:587"}
  - name: names
    url: 9.9.9.9
    dns: {query-name: shop.example., query-type: A}
    conditions: ["[DNS_RCODE] == NOERROR"]
  - {name: mx, url: 9.9.9.9, dns: {query-name: shop.example, query-type: MX}}
  - {name: open, url: "https://self.example", client: {insecure: true}}
  - {name: socket, url: "ws://socket.example"}
  - {name: secret, url: "https://${HOST}/"}
external-endpoints:
  - {name: job, token: x}
"""
UPPTIME = """
owner: me
repo: upptime
sites:
  - name: Shop
    url: https://shop.example
    expectedStatusCodes: [200, 201]
    maxResponseTime: 5000
    tags: [Prod, eu west, a, b, c, d]
    headers: ["Accept: text/html", "Authorization: Bearer $SECRET"]
  - name: Secret
    url: $SECRET_SITE
  - name: SSH
    check: tcp-ping
    url: ssh.example
    port: 22
  - name: Ping
    check: icmp-ping
    url: https://ping.example/x
  - name: Socket
    check: ws
    url: ws://socket.example
  - name: Loose
    url: https://loose.example
    __dangerous__insecure: true
  - just a word
"""


def items(data: bytes | str) -> list[Item]:
    return read(data if isinstance(data, bytes) else data.encode()).items


def remarks(item: Item) -> list[str]:
    return [sentence.format(**values) for sentence, values in item.remarks]


def test_gatus_endpoints_with_what_differs() -> None:
    shop, page, ssh, ping, mail, names, *refused = items(GATUS)
    assert (shop.number, shop.label) == (4, "shop")
    assert shop.typed == {
        "name": "shop",
        "url": "https://shop.example/health",
        "every": 300,
        "timeout": 7,
        "method": "GET",
        "headers": (("Accept", "application/json"),),
        "tags": ("core-services",),
        "expect_status": (200, 429),
        "slow_ms": 800,
        "json": "status == 'UP'",
    }
    assert remarks(shop) == [
        "the header Authorization is in a variable that is not in the file",
        "its limit of 800 ms became a slow limit: slower answers are an alert, not an outage",
        "its condition “[CERTIFICATE_EXPIRATION] > 48h” is left out",
    ]
    assert page.paused
    assert page.typed["expect_status"] == tuple(range(200, 300))
    assert (page.typed["contains"], page.typed["every"]) == ("Welcome", 60)
    assert remarks(page) == ["its condition “[BODY].items > 3” is left out"]
    assert [one.typed["url"] for one in (ssh, ping, mail, names)] == [
        "tcp://ssh.example:22",
        "ping://ping.example",
        "smtp://mail.example:587",
        "dns://shop.example",
    ]
    assert (remarks(ssh), remarks(ping)) == ([], [])
    assert remarks(names)[0].startswith("its name server is left out")
    assert [str(one.error) for one in refused] == [
        "It asks for DNS records of type MX: I only look up addresses.",
        "Its certificate is ignored: I always verify it.",
        "I cannot watch the kind “ws”.",
        "Its address is in a variable that is not in the file.",
        "Its results are sent by a job: use /watch push for it.",
    ]


def test_upptime_sites_with_what_differs() -> None:
    shop, secret, ssh, ping, socket, loose, word = items(UPPTIME)
    assert shop.typed == {
        "name": "Shop",
        "url": "https://shop.example",
        "every": 300,
        "expect_status": (200, 201),
        "slow_ms": 5000,
        "headers": (("Accept", "text/html"),),
        "tags": ("prod", "eu-west", "a", "b", "c"),
    }
    assert remarks(shop) == [
        "checked every 5 minutes, as Upptime does",
        "its limit of 5000 ms became a slow limit: slower answers are an alert, not an outage",
        "the header Authorization is in a variable that is not in the file",
        "only its first 5 tags are taken",
    ]
    assert [one.typed["url"] for one in (ssh, ping)] == [
        "tcp://ssh.example:22",
        "ping://ping.example",
    ]
    assert [str(one.error) for one in (secret, socket, loose, word)] == [
        "Its address is in a variable that is not in the file.",
        "I cannot watch the kind “ws”.",
        "Its certificate is ignored: I always verify it.",
        "This is not a site.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("endpoints:\n  - name: [a\n", "cannot read this file as YAML. Line"),
        ("sites:\n" + "  - url: a.example\n" * 20_000, "at most 256 KiB"),
        ("sites: []\n", "There is no site in this file."),
        ("endpoints: nothing\n", "There is no site in this file."),
    ],
)
def test_yaml_that_is_no_list_is_refused_plainly(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        items(text)


def test_yaml_makes_no_objects() -> None:
    (row,) = items("endpoints:\n  - !!python/object/apply:os.system [x]\n")
    assert str(row.error) == "This is not a site."
    with pytest.raises(UserError, match=r"python/name:os\.system” is not known here"):
        items("endpoints:\n  - name: !!python/name:os.system ''\n")


def database(tmp_path: Path, *, journal: str = "WAL", monitors: bool = True) -> bytes:
    """One as Uptime Kuma 2 leaves it when it is stopped."""
    path = tmp_path / "kuma.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA journal_mode = {journal}")
        if monitors:
            conn.executescript("""
                CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT, active BOOLEAN,
                    interval INTEGER, url TEXT, type TEXT, hostname TEXT, port INTEGER,
                    keyword TEXT, maxretries INTEGER, ignore_tls BOOLEAN, upside_down BOOLEAN,
                    maxredirects INTEGER, accepted_statuscodes_json TEXT, method TEXT,
                    parent INTEGER);
                CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT, color TEXT);
                CREATE TABLE monitor_tag (id INTEGER PRIMARY KEY, monitor_id INTEGER,
                    tag_id INTEGER, value TEXT);
                INSERT INTO monitor VALUES
                    (1, 'Europe', 1, 60, NULL, 'group', NULL, NULL, NULL, 0, 0, 0, 10, '[]',
                        'GET', NULL),
                    (2, 'Shop', 1, 60, 'https://shop.example/', 'http', NULL, NULL, NULL, 1, 0, 0,
                        10, '["200-299"]', 'GET', 1),
                    (3, 'SSH', 0, 120, NULL, 'port', 'ssh.example', 22, NULL, 0, 0, 0, 10, '[]',
                        'GET', NULL),
                    (4, 'Loose', 1, 60, 'https://loose.example', 'http', NULL, NULL, NULL, 0, 1, 0,
                        10, '[]', 'GET', NULL);
                INSERT INTO tag VALUES (1, 'Env', '#fff'), (2, 'Customer A', '#000');
                INSERT INTO monitor_tag VALUES (1, 2, 1, 'prod'), (2, 2, 2, '');
            """)
    return path.read_bytes()


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_the_database_of_kuma_2_with_tags_and_groups(tmp_path: Path, journal: str) -> None:
    group, shop, ssh, loose = items(database(tmp_path, journal=journal))
    assert str(group.error) == "It is a group: I watch the sites in it, without the group."
    assert (shop.typed["url"], shop.typed["tags"]) == (
        "https://shop.example/",
        ("env-prod", "customer-a", "europe"),
    )
    assert remarks(shop) == []
    assert (ssh.typed["url"], ssh.paused, ssh.typed["every"]) == ("tcp://ssh.example:22", True, 120)
    assert "I always verify it" in str(loose.error)


def test_a_database_of_another_program_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    other = database(tmp_path, monitors=False)
    for data in (other, b"SQLite format 3\0" + b"\xff" * 5000, b"SQLite format 3\0"):
        with pytest.raises(UserError, match="I know that of Uptime Kuma"):
            items(data)


def test_a_view_in_place_of_the_monitors_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "evil.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(
            "CREATE VIEW monitor AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x AS id FROM n"
        )
    with pytest.raises(UserError, match="I know that of Uptime Kuma"):
        items(path.read_bytes())


def test_kuma_1_keeps_its_tags_too() -> None:
    monitor: dict[str, Any] = {
        "id": 1, "type": "http", "name": "Shop", "url": "https://a.example/", "interval": 60,
        "upsideDown": False, "maxretries": 0, "parent": 2,
        "tags": [{"name": "Env", "value": "prod"}, {"name": "x"}],
    }  # fmt: skip
    group = {"id": 2, "type": "group", "name": "Europe", "maxretries": 0}

    shop, _ = items(json.dumps({"monitorList": [monitor, group]}))
    assert shop.typed["tags"] == ("env-prod", "x", "europe")
