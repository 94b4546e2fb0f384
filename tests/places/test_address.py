"""Nothing readable travels over a network of others."""

import pytest

from bot.errors import ConfigError
from bot.places.address import Server, read_server


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("nats://127.0.0.1:4222", Server("127.0.0.1", 4222)),
        ("nats://127.0.0.1", Server("127.0.0.1", 4222)),
        ("nats://[::1]:5000", Server("::1", 5000)),
        ("nats://10.8.0.1", Server("10.8.0.1")),
        ("nats://100.101.102.103", Server("100.101.102.103")),  # Tailscale
        ("nats://[fd7a:115c::1]", Server("fd7a:115c::1")),
        ("tls://watch.example.org", Server("watch.example.org", tls=True)),
        ("tls://93.184.216.34:443", Server("93.184.216.34", 443, tls=True)),
        ("nats://vigie:p%40ss@127.0.0.1", Server("127.0.0.1", user="vigie", password="p@ss")),
        ("nats://broker:4222", Server("broker")),  # judged when it is looked up
    ],
)
def test_where_the_server_is(text: str, server: Server) -> None:
    assert read_server(text, "VIGIE_NATS_URL") == server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:4222",
        "http://127.0.0.1",
        "ws://127.0.0.1",
        "nats://",
        "nats://a:99999",
        "nats://[::1",
        "nats://a/b",
        "nats://a?b",
        "nats://93.184.216.34",  # public, in the clear
        "nats://[2606:4700::1]",
        "nats://[::ffff:93.184.216.34]",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_server(text, "VIGIE_NATS_URL")


def test_a_name_is_judged_by_every_address_it_has() -> None:
    broker = read_server("nats://broker", "VIGIE_NATS_URL")
    broker.require_private(["172.18.0.2", "fd00::2"])
    with pytest.raises(ConfigError, match="tls://"):
        broker.require_private(["172.18.0.2", "93.184.216.34"])
    read_server("tls://broker", "VIGIE_NATS_URL").require_private(["93.184.216.34"])


def test_no_text_of_it_holds_the_secret() -> None:
    server = read_server("nats://vigie:hush@127.0.0.1", "VIGIE_NATS_URL")
    assert "hush" not in f"{server} {server!r} {server.url('::1')}"
