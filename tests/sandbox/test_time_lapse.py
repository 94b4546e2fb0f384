"""The demo's page shows a second as a minute; nothing else of the sandbox is changed by that."""

import pytest

from sandbox.time_lapse import TimeLapse

BEGUN = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#A1B2C3 · every 1 s", "#A1B2C3 · every 60 s"),
        ("🟢 UP · Bakery · back after 15 s", "🟢 UP · Bakery · back after 15 min"),
        ("down for 1 min 5 s", "down for 1 h 5 min"),
        ("**Down 5:36 → 5:50 (14 s)** · HTTP 502", "**Down 5:36 → 5:50 (14 min)** · HTTP 502"),
        ("rétabli après 15 s", "rétabli après 15 min"),
        ("no answer in 10 s", "no answer in 10 s"),
        ("450 ms, limit 200 ms", "450 ms, limit 200 ms"),
        ("`bakery.localhost:41897`", "`bakery.example`"),
        ("http://bakery.localhost:41897/", "http://bakery.example/"),
        ("[Bakery](http://bakery.localhost:41897/)", "[Bakery](http://bakery.localhost:41897/)"),
    ],
)
def test_texts_are_shown_a_minute_a_second(text: str, shown: str) -> None:
    assert TimeLapse(BEGUN).shown({"content": [text]}, BEGUN + 60) == {"content": [shown]}


@pytest.mark.parametrize(
    ("unix", "shown"),
    [
        (BEGUN - 86_400, BEGUN - 86_400),  # the past before the story
        (BEGUN, BEGUN),
        (BEGUN + 10, BEGUN + 600),
        (BEGUN + 60, BEGUN + 3_600),  # now
        (BEGUN + 90, BEGUN + 3_630),  # what is to come stays as far away
    ],
)
def test_moments_are_stretched_from_the_beginning_to_now(unix: float, shown: float) -> None:
    lapse = TimeLapse(BEGUN)
    assert lapse.moment(unix, BEGUN + 60) == shown
    assert lapse.shown(f"<t:{unix:.0f}:R>", BEGUN + 60) == f"<t:{shown:.0f}:R>"


def test_a_message_is_shown_as_sent_then_and_its_addresses_still_open() -> None:
    message = {
        "timestamp": "1970-01-12T13:46:50+00:00",
        "edited_timestamp": None,
        "embeds": [{"url": "http://bakery.localhost:41897/", "title": "bakery.localhost:41897"}],
        "flags": 4,
    }
    assert TimeLapse(BEGUN).shown(message, BEGUN + 60) == {
        "timestamp": "1970-01-12T13:56:40+00:00",
        "edited_timestamp": None,
        "embeds": [{"url": "http://bakery.localhost:41897/", "title": "bakery.example"}],
        "flags": 4,
    }
    assert message["timestamp"] == "1970-01-12T13:46:50+00:00"
