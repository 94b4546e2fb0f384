"""Status pages of others: four makers, three formats, and everything on them a stranger's."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.netguard import Netguard
from bot.engine.status_pages import (
    FORMATS,
    MOST_INCIDENTS,
    PAGE_LIMIT,
    NotAStatusPage,
    PageIncident,
    PageState,
    StatusPages,
    Unchanged,
    read_page,
)
from bot.engine.transport import OneShotTransport
from bot.errors import AddressRefused
from tests.engine.sites import LOOPBACK, Names, redirect, serve, trusting_context
from tests.engine.status_page_servers import (
    StatusPageServer,
    better_stack,
    incident,
    instatus,
    summary,
)

SINCE_MS = 1_795_002_480_000  # 18 November 2026, 11:48 UTC


def pages(guard: Netguard | None = None) -> StatusPages:
    guard = guard or Netguard(allow_private=LOOPBACK)
    return StatusPages(OneShotTransport(Names(), trusting_context(), guard), guard)


def read(kind: str, body: Any) -> PageState:
    return read_page(kind, json.dumps(body).encode())


def test_statuspage_says_what_is_open_and_which_components_it_is_about() -> None:
    over = incident("inc0", "Over", status="resolved")
    work = incident("inc2", "Work", impact="maintenance")
    state = read("statuspage", summary(incident(), over, work))
    assert state.name == "Example Cloud"
    assert state.components == {"web": "Web", "api": "Api"}
    assert state.incidents == (
        PageIncident(
            "inc1",
            "Login is slow",
            "investigating",
            "We are looking into it.",
            frozenset({"web"}),
            SINCE_MS,
        ),
    )


def test_incident_io_names_components_in_its_updates() -> None:
    found = incident()
    del found["components"]
    found["incident_updates"][0]["affected_components"] = [{"code": "api", "name": "Api"}]
    assert read("statuspage", summary(found)).incidents[0].components == {"api"}


def test_instatus_has_no_components_and_times_of_two_kinds() -> None:
    one = {"id": "i1", "name": "Slow", "status": "INVESTIGATING", "started": "2026-11-18T11:48:00Z"}
    two = {
        "name": "Search degraded",
        "status": "IDENTIFIED",
        "started": "Wed Nov 18 2026 11:48:00 GMT+0000 (Coordinated Universal Time)",
        "url": "https://status.example.com/incident/cl4a",
    }
    state = read("instatus", instatus(one, two))
    assert state.components == {}
    assert [one.since_ms for one in state.incidents] == [SINCE_MS] * 2
    assert [one.id for one in state.incidents] == ["i1", "https://status.example.com/incident/cl4a"]
    assert read("instatus", instatus()).incidents == ()


def test_better_stack_has_reports_with_their_newest_update() -> None:
    report = {
        "id": "9",
        "type": "status_report",
        "attributes": {
            "title": "Outage",
            "report_type": "manual",
            "starts_at": "2026-11-18T11:48:00Z",
            "ends_at": None,
            "aggregate_state": "downtime",
            "affected_resources": [{"status_page_resource_id": "61", "status": "downtime"}],
        },
    }
    about: dict[str, object] = report["attributes"]  # type: ignore[assignment]  # one of the values
    ended = {**report, "id": "8", "attributes": {**about, "ends_at": "2026-11-18T12:00:00Z"}}
    work = {**report, "id": "7", "attributes": {**about, "report_type": "maintenance"}}
    updates = tuple(
        {
            "id": str(n),
            "type": "status_update",
            "attributes": {"message": f"Update {n}", "published_at": f"2026-11-18T12:0{n}:00Z"},
            "relationships": {"status_report": {"data": {"id": "9", "type": "status_report"}}},
        }
        for n in (1, 3, 2)
    )
    state = read("betterstack", better_stack(report, ended, work, updates=updates))
    assert state.name == "Example Inc"
    assert state.incidents == (
        PageIncident("9", "Outage", "downtime", "Update 3", frozenset({"61"}), SINCE_MS),
    )


def test_foreign_texts_are_plain_and_short_and_few() -> None:
    hostile = incident("x" * 999, "a\u202eb\n<@&1> " + "c" * 999, status="\x00fine" * 99)
    hostile["incident_updates"][0]["body"] = "@everyone\n" + "d" * 9_999
    state = read("statuspage", summary(*[hostile] * 500, name="N" * 500))
    assert len(state.name) == 60
    assert len(state.incidents) == MOST_INCIDENTS
    one = state.incidents[0]
    assert (len(one.id), len(one.title), len(one.text)) == (100, 120, 200)
    assert one.title.startswith("ab <@&1> ccc")
    assert len(one.status) == 30
    assert "\n" not in one.text


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        b'{"page": 5}',
        b'{"page": {"name": ""}}',
        b"[" * 99_999,
    ],
)
def test_what_is_in_none_of_the_formats_is_no_status_page(kind: str, body: bytes) -> None:
    with pytest.raises(NotAStatusPage):
        read_page(kind, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "page",
                    "name",
                    "components",
                    "incidents",
                    "id",
                    "status",
                    "data",
                    "attributes",
                    "included",
                    "type",
                    "title",
                    "aggregate_state",
                    "company_name",
                    "activeIncidents",
                    "incident_updates",
                    "body",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.sampled_from(sorted(FORMATS)))
def test_nothing_that_a_page_says_breaks_the_reader(body: object, kind: str) -> None:
    try:
        state = read(kind, body)
    except NotAStatusPage:
        return
    assert state.name


@pytest.mark.parametrize(
    ("kind", "body"),
    [("statuspage", summary()), ("instatus", instatus()), ("betterstack", better_stack())],
)
def test_a_page_is_recognised_by_three_questions_at_most(kind: str, body: object) -> None:
    async def scenario() -> None:
        page = StatusPageServer(FORMATS[kind][0], body)
        async with serve(page) as site:
            found, state = await pages().detect(site.url().rstrip("/"))
        assert found == kind
        assert state.name
        assert len(page.asked) == list(FORMATS).index(kind) + 1

    asyncio.run(scenario())


def test_what_is_no_status_page_is_said_and_what_is_away_is_not_that() -> None:
    async def scenario() -> None:
        async with serve() as site:
            with pytest.raises(NotAStatusPage):
                await pages().detect(site.url().rstrip("/"))
            gone = site.url().rstrip("/")
        with pytest.raises(ConnectionRefusedError):
            await pages().detect(gone)

    asyncio.run(scenario())


def test_a_page_that_did_not_change_says_so_in_a_word() -> None:
    async def scenario() -> None:
        page = StatusPageServer(tag='"one"')
        async with serve(page) as site:
            url, reader = site.url().rstrip("/"), pages()
            assert (await reader.poll(url, "statuspage")).incidents == ()
            with pytest.raises(Unchanged):
                await reader.poll(url, "statuspage")
            page.body, page.tag = summary(incident()), '"two"'
            assert len((await reader.poll(url, "statuspage")).incidents) == 1
            await reader.detect(url)  # whoever follows anew sees all of it
        assert page.unchanged == 1

    asyncio.run(scenario())


def test_redirects_are_followed_and_every_hop_is_judged() -> None:
    async def scenario() -> None:
        page = StatusPageServer()
        async with serve(page) as site:
            there = site.url("/api/v2/summary.json")
            async with serve(redirect(there)) as old:
                assert (await pages().detect(old.url().rstrip("/")))[0] == "statuspage"
        async with serve(redirect("http://10.0.0.1/api/v2/summary.json")) as inside:
            guard = Netguard(allow_private=LOOPBACK)
            with pytest.raises(AddressRefused):
                await pages(guard).poll(inside.url().rstrip("/"), "statuspage")
        with pytest.raises(AddressRefused):
            await pages(Netguard()).detect("http://127.0.0.1")

    asyncio.run(scenario())


def test_a_page_beyond_all_bounds_is_no_page() -> None:
    async def scenario() -> None:
        large = summary(incident(more="x" * 400_000))
        page = StatusPageServer(body=large)
        async with serve(page) as site:
            url = site.url().rstrip("/")
            assert len((await pages().poll(url, "statuspage")).incidents) == 1
            page.body = summary(incident(more="x" * PAGE_LIMIT))
            with pytest.raises(NotAStatusPage):
                await pages().poll(url, "statuspage")

    asyncio.run(scenario())
