"""Files of other monitors, row by row: taken, taken with a remark, or refused with a reason."""

import json
import time
from typing import Any

import pytest

from bot.errors import UserError
from bot.services.transfer.files import Item, read
from bot.services.typed_text import status_text

KUMA: dict[str, Any] = {
    "id": 1,
    "type": "http",
    "name": "Shop",
    "url": "https://a.example/",
    "interval": 60,
    "active": True,
    "accepted_statuscodes": ["200-299"],
    "maxretries": 1,
    "maxredirects": 10,
    "upsideDown": False,
    "ignoreTls": False,
    "proxyId": None,
    "dns_resolve_type": "A",
    "dns_resolve_server": "1.1.1.1",
    "method": "GET",
    "timeout": 48,
    "tags": [],
    "parent": None,
}


def items(data: Any) -> list[Item]:
    if isinstance(data, str):
        data = data.encode()
    return read(data if isinstance(data, bytes) else json.dumps(data).encode()).items


def kuma(**differs: Any) -> Item:
    (found,) = items({"version": "1.23.16", "monitorList": [KUMA | differs]})
    return found


def remarks(item: Item) -> list[str]:
    return [sentence.format(**values) for sentence, values in item.remarks]


def seen(data: Any) -> list[tuple[int, str | None, str, int]]:
    """Row, name, address and interval of each."""
    found = []
    for one in items(data):
        assert one.error is None
        found.append(
            (one.number, one.typed.get("name"), one.typed["url"], one.typed.get("every", 60))
        )
    return found


SHOP = (2, "Shop", "https://a.example/", 60)
BLOG = (3, "Blog", "https://b.example", 60)


@pytest.mark.parametrize(
    "data",
    [
        "name,url,every\nShop,https://a.example/,60\nBlog,b.example,\n",
        "\ufeffname,url,every\r\nShop,https://a.example/,60\r\nBlog,b.example,\r\n",
        "name,url,every\rShop,https://a.example/,60\rBlog,b.example,60\r",
        "sep=;\nname;url;every\nShop;https://a.example/;60\nBlog;b.example;60,0\n",
        '"sep=,"\nname,url,every\n"Shop","https://a.example/","60"\n"Blog",b.example,60.0\n',
        "Nom;Adresse;Intervalle (sec)\nShop;https://a.example/;60\nBlog;b.example;\n",
        "NAME\tURL\tINTERVALL\nShop\thttps://a.example/\t1 min\nBlog\tb.example\t\n",
        "Title,Website URL,Interval (min)\nShop,https://a.example/,1\nBlog,b.example,1\n",
        (
            "Type,Friendly Name,URL/IP,Interval,Keyword Type,Keyword Value,Port\n"
            "HTTP(s),Shop,https://a.example/,60,,,\nHTTP,Blog,b.example,60,,,\n"
        ),
        "url,every,name\nhttps://a.example/,60,Shop\nb.example,60s,Blog\n",
        "Nom du site,Adresse du site,Fréquence\nShop,https://a.example/,60\nBlog,b.example,60\n",
        "name|url|every\nShop|https://a.example/|60\nBlog|b.example|60\n",
        "name\turl\r\nShop\thttps://a.example/\r\nBlog\tb.example\r\n".encode("utf-16"),
        "name\turl\r\nShop\thttps://a.example/\r\nBlog\tb.example\r\n".encode("utf-16-le"),
        b"name,url\nShop,`https://a.example/`\nBlog,<b.example>\n",
    ],
)
def test_a_spreadsheet_is_read_as_people_save_it_and_rows_have_its_numbers(data: Any) -> None:
    assert seen(data) == [SHOP, BLOG]


def test_blank_rows_comments_and_lines_inside_a_cell_count_as_a_spreadsheet_counts() -> None:
    data = '# mine\n\nname,url\n# one\n"Shop\nof old",https://a.example/\n\nBlog,b.example\n'
    assert [(row, url) for row, _, url, _ in seen(data)] == [
        (5, "https://a.example/"),
        (7, "https://b.example"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "https://a.example/\nb.example\n",
        "\ufeffhttps://a.example/\r\n<b.example>\r\n",
        "- https://a.example/\n* `b.example`\n",
        "https://a.example/,60\nhttps://b.example,60\n",
        '"https://a.example/"\n"b.example"\n',
    ],
)
def test_a_plain_list_of_addresses_is_read(data: str) -> None:
    found = seen(data)
    assert [(row, url) for row, _, url, _ in found] == [
        (1, "https://a.example/"),
        (2, "https://b.example"),
    ]
    assert all(name is None for _, name, _, _ in found)


def test_a_list_of_addresses_with_commas_is_no_table() -> None:
    assert [url for _, _, url, _ in seen("https://a.example/?x=1,2\nhttps://b.example/\n")] == [
        "https://a.example/?x=1,2",
        "https://b.example/",
    ]


def test_a_name_may_stand_behind_an_address() -> None:
    assert seen("https://a.example/ Shop of old\nhttps://b.example Blog\n") == [
        (1, "Shop of old", "https://a.example/", 60),
        (2, "Blog", "https://b.example", 60),
    ]


def test_json_may_stand_on_lines_of_its_own_or_be_one_monitor_alone() -> None:
    lines = '{"name": "Shop", "url": "a.example"}\n{"name": "Blog", "url": "b.example"}\n'
    assert [name for _, name, _, _ in seen(lines)] == ["Shop", "Blog"]
    assert [name for _, name, _, _ in seen({"name": "Shop", "url": "a.example"})] == ["Shop"]
    assert [name for _, name, _, _ in seen("name,url\nShop,a.example\n".encode("utf-32"))]


def test_windows_1252_is_read_and_said() -> None:
    listing = read("Nom;Adresse\nBoutique d’été;a.example\n".encode("cp1252"))
    assert listing.items[0].label == "Boutique d’été"
    assert "Windows-1252" in listing.notes[0]
    assert read(b"name,url\nShop,a.example\n").notes == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name,url\n\x81\x8d,a.example\n", "neither UTF-8 nor UTF-16 nor Windows-1252"),
        (b"\xff\xfen\0a\0m", "It says it is UTF-16 and is not"),
        (b"\xef\xbb\xbfname,url\n\xe9,a.example\n", "It says it is UTF-8 and is not"),
        (b"<html><body>hello.</body></html>", "I cannot read this file."),
        (b"services:\n  - name: x\n    url: https://a.example\n", "I cannot read this file."),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(UserError, match="I cannot read this file") as raised:
        read(data)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 xlsx", "save it as CSV"),
        (b"\x1f\x8b\x08", "unpack it first"),
        (b"SQLite format 3\0kuma.db", "I know that of Uptime Kuma"),
    ],
)
def test_a_file_of_another_kind_is_named(data: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(data)


def test_a_quotation_mark_out_of_place_costs_no_other_row() -> None:
    found = items('name,url\n"Shop,https://a.example/\nBlog,b.example\n5" disk,c.example\n')
    assert [one.label for one in found] == ["Shop", "Blog", '5" disk']
    assert remarks(found[0]) == ["a quotation mark in this row is out of place"]


def test_columns_that_are_not_read_and_cells_too_many_are_said() -> None:
    first, second = items("name,url,colour\nShop,a.example,red\nBlog,b.example,,60\n")
    assert remarks(first) == ["not read: colour"]
    assert str(second.error) == "This row has more cells than there are columns."


def test_uptimerobot_by_file_and_by_its_api() -> None:
    found = items(
        "Type,Friendly Name,URL/IP,Interval,Keyword Type,Keyword Value,Port\n"
        "Keyword,Word,https://b.example/,300,not exists,hello,\n"
        "Keyword,Other,https://b.example/,300,exists,error,\n"
        "Port,SSH,c.example,300,,,22\nPort,Six,2001:db8::1,300,,,22\n"
        "Ping,P,d.example,300,,,\nHeartbeat,H,,300,,,\nPort,None,c.example,300,,,\n"
    )
    wanted = [one.typed for one in found]
    assert wanted[0]["contains"] == "hello"
    assert (wanted[1].get("contains"), wanted[1]["not_contains"]) == (None, "error")
    assert [one["url"] for one in wanted[2:5]] == [
        "tcp://c.example:22",
        "tcp://[2001:db8::1]:22",
        "ping://d.example",
    ]
    assert (wanted[5]["url"], wanted[5]["name"]) == ("push://", "H")
    assert [str(one.error) for one in found[6:]] == ["It has no port."]
    common = {"id": 7, "interval": 300, "create_datetime": 1}
    web = common | {"friendly_name": "Shop", "url": "a.example", "type": 1, "status": 2}
    port = common | {"friendly_name": "P", "url": "b.example", "type": 4, "port": 22, "status": 0}
    first, second = items({"stat": "ok", "monitors": [web, port]})
    assert (first.typed["name"], first.typed["every"]) == ("Shop", 300)
    assert not first.paused
    assert (second.typed["url"], second.paused) == ("tcp://b.example:22", True)


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"upsideDown": True}, "inverted"),
        ({"ignoreTls": True}, "I always verify it"),
        ({"proxyId": 3}, "proxy"),
        ({"type": "dns", "hostname": "a.example", "dns_resolve_type": "MX"}, "type MX"),
        ({"type": "dns", "hostname": "a.example", "dns_resolve_type": "TXT"}, "type TXT"),
        ({"type": "port", "hostname": "a.example", "port": None}, "no port"),
        ({"type": "group", "url": "https://"}, "It is a group"),
        ({"type": "docker"}, "kind “docker”"),
        ({"type": "json-query"}, "kind “json-query”"),
        ({"url": "https://"}, "It has no address"),
        ({"authMethod": "ntlm"}, "“ntlm”"),
        ({"authMethod": "oauth2-cc"}, "“oauth2-cc”"),
        ({"headers": "not json"}, "“headers” cannot be read"),
        ({"headers": {f"X-{n}": "v" for n in range(95_00)}}, "At most 10 request headers"),
    ],
)
def test_what_cannot_be_watched_as_kuma_did_is_refused(differs: dict[str, Any], said: str) -> None:
    item = kuma(**differs)
    assert said in str(item.error)


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"maxredirects": 0}, "limit of redirects"),
        ({"maxredirects": 3}, "limit of redirects"),
        ({"maxretries": 5}, "retries"),
        ({"resendInterval": 3}, "repeated notifications"),
        ({"tags": [{"name": one} for one in "abcdef"]}, "first 5 tags"),
        ({"parent": 4}, "group"),
        ({"description": "mine"}, "description"),
        ({"body": "{}"}, "request body"),
        ({"conditions": [{"type": "expression"}]}, "conditions"),
        ({"cacheBust": True}, "cache busting"),
        ({"ipFamily": "ipv4"}, "IPv4 or IPv6"),
        ({"type": "dns", "hostname": "a.example", "dns_resolve_server": "8.8.8.8"}, "name server"),
    ],
)
def test_what_is_left_out_of_a_kuma_monitor_is_said(differs: dict[str, Any], said: str) -> None:
    item = kuma(**differs)
    assert item.error is None
    (remark,) = remarks(item)
    assert said in remark


@pytest.mark.parametrize(
    ("accepted", "redirects", "expected"),
    [
        (["200-299"], 10, "2xx"),
        (["200-299", "300-399"], 10, "2xx"),
        (["200-299", "301", "404"], 5, "2xx, 404"),
        (["301", "302"], 0, "301-302"),
        (["200-299", "302"], 0, "2xx, 302"),
        ([200], 10, "200"),
    ],
)
def test_kuma_judges_the_answer_at_the_end_of_the_redirects(
    accepted: list[Any], redirects: int, expected: str
) -> None:
    item = kuma(accepted_statuscodes=accepted, maxredirects=redirects)
    assert status_text(item.typed["expect_status"]) == expected
    assert item.remarks == ()


def test_small_things_of_kuma() -> None:
    six = kuma(type="port", hostname="2001:db8::1", port=22.0).typed
    assert six["url"] == "tcp://[2001:db8::1]:22"
    assert kuma(active=0).paused
    assert kuma(active=False).paused
    assert kuma(forceInactive=True).paused
    assert kuma(interval=60.0).typed["every"] == 60
    assert kuma(timeout=5).typed["timeout"] == 5
    assert remarks(kuma(timeout=5)) == []
    assert "timeout" not in kuma().typed, "48 s come from the interval"
    inverted = kuma(type="keyword", keyword="error", invertKeyword=True).typed
    assert (inverted.get("contains"), inverted["not_contains"]) == (None, "error")
    left_over = kuma(authMethod=None, basic_auth_user="me")
    assert left_over.error is None
    assert "headers" not in left_over.typed
    plain_http = kuma(ignoreTls=True, url="http://a.example/")
    assert plain_http.error is None


@pytest.mark.parametrize(
    "dump",
    [
        {"version": "1.18.5", "monitorList": [KUMA]},
        {"monitorList": {"1": KUMA}},
        {"1": KUMA},
        [KUMA],
        {"monitors": [KUMA]},
    ],
)
def test_every_shape_of_a_kuma_dump_is_one(dump: Any) -> None:
    (item,) = items(dump)
    assert item.typed["url"] == "https://a.example/"
    assert status_text(item.typed["expect_status"]) == "2xx"
    row = {"type": "http", "url": "https://a.example", "upside_down": 1, "ignore_tls": 0}
    (of_database,) = items([row])
    assert "inverted" in str(of_database.error)


def test_options_are_read_as_the_command_takes_them() -> None:
    known = {
        "name": 5,
        "url": "a.example",
        "every": "5m",
        "expect_status": [200, 301],
        "headers": "X-A: 1 | X-B: 2",
        "tags": ["x"],
        "colour": "red",
    }
    (item,) = items({"monitors": [known]})
    assert (item.typed["name"], item.typed["every"]) == ("5", 300)
    assert item.typed["tags"] == ("x",)
    assert item.typed["expect_status"] == (200, 301)
    assert item.typed["headers"] == (("X-A", "1"), ("X-B", "2"))
    assert remarks(item) == ["not read: colour"]


def test_a_long_name_is_cut_and_said() -> None:
    (item,) = items({"monitors": [{"name": "A" * 90, "url": "a.example"}]})
    assert remarks(item) == ["its name was cut to 80 characters"]


def test_ten_thousand_rows_are_read_in_no_time() -> None:
    for end in (",60\n", ',"60\n'):  # a quotation mark that is never closed, on every row
        text = "name,url,every\n" + "".join(f"Site {n},site{n}.example{end}" for n in range(10_000))
        began = time.process_time()
        assert len(items(text)) == 10_000
        assert time.process_time() - began < 2
    with pytest.raises(UserError, match="at most 10000"):
        items(text + "One,too.many,60\n")
