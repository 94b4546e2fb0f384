"""``vigie replay``: what it prints, and what it makes of odd files."""

import json
from pathlib import Path

import pytest

from bot.cli.replay import run

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
        (360, "reply", "up"),
    ]
    assert said[0]["monitors"] == ["shop"]
    assert said[0]["content"] == "🔴 DOWN · shop · HTTP 500 (4 of 4 checks)"


def test_for_people_it_prints_the_time_and_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scenario(tmp_path, "oxx"), as_json=False) == 0
    assert capsys.readouterr().out.startswith("   0:02  post   🔴 DOWN · shop")


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        '{"t": 0}',
        '{"t": 0, "outcome": "teapot", "ms": 1}',
        '{"t": Infinity, "outcome": "ok", "ms": 1}',
        (
            '{"t": 0, "outcome": "ok", "ms": 1, "site": "A"}\n'
            '{"t": 0, "outcome": "ok", "ms": 1, "site": "a"}'
        ),
    ],
)
def test_what_is_no_scenario_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(text, encoding="utf-8")
    assert run(str(file), as_json=True) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nowhere.jsonl", as_json=False) == 2
    assert "nowhere.jsonl" in capsys.readouterr().err
