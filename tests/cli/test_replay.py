"""``vigie replay``: what it prints, and what it makes of odd files."""

import json
from pathlib import Path

import pytest

from bot.cli.replay import _CAUSES, read, run
from sandbox.sites import NIGHT

ROUND = '{"t": %d, "outcome": "%s", "ms": 50}'


def scenario(path: Path, outcomes: str) -> str:
    """Rounds a minute apart; o is fine, x fails."""
    words = {"o": "ok", "x": "http_500"}
    lines = [ROUND % (60 * n, words[letter]) for n, letter in enumerate(outcomes)]
    file = path / "shop.jsonl"
    file.write_text("\n".join(lines) + "\n\n", encoding="utf-8-sig")
    return str(file)


def test_it_prints_every_message_as_a_line_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scenario(tmp_path, "oxxxooo"), as_json=True) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["t"], one["action"], one["kind"]) for one in said if one["action"] != "edit"] == [
        (120, "post", "down"),
        (390, "reply", "up"),
    ]
    assert said[0]["monitors"] == ["shop"]
    assert said[0]["content"] == "🔴 DOWN · shop · HTTP 500 (4 of 4 checks)"


def test_for_people_it_prints_the_time_and_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scenario(tmp_path, "oxx"), as_json=False) == 0
    assert capsys.readouterr().out.startswith("   0:02  post   🔴 DOWN · shop")


def test_a_file_without_an_alert_says_so_to_people_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = scenario(tmp_path, "oxo")
    assert run(file, as_json=False) == 0
    assert capsys.readouterr().out == "Nothing is posted: no alert arises from this file.\n"
    assert run(file, as_json=True) == 0
    assert capsys.readouterr() == ("", "")


def test_edits_that_leave_the_line_as_it_is_are_for_programs_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = scenario(tmp_path, "oxxx" + "ooo" + "oxx" + "o" * 60)
    assert run(file, as_json=False) == 0
    shown = capsys.readouterr().out.splitlines()
    assert run(file, as_json=True) == 0
    all_of_them = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    edits = [one for one in all_of_them if one["kind"] == "recovering"]
    assert len(edits) > 2
    assert len([line for line in shown if "RECOVERING" in line]) == 1
    assert shown[-1].endswith("🟢 UP · shop · back after 2 min")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\nno json", "line 2 is no JSON"),
        ('{"t": 0}', 'line 1 has no "outcome"'),
        ('{"t": 0, "outcome": "teapot", "ms": 1}', 'line 1: "teapot" is no outcome'),
        ('{"t": Infinity, "outcome": "ok", "ms": 1}', "line 1 is not as docs/replay.md says"),
        ("[]", "line 1 is not as docs/replay.md says"),
        ('{"t": -1, "outcome": "ok", "ms": 1}', "line 1: -1 is not from 0 to 34560000"),
        ("", "there is nothing in it"),
        (
            '{"t": 0, "outcome": "ok", "ms": 1, "site": "A"}\n{"t": 0, "outcome": "ok", "ms": 1}',
            "two sites differ only in case",
        ),
    ],
)
def test_what_is_no_scenario_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(text, encoding="utf-8")
    assert run(str(file), as_json=True) == 2
    reported = capsys.readouterr()
    assert reported.out == ""
    assert reported.err == f"vigie: {file} is no scenario: {why}.\n"


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nowhere.jsonl", as_json=False) == 2
    reported = capsys.readouterr().err
    assert reported == "vigie: nowhere.jsonl cannot be read: No such file or directory.\n"


def test_the_page_on_scenarios_names_every_outcome_and_its_example_plays() -> None:
    page = (Path(__file__).parents[2] / "docs" / "replay.md").read_text(encoding="utf-8")
    assert [outcome for outcome in _CAUSES if f"`{outcome}`" not in page] == []
    [example] = [line for line in page.splitlines() if line.startswith("{")]
    assert [moment.site for moment in read([example], "other")] == ["shop"]


def test_the_night_of_the_demo_can_be_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(NIGHT), as_json=False) == 0
    said = capsys.readouterr().out.splitlines()
    assert "post   🔴 DOWN · election_night" in said[0]
    assert "reply  🟢 UP · election_night" in said[-1]
    assert [line[:7] for line in said] == sorted(line[:7] for line in said)
