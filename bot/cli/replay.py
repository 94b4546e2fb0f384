"""``vigie replay FILE``: plays a recorded scenario to judge, recorder and delivery plan.

The real code runs on a simulated clock and a store in memory; only checks and Discord are replaced,
by the file and by lines of output.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from bot.cli import EXIT_OK, fail
from bot.clock import DAY_MS
from bot.db.monitors import name_key
from bot.engine.place_router import Vote
from bot.models import Cause, Reason
from bot.services.simulation import ScriptedRound, SimulatedMessage, simulation

UNUSABLE = 2
N = TypeVar("N", int, float)
Seen = dict[tuple[str, ...], tuple[Cause | None, ...]]  # few differ among many lines
_LONGEST_S = 400 * 86_400  # every hour of it is played
_SLOWEST_MS = DAY_MS
_CAUSES = {
    "ok": None,
    "timeout": Cause(Reason.TIMEOUT, 10),
    "conn_refused": Cause(Reason.REFUSED),
    "conn_reset": Cause(Reason.RESET),
    "reset": Cause(Reason.RESET),
    "dropped": Cause(Reason.RESET),
    "dns": Cause(Reason.DNS),
    "tls": Cause(Reason.TLS_EXPIRED),
}


def run(file: str, *, as_json: bool) -> int:
    """Print every post, reply and edit with its time; returns 2 for a file it cannot read.

    For people, edits that leave the line as it is (the card counts) are left out.
    """
    path = Path(file)
    try:
        with path.open(encoding="utf-8-sig") as rows:
            moments = list(read(rows, path.stem))
        _refuse_twins({moment.site for moment in moments})
    except OSError as error:
        return fail(f"{file} cannot be read: {error.strerror}.", UNUSABLE)
    except UnicodeDecodeError:
        return fail(f"{file} is no scenario: it is not UTF-8 text.", UNUSABLE)
    except ValueError as error:
        return fail(f"{file} is no scenario: {error}.", UNUSABLE)
    if not moments:
        return fail(f"{file} is no scenario: there is nothing in it.", UNUSABLE)
    lines = play(moments)
    if not lines and not as_json:
        print("Nothing is posted: no alert arises from this file.")
    for text in map(_json, lines) if as_json else map(_shown, _news(lines)):
        print(text)
    return EXIT_OK


def _json(line: SimulatedMessage) -> str:
    return json.dumps(line.as_json(), ensure_ascii=False)


def _news(lines: Iterable[SimulatedMessage]) -> Iterator[SimulatedMessage]:
    """The lines without edits that say of all their sites what was said before."""
    said: dict[str, str] = {}
    for line in lines:
        if line.action != "edit" or any(said.get(one) != line.content for one in line.monitors):
            yield line
        said |= dict.fromkeys(line.monitors, line.content)


def read(rows: Iterable[str], site: str) -> Iterator[ScriptedRound]:
    """The moments of a scenario's lines; ``site`` names what stands without a name.

    Raises ValueError for what is no scenario, with the number of the line and what is wrong.
    """
    seen: Seen = {}
    for number, text in enumerate(rows, 1):
        if not text.strip():
            continue
        try:
            yield _moment(json.loads(text), site, seen)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"line {number} is no JSON") from error
        except KeyError as error:
            raise ValueError(f'line {number} has no "{error.args[0]}"') from error
        except (TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"line {number} is not as docs/replay.md says") from error
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error


def _moment(row: dict[str, Any], site: str, seen: Seen) -> ScriptedRound:
    outcomes = (row["outcome"], *(row.get("retry") or ()))
    if outcomes not in seen:
        seen[outcomes] = tuple(map(_cause, outcomes))
    return ScriptedRound(
        _within(int(row["t"]), 0, _LONGEST_S),
        _site(row.get("site", site)),
        seen[outcomes],
        _within(float(row["ms"]), 0, _SLOWEST_MS),
        None if row.get("places") is None else _vote(row["places"]),
        None if row.get("slow_ms") is None else _within(int(row["slow_ms"]), 1, _SLOWEST_MS),
    )


def _vote(places: dict[str, object]) -> Vote:
    """What each place sees; null: it was asked and did not say."""
    said = {_site(name): seen for name, seen in places.items()}
    silent = tuple(name for name, seen in said.items() if seen is None)
    through = tuple(n for n, seen in said.items() if seen is not None and _cause(seen) is None)
    return Vote(tuple(n for n in said if n not in silent + through), through, silent)


def _within(number: N, low: int, high: int) -> N:
    if not low <= number <= high:
        raise ValueError(f"{number} is not from {low} to {high}")
    return number


def _site(found: object) -> str:
    """As it stands in the file, where a name can. Raises ValueError."""
    name = str(found)
    name.encode()  # half a pair of UTF-16 can be neither stored nor printed
    return name


def _refuse_twins(sites: set[str]) -> None:
    """Names are unique without case, as in a server. Raises ValueError."""
    if len({name_key(site) for site in sites}) < len(sites):
        raise ValueError("two sites differ only in case")


def _cause(outcome: object) -> Cause | None:
    if not isinstance(outcome, str):
        raise TypeError(f"{outcome!r} is no outcome")
    if outcome.startswith("http_"):
        return Cause(Reason.HTTP, _within(int(outcome.removeprefix("http_")), 100, 999))
    if outcome not in _CAUSES:
        raise ValueError(f'"{outcome}" is no outcome')
    return _CAUSES[outcome]


def play(moments: Iterable[ScriptedRound]) -> list[SimulatedMessage]:
    return asyncio.run(_play(sorted(moments, key=lambda moment: moment.t)))


async def _play(moments: list[ScriptedRound]) -> list[SimulatedMessage]:
    limits = {one.site: one.slow_ms for one in moments if one.slow_ms is not None}
    async with simulation(sorted({one.site for one in moments}), limits) as simulated:
        for _, together in groupby(moments, key=lambda moment: moment.t):
            await simulated.play(list(together))
        await simulated.end()
        return simulated.lines


def _shown(line: SimulatedMessage) -> str:
    return f"{line.t // 3600:4d}:{line.t // 60 % 60:02d}  {line.action:5}  {line.content}"
