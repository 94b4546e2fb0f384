"""The house rules as functions over source text; each returns its complaints, one line apiece."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_FILE, MAX_FUNCTION, MAX_DEPTH = 400, 40, 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Who may import whom; what is missing here is forbidden. The root package holds the version alone.
LEAVES = frozenset({"bot", "models", "errors", "clock"})
LOWER = LEAVES | {"words"}
MIDDLE = LOWER | {"config", "log"}
ALLOWED: dict[str, frozenset[str]] = {
    "bot": frozenset(),
    "errors": frozenset(),
    "clock": frozenset(),
    "log": frozenset({"bot"}),
    "models": frozenset({"bot", "errors"}),
    "config": frozenset({"bot", "errors"}),
    "words": LEAVES,
    "charts": LOWER,
    "engine": LOWER,
    "places": LOWER | {"engine"},
    "db": LOWER,
    "sandbox": LOWER,
    "services": MIDDLE | {"engine", "db", "charts"},
    "discord": MIDDLE | {"services"},
    "web": MIDDLE | {"services"},
    "app": MIDDLE | {"services", "engine", "db", "discord", "places", "web"},
    "cli": MIDDLE
    | {"services", "engine", "db", "discord", "app", "charts", "sandbox"}
    | {"places"},
    "__main__": LEAVES | {"config", "cli", "log"},
    "cogs": MIDDLE | {"services", "charts", "discord"},
}
# Where a library may be imported: prefixes of paths.
RESTRICTED = {
    "discord": ("bot/discord/", "sandbox/", "cogs/"),
    "httpx": ("bot/engine/",),
    "webencodings": ("bot/engine/page_text.py",),
    "aiosqlite": ("bot/db/",),
    "aiohttp.web": ("bot/web/", "sandbox/"),
    "nats": ("bot/places/",),
    "bcrypt": ("bot/places/",),
    "prometheus_client": ("bot/web/",),
    "jinja2": ("bot/web/",),
    "matplotlib": ("bot/charts/drawing.py",),
    "PIL": ("bot/charts/drawing.py", "bot/charts/day_grid.py"),
}
ENVIRONMENT = ("bot/config.py", "bot/__main__.py")
ENVIRONMENT_NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
SANDBOX_USERS = ("sandbox/", "bot/cli/demo")


# Words of former times, each with what is used now (CONTRIBUTING, "Words").
RETIRED = {
    "told": "sent, notified or reported",
    "tell": "send, notify or report",
    "tells": "sends, notifies or reports",
    "untold": "not sent",
    "tries": "checks",
    "hushed": "silenced",
    "muffled": "silenced",
    "withheld": "silenced",
    "overlay": "silence",
    "overlays": "silences",
    "blindness": "offline",
    "courier": "sender",
    "sink": "transport",
    "lane": "host limit",
    "lanes": "host limits",
    "moot": "superseded",
    "sideline": "background work",
    "stumbled": "failed",
}
# What people read, fixed by outside tools, may be quoted.
FIXED = re.compile(r"Tell me when it is back|tell_me|tries gets? through")
# An argument of aiodns.
SPARED = {("bot/engine/resolver.py", "tries")}


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def package(self) -> list[str]:
        return list(Path(self.path).parent.parts)

    @property
    def area(self) -> str:
        """``bot/engine/judge.py`` → engine; ``bot/app.py`` → app; ``cogs/watch.py`` → cogs."""
        return area(".".join(Path(self.path).with_suffix("").parts).removesuffix(".__init__"))


def sources(*folders: str) -> list[Source]:
    return [
        Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
        for folder in folders
        for file in sorted((ROOT / folder).rglob("*.py"))
    ]


def area(module: str) -> str:
    first, *rest = module.split(".")
    return rest[0] if first == "bot" and rest else first


def imports(source: Source) -> Iterator[tuple[str, int]]:
    """Every imported module, wherever the import stands (also under TYPE_CHECKING).

    A name taken from a package counts as a module of its own: ``from bot import log`` is bot.log.
    """
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = source.package[: len(source.package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{name}.{alias.name}", node.lineno) for alias in node.names)


def wrong_directions(source: Source) -> list[str]:
    found = []
    for module, line in imports(source):
        if module.split(".")[0] not in {"bot", "cogs", "sandbox"}:
            continue
        target = area(module)
        if target not in ALLOWED and module.count(".") == 1:
            target = "bot"  # a name of the root package, such as its version
        if target == source.area and not (target == "cogs" and _between_cogs(source, module)):
            continue
        if target not in ALLOWED.get(source.area, frozenset()):
            found.append(f"{source.path}:{line} imports {module}")
    return found


def _between_cogs(source: Source, module: str) -> bool:
    """What cogs share stands in cogs/_ui, which knows none of them."""
    own = source.path.removesuffix(".py").split("/")[1]
    return module.split(".")[1] not in {own, "_ui"}


def restricted_imports(source: Source) -> list[str]:
    return [
        f"{source.path}:{line} imports {module}"
        for module, line in imports(source)
        for library, places in RESTRICTED.items()
        if f"{module}.".startswith(f"{library}.") and not source.path.startswith(places)
    ]


def sandbox_imports(source: Source) -> list[str]:
    """The stand-in for Discord is used by the demo and the tests alone."""
    return [
        f"{source.path}:{line} imports {module}"
        for module, line in imports(source)
        if f"{module}.".startswith("sandbox.") and not source.path.startswith(SANDBOX_USERS)
    ]


def environment_reads(source: Source) -> list[str]:
    if source.path in ENVIRONMENT:
        return []
    found = [
        f"{source.path}:{node.lineno} reads os.{node.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ENVIRONMENT_NAMES
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    names = {f"os.{name}" for name in ENVIRONMENT_NAMES}
    return found + [
        f"{source.path}:{n} reads {name}" for name, n in imports(source) if name in names
    ]


def long_files(source: Source) -> list[str]:
    lines = len(source.text.splitlines())
    return [f"{source.path} has {lines} lines"] if lines > MAX_FILE else []


def long_functions(source: Source) -> list[str]:
    return [
        f"{source.path}:{node.lineno} {node.name} has {function_lines(node)} lines"
        for node in _functions(source)
        if function_lines(node) > MAX_FUNCTION
    ]


def function_lines(node: Function) -> int:
    """From ``def`` to the end, without the docstring."""
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def deep_functions(source: Source) -> list[str]:
    return [
        f"{source.path}:{node.lineno} {node.name} nests {depth(node.body)} deep"
        for node in _functions(source)
        if depth(node.body) > MAX_DEPTH
    ]


NESTING = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


def depth(body: Sequence[ast.stmt]) -> int:
    """How deep blocks stand in each other. An elif stands beside its if, an inner def goes on."""
    return max((_depth(statement) for statement in body), default=0)


def _depth(node: ast.stmt) -> int:
    own = int(isinstance(node, NESTING))
    if isinstance(node, ast.If) and _is_elif(node):
        return max(own + depth(node.body), depth(node.orelse))
    return own + max((depth(block) for block in _blocks(node)), default=0)


def _is_elif(node: ast.If) -> bool:
    match node.orelse:
        case [ast.If() as other]:
            return other.col_offset == node.col_offset
    return False


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def empty_bodies(source: Source) -> list[str]:
    """Blocks of nothing but ``pass`` or ``...``, and functions of nothing but a docstring."""
    allowed = {
        id(inner)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.dump(b) for b in node.bases)
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(source.tree):
        if id(node) in allowed or _is_overload(node):
            continue
        if not isinstance(node, ast.stmt):  # a handler's body is looked at with its try
            continue
        if any(_is_empty(node, block) for block in _blocks(node)):
            found.append(f"{source.path}:{node.lineno} has an empty body")
    return found


def _is_empty(node: ast.AST, block: list[ast.stmt]) -> bool:
    left = block
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and ast.get_docstring(node) is not None:
        left = block[1:]
        if not left:
            return isinstance(node, FUNCTIONS)
    return all(
        isinstance(s, ast.Pass)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and s.value.value is ...)
        for s in left
    )


def _is_overload(node: ast.AST) -> bool:
    return any("overload" in ast.dump(d) for d in getattr(node, "decorator_list", ()))


def missing_docstrings(source: Source) -> list[str]:
    """Each file that holds anything begins by saying what it is for."""
    missing = bool(source.tree.body) and ast.get_docstring(source.tree) is None
    return [f"{source.path} has no docstring"] if missing else []


def toothless_tests(found: Sequence[Source]) -> list[str]:
    """Tests that only a crash can fail: neither they nor a function they name checks anything."""
    functions = [(source, node) for source in found for node in _functions(source)]
    read = {id(node): set(_read(node)) for _, node in functions}
    checking: set[str] = set()
    while more := {n.name for _, n in functions if read[id(n)] & (CHECKS | checking)} - checking:
        checking |= more
    return [
        f"{source.path}:{node.lineno} {node.name} checks nothing"
        for source, node in functions
        if node.name.startswith("test_") and node.name not in checking
    ]


CHECKS = {"assert", "expect", "until", ".raises", ".wait_for", ".wait_for_message", ".wait_online"}


def _read(node: Function) -> Iterator[str]:
    """The names in a body, those of attributes with a dot before them, and its assertions."""
    for part in (part for statement in node.body for part in ast.walk(statement)):
        if isinstance(part, ast.Assert):
            yield "assert"
        elif isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield f".{part.attr}"


def idle_names(found: Sequence[Source], users: Sequence[Source]) -> list[str]:
    """Functions, classes and constants that nobody names.

    Spared is what a library may call: a method of a class with a base, what a decorator hands on.
    """
    used = {name for source in users for name in _used(source)}
    return [
        f"{source.path}:{line} nobody uses {name}"
        for source in found
        for name, line in _defined(source)
        if name not in used
    ]


# These decorators leave a name to its callers; any other may register it somewhere.
PLAIN = {"property", "cached_property", "staticmethod", "classmethod", "cache"} | {
    "contextmanager",
    "asynccontextmanager",
    "dataclass",
}
READ_BY_TOOLS = re.compile(r"__\w+__|test_\w+|pytestmark")


def _defined(source: Source) -> Iterator[tuple[str, int]]:
    plain_classes = [n for n in source.tree.body if isinstance(n, ast.ClassDef) and not n.bases]
    methods = [part for one in plain_classes for part in one.body if isinstance(part, FUNCTIONS)]
    for node in (*source.tree.body, *methods):
        names = []
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                decorators = {_last_name(one) for one in node.decorator_list}
                names = [node.name] if decorators <= PLAIN else []
            case ast.Assign():
                names = [one.id for one in node.targets if isinstance(one, ast.Name)]
            case ast.AnnAssign(target=ast.Name() as target):
                names = [target.id]
        yield from ((name, node.lineno) for name in names if not READ_BY_TOOLS.fullmatch(name))


def _last_name(decorator: ast.expr) -> str:
    return ast.unparse(decorator).partition("(")[0].rpartition(".")[2]


def _used(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(ctx=ast.Load()):
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.alias():
                yield node.name.rpartition(".")[2]
            case ast.Constant(value=str(text)) if re.fullmatch(r"[\w.]+", text):
                yield text.rpartition(".")[
                    2
                ]  # as in monkeypatch.setattr("bot.discord.client._AWAY_S", 1)


def undocumented(variables: Sequence[str], text: str) -> list[str]:
    return [name for name in variables if not re.search(rf"(?<!\w){name}(?!\w)", text)]


def unknown_variables(variables: Sequence[str], text: str) -> list[str]:
    """What the documentation promises and nobody reads."""
    named = set(re.findall(r"(?<!\w)(?:VIGIE|DISCORD)_[A-Z_]+(?!\w)", text))
    return sorted(name for name in named if name.removesuffix("_FILE") not in variables)


def dead_paths(text: str) -> list[str]:
    """Files and folders that a page names and that are not there."""
    places = r"(?<![\w/.-])(?:bot|cogs|deploy|docs|tests)/(?:[\w.-]+/)*(?:[\w-]+\.\w+)?"
    return sorted(path for path in set(re.findall(places, text)) if not (ROOT / path).exists())


def _functions(source: Source) -> list[Function]:
    return [node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)]


def retired_words(source: Source) -> list[str]:
    """Names, comments, docstrings and log lines; other strings may be fixed by outside tools."""
    return [
        f"{source.path}:{line} says “{word}”: use {RETIRED[word]}"
        for line, text in _prose(source)
        for word in dict.fromkeys(_words(text))
        if word in RETIRED and (source.path, word) not in SPARED
    ]


def _prose(source: Source) -> Iterator[tuple[int, str]]:
    lines = {line for first, last in _spans(source.tree) for line in range(first, last + 1)}
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        is_text = token.type == tokenize.STRING and token.start[0] in lines
        if token.type in {tokenize.NAME, tokenize.COMMENT} or is_text:
            yield token.start[0], token.string


def _spans(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last lines of docstrings and of what is logged."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield node.lineno, node.end_lineno or node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), args=[first, *_]):
                yield first.lineno, first.end_lineno or first.lineno


def _words(text: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", FIXED.sub("", text))
    return re.findall(r"[a-z]+", apart.lower())
