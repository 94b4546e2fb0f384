"""Push lines: exactly as the design has them, one line, short enough for a phone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Cause, Ending, Incident, Kind, Reason
from bot.words import alert_lines, notices
from bot.words.translator import Translator, translator_for

EN, FR = translator_for("en"), translator_for("fr")
NARROW = "\u202f"
ROLE_PING = " <@&1234567890123456789>"
DOWN = Incident(
    id=1,
    public_id="K3F9",
    guild_id=1,
    monitor_id=1,
    name="Shop API",
    url="https://shop.example/",
    interval_s=60,
    kind=Kind.DOWN,
    cause=Cause(Reason.HTTP, 503),
    since_ms=1_000_000,
    opened_ms=1_060_000,
    failed=4,
)
UNSTABLE = replace(DOWN, kind=Kind.UNSTABLE, name="Immigration Canada", share_ok=7, share_of=30)
SLOW = replace(DOWN, kind=Kind.SLOW, latency_ms=4100, limit_ms=2000)
BLOCKED = replace(DOWN, kind=Kind.BLOCKED, cause=Cause(Reason.HTTP, 403))
OVER = replace(DOWN, resolved_ms=1_900_000, ended_ms=1_720_000, ending=Ending.RESOLVED)


def named(name: str, incident: Incident = DOWN) -> Incident:
    return replace(incident, name=name)


@pytest.mark.parametrize(
    ("incident", "line"),
    [
        (DOWN, "🔴 DOWN · Shop API · HTTP 503 (4 of 4 checks)"),
        (named("127.0.0.1:8081"), "🔴 DOWN · 127.0.0.1:8081 · HTTP 503 (4 of 4 checks)"),
        (UNSTABLE, "🟡 UNSTABLE · Immigration Canada · about 1 in 4 tries gets through"),
        (SLOW, "🟡 SLOW · Shop API · 4100 ms, limit 2000 ms"),
        (BLOCKED, "🟡 REFUSED · Shop API · answers HTTP 403 to the bot; people may get in"),
    ],
)
def test_an_opening_is_the_line_of_its_kind(incident: Incident, line: str) -> None:
    assert alert_lines.opening(EN, incident) == line
    assert alert_lines.group(EN, [incident]) == line


def test_a_number_that_is_no_status_is_not_reported_as_one() -> None:
    late = replace(BLOCKED, cause=Cause(Reason.TIMEOUT, 10))
    assert (
        alert_lines.opening(EN, late)
        == "🟡 REFUSED · Shop API · refuses the bot; people may get in"
    )


def test_french_openings() -> None:
    assert alert_lines.opening(FR, DOWN) == "🔴 EN PANNE · Shop API · HTTP 503 (4 tests sur 4)"
    assert alert_lines.opening(FR, UNSTABLE).endswith(
        "Immigration Canada · environ 1 essai sur 4 passe"
    )
    assert alert_lines.opening(FR, SLOW) == (
        f"🟡 LENT · Shop API · 4100{NARROW}ms, limite 2000{NARROW}ms"
    )
    assert f"bot{NARROW}; les visiteurs" in alert_lines.opening(FR, BLOCKED)


def test_a_group_names_its_sites_and_says_of_each_number_the_word_that_fits() -> None:
    two = [named("API"), named("Blog")]
    assert alert_lines.group(EN, two) == "🔴 2 down: API, Blog"
    slow, refused = named("Shop", SLOW), named("Wiki", BLOCKED)
    assert alert_lines.group(EN, [slow, *two]) == "🔴 2 down, 1 slow: API, Blog, Shop"
    assert alert_lines.group(EN, [named("a", UNSTABLE)] * 3) == "🟡 3 unstable: a, a, a"
    assert alert_lines.group(EN, [slow] * 2) == "🟡 2 slow: Shop, Shop"
    assert alert_lines.group(EN, [refused] * 2) == "🟡 2 refused: Wiki, Wiki"
    assert alert_lines.group(EN, [refused, slow]) == "🟡 1 slow, 1 refused: Shop, Wiki"
    assert alert_lines.group(FR, two) == f"🔴 2 en panne{NARROW}: API, Blog"


def test_a_group_names_as_many_as_fit_and_counts_the_rest() -> None:
    many = [named(f"site-{number:04}") for number in range(1234)]
    line = alert_lines.group(EN, many)
    assert line.startswith("🔴 1,234 down: site-0000, site-0001, ")
    assert len(line) <= alert_lines.LINE_LIMIT
    shown = line.count("site-")
    assert line.endswith(f" +{1234 - shown:,}")
    assert shown >= 8
    longest = [named("x" * 300)] * 3
    assert len(alert_lines.group(EN, longest)) <= alert_lines.LINE_LIMIT


def test_a_group_of_which_some_work_again_says_how_many_do_not() -> None:
    recovers = replace(DOWN, name="Wiki", answering_since_ms=1, clear_by_ms=9)
    assert recovers.recovering
    group = [named("API"), named("Blog"), recovers, named("Shop", OVER)]
    assert alert_lines.group(EN, group) == "🔴 2 of 4 still down: API, Blog"
    assert alert_lines.group(FR, group) == f"🔴 2 sur 4 toujours en panne{NARROW}: API, Blog"
    mixed = [named("Cam", SLOW), *group]
    assert alert_lines.group(EN, mixed) == (
        "🔴 3 of 5 still in trouble (2 down, 1 slow): API, Blog, Cam"
    )
    assert alert_lines.group(EN, group[2:]) == "🟡 RECOVERING · Wiki · answers again"
    assert alert_lines.group(EN, group[3:] * 2) == "🟢 RESOLVED · 2 sites"


def test_reminders_say_down_of_what_is_down_alone_and_for_how_long() -> None:
    refused = replace(BLOCKED, name="Blog", since_ms=DOWN.since_ms + 3_600_000)
    at_ms = DOWN.since_ms + 7_200_000
    assert alert_lines.reminders(EN, [refused, DOWN], at_ms) == (
        "🔴 STILL IN TROUBLE · 1 down, 1 refused: Shop API for 2 h, Blog for 1 h"
    )
    assert alert_lines.reminders(EN, [refused] * 2, at_ms).startswith(
        "🟡 STILL IN TROUBLE · 2 refused: "
    )
    many = [named(f"site-{number:04}") for number in range(400)]
    assert len(alert_lines.reminders(EN, many, at_ms)) <= alert_lines.LINE_LIMIT


def test_a_recovery_says_how_long_it_was_away() -> None:
    assert alert_lines.recovery(EN, [OVER]) == "🟢 UP · Shop API · back after 12 min"
    assert (
        alert_lines.recovery(FR, [OVER]) == f"🟢 RÉTABLI · Shop API · de retour après 12{NARROW}min"
    )
    without_end = replace(OVER, ended_ms=None)
    assert alert_lines.recovery(EN, [without_end]) == "🟢 UP · Shop API · back after 15 min"


def test_all_clears_that_come_together_name_the_sites_there_is_room_for() -> None:
    few = [named(name, OVER) for name in ("a", "b", "c")]
    assert alert_lines.recovery(EN, few) == "🟢 UP · 3 sites are back: a, b, c"
    line = alert_lines.recovery(EN, [named(f"site-number-{n}", OVER) for n in range(40)])
    assert line.startswith("🟢 UP · 40 sites are back: site-number-0, site-number-1, ")
    assert len(line) <= alert_lines.LINE_LIMIT
    shown = line.count("site-number-")
    assert line.endswith(f" +{40 - shown} more")
    assert shown >= 6


def test_the_other_lines() -> None:
    assert notices.certificate(EN, "shop", 14) == "📜 CERTIFICATE · shop · expires in 14 days"
    assert notices.certificate(EN, "shop", 1) == "📜 CERTIFICATE · shop · expires in 1 day"
    assert notices.certificate(EN, "shop", 0) == "📜 CERTIFICATE · shop · expires today"
    assert notices.was_offline(EN, 720) == "⚪ BLIND · I was offline for 12 min"
    assert (
        alert_lines.down_for_good(EN, DOWN) == "🔴 DOWN · Shop API · completely down now: HTTP 503"
    )
    assert alert_lines.reminder(EN, DOWN, 14_400) == "🔴 STILL DOWN · Shop API · for 4 h"
    assert alert_lines.reminder(EN, SLOW, 14_400) == "🟡 STILL SLOW · Shop API · for 4 h"
    assert notices.test(EN).startswith("🔔 TEST · ")
    assert alert_lines.opening(EN, replace(DOWN, cause=None)).endswith(
        "no good answer (4 of 4 checks)"
    )


def test_an_ended_post_says_how_it_ended() -> None:
    assert alert_lines.over(EN, [OVER]) == "🟢 RESOLVED · Shop API · lasted 12 min"
    assert alert_lines.over(EN, [OVER, OVER]) == "🟢 RESOLVED · 2 sites"
    paused = replace(OVER, ending=Ending.PAUSED)
    assert alert_lines.over(EN, [paused]) == "⏸ PAUSED · Shop API"
    removed = replace(OVER, ending=Ending.REMOVED)
    assert alert_lines.over(FR, [removed]) == "⚪ SURVEILLANCE ARRÊTÉE · Shop API"


def test_a_name_cannot_ping_link_or_mark_in_a_push_line() -> None:
    line = alert_lines.opening(EN, named("@everyone [x](https://evil.example) <@&1> **b**"))
    assert r"\@everyone [x]\(https\://evil.example) \<\@&1> \*\*b\*\*" in line


def lines(words: Translator, name: str, incident: Incident) -> list[str]:
    one = replace(incident, name=name)
    return [
        alert_lines.opening(words, one),
        alert_lines.down_for_good(words, one),
        alert_lines.reminder(words, one, 1e6),
        notices.certificate(words, name, 30),
        alert_lines.recovery(words, [replace(OVER, name=name, since_ms=OVER.since_ms - 10**9)]),
    ]


@given(
    st.text(min_size=1, max_size=120) | st.just("x" * 100),
    st.sampled_from([DOWN, UNSTABLE, SLOW, BLOCKED]),
    st.sampled_from([EN, FR]),
    st.sampled_from([None, *(Cause(reason, 503) for reason in Reason)]),
)
def test_a_push_line_is_short_with_its_role_whatever_the_name(
    name: str, incident: Incident, words: Translator, cause: Cause | None
) -> None:
    for line in lines(words, name, replace(incident, cause=cause)):
        assert len(line + ROLE_PING) <= 150
        assert "\n" not in line
        assert "{" not in line.replace("{", "", name.count("{"))


@given(st.lists(st.text(max_size=120), min_size=2, max_size=60), st.sampled_from([EN, FR]))
def test_a_gathered_all_clear_is_short_whatever_the_names(
    names: list[str], words: Translator
) -> None:
    over = [named(name, OVER) for name in names]
    assert len(alert_lines.recovery(words, over)) <= alert_lines.LINE_LIMIT


def test_a_long_name_is_shortened_not_the_rest_of_the_line() -> None:
    line = alert_lines.opening(EN, named("Very long name " * 10))
    assert line.startswith("🔴 DOWN · Very long name Very long name")
    assert line.endswith("… · HTTP 503 (4 of 4 checks)")
