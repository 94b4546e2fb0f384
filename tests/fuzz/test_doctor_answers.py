"""What Discord, or who answers in its place, says the doctor: findings, whatever it says."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.network import Answer
from bot.services.doctor import network
from bot.services.doctor.findings import Finding
from tests.fuzz.effort import as_json, examples, fields, harmless, json_values, mutated, texts

APPLICATIONS = fields(
    {
        "interactions_endpoint_url": texts("https://a.example/"),
        "flags": st.integers(-(2**70), 2**70) | texts("1"),
        "name": texts("Vigie"),
        "id": texts("1"),
    }
)
GATEWAYS = fields(
    {
        "session_start_limit": fields({"remaining": st.integers(-5, 2000)}),
        "url": texts("wss://a"),
    }
)
DATES = texts(
    "Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 99999 22:13:20 +9999", "-0000", "Nov 0 0001"
)


def fine(finding: Finding) -> None:
    harmless(finding.text)
    assert len(finding.text) < 1_000


@examples(150)
@given(
    st.one_of(
        APPLICATIONS.map(as_json),
        GATEWAYS.map(as_json),
        json_values(["flags", "session_start_limit"]).map(as_json),
        mutated([b'{"flags": 0, "name": "Vigie"}', b'{"session_start_limit": {"remaining": 1}}']),
    )
)
@example(b"[" * 100_000)
@example(b'{"flags": "many", "session_start_limit": []}')
@example(b'{"flags": 1e400, "name": "\\u001b[31m"}')
def test_any_answer_is_a_finding(body: bytes) -> None:
    found: dict[str, Any] = network._json(Answer(200, {}, body))
    fine(network._application(found))
    fine(network._starts(found))


@examples(100)
@given(DATES)
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_date_is_compared_or_not(date: str) -> None:
    fine(network._clock(Answer(200, {"date": date}), 1_700_000_000.0))
