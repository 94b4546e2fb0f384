"""What curl and Chromium read, Vigie reads: the recorded table of odd answers."""

import asyncio
import json
from typing import Any

import pytest

from bot.models import CheckResult, Reason, Target
from tests.engine.raw_answers import ANSWERS, RECORD, WORD
from tests.engine.sites import make_checker, serve

READ: dict[str, dict[str, Any]] = json.loads(RECORD.read_text("utf-8"))
CUT = 18  # curl's exit status for a body that is not whole; it shows what came
STATUSES = tuple(range(100, 1000))  # all are fine, so that the cause is about the reading alone


def looked_at(name: str, **wanted: str) -> CheckResult:
    async def scenario() -> CheckResult:
        async with serve(ANSWERS[name]) as site:
            target = Target(site.url(), expect_status=STATUSES, **wanted)  # type: ignore[arg-type]  # real fields
            return await make_checker().check(target)

    return asyncio.run(scenario())


def both_read(name: str) -> int | None:
    """The status, when curl and Chromium agree on it."""
    curl, chromium = READ[name]["curl"], READ[name]["chromium"]
    agree = curl["exit"] in {0, CUT} and curl["status"] == chromium["status"]
    return curl["status"] if agree else None


def test_the_table_is_recorded_and_large() -> None:
    assert list(READ) == list(ANSWERS)
    assert sum(both_read(name) is not None for name in ANSWERS) >= 80


@pytest.mark.parametrize("name", ANSWERS)
def test_what_both_read_is_read_alike(name: str) -> None:
    status = both_read(name)
    result = looked_at(name)
    if status is not None:
        assert result.status == status
        assert result.ok


@pytest.mark.parametrize("name", ANSWERS)
def test_a_text_that_both_show_is_found(name: str) -> None:
    if READ[name]["curl"]["word"] and READ[name]["chromium"]["word"]:
        assert looked_at(name, contains=WORD).ok


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", Reason.RESET),
        ("status line cut", Reason.RESET),
        ("HTML without a head", Reason.NOT_HTTP),
        ("banner of SSH", Reason.NOT_HTTP),
        ("one byte", Reason.NOT_HTTP),
        ("five bytes before", Reason.NOT_HTTP),
        ("status in words", Reason.MALFORMED),
        ("value with NUL", Reason.MALFORMED),
        ("length twice, differing", Reason.MALFORMED),
        ("length empty and real", None),
        ("101", Reason.MALFORMED),
        ("100 alone", Reason.RESET),
        ("no colon", None),
        ("second status line", None),
        ("HTML in the head", None),
        ("length empty", None),
        ("bare LF before", None),
        ("BOM before", None),
        ("HTTP/1.2", None),
        ("ICY", None),
    ],
)
def test_what_one_of_them_reads_is_read_or_named(name: str, reason: Reason | None) -> None:
    cause = looked_at(name).cause
    assert (None if cause is None else cause.reason) is reason
