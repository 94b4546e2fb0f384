"""The 36 faults of the delivery rules, each with the tests that play it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NAMES = {
    node.name
    for file in TESTS.rglob("test_*.py")
    for node in ast.parse(file.read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef)
}
# Row: what is injected, and a part of the name of each test that plays it.
ROWS: dict[int, tuple[str, list[str]]] = {
    1: (
        "SIGKILL before and after commit, after the send, before the id is stored",
        [
            "killed_while_a_message_is_on_its_way",
            "killed_at_random_moments",
            "killed_at_any_moment",
        ],
    ),
    2: ("stored, then 504, reset or timeout", ["an_answer_that_is_lost", "stopped_under_load"]),
    3: ("the same, ten minutes later", ["found_in_the_channel"]),
    4: ("503 for 3 h, 40 flips", ["three_hours_and_forty_flips"]),
    5: ("429 with 1,163 s in the body", ["time_in_the_body"]),
    6: ("global 429", ["a_global_limit_stops_all_channels"]),
    7: ("429 as HTML", ["the_edge_of_discord_stops_everything"]),
    8: ("401 in the middle", ["token_that_is_refused_in_the_middle"]),
    9: (
        "channel deleted, with and without its event",
        [
            "a_deleted_channel_is_reported_once",
            "noticed_by_the_gateway_event",
            "changed_rights_and_channels_are_noticed_at_once",
        ],
    ),
    10: ("403, later fixed", ["a_right_that_comes_back", "goes_out_when_the_right_is_back"]),
    11: ("deleted before recovery", ["leaves_the_reply"]),
    12: ("deleted inside the nonce window", ["counts_as_sent"]),
    13: (
        "thread archived, locked",
        ["a_sleeping_thread_is_woken", "a_locked_thread_is_a_lost_channel"],
    ),
    14: ("server removed while away", ["a_server_lost_while_away"]),
    15: ("server unavailable", ["a_server_lost_while_away"]),
    16: ("gateway down, REST up", ["without_a_gateway"]),
    17: (
        "REST or DNS down at boot",
        ["with_discord_unreachable", "a_name_server_that_is_away_at_boot"],
    ),
    18: (
        "first gateway connect refused",
        ["without_a_gateway", "while_the_gateway_cannot_be_found_or_reached"],
    ),
    19: (
        "crash loop",
        [
            "a_crash_loop_cannot_cost_the_token",
            "the_last_fifty_session_starts",
            "a_crash_loop_of_a_day",
        ],
    ),
    20: ("SIGTERM under load", ["stopped_under_load"]),
    21: (
        "ENOSPC during a flip",
        [
            "a_full_disk_delays_a_flip",
            "a_full_disk_loses_nothing",
            "an_opening_that_the_disk_refuses",
        ],
    ),
    22: ("read-only database", ["a_read_only_database_is_refused"]),
    23: (
        "truncated or garbled database, deleted -wal",
        ["ends_the_start_with_78", "a_deleted_wal"],
    ),
    24: ("second instance", ["a_second_bot_on_the_same_database", "a_second_vigie_is_refused"]),
    25: ("clock set, DST, suspend", ["a_clock_that_is_set", "a_machine_that_sleeps"]),
    26: ("network down for 5 min", ["five_minutes_without_network"]),
    27: ("200 monitors fail together", ["two_hundred_sites", "a_thousand_sites"]),
    28: ("flapping at every probe", ["a_site_that_flaps"]),
    29: (
        "hostile bodies, heads, redirects, handshakes",
        [
            "drips_its_body",
            "drips_its_headers",
            "a_huge_body_costs_256_kib",
            "a_bomb_is_unreadable_unless_the_text_stands_before_it",
            "a_handshake_that_never_ends",
            "six_are_not",
            "a_connection_that_breaks_before",
            "every_way_to_fail_is_named",
        ],
    ),
    30: (
        "NXDOMAIN, SERVFAIL, timeout, rebinding, long label",
        ["why_a_name_has_no_address", "a_private_address_is_refused", "a_url_that_is_none"],
    ),
    31: (
        "a task raises",
        ["a_bug_in_one_try", "a_bug_of_ours_in_one_channel", "a_bug_in_the_library"],
    ),
    32: ("cancel during a write", ["cancelling_the_caller"]),
    33: ("loop blocked", ["standing_still", "after_a_stall_there_is_no_burst"]),
    34: ("upgrade, kill in a migration", ["a_failing_file_rolls_back", "steps_run_in_order"]),
    35: ("10,000 alerts", ["ten_thousand_alerts"]),
    36: (
        "a button pressed twice, by two, after a restart, on a closed one",
        ["a_button_has_one_effect", "a_button_of_a_closed_alert"],
    ),
}


def test_there_are_thirty_six() -> None:
    assert list(ROWS) == list(range(1, 37))


@pytest.mark.parametrize("row", ROWS)
def test_every_fault_is_played_by_a_test(row: int) -> None:
    _, played = ROWS[row]
    assert played
    missing = [part for part in played if not any(part in name for name in NAMES)]
    assert missing == []
