"""``vigie plan FILE``: what a file of sites would change. It changes nothing.

The list of another program is printed as a file of sites instead.
"""

import asyncio
import json
import tempfile
from contextlib import suppress
from pathlib import Path

from bot import log
from bot.cli import EXIT_FAILURE, EXIT_OK, EXIT_USAGE, fail
from bot.clock import SystemClock
from bot.config import Config
from bot.db.database import Database
from bot.db.files import back_up
from bot.engine.netguard import Netguard
from bot.errors import StoreError, UserError
from bot.services.guilds import KeyValueStore
from bot.services.registry import Core, Services
from bot.services.simulation import NoChecker, ScriptedOnlineCheck
from bot.services.sites.apply import NAMES, RememberedNames
from bot.services.sites.convert import as_sites_file, is_sites_file
from bot.services.sites.document import read_sites
from bot.services.transfer.files import read
from bot.services.yaml_lines import YamlError


def run(config: Config, file: str) -> int:
    """Returns 0, or 2 for a file that cannot be taken; its line and the reason are said."""
    log.setup("ERROR", secrets=[config.token] if config.token else [])
    try:
        data = Path(file).read_bytes()
        with suppress(UserError):
            if not is_sites_file(data):
                print(as_sites_file(read(data, len(data)).items), end="")
                return EXIT_OK
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return fail(f"{file} cannot be read: {error}", EXIT_USAGE)
    try:
        with tempfile.TemporaryDirectory(prefix="vigie-plan-") as folder:
            copy = Path(folder, "vigie.db")
            if config.database.exists():
                back_up(config.database, copy)
            return asyncio.run(_plan(config, copy, text))
    except YamlError as error:
        return fail(f"{file}, {error}", EXIT_USAGE)
    except StoreError as error:
        return fail(error, EXIT_FAILURE)


async def _plan(config: Config, copy: Path, text: str) -> int:
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
        entries = read_sites(text)
        for plan in await sites.plan(entries, names):
            print("\n".join(plan.lines()))
        for entry in entries:
            if names.find("server", 0, entry.server) is None:
                print(f"server {entry.server.name}\n  ? looked up when the bot is online")
    finally:
        await db.close()
    return EXIT_OK
