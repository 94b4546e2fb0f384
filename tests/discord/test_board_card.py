"""How a board looks: problems first, and never more than Discord takes."""

import re
from dataclasses import replace
from datetime import time

import pytest

from bot.discord.board_card import board_texts, board_view
from bot.models import (
    Cause,
    CheckResult,
    Game,
    Incident,
    Kind,
    Monitor,
    Phases,
    Reason,
    State,
    Target,
    Window,
)
from bot.services.boards.state import BoardSnapshot, Planned
from bot.services.recurrence import Occurrence
from bot.services.status import MonitorStatus
from bot.words.translator import translator_for
from sandbox.errors import Form
from sandbox.rules.layout import check_layout

EN, FR = translator_for("en"), translator_for("fr")
NOW_MS = 1_700_000_000_000
STATUS = "</status:1234567890123456789>"
LONGEST = 80


def site(
    name: str,
    kind: Kind | None = None,
    *,
    ms: float = 182,
    paused: bool = False,
    muted: bool = False,
    state: State | None = None,
) -> MonitorStatus:
    monitor = Monitor(
        id=hash(name),
        guild_id=1,
        name=name,
        target=Target("https://example.com/"),
        interval_s=60,
        paused_ms=NOW_MS if paused else None,
        muted_until_ms=NOW_MS + 60_000 if muted else None,
    )
    incident = None
    if kind is not None:
        incident = Incident(
            id=1,
            public_id="K3F9",
            guild_id=1,
            monitor_id=monitor.id,
            name=name,
            url="https://example.com/",
            interval_s=60,
            kind=kind,
            cause=Cause(Reason.HTTP, 503),
            since_ms=NOW_MS - 60_000,
            opened_ms=NOW_MS,
            share_ok=3,
            share_of=12,
            latency_ms=4_100,
        )
    return MonitorStatus(
        monitor=monitor,
        state=state or (State.UP if kind is None else kind.state),
        kind=kind,
        incident=incident,
        latest=None if state else CheckResult(NOW_MS, None, phases=Phases(total=ms)),
        channel_id=None,
    )


def face(*sites: MonitorStatus, offline_ms: int | None = None) -> BoardSnapshot:
    return BoardSnapshot("en", sites, NOW_MS, offline_ms)


def test_a_game_server_says_how_many_play_and_nothing_that_a_stranger_wrote() -> None:
    craft = site("Craft")
    assert craft.latest is not None
    game = Game(5, 100, "1.21 @everyone", "map")
    shown = face(replace(craft, latest=replace(craft.latest, game=game)), site("Blog"))
    _, body, _ = board_texts(EN, shown, STATUS)
    assert body.splitlines()[0] == "**🟢 UP** · Craft · 180 ms · 5/100 players"
    assert shown.numbers_hash != face(craft, site("Blog")).numbers_hash
    assert shown.words_hash == face(craft, site("Blog")).words_hash


def test_what_is_in_trouble_comes_first_each_with_word_cause_and_since() -> None:
    shown = face(
        site("Shop", Kind.DOWN),
        site("Visa", Kind.UNSTABLE),
        site("Maps", Kind.SLOW),
        site("Docs", Kind.BLOCKED),
        site("Blog"),
        site("Wiki", muted=True),
        site("New", state=State.UNKNOWN),
        site("Old", paused=True),
    )
    head, body, age = board_texts(EN, shown, STATUS)
    assert head == (
        "### 1 down · 1 unstable · 1 slow · 1 refused · 2 up · 1 pending · 1 paused · 1 muted"
    )
    since = f"<t:{NOW_MS // 1000 - 60}:R>"
    assert body.splitlines() == [
        f"**🔴 DOWN** · Shop · HTTP 503 · {since}",
        f"**🟡 UNSTABLE** · Visa · about 1 in 4 tries gets through · {since}",
        f"**🟡 SLOW** · Maps · 4100 ms · {since}",
        f"**🟡 REFUSED** · Docs · HTTP 503 · {since}",
        "**🟢 UP** · Blog · 180 ms",
        "**🟢 UP · MUTED** · Wiki · 180 ms",
        "**⚪ PENDING** · New",
        "**⚫ PAUSED** · Old",
    ]
    assert age == f"-# Updated <t:{NOW_MS // 1000}:R>"


def test_the_headline_says_in_words_that_all_is_well() -> None:
    assert board_texts(EN, face(site("a"), site("b")), STATUS)[0] == "### All 2 sites are up"
    assert board_texts(EN, face(site("a")), STATUS)[0] == "### 1 site is up"
    assert board_texts(FR, face(site("a"), site("b")), STATUS)[0] == (
        "### Les 2 sites sont en ligne"
    )
    assert board_texts(EN, face(), STATUS)[0] == "### No sites to show here yet"
    assert board_texts(EN, face(site("a"), site("b", paused=True)), STATUS)[0] == (
        "### 1 up · 1 paused"
    )


def test_planned_work_and_offline_are_words_too() -> None:
    worked_on = site("Shop")
    window = Window(1, 1, None, "UTC", (), None, time(2), time(4))
    worked_on = MonitorStatus(
        monitor=worked_on.monitor,
        state=State.UP,
        kind=None,
        incident=None,
        latest=worked_on.latest,
        channel_id=None,
        maintenance=(window, Occurrence(NOW_MS, NOW_MS + 1)),
    )
    head, body, _ = board_texts(EN, face(worked_on, offline_ms=NOW_MS - 5_000), STATUS)
    assert head.splitlines() == [
        "### 1 up · 1 in maintenance",
        f"⚪ BLIND · I have been offline since <t:{NOW_MS // 1000 - 5}:f>. Last seen:",
    ]
    assert body == "**🟢 UP · MAINTENANCE** · Shop · 180 ms"


def test_many_sites_of_one_state_share_a_paragraph() -> None:
    many = face(site("Shop", Kind.DOWN), *(site(f"site {n}") for n in range(20)))
    down, up = board_texts(EN, many, STATUS)[1].splitlines()
    assert down.startswith("**🔴 DOWN** · Shop")
    assert up.startswith("**🟢 UP** · site 0 (180 ms) · site 1 (180 ms) · ")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", [None, Kind.DOWN, Kind.UNSTABLE])
@pytest.mark.parametrize(
    "letter",
    ["x", "*", "\\", "`", "ش", "ת", "網", "🟢", "e\u0301", "<@1>", "# ", "||"],
)
def test_fifty_long_names_of_any_script_stay_within_every_limit(
    letter: str, kind: Kind | None, language: str
) -> None:
    names = [f"{n} {letter * LONGEST}"[:LONGEST] for n in range(50)]
    shown = face(*(site(name, kind) for name in names), offline_ms=NOW_MS)
    view = board_view(translator_for(language), shown, STATUS)
    form = Form()
    check_layout(view.to_components(), form)  # type: ignore[no-untyped-call]
    form.close()
    texts = board_texts(translator_for(language), shown, STATUS)
    assert sum(len(text.encode("utf-16-le")) // 2 for text in texts) <= 4_000
    found = re.search(r"(\d+)(?: more| de plus) · </status:", texts[1])
    lines = texts[1].count("**🔴 ") + texts[1].count("**🟡 ")
    shown_n = lines if kind else len(re.findall(r"180\sms\)", texts[1]))
    assert shown_n + (int(found[1]) if found else 0) == 50
    assert shown_n > 10


def test_fifty_usual_names_fit_whole_even_when_all_are_down() -> None:
    shown = face(*(site(f"Customer shop no. {n}", Kind.DOWN) for n in range(50)))
    body = board_texts(EN, shown, STATUS)[1]
    assert body.count("DOWN") == 50
    assert "more" not in body


def test_the_order_stays_when_something_does_not_fit() -> None:
    names = ["long " * 12 + str(n) for n in range(80)] + ["b"]
    body = board_texts(EN, face(*(site(name, Kind.DOWN) for name in names)), STATUS)[1]
    assert "· b ·" not in body
    assert body.splitlines()[-1].startswith("+")


def test_of_hundreds_the_calm_are_counted_and_trouble_is_named() -> None:
    calm = [site(f"Site {number}") for number in range(300)]
    body = board_texts(EN, face(site("Shop", Kind.DOWN), *calm), STATUS)[1].splitlines()
    assert body[0].startswith("**🔴 DOWN** \u00b7 Shop")
    assert body[1:] == ["**🟢 UP** \u00b7 300 sites"]


def test_planned_maintenance_stands_on_the_board_and_changes_its_words() -> None:
    shown = face(site("Shop"))
    planned = (
        Planned("**Shop**", NOW_MS + 3_600_000, NOW_MS + 7_200_000),
        Planned(None, NOW_MS, None),
    )
    later = replace(shown, planned=planned)
    texts = board_texts(EN, later, STATUS)
    begin, end = (NOW_MS + 3_600_000) // 1000, (NOW_MS + 7_200_000) // 1000
    assert texts[2].splitlines()[0] == (
        f"**PLANNED MAINTENANCE** \u00b7 \\*\\*Shop\\*\\* \u00b7 <t:{begin}:f> \u2013 <t:{end}:t>"
    )
    assert "all sites" in texts[2]
    assert later.words_hash != shown.words_hash
    assert len(board_texts(EN, shown, STATUS)) == 3


def grouped(*sites: MonitorStatus, title: str | None = None) -> BoardSnapshot:
    """In the group of the part of their names before a dash."""
    names = {one.monitor.id: one.monitor.name for one in sites}
    tags = {key: name.partition("-")[0] if "-" in name else "" for key, name in names.items()}
    return replace(face(*sites), title=title, groups=tags)


def test_groups_stand_under_their_tags_those_in_trouble_first() -> None:
    shown = grouped(
        site("shop-api", Kind.DOWN), site("eu-web"), site("shop-web"), site("Blog"), title="*All*"
    )
    head, body, _ = board_texts(EN, shown, STATUS)
    assert head == "### \\*All\\*\n1 down · 3 up"
    since = f"<t:{NOW_MS // 1000 - 60}:R>"
    assert body.splitlines() == [
        "__#shop__ · 1 down · 1 up",
        f"**🔴 DOWN** · shop-api · HTTP 503 · {since}",
        "**🟢 UP** · shop-web · 180 ms",
        "__#eu__ · 1 up",
        "**🟢 UP** · eu-web · 180 ms",
        "__Other sites__ · 1 up",
        "**🟢 UP** · Blog · 180 ms",
    ]
    assert "__Autres sites__" in board_texts(FR, shown, STATUS)[1]


def test_trouble_of_every_group_is_named_before_anything_calm() -> None:
    sites = [site(f"t{n % 9}-{n:03}-{'x' * 30}", Kind.DOWN if n < 27 else None) for n in range(500)]
    head, body, _ = board_texts(EN, grouped(*sites), STATUS)
    assert head == "### 27 down · 473 up"
    assert body.count("**🔴 DOWN**") == 27
    assert body.count("__#t") == 9
    assert sum(map(int, re.findall(r"UP\*\* · (\d+) sites", body))) == 473
    form = Form()
    view = board_view(EN, grouped(*sites), STATUS)
    check_layout(view.to_components(), form)  # type: ignore[no-untyped-call]
    form.close()


def test_title_and_groups_are_part_of_what_a_board_says() -> None:
    plain, titled = face(site("shop-a")), replace(face(site("shop-a")), title="Shop")
    assert len({one.words_hash for one in (plain, titled, grouped(site("shop-a")))}) == 3
