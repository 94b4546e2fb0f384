"""No statement can mix servers up: each names its server, or is listed here with why it need not.

The running proof is tests/cogs/test_isolation.py; this one makes a new query stop and think.
"""

import ast
import inspect
import re
import typing
from pathlib import Path

from bot.services.registry import Services

FOLDER = Path(__file__).parents[2] / "bot" / "db"
OF_A_SERVER = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO)\s+"
    r"(?:monitor|incident|post|notification|blocked_channel|maintenance_window|change|board)\b"
)
BOUND = re.compile(r"guild_id\s*(?:=|IN)\s*[?:(]|\(guild_id|, guild_id[,)]")

# Work for all servers at once: nobody's command gets there, only loading, recording, delivery and
# retention.
WHOLE_INSTALLATION = {
    "audit_log.forget", "boards.all_present", "guilds.live_windows", "monitors.all_watched",
    "incidents.due", "incidents.insert", "incidents.still_wanted", "incidents.to_escalate",
    "monitors.watched_after", "outbox.due_by_channel",
    "purge._notifications", "purge._posts", "purge.forget_followers", "stats.behind_door",
    "stats.heaviest", "stats.pinged", "stats.unsent_openings", "stats.unsent_since",
}  # fmt: skip
# Ids of channels and messages are Discord's own: they belong to one server, and delivery alone,
# which was given them by a row of that server, works with them.
DELIVERY = {
    "blocked_channels.home_channels", "blocked_channels.is_blocked", "blocked_channels.move",
    "blocked_channels.unblock", "incidents.of_post", "incidents.open_in_channel", "outbox.active",
    "outbox.claim", "outbox.drop", "outbox.drop_edits", "outbox.failed", "outbox.finish",
    "outbox.note_lines", "outbox.of_incident", "outbox.queue_edit", "outbox.release",
    "outbox.rewrite", "outbox.waiting", "posts.edited", "posts.forget", "posts.get", "posts.gone",
    "posts.names_monitors_of", "posts.newest_list", "posts.of_incident", "posts.ping",
    "posts.posted", "posts.to_reply_to",
}  # fmt: skip
# The ids come from rows that were found with the server's id a moment ago.
LOOKED_UP = {
    "audit_log.forget_secrets", "audit_log.pauses", "boards.save", "incidents.acknowledge",
    "incidents.between", "incidents.close_unreadable", "incidents.load", "incidents.update",
    "incidents.lengths", "incidents.open_of", "monitors.load",
}  # fmt: skip
NAMES = {"monitor_id", "public_id", "window_id", "incident_id", "text", "message_id"}


def statements() -> dict[str, str]:
    """Parameters and SQL of each function of bot/db, constants it names included."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            node.targets[0].id: texts(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                named = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
                takes = " ".join(f"{one.arg} = ?" for one in node.args.args)
                sql = [takes, texts(node), *(constants[one] for one in named if one in constants)]
                sql += helped(node)
                found[f"{path.stem}.{node.name}"] = " ".join(sql)
    return found


def helped(node: ast.AST) -> list[str]:
    """What the helpers of bot/db/rows.py make of a table's name and of the columns given.

    A new row brings its server along.
    """
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and len(one.args) > 1]
    return [
        " ".join([f"INTO {call.args[1].value!s}", *(f"{key.arg} = ?" for key in call.keywords)])
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "rows"
        and call.func.attr != "insert"
        and isinstance(call.args[1], ast.Constant)
    ]


def texts(node: ast.AST) -> str:
    parts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return " ".join(one for one in parts if isinstance(one, str))


def test_every_statement_about_a_server_names_it_or_is_listed_with_its_reason() -> None:
    about = {name: sql for name, sql in statements().items() if OF_A_SERVER.search(sql)}
    free = {name for name, sql in about.items() if not BOUND.search(sql)}
    listed = WHOLE_INSTALLATION | DELIVERY | LOOKED_UP
    assert free - listed == set(), "bind guild_id, or say here why it need not be"
    assert listed - about.keys() == set(), "these are gone"


def test_every_service_that_is_asked_for_a_thing_is_asked_for_its_server_too() -> None:
    """Ids that people type or that stand in buttons are looked up together with the server."""
    asked = 0
    for name, kind in typing.get_type_hints(Services).items():
        for method_name, method in inspect.getmembers(kind, inspect.isfunction):
            wanted = set(inspect.signature(method).parameters)
            if method_name.startswith("_") or not wanted & NAMES:
                continue
            asked += 1
            assert "guild_id" in wanted, f"{name}.{method_name}({', '.join(wanted)})"
    assert asked > 10
