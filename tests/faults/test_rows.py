"""The 36 faults of the delivery rules, each with the tests that play it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Row: what is injected, and (file, part of the test's name).
ROWS: dict[int, tuple[str, list[tuple[str, str]]]] = {
    1: (
        "SIGKILL before and after commit, after the send, before the id is stored",
        [
            ("faults/test_processes.py", "killed_while_a_message_is_on_its_way"),
            ("faults/test_processes.py", "killed_at_random_moments"),
            ("test_main_job.py", "killed_at_any_moment"),
        ],
    ),
    2: (
        "stored, then 504, reset or timeout",
        [
            ("faults/test_lost_answers.py", "an_answer_that_is_lost"),
            ("faults/test_processes.py", "stopped_under_load"),
        ],
    ),
    3: ("the same, ten minutes later", [("faults/test_lost_answers.py", "found_in_the_channel")]),
    4: ("503 for 3 h, 40 flips", [("faults/test_absence.py", "three_hours_and_forty_flips")]),
    5: ("429 with 1,163 s in the body", [("faults/test_limits.py", "time_in_the_body")]),
    6: ("global 429", [("faults/test_limits.py", "a_global_limit_stops_all_channels")]),
    7: ("429 as HTML", [("faults/test_limits.py", "the_edge_of_discord_stops_everything")]),
    8: ("401 in the middle", [("faults/test_processes.py", "token_that_is_refused_in_the_middle")]),
    9: (
        "channel deleted, with and without its event",
        [
            ("faults/test_lost_channels.py", "a_deleted_channel_is_told_once"),
            ("faults/test_lost_channels.py", "a_deletion_that_discord_tells_of"),
            ("faults/test_servers.py", "rights_and_channels_that_change"),
        ],
    ),
    10: (
        "403, later fixed",
        [
            ("faults/test_lost_channels.py", "a_right_that_comes_back"),
            ("cogs/test_alerts.py", "goes_out_when_the_right_is_back"),
        ],
    ),
    11: ("deleted before recovery", [("faults/test_lost_channels.py", "leaves_the_reply")]),
    12: ("deleted inside the nonce window", [("faults/test_lost_answers.py", "counts_as_sent")]),
    13: (
        "thread archived, locked",
        [
            ("faults/test_lost_channels.py", "a_sleeping_thread_is_woken"),
            ("faults/test_lost_channels.py", "a_locked_thread_is_a_lost_channel"),
        ],
    ),
    14: ("server removed while away", [("faults/test_servers.py", "a_server_lost_while_away")]),
    15: ("server unavailable", [("faults/test_servers.py", "a_server_lost_while_away")]),
    16: ("gateway down, REST up", [("faults/test_processes.py", "without_a_gateway")]),
    17: (
        "REST or DNS down at boot",
        [
            ("test_main_job.py", "with_discord_unreachable"),
            ("faults/test_processes.py", "a_name_server_that_is_away_at_boot"),
        ],
    ),
    18: (
        "first gateway connect refused",
        [
            ("faults/test_processes.py", "without_a_gateway"),
            ("test_client.py", "while_the_gateway_cannot_be_found_or_reached"),
        ],
    ),
    19: (
        "crash loop",
        [
            ("faults/test_processes.py", "a_crash_loop_cannot_cost_the_token"),
            ("faults/test_processes.py", "the_last_fifty_session_starts"),
            ("faults/test_starts.py", "twenty_starts"),
        ],
    ),
    20: ("SIGTERM under load", [("faults/test_processes.py", "stopped_under_load")]),
    21: (
        "ENOSPC during a flip",
        [
            ("faults/test_disk.py", "a_full_disk_delays_a_flip"),
            ("db/test_database.py", "a_full_disk_loses_nothing"),
            ("services/test_watching.py", "a_flip_that_the_disk_refuses"),
        ],
    ),
    22: ("read-only database", [("db/test_database.py", "a_read_only_database_is_refused")]),
    23: (
        "truncated or garbled database, deleted -wal",
        [
            ("faults/test_disk.py", "ends_the_start_with_78"),
            ("faults/test_disk.py", "a_deleted_wal"),
        ],
    ),
    24: (
        "second instance",
        [
            ("test_main_job.py", "a_second_bot_on_the_same_database"),
            ("db/test_lock.py", "a_second_vigie_is_refused"),
        ],
    ),
    25: (
        "clock set, DST, suspend",
        [
            ("faults/test_clocks.py", "a_clock_that_is_set"),
            ("faults/test_clocks.py", "a_machine_that_sleeps"),
        ],
    ),
    26: ("network down for 5 min", [("faults/test_clocks.py", "five_minutes_without_network")]),
    27: (
        "200 monitors fail together",
        [
            ("faults/test_many_sites.py", "two_hundred_sites"),
            ("faults/test_many_sites.py", "a_thousand_sites"),
        ],
    ),
    28: ("flapping at every probe", [("faults/test_clocks.py", "a_site_that_flaps")]),
    29: (
        "hostile bodies, heads, redirects, handshakes",
        [
            ("engine/test_http_probe.py", "drips_its_body"),
            ("engine/test_http_probe.py", "drips_its_headers"),
            ("engine/test_http_probe.py", "a_huge_body_costs_256_kib"),
            ("engine/test_http_probe.py", "a_compressed_body_is_unreadable"),
            ("engine/test_http_probe.py", "a_handshake_that_never_ends"),
            ("engine/test_http_probe.py", "a_loop_is_not"),
            ("engine/test_http_probe.py", "a_connection_that_breaks_before"),
            ("test_main_job.py", "every_way_to_fail_is_named"),
        ],
    ),
    30: (
        "NXDOMAIN, SERVFAIL, timeout, rebinding, long label",
        [
            ("engine/test_resolver.py", "why_a_name_has_no_address"),
            ("engine/test_http_probe.py", "a_private_address_is_refused"),
            ("engine/test_http_probe.py", "a_url_that_is_none"),
        ],
    ),
    31: (
        "a task raises",
        [
            ("engine/test_scheduler.py", "a_bug_in_one_try"),
            ("services/delivery/test_faults.py", "a_bug_of_ours_in_one_channel"),
            ("test_client.py", "a_bug_in_the_library"),
        ],
    ),
    32: ("cancel during a write", [("db/test_database.py", "cancelling_the_caller")]),
    33: (
        "loop blocked",
        [
            ("faults/test_processes.py", "standing_still"),
            ("engine/test_scheduler.py", "after_a_stall_there_is_no_burst"),
        ],
    ),
    34: (
        "upgrade, kill in a migration",
        [
            ("db/test_migrate.py", "a_failing_file_rolls_back"),
            ("db/test_migrate.py", "files_run_in_order"),
        ],
    ),
    35: ("10,000 alerts", [("faults/test_memory.py", "ten_thousand_alerts")]),
    36: (
        "a button pressed twice, by two, after a restart, on a closed one",
        [
            ("faults/test_servers.py", "a_button_has_one_effect"),
            ("cogs/test_alerts.py", "a_button_of_a_closed_alert"),
        ],
    ),
}


def test_there_are_thirty_six() -> None:
    assert list(ROWS) == list(range(1, 37))


@pytest.mark.parametrize("row", ROWS)
def test_every_fault_is_played_by_a_test(row: int) -> None:
    _, played = ROWS[row]
    for file, part in played:
        assert any(part in name for name in _names(TESTS / file)), f"{file} has no test {part}"


def _names(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
