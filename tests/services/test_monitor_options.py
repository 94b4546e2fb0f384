"""Which options an address takes: all for a page, none of a page's for a port or a name."""

from typing import Any

import pytest

from bot.config import Config
from bot.engine.netguard import Netguard
from bot.errors import UserError
from bot.models import Target
from bot.services.monitor_rules import MonitorIndex, MonitorRules


def target_of(url: str, **options: Any) -> Target:
    rules = MonitorRules(Config(), Netguard())
    return rules.new(1, {"url": url, **options}, MonitorIndex(), 0).target


def test_a_web_address_takes_every_option() -> None:
    target = target_of(
        "https://example.com/",
        method="HEAD",
        headers="X-A: 1 | X-B: 2",
        expect_status="200, 3xx",
        contains="fine",
        not_contains="error",
    )
    assert target.headers == (("X-A", "1"), ("X-B", "2"))
    assert target.expect_status[:2] == (200, 300)
    assert (target.method, target.contains, target.not_contains) == ("HEAD", "fine", "error")


@pytest.mark.parametrize("url", ["tcp://example.com:22", "dns://example.com"])
@pytest.mark.parametrize(
    "option",
    [
        {"method": "HEAD"},
        {"headers": "X-A: 1"},
        {"expect_status": "200"},
        {"contains": "fine"},
        {"not_contains": "error"},
    ],
)
def test_a_port_or_a_name_takes_no_option_of_a_page(url: str, option: dict[str, str]) -> None:
    with pytest.raises(UserError, match="leave out expect_status, contains"):
        target_of(url, **option)
    assert target_of(url, method="GET", contains=" ", headers="") == Target(url)
