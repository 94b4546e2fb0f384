"""An alert as Discord gets it: exact, within every limit, and nobody pinged who should not be."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.discord.alert_card import Card, card
from bot.discord.states import YELLOW
from bot.models import Cause, Ending, Incident, Kind, Reason
from bot.services.delivery.messages import Alert
from bot.words.translator import LANGUAGES
from sandbox.errors import Form
from sandbox.rules.message import check_message

SINCE = 1_700_000_000_000
HTTP_503 = Cause(Reason.HTTP, 503)
DOWN = Incident(
    id=1,
    public_id="K3F9",
    guild_id=1,
    monitor_id=1,
    name="Shop API",
    url="https://shop.example.com/health",
    interval_s=60,
    kind=Kind.DOWN,
    cause=HTTP_503,
    since_ms=SINCE,
    opened_ms=SINCE + 70_000,
    failed=4,
    last_ok_ms=SINCE - 60_000,
)


def shown(alert: Alert) -> Card:
    """Views want a running loop."""

    async def render() -> Card:
        return card(alert)

    return asyncio.run(render())


def embed(alert: Alert) -> dict[str, Any]:
    found = shown(alert).embed
    assert found is not None
    return dict(found.to_dict())


def pings(found: Card) -> dict[str, Any]:
    return {**found.mentions.to_dict()}


def one(incident: Incident, language: str = "en", **more: Any) -> Alert:
    return Alert("down", language, "🔴 DOWN · Shop API", (incident,), **more)


def test_an_opening_is_exactly_this() -> None:
    assert embed(one(DOWN)) == {
        "type": "rich",
        "flags": 0,
        "title": "Shop API is down",
        "url": "https://shop.example.com/",
        "description": (
            "The server answers, but with an error: HTTP 503 (Service Unavailable)."
            " Check the server's logs."
        ),
        "color": 0xDA373C,
        "fields": [
            {"name": "Since", "value": "<t:1700000000:R> (<t:1700000000:T>)", "inline": True},
            {"name": "Last OK", "value": "<t:1699999940:R>", "inline": True},
            {"name": "Checks", "value": "4 of 4 failed in 1 min", "inline": True},
        ],
        "footer": {"text": "#K3F9 · every 60 s"},
    }


def test_roles_and_people_come_last_and_nothing_else_may_ping() -> None:
    found = shown(one(DOWN, role_ids=(7, 8)))
    assert found.content == "🔴 DOWN · Shop API <@&7> <@&8>"
    assert pings(found) == {"parse": [], "roles": [7, 8]}
    back = shown(Alert("up", "en", "🟢 UP · Shop API", (DOWN,), user_ids=(9,), plain=True))
    assert (back.content, back.embed, back.view) == ("🟢 UP · Shop API <@9>", None, None)
    assert pings(back) == {"parse": [], "users": [9]}
    quiet = shown(one(DOWN))
    assert pings(quiet) == {"parse": []}


def test_sixty_mentions_fit_into_a_message() -> None:
    users = tuple(10**18 + n for n in range(60))
    content = shown(Alert("up", "en", "x" * 150, (DOWN,), user_ids=users, plain=True)).content
    assert len(content) <= 2000
    assert content.endswith(f"<@{users[-1]}>")


@pytest.mark.parametrize(
    ("kind", "title", "said"),
    [
        (Kind.UNSTABLE, "Shop API is unstable", "About 1 in 4 tries gets through."),
        (Kind.SLOW, "Shop API is slow", "It answers, but takes 4100 ms; the limit is 2000 ms."),
        (Kind.BLOCKED, "Shop API refuses me", "HTTP 403"),
    ],
)
def test_each_kind_has_its_own_words(kind: Kind, title: str, said: str) -> None:
    cause = Cause(Reason.HTTP, 403) if kind is Kind.BLOCKED else HTTP_503
    incident = replace(
        DOWN, kind=kind, cause=cause, share_ok=7, share_of=30, latency_ms=4100, limit_ms=2000
    )
    found = embed(one(incident))
    assert found["title"] == title
    assert said in found["description"]


def test_the_card_says_what_became_of_the_alert() -> None:
    incident = replace(DOWN, answering_since_ms=SINCE + 600_000, acknowledged_by=5, me_too=3)
    lines = embed(one(incident, delayed_ms=(SINCE, SINCE + 60_000)))["description"].splitlines()
    assert lines[1:] == [
        "Answers again since <t:1700000600:t>; I wait a little to be sure.",
        "<@5> is on it.",
        "3 people see it too.",
        "Sent late: Discord was unreachable <t:1700000000:t>–<t:1700000060:t>.",
    ]


@pytest.mark.parametrize(
    ("ending", "title"),
    [
        (Ending.RESOLVED, "Resolved · Shop API"),
        (Ending.REMOVED, "No longer watched · Shop API"),
        (Ending.PAUSED, "Paused · Shop API"),
    ],
)
def test_a_closed_alert_has_no_buttons_and_says_how_it_ended(ending: Ending, title: str) -> None:
    closed = replace(
        DOWN,
        resolved_ms=SINCE + 800_000,
        ended_ms=SINCE + 720_000,
        ending=ending,
        acknowledged_by=5,
        acknowledged_ms=DOWN.opened_ms + 120_000,
        answering_since_ms=SINCE + 720_000,
    )
    found = shown(one(closed))
    assert found.view is None
    assert found.embed is not None
    assert found.embed.title == title
    assert "cknowledged by <@5>" in str(found.embed.description)
    green = found.embed.colour is not None and found.embed.colour.value == 0x23A55A
    assert green is (ending is Ending.RESOLVED)
    assert ("(12 min)**" in str(found.embed.description)) is (ending is Ending.RESOLVED)


def test_a_resolved_card_says_from_when_to_when_why_and_who_took_it() -> None:
    closed = replace(
        DOWN,
        resolved_ms=SINCE + 1_000_000,
        ended_ms=SINCE + 900_000,
        ending=Ending.RESOLVED,
        acknowledged_by=5,
        acknowledged_ms=DOWN.opened_ms + 120_000,
    )
    found = embed(one(closed))
    start, end = (f"<t:{(SINCE + ms) // 1000}:t>" for ms in (0, 900_000))
    assert found["description"] == (
        f"**Down {start} → {end} (15 min)** · HTTP 503 · acknowledged by <@5> after 2 min"
    )
    assert "fields" not in found


def test_one_that_lasted_longer_than_a_day_has_the_dates() -> None:
    ended_ms = SINCE + 2 * 86_400_000
    closed = replace(DOWN, resolved_ms=ended_ms, ended_ms=ended_ms, ending=Ending.RESOLVED)
    assert (
        f"<t:{SINCE // 1000}:f> → <t:{ended_ms // 1000}:f> (2 days)"
        in (embed(one(closed))["description"])
    )


RECOVERING = replace(
    DOWN,
    answering_since_ms=SINCE + 600_000,
    good_rounds=12,
    good_needed=60,
    clear_by_ms=SINCE + 4_200_000,
)


def test_a_card_of_what_recovers_says_since_when_how_many_rounds_and_until_when() -> None:
    found = embed(one(RECOVERING))
    since, until = (f"<t:{(SINCE + ms) // 1000}:t>" for ms in (600_000, 4_200_000))
    assert found["title"] == "Shop API answers again"
    assert found["description"] == (
        f"It has answered every check since {since}. The all-clear needs 60 good rounds in a row"
        f" and has 12; if nothing fails, it comes by {until}."
    )
    assert [field["name"] for field in found["fields"]] == ["Since"]
    assert found["color"] == YELLOW


def test_a_card_whose_all_clear_waits_for_other_places_promises_no_time() -> None:
    found = embed(one(replace(RECOVERING, clear_by_ms=0)))
    assert found["description"].endswith(
        "The all-clear waits until another place gets through too."
    )


def test_a_slow_site_says_how_often_it_was_slow_and_never_that_it_answers_again() -> None:
    slow = replace(
        DOWN, kind=Kind.SLOW, cause=None, latency_ms=450, limit_ms=200, share_ok=2, share_of=20
    )
    fields = {field["name"]: field["value"] for field in embed(one(slow))["fields"]}
    assert fields["Checks"] == "18 of the last 20 took over 200 ms"
    assert "Last OK" not in fields
    fast = replace(slow, answering_since_ms=SINCE + 600_000)
    assert "Fast again since" in embed(one(fast))["description"]
    again = replace(RECOVERING, kind=Kind.SLOW)
    assert embed(one(again))["title"] == "Shop API is fast again"
    assert "It has been fast since" in embed(one(again))["description"]


def test_a_new_unstable_card_does_not_deny_the_checks_that_worked() -> None:
    unstable = replace(DOWN, kind=Kind.UNSTABLE, share_ok=0, share_of=3)
    fields = {field["name"]: field["value"] for field in embed(one(unstable))["fields"]}
    assert fields["Checks"] == "3 of the last 3 first checks failed"


@pytest.mark.parametrize("letters", ["ü*", "\U0001f6a2"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("count", [1, 2, 25, 26, 200])
def test_a_card_of_any_names_is_one_that_discord_takes(
    letters: str, language: str, count: int
) -> None:
    reported = tuple(
        replace(DOWN, id=n, public_id=f"A{n:05}", name=letters * 60, monitor_id=n)
        for n in range(count)
    )
    alert = Alert("down", language, "🔴", reported, delayed_ms=(SINCE, SINCE + 60_000))
    found = shown(alert)
    assert found.embed is not None
    assert found.view is not None
    check_message(
        {"embeds": [found.embed.to_dict()], "components": found.view.to_components()},
        form := Form(),
        files=0,
    )
    form.close()


def test_a_list_of_many_keeps_every_limit_of_discord() -> None:
    reported = tuple(
        replace(DOWN, id=n, public_id=f"A{n:05}", name=f"{n:03} {'ü*' * 60}", monitor_id=n)
        for n in range(200)
    )
    alert = Alert("down", "en", "🔴 200 down", reported, role_ids=(7,))
    found = shown(alert)
    assert found.embed is not None
    [line] = str(found.embed.description).splitlines()[:1]
    assert line.startswith("🔴 DOWN · HTTP 503 (200): 000 ")
    names = line.partition("): ")[2].split(", ")
    assert len(names) > 5
    assert names[-1].endswith(f" +{200 - len(names)}")
    assert found.embed.footer.text == "#A00000 · every 60 s"
    [attached] = found.files
    assert [row.split("\t")[3] for row in attached.data.decode().splitlines()] == [
        f"#A{n:05}" for n in range(200)
    ]
    assert found.embed.title == "200 sites are down"
    assert len(found.embed) <= 6000
    assert len(str(found.embed.description)) <= 4096
    assert found.view is not None
    ids = [item.to_component_dict()["custom_id"] for item in found.view.children]
    assert ids[0] == "v1:ack:A00000"


def test_a_list_says_what_is_over_after_what_is_not() -> None:
    over = replace(
        DOWN,
        id=2,
        name="Bakery",
        ending=Ending.RESOLVED,
        resolved_ms=SINCE,
        ended_ms=SINCE + 60_000,
    )
    found = embed(Alert("down", "en", "🔴 DOWN", (over, DOWN)))
    lines = found["description"].splitlines()
    assert lines[0] == "🔴 DOWN · HTTP 503 (1): Shop API"
    assert lines[1] == "🟢 RESOLVED · HTTP 503 (1): Bakery (1 min)"
    assert found["title"] == "1 of 2 sites is down"


def test_a_list_has_one_line_for_each_state_and_cause_what_hurts_most_first() -> None:
    refused = replace(DOWN, id=9, kind=Kind.BLOCKED, cause=Cause(Reason.HTTP, 403), name="Wiki")
    slow = replace(DOWN, id=8, kind=Kind.SLOW, cause=None, name="Cam")
    recovers = replace(RECOVERING, id=7, name="Blog")
    silent = replace(DOWN, id=6, cause=Cause(Reason.TIMEOUT, 10), name="API")
    twin = replace(DOWN, id=5, name="Archive")
    found = embed(Alert("down", "en", "🔴", (recovers, refused, slow, DOWN, silent, twin)))
    assert found["description"].splitlines()[:5] == [
        "🔴 DOWN · HTTP 503 (2): Archive, Shop API",
        "🔴 DOWN · timed out after 10 s (1): API",
        "🟡 SLOW (1): Cam",
        "🟡 REFUSED · HTTP 403 (1): Wiki",
        "🟡 RECOVERING (1): Blog",
    ]
    assert found["title"] == "5 of 6 sites are in trouble"


def test_hostile_names_are_shown_literally() -> None:
    hostile = replace(DOWN, name="@everyone <@&1> **x** \u202e [a](http://b) `c`")
    found = embed(one(hostile))
    assert found["title"].startswith("\\@everyone \\<\\@&1> \\*\\*x\\*\\* ")
    assert "\u202e" not in found["title"]


def test_french_servers_read_french() -> None:
    found = shown(one(DOWN, "fr", role_ids=(7,)))
    assert found.embed is not None
    assert found.embed.title != "Shop API is down"
    assert found.view is not None
    labels = [item.to_component_dict()["label"] for item in found.view.children]
    assert labels[0] == "Je prends"
    assert all(len(label) <= 80 for label in labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_five_buttons_stand_in_two_rows_on_a_phone(language: str) -> None:
    view = shown(one(DOWN, language)).view
    assert view is not None
    rows, row = 1, 0.0
    for item in view.children:
        width = 32 + 7.2 * len(item.to_component_dict()["label"])  # 14 px letters and the padding
        rows, row = (rows, row + 8 + width) if row + 8 + width <= 310 else (rows + 1, width)
    assert rows == 2


def group(**each: list[Any]) -> list[Incident]:
    """Three open incidents of different sites, but for what is given."""
    return [
        replace(
            DOWN,
            id=n,
            public_id=f"A{n}",
            monitor_id=n,
            name=f"Site {n}",
            url=f"https://site-{n}.example/",
            **{name: values[n] for name, values in each.items()},
        )
        for n in range(3)
    ]


def notes(reported: list[Incident], language: str = "en") -> list[str]:
    alert = Alert("down", language, "🔴 3 down", tuple(reported))
    lines = str(embed(alert)["description"]).splitlines()
    return [line for line in lines if not line.startswith(("🔴", "🟢"))]


def test_what_the_sites_of_a_list_share_is_observed() -> None:
    assert notes([replace(one, url=f"https://shop.example/{one.id}") for one in group()]) == [
        "All are on shop.example."
    ]
    assert notes(group(address=["192.0.2.7"] * 3)) == ["All last answered from 192.0.2.7."]
    assert notes(group(certificate_ms=[SINCE] * 3)) == [
        "All last showed a certificate that expires <t:1700000000:f>."
    ]
    assert notes(group(address=["192.0.2.7"] * 3), "fr") == [
        "Tous ont répondu pour la dernière fois depuis 192.0.2.7."
    ]


def test_a_host_that_is_not_ascii_is_shown_so_that_it_can_be_trusted() -> None:
    reported = [
        replace(one, url=f"https://xn--bcher-kva.example:{8000 + one.id}/") for one in group()
    ]
    assert notes(reported) == ["All are on bücher.example (xn--bcher-kva.example)."]


def test_nothing_is_said_of_what_only_some_share_or_nobody_knows() -> None:
    assert notes(group()) == []
    assert notes(group(address=["192.0.2.7", "192.0.2.7", "192.0.2.8"])) == []
    assert notes(group(address=["192.0.2.7", "192.0.2.7", None])) == []
    assert notes(group(address=["192.0.2.7"] * 3)[:2]) == []


def test_only_what_is_still_open_is_looked_at() -> None:
    reported = group(address=["192.0.2.7", "192.0.2.7", "192.0.2.8"])
    reported += [replace(reported[0], id=9, public_id="A9", monitor_id=9, name="Site 9")]
    reported[2] = replace(reported[2], resolved_ms=SINCE, ended_ms=SINCE, ending=Ending.RESOLVED)
    assert notes(reported) == ["All last answered from 192.0.2.7."]


def test_a_card_says_how_many_sites_are_down_behind_its_own() -> None:
    assert "Behind it: 12 more sites." in embed(one(replace(DOWN, behind=12)))["description"]
    assert "Behind it: 1 more site." in embed(one(replace(DOWN, behind=1)))["description"]
    assert "Behind" not in embed(one(DOWN))["description"]
    over = replace(DOWN, behind=2, resolved_ms=SINCE + 900_000, ending=Ending.RESOLVED)
    assert "Behind" not in embed(one(over))["description"]
