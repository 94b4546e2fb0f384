"""An hour of checks packed into bytes comes back as it was."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.db.results import Packer, ResultRow, unpack

HOUR_MS = 472_222 * 3_600_000
CHECKS = st.lists(
    st.tuples(
        st.integers(0, 3_599_999),
        st.integers(0, 100_000),
        st.sampled_from([None, None, "http:500", "timeout:10", "dns"]),
    )
).map(lambda checks: sorted(checks, key=lambda one: one[0]))


def pack(checks: Sequence[tuple[int, int, str | None]]) -> bytes:
    packer = Packer(HOUR_MS)
    for offset, ms, cause in checks:
        packer.add(HOUR_MS + offset, ms, cause)
    return packer.packed()


@given(CHECKS)
def test_whatever_is_packed_comes_back(checks: list[tuple[int, int, str | None]]) -> None:
    rows = [ResultRow(HOUR_MS + offset, 7, ms, cause) for offset, ms, cause in checks]
    assert unpack(7, HOUR_MS, pack(checks)) == rows


def test_a_quiet_hour_takes_three_bytes_a_try() -> None:
    checks = [(17_000 + minute * 60_000 + minute % 5, 180, None) for minute in range(60)]
    assert len(pack(checks)) <= 3 * 60 + 6


def test_an_hour_of_failures_names_its_cause_once() -> None:
    checks = [(minute * 60_000, 10_000, "timeout:10") for minute in range(60)]
    assert len(pack(checks)) <= 5 * 60 + 16
