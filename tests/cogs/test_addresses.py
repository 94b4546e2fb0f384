"""People see where a monitor looks: the host, and whether it is a site, a port or a name."""

import pytest

from bot.models import Monitor, Target
from cogs._ui.monitor_text import named_by_host, shown_host


def monitor(url: str, name: str) -> Monitor:
    return Monitor(1, 1, name, Target(url), 60)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/secret?token=1", "example.com"),
        ("http://example.com:8080/", "example.com:8080"),
        ("tcp://example.com:22", "tcp://example.com:22"),
        ("dns://example.com", "dns://example.com"),
        ("dns://xn--bcher-kva.example", "dns://b\u00fccher.example (xn--bcher-kva.example)"),
    ],
)
def test_people_see_the_host_and_what_is_no_web_site_says_so(url: str, shown: str) -> None:
    assert shown_host(url).replace("\\", "") == shown


@pytest.mark.parametrize(
    ("url", "name", "enough"),
    [
        ("https://example.com/", "Example.com", True),
        ("http://example.com:8080/", "example.com", True),
        ("https://example.com/", "shop", False),
        ("tcp://example.com:22", "example.com:22", True),
        ("tcp://example.com:22", "example.com", False),
        ("dns://example.com", "example.com", False),
    ],
)
def test_a_name_that_says_what_is_watched_is_enough(url: str, name: str, *, enough: bool) -> None:
    assert named_by_host(monitor(url, name)) is enough
