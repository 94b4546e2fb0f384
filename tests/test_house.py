"""The house rules hold, and each of them can fail."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import VARIABLES
from bot.db.migrate import OLDEST, newest
from tests import house
from tests.house import ROOT, Source

PRODUCT = house.sources("bot", "cogs", "sandbox")
TESTS = house.sources("tests")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def source(path: str, text: str) -> Source:
    return Source(path, textwrap.dedent(text).strip("\n"))


@pytest.mark.parametrize(
    "rule",
    [
        house.wrong_directions,
        house.restricted_imports,
        house.sandbox_imports,
        house.environment_reads,
        house.long_files,
        house.long_functions,
        house.deep_functions,
        house.empty_bodies,
    ],
)
def test_the_product_keeps_the_rule(rule: Callable[[Source], list[str]]) -> None:
    assert len(PRODUCT) > 20, "the product is looked at"
    assert [complaint for each in PRODUCT for complaint in rule(each)] == []


def test_every_file_says_what_it_is_for() -> None:
    assert [one for each in [*PRODUCT, *TESTS] for one in house.missing_docstrings(each)] == []


def test_retired_words_are_used_nowhere() -> None:
    assert [one for each in [*PRODUCT, *TESTS] for one in house.retired_words(each)] == []


def test_every_test_can_fail() -> None:
    assert house.toothless_tests(TESTS) == []


def test_nothing_stands_there_unused() -> None:
    """The tests are no reason to keep a part of the product; the sandbox is there for them."""
    sandbox = [each for each in PRODUCT if each.path.startswith("sandbox/")]
    rest = [each for each in PRODUCT if each not in sandbox]
    assert house.idle_names(rest, PRODUCT) == []
    assert house.idle_names([*sandbox, *TESTS], [*PRODUCT, *TESTS]) == []


def test_the_steps_of_the_schema_are_numbered_one_after_the_other() -> None:
    assert newest() > OLDEST, "or it raises"


@pytest.mark.parametrize("page", [".env.example", "README.md"])
def test_every_setting_is_documented_and_nothing_else_is_promised(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert house.undocumented(VARIABLES, text) == []
    assert house.unknown_variables(VARIABLES, text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_a_page_names_is_there(page: Path) -> None:
    assert house.dead_paths(page.read_text(encoding="utf-8")) == []


# What follows proves that each rule can fail, and that it spares what it should.


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bot/engine/judge.py", "import bot.db.database"),
        ("bot/engine/judge.py", "from bot.services import recorder"),
        ("bot/engine/judge.py", "from bot import services"),
        ("bot/engine/judge.py", "from .. import db"),
        ("bot/engine/judge.py", "from ..db import database"),
        ("bot/engine/judge.py", "from bot.config import Config"),
        ("bot/db/guilds.py", "from bot.engine.judge import judge"),
        ("bot/words/alert_lines.py", "from bot.services.status import Status"),
        ("bot/models.py", "from bot.words import causes"),
        ("bot/services/x.py", "if TYPE_CHECKING:\n    from bot.discord.client import VigieClient"),
        ("bot/services/x.py", "def f() -> None:\n    import bot.app"),
        ("bot/services/x.py", "from bot.web.door import Door"),
        ("bot/web/door.py", "from bot.db.database import Database"),
        ("bot/app.py", "import cogs.watch"),
        ("bot/__main__.py", "from bot.app import App"),
        ("cogs/watch.py", "from bot.db.database import Database"),
        ("cogs/watch.py", "from bot.engine.judge import judge"),
        ("cogs/watch.py", "from cogs.alerts import Alerts"),
        ("cogs/watch.py", "from cogs import alerts"),
        ("cogs/watch.py", "from . import alerts"),
        ("cogs/_ui/card.py", "from cogs.alerts import Alerts"),
        ("bot/newcomer.py", "from bot.services import recorder"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(path: str, text: str) -> None:
    assert len(house.wrong_directions(source(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bot/engine/judge.py", "from bot.models import Cause\nfrom bot.engine import rules"),
        ("bot/services/x.py", "from bot.db import guilds\nfrom bot.engine.judge import judge"),
        ("bot/cli/run.py", "from bot import __version__, app, log"),
        ("cogs/watch.py", "from bot.services.registry import Services\nfrom cogs._ui import card"),
        ("cogs/watch/__init__.py", "from cogs.watch.add import add\nfrom . import add"),
        ("cogs/_ui/card.py", "from cogs._ui.lines import RED"),
        ("bot/engine/judge.py", "import bottle\nimport asyncio"),
    ],
)
def test_an_import_in_the_right_direction_is_spared(path: str, text: str) -> None:
    assert house.wrong_directions(source(path, text)) == []


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("bot/services/x.py", "import discord", 1),
        ("bot/services/x.py", "from discord.ext import commands", 1),
        ("bot/services/x.py", "import httpx", 1),
        ("bot/engine/x.py", "import aiosqlite", 1),
        ("bot/discord/client.py", "import discord", 0),
        ("bot/engine/x.py", "import httpx, webencodings", 1),
        ("bot/engine/x.py", "import discordant", 0),
        ("bot/db/x.py", "import aiosqlite", 0),
        ("bot/app.py", "from aiohttp import web", 1),
        ("bot/discord/limits.py", "import aiohttp", 0),
        ("bot/web/door.py", "from aiohttp import web", 0),
        ("bot/charts/painter.py", "from matplotlib.figure import Figure", 1),
        ("bot/charts/drawing.py", "from matplotlib.figure import Figure", 0),
    ],
)
def test_a_library_outside_its_place_is_found(path: str, text: str, count: int) -> None:
    assert len(house.restricted_imports(source(path, text))) == count


@pytest.mark.parametrize(
    ("path", "count"),
    [("bot/app.py", 1), ("cogs/watch.py", 1), ("bot/cli/demo.py", 0), ("sandbox/x.py", 0)],
)
def test_the_sandbox_in_the_product_is_found(path: str, count: int) -> None:
    assert len(house.sandbox_imports(source(path, "from sandbox import world"))) == count


@pytest.mark.parametrize(
    "text",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"],
)
def test_a_read_of_the_environment_is_found(text: str) -> None:
    assert len(house.environment_reads(source("bot/app.py", text))) == 1
    assert house.environment_reads(source("bot/config.py", text)) == []


def test_a_long_file_is_found() -> None:
    assert house.long_files(source("bot/x.py", "x = 1\n" * 400)) == []
    assert len(house.long_files(source("bot/x.py", "x = 1\n" * 401))) == 1


def test_a_long_function_is_found_and_its_docstring_not_counted() -> None:
    doc = '    """One.\n\n    Two.\n    """\n'
    fits = "async def f() -> None:\n" + doc + "    x = 1\n" * 39
    assert house.long_functions(source("bot/x.py", fits)) == []
    assert len(house.long_functions(source("bot/x.py", fits + "    x = 1\n"))) == 1
    method = "class C:\n    def f(self) -> None:\n" + "        x = 1\n" * 40
    assert len(house.long_functions(source("bot/x.py", method))) == 1


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("x = 1", 0),
        ("if a:\n  pass\nelif b:\n  pass\nelif c:\n  pass", 1),
        ("if a:\n  pass\nelse:\n  if b:\n    pass", 2),
        ("if a:\n  pass\nelif b:\n  for x in y:\n    pass", 2),
        ("with a, b:\n  try:\n    pass\n  except E:\n    for x in y:\n      pass", 3),
        ("try:\n  pass\nfinally:\n  while a:\n    pass", 2),
        ("for x in y:\n  pass\nelse:\n  if a:\n    pass", 2),
        ("match a:\n  case 1:\n    if b:\n      pass", 2),
        ("while a:\n  def g():\n    if b:\n      pass", 2),
        ("async def g():\n  async with a:\n    async for x in y:\n      pass", 2),
        ("if a:\n  if b:\n    if c:\n      if d:\n        pass", 4),
    ],
)
def test_nesting_is_counted_as_people_see_it(text: str, deep: int) -> None:
    body = textwrap.indent(text, "  ")
    assert house.depth(source("bot/x.py", text).tree.body) == deep
    found = house.deep_functions(source("bot/x.py", f"def f():\n{body}"))
    assert [complaint for complaint in found if " f nests" in complaint] == (
        [f"bot/x.py:1 f nests {deep} deep"] if deep > 3 else []
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f():\n  pass", 1),
        ("def f():\n  ...", 1),
        ('def f():\n  """Says so."""', 1),
        ('async def f():\n  """Says so."""\n  ...', 1),
        ("class A:\n  pass", 1),
        ("try:\n  f()\nexcept E:\n  pass", 1),
        ("if a:\n  f()\nelse:\n  pass", 1),
        ("match a:\n  case 1:\n    pass", 1),
        ("class A:\n  def f(self):\n    ...", 1),
        ('class A(Exception):\n  """Says so."""', 0),
        ("class A(Protocol):\n  def f(self): ...", 0),
        ("class A(typing.Protocol[T]):\n  def f(self):\n    '''Says so.'''", 0),
        ("@overload\ndef f(a): ...", 0),
        ("def f():\n  return ...", 0),
    ],
)
def test_an_empty_body_is_found(text: str, count: int) -> None:
    assert len(house.empty_bodies(source("bot/x.py", text))) == count


def test_a_file_that_does_not_say_what_it_is_for_is_found() -> None:
    assert len(house.missing_docstrings(source("bot/x.py", "x = 1"))) == 1
    assert house.missing_docstrings(source("bot/x.py", '"""It."""\nx = 1')) == []
    assert house.missing_docstrings(source("bot/__init__.py", "")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def test_a():\n  f()", 1),
        ("def test_a():\n  def g():\n    f()\n  g()", 1),
        ("def test_a():\n  assert f()", 0),
        ("def test_a():\n  with pytest.raises(E):\n    f()", 0),
        ("def test_a():\n  each(checked)\ndef checked(x):\n  f(x)\ndef f(x):\n  assert x", 0),
        ("async def test_a(sandbox):\n  await sandbox.wait_for(f)", 0),
        ("def a():\n  f()", 0),
    ],
)
def test_a_test_that_checks_nothing_is_found(text: str, count: int) -> None:
    assert len(house.toothless_tests([source("tests/x.py", text)])) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(): ...", 1),
        ("class C: ...", 1),
        ("A = 1\nB: int = 2", 2),
        ("@dataclass\nclass C:\n  @property\n  def f(self): ...\nC()", 1),
        ("def f(): ...\nf()", 0),
        ("def f(): ...\nx.f", 0),
        ("def f(): ...\nset('bot.x.f')", 0),
        ("import f\ndef f(): ...", 0),
        ("class C(Base):\n  def on_ready(self): ...\nC()", 0),
        ("@pytest.fixture\ndef f(): ...", 0),
        ("pytestmark = 1\ndef test_f(): ...", 0),
    ],
)
def test_a_name_that_nobody_uses_is_found(text: str, count: int) -> None:
    made = source("bot/x.py", text)
    assert len(house.idle_names([made], [made])) == count


def test_an_undocumented_and_an_invented_setting_are_found() -> None:
    text = "`VIGIE_PORTS_EXTRA` and DISCORD_TOKEN_FILE, DISCORD_TOKEN"
    assert house.undocumented(["VIGIE_PORTS", "DISCORD_TOKEN"], text) == ["VIGIE_PORTS"]
    assert house.unknown_variables(["DISCORD_TOKEN"], text) == ["VIGIE_PORTS_EXTRA"]


def test_a_file_that_is_named_and_not_there_is_found() -> None:
    text = "`bot/app.py`, `bot/gone.py`, cogs/_ui/, bot/away/, see https://a.example/bot/x.py"
    assert house.dead_paths(text) == ["bot/away/", "bot/gone.py"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("told_ms = 1", 1),
        ("class LastTold: ...", 1),
        ("x = 1  # the lane of a host", 1),
        ('def f():\n  """Confirm tries."""', 1),
        ('log.info("A channel stumbled")', 1),
        ('x = "about 1 in 4 tries gets through"', 0),
        ("old_ms = untiled = 1", 0),
    ],
)
def test_a_retired_word_is_found(text: str, count: int) -> None:
    assert len(house.retired_words(source("bot/x.py", text))) == count
