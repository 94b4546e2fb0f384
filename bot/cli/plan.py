"""``vigie plan FILE``: what a file of sites would change. It changes nothing.

The list of another program is printed as a file of sites instead.
"""

import asyncio
import json
import re
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot import log
from bot.cli import EXIT_FAILURE, EXIT_OK, EXIT_USAGE, fail
from bot.clock import SystemClock
from bot.config import Config
from bot.db.database import Database
from bot.db.files import back_up
from bot.engine.netguard import Netguard
from bot.errors import StoreError, UserError
from bot.services.guilds import KeyValueStore
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import HeadersOption
from bot.services.registry import Core, Services
from bot.services.simulation import NoChecker, ScriptedOnlineCheck
from bot.services.transfer.files import Item, Listing, read
from bot.services.transfer.server_entries import SERVER_KEYS, read_sites
from bot.services.transfer.sites_file import NAMES, RememberedNames
from bot.services.transfer.yaml_lines import YamlError

_IS_OURS = re.compile(rb"^servers\s*:", re.MULTILINE)
_HEAD = """\
# Read this first: docs/sites-file.md. Put in the id of your server.
servers:
  - id: 123456789012345678
"""


def run(config: Config, file: str) -> int:
    """Returns 0, or 2 for a file that cannot be taken; its line and the reason are said."""
    log.setup("ERROR", secrets=[config.token] if config.token else [])
    try:
        data = Path(file).read_bytes()
        with suppress(UserError):
            if _IS_OURS.search(data) is None:
                print(_as_sites_file(read(data, len(data))), end="")
                return EXIT_OK
    except OSError as error:
        return fail(f"{file} cannot be read: {error.strerror}", EXIT_USAGE)
    try:
        with tempfile.TemporaryDirectory(prefix="vigie-plan-") as folder:
            copy = Path(folder, "vigie.db")
            if config.database.exists():
                back_up(config.database, copy)
            return asyncio.run(_plan(config, copy, data))
    except YamlError as error:
        return fail(f"{file}, {error}", EXIT_USAGE)
    except StoreError as error:
        return fail(error, EXIT_FAILURE)


async def _plan(config: Config, copy: Path, data: bytes) -> int:
    db = await Database.open(copy)
    try:
        clock = SystemClock()
        guard = Netguard(allow_private=config.allow_private, ports=config.ports)
        online = ScriptedOnlineCheck()
        core = Core(config, db, clock, checker=NoChecker(), guard=guard, online_check=online)
        await core.load()
        store = KeyValueStore(db)
        names = RememberedNames(json.loads(await store.load(NAMES) or "{}"))
        sites = Services.build(core, clock).sites
        entries = read_sites(data)
        for plan in await sites.plan(entries, names):
            print("\n".join(plan.lines(names)))
        for entry in entries:
            if names.find("server", 0, entry.server) is None:
                print(f"server {entry.server.name}\n  ? looked up when the bot is online")
    finally:
        await db.close()
    return EXIT_OK


def _as_sites_file(listing: Listing) -> str:
    """YAML with a remark for whatever differs, and for what is not taken."""
    known = (key for key in SERVER_KEYS if key != "monitors" and key in (listing.server or {}))
    beside = {key: (listing.server or {})[key] for key in known}
    lines = _yaml(beside).splitlines(keepends=True) if beside else []
    monitors = "".join(map(_entry, listing.items))
    return _HEAD + "".join(f"    {line}" for line in lines) + "    monitors:\n" + monitors


def _entry(item: Item) -> str:
    remarks = [_one_line(text.format(**values)) for text, values in item.remarks]
    if item.error is not None:
        remarks.append(f"not taken: {_one_line(item.label)}: {_one_line(str(item.error))}")
    lines = [f"      # {one}\n" for one in remarks]
    if item.error is None:
        values = {name: _plain(name, value) for name, value in item.typed.items() if value}
        if item.paused:
            end = item.paused
            values["paused"] = end.isoformat() if isinstance(end, datetime) else True
        text = _yaml(values)
        lines += [
            f"      {'- ' if number == 0 else '  '}{line}\n"
            for number, line in enumerate(text.rstrip("\n").split("\n"))
        ]
    return "".join(lines)


def _plain(name: str, value: Any) -> Any:
    option = OPTIONS[name]
    return dict(value) if isinstance(option, HeadersOption) else option.exported(value)


def _one_line(text: str) -> str:
    """A comment ends with its line."""
    return " ".join(text.split())


def _yaml(values: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
    return text
