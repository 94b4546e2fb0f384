"""The recorded scenarios that stand beside the project on the machine it is built on, if any."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.kinds import Scenario, Trouble

SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDER = SHARED / "scenarios"
EVENTS = SHARED / "upptime-events.jsonl.gz"


def recorded() -> Iterator[Scenario]:
    """Every file of the folder with its truth."""
    truth = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    for name, known in truth["scenarios"].items():
        troubles = tuple(
            Trouble(one["start"], one["end"], one.get("site"), one.get("optional", False))
            for one in known["incidents"]
        )
        lines = (FOLDER / known["file"]).read_text(encoding="utf-8").splitlines()
        yield Scenario(name, lines, troubles, known["max_messages"])
