"""What comes from others: locked by hash, under a licence that lets Vigie be MIT, with a reason."""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Permissive, or (MPL, PSF) free to use unchanged; no GPL, no AGPL, nothing unnamed.
FREE = re.compile(
    r"\b(MIT|MIT-0|MIT-CMU|BSD|BSD-2-Clause|BSD-3-Clause|0BSD|Apache|Apache-2\.0|PSF-2\.0"
    r"|Python Software Foundation|MPL|MPL-2\.0|Zlib|CC0-1\.0)\b"
)
BOUND = re.compile(r"\b(A?GPL|LGPL|SSPL|BUSL)\b|General Public")


def locked(name: str) -> Iterator[tuple[str, str]]:
    """Every pinned distribution with the text of its entry."""
    text = (ROOT / name).read_text("utf-8")
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        found = re.match(r"([A-Za-z0-9._-]+)==", entry)
        if found:
            yield found[1], entry


def licence(name: str) -> str:
    """What a distribution says of its licence, wherever it says it."""
    found = metadata(name)
    classifiers = [c for c in found.get_all("Classifier") or [] if c.startswith("License")]
    said = [
        found[key].partition("\n")[0] for key in ("License-Expression", "License") if key in found
    ]
    return "; ".join([*said, *classifiers])


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pinned_distribution_has_its_hashes_and_no_address(lock: str) -> None:
    entries = dict(locked(lock))
    assert len(entries) > 20
    assert [name for name, entry in entries.items() if "--hash=sha256:" not in entry] == []
    assert "://" not in (ROOT / lock).read_text("utf-8")


def test_every_distribution_to_run_has_a_licence_that_lets_vigie_be_mit() -> None:
    seen = 0
    for name, _ in locked("requirements.lock"):
        try:
            said = licence(name)
        except PackageNotFoundError:  # of another platform or an older Python
            continue
        seen += 1
        assert FREE.search(said), f"{name}: {said!r}"
        assert not BOUND.search(said), f"{name}: {said!r}"
    assert seen > 20


def test_every_dependency_says_why_it_is_there_and_is_locked() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)
    groups = project["dependency-groups"]
    wanted = {
        "requirements.lock": [
            *project["project"]["dependencies"],
            *project["project"]["optional-dependencies"]["places"],
            *project["project"]["optional-dependencies"]["fallback"],
            *groups["build"],
        ],
        "requirements-dev.lock": groups["dev"],
    }
    for lock, dependencies in wanted.items():
        pinned = {name for name, _ in locked(lock)}
        for one in dependencies:
            line = next(line for line in text.splitlines() if f'"{one}"' in line)
            assert re.search(r'",\s+# \w.{7,}', line), f"{one} has no reason beside it"
            assert re.split(r"[~>=\[]", one)[0].replace(".", "-") in pinned


def test_every_import_of_the_product_is_declared_and_every_dependency_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split(r"[~>=\[]", one)[0].lower() for one in project["dependencies"]}
    declared |= {
        re.split(r"[~>=\[]", one)[0].lower()
        for extra in project["optional-dependencies"].values()
        for one in extra
    }
    owners = packages_distributions()
    imported = {
        module.partition(".")[0]
        for source in house.sources("bot", "cogs", "sandbox")
        for module, _ in house.imports(source)
    }
    foreign = imported - sys.stdlib_module_names - {"bot", "cogs", "sandbox", "_typeshed"}
    assert {owners[name][0].lower().replace("_", "-") for name in foreign} == declared
