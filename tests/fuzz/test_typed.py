"""What people type is taken or refused in a sentence: addresses, names, options, times, dates."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from bot.config import Config
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.netguard import Netguard
from bot.errors import UserError
from bot.models import Cause, Monitor, Target
from bot.services.maintenance import NewWindow
from bot.services.monitor_options import NAME_LIMIT, OPTIONS
from bot.services.monitor_rules import MonitorIndex, MonitorRules
from bot.services.recurrence import wall_time, zone_name
from bot.services.typed_text import (
    kept_headers,
    parse_days,
    parse_headers,
    parse_statuses,
    parse_time,
    status_text,
    typed_address,
)
from bot.words.escaping import host, markdown, plain
from bot.words.translator import translator_for
from cogs._ui.alert_buttons import IncidentButton, SitesPage
from cogs._ui.buttons import PersistentItem
from cogs._ui.monitor_settings import EditButton
from cogs._ui.options import LONGEST_S, parse_duration_s
from cogs._ui.site_lists import StatusPage
from cogs.incidents import IncidentsPage
from cogs.maintenance import label, planned_text
from tests.fuzz.effort import examples, harmless, said, texts
from tests.fuzz.services import services
from tests.services.services_fixture import GUILD, PERSON

TODAY = date(2026, 11, 24)
GUARD = Netguard()
T = TypeVar("T")
ADDRESSES = texts(
    "https://example.com", "example.com:8443", "http://[::1]/", "//", "http://xn--", "tcp://a.fr:25",
    "dns://", "http://127.1", "b\u00fccher.de", "http://0x7f.1/", "me:pw@", "?q=#", "%2e%2e", "\\",
)  # fmt: skip


def refused_or(work: Callable[[], T]) -> T | None:
    """What it gives; a refusal is checked and gives None."""
    try:
        return work()
    except UserError as error:
        said(error)
        return None


@examples(300)
@given(ADDRESSES)
def test_addresses(typed: str) -> None:
    checked = refused_or(lambda: GUARD.check_url(typed_address(typed), ADDRESS_RULES))
    harmless(plain(host(typed), 300))
    if checked is not None:
        assert checked.isascii()
        harmless(checked)
        assert GUARD.check_url(checked, ADDRESS_RULES) == checked


@examples(200)
@given(texts("Shop", "@everyone", "a" * 90))
@example("a" + "\u0301\u0316" * 500_000)
@example("\u200b" * 900_000)
def test_names(typed: str) -> None:
    rules = MonitorRules(Config(), GUARD)
    mine = MonitorIndex([Monitor(1, GUILD, "Shop", Target("https://shop.example/"), 60)])
    wanted = {"url": "https://example.com/", "name": typed}
    monitor = refused_or(lambda: rules.new(GUILD, wanted, mine, 0))
    if monitor is not None:
        harmless(monitor.name)
        assert 0 < len(monitor.name) <= NAME_LIMIT
    harmless(markdown(typed, 240))


@examples(200)
@given(texts("2xx", "200", "200-204", "301", "599-100", "6xx", "1xx", ";"))
def test_expected_statuses(typed: str) -> None:
    codes = refused_or(lambda: parse_statuses(typed))
    if codes is not None:
        assert all(100 <= code <= 599 for code in codes)
        assert parse_statuses(status_text(codes)) == codes


@examples(200)
@given(
    texts("X-Key: v", "Host: x", " | ", "A:", "Cookie: a=b; c", "X-A: \r\nHost: evil", "a" * 600)
)
def test_header_fields(typed: str) -> None:
    headers = refused_or(lambda: parse_headers(typed))
    if headers is not None:
        assert OPTIONS["headers"].read(headers) == headers
        assert kept_headers(headers, headers) == headers
        assert all("\r" not in f"{k}{v}" and "\n" not in f"{k}{v}" for k, v in headers)
        assert all(f"{k}{v}".isascii() for k, v in headers)


@examples(100)
@given(texts("text"), texts("GET", "HEAD", "DELETE"))
def test_searched_texts_and_methods(typed: str, method: str) -> None:
    monitor = refused_or(
        lambda: MonitorRules(Config(), GUARD).new(
            GUILD,
            {
                "url": "https://example.com/",
                "contains": typed,
                "not_contains": typed,
                "method": method,
            },
            MonitorIndex(),
            0,
        )
    )
    if monitor is not None:
        target = monitor.target
        (target.contains or "").encode()
        assert target.method in {"GET", "HEAD"}


@examples(300)
@given(
    texts("30m", "2 h", "1d", "1 h 30 min", "2 jours", "0.5", "9" * 9, "et", "and", "w", "h", "s")
)
def test_spans(typed: str) -> None:
    seconds = refused_or(lambda: parse_duration_s(typed))
    assert seconds is None or 1 <= seconds <= LONGEST_S


@examples(300)
@given(texts("02:30", "2h30", "14 h", "2:30 pm", "24:00", "am", "h", ":", "."))
def test_times_of_day(typed: str) -> None:
    refused_or(lambda: parse_time(typed))


@examples(300)
@given(
    texts("mon", "wed", "lundi", "\u00e0", "daily", "2027-03-29", "9999-12-31", "to", "-", "demain")
)
def test_days(typed: str) -> None:
    found = refused_or(lambda: parse_days(typed, TODAY))
    assert found is None or isinstance(found, date) or set(found) <= set(range(7))


@examples(100)
@given(texts("Europe/Paris", "utc", "new york", "../../etc/passwd", "posixrules", "/"))
def test_zones(typed: str) -> None:
    name = refused_or(lambda: zone_name(typed))
    if name is not None:
        wall_time(0, name)


@examples(120)
@given(
    days=texts("mon,wed", "daily", "2027-03-28", "2026-12-01", "0001-01-01", "9999-12-31", "today"),
    begins=texts("02:30", "24:00", "23h59"),
    ends=texts("04:00", "02:30"),
    length=texts("1h", "6d", "31d", "1s"),
    zone=texts("Europe/Paris", "Pacific/Apia", "UTC"),
    reason=texts("new disk", "@everyone"),
)
@example(days="0001-01-01", begins="00:00", ends="-", length="1h", zone="Asia/Tokyo", reason="-")
@example(days="9999-12-31", begins="23:59", ends="-", length="31d", zone="America/Adak", reason="-")
@example(
    days="9999-12-31", begins="23:59", ends="00:00", length="-", zone="America/Adak", reason="-"
)
@example(
    days="2027-03-28", begins="02:30", ends="02:31", length="-", zone="Europe/Paris", reason="-"
)
def test_maintenance_windows(
    *, days: str, begins: str, ends: str, length: str, zone: str, reason: str
) -> None:
    with suppress(UserError):
        meant, until = parse_days(days, TODAY), None if ends == "-" else parse_time(ends)
        wanted = NewWindow(
            days=() if isinstance(meant, date) else meant,
            date=meant if isinstance(meant, date) else None,
            begins=parse_time(begins),
            ends=until,
            length_s=parse_duration_s(length) if until is None else None,
            timezone=zone_name(zone),
            reason=reason,
        )
        asyncio.run(planned(wanted))


async def planned(wanted: NewWindow) -> None:
    async with services() as here:
        try:
            window = await here.maintenance.schedule(GUILD, wanted, PERSON)
        except UserError as error:
            said(error)
            return
        for language in ("en", "fr"):
            words = translator_for(language)
            harmless(planned_text(words, window, "/x", hint=True), lines=True)
            harmless(label(words, window, "UTC"))


FILTER = {"state", "tag", "text"}
BUTTONS = (IncidentButton, EditButton, SitesPage, StatusPage, IncidentsPage)
IDS = st.sampled_from(BUTTONS).flatmap(
    lambda one: st.tuples(
        st.just(one), st.from_regex(one.__discord_ui_compiled_template__, fullmatch=True)
    )
)


@examples(300)
@given(IDS)
def test_numbers_in_the_ids_of_buttons_fit_into_the_store(
    made: tuple[type[PersistentItem], str],
) -> None:
    button, custom_id = made
    match = button.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None
    numbers = match.groupdict().keys() - {"way", "action", "section", "incident"} - FILTER
    assert all(0 <= int(match[name]) < 2**63 for name in numbers)


@examples(300)
@given(texts("http:503", "timeout:10", "dns", "tls_expired:", ":1"))
def test_stored_causes(text: str) -> None:
    with suppress(ValueError):
        cause = Cause.parse(text)
        assert Cause.parse(str(cause)) == cause
