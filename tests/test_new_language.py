"""Adding a language means adding one catalogue and nothing else: proved with a copy of the code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""
GERMAN = {
    'msgctxt "command"\nmsgid "status"': "zustand",
    'msgctxt "command"\nmsgid "monitor"': "überwachung",
    'msgctxt "command"\nmsgid "public"': "Nicht Erlaubt!",
    'msgid "Show which sites are up and which are not."': "Zeigt, was läuft und was nicht.",
    'msgid "Only this site, in detail."': "x" * 101,
    'msgid "automatic"': "automatisch",
    'msgid "Nothing is watched yet. Try {command}"': "Noch wird nichts überwacht: {command}",
}
SPANISH = {
    'msgctxt "command"\nmsgid "status"': "estado",
    'msgid "Show which sites are up and which are not."': "Muestra lo que funciona y lo que no.",
}
# Runs the whole of Vigie on the copy and prints what it registered and what it answers.
SCRIPT = """
import asyncio, json, pathlib, sys
import bot
from tests.cogs.bot_fixture import running_bot

async def main():
    async with running_bot(pathlib.Path(sys.argv[1])) as fixture:
        print(json.dumps({
            "file": bot.__file__,
            "commands": fixture.sandbox.record.of("PUT", "/commands")[0].body,
            "german": (await fixture.run("status", locale="de")).content,
            "chosen": (await fixture.run("alerts language", language="de")).content,
            "public": (await fixture.run("status", public=True)).content,
            "planned": (await fixture.run("maintenance schedule", days="Montag", from_="02:00",
                to="03:00", locale="de")).content,
            "spanish": (await fixture.run("status", locale="es-419")).content,
        }))

asyncio.run(main())
"""


def catalogue(language: str, entries: dict[str, str]) -> str:
    said = "\n\n".join(f'{key}\nmsgstr "{text}"' for key, text in entries.items())
    return f"{HEADER.format(language=language)}\n{said}\n"


def reported_by_a_copy(tmp_path: Path) -> dict[str, Any]:
    copy = tmp_path / "copy"
    for folder in ("bot", "cogs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    locales = copy / "bot" / "words" / "locales"
    (locales / "de.po").write_text(catalogue("de", GERMAN), "utf-8")
    (locales / "es-ES.po").write_text(catalogue("es_ES", SPANISH), "utf-8")
    paths = os.pathsep.join([str(copy), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reported: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert reported["file"].startswith(str(copy))
    return reported


def test_one_catalogue_more_is_a_language_more_everywhere(tmp_path: Path) -> None:
    reported = reported_by_a_copy(tmp_path)
    status = next(one for one in reported["commands"] if one["name"] == "status")
    names = status["name_localizations"]
    assert (names["de"], names["es-ES"], names["fr"]) == ("zustand", "estado", "statut")
    assert "es-419" not in names, "a catalogue of one locale does not speak for another"
    assert not {"en-US", "en-GB", "it"} & set(names)
    assert status["description_localizations"]["de"] == "Zeigt, was läuft und was nicht."
    options = {one["name"]: one for one in status["options"]}
    monitor, public = options["monitor"], options["public"]
    assert monitor["name_localizations"]["de"] == "überwachung"
    assert "de" not in public["name_localizations"], "Discord would refuse all commands for it"
    assert "de" not in monitor["description_localizations"]
    assert monitor["name_localizations"]["es-ES"] == "monitor", "what is missing stays English"
    alerts = next(one for one in reported["commands"] if one["name"] == "alerts")
    language = next(one for one in alerts["options"] if one["name"] == "language")
    choices = {one["value"]: one for one in language["options"][0]["choices"]}
    assert {code: one["name"] for code, one in choices.items()} == {
        "auto": "automatic",
        "de": "Deutsch",
        "en": "English",
        "es-ES": "Español (España)",
        "fr": "Français",
    }
    assert choices["auto"]["name_localizations"]["de"] == "automatisch"
    assert reported["german"].startswith("Noch wird nichts überwacht: </watch add:")
    assert "Deutsch" in reported["chosen"]
    assert reported["public"].startswith("Noch wird nichts"), "the server's language is German now"
    assert "every Montag" in reported["planned"], "names of days are understood, too"
    assert reported["spanish"].startswith("Nothing is watched yet.")
