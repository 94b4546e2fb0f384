"""Every sentence the code speaks, read from its syntax: what a catalogue has to translate."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from bot.services.monitor_options import OPTIONS
from bot.services.option_types import ChoiceOption

ROOT = Path(__file__).parents[2]
FOLDERS = ("bot", "cogs")
ERRORS = {"UserError", "AddressRefused", "NotFound"}
MARKERS = {"N_", "locale_str", "Choice"}
# Names of statuses that another Python has; ours are translated in any case.
OTHER_STATUSES = {
    *("Content Too Large", "URI Too Long", "Range Not Satisfiable", "Unprocessable Content"),
    *("Request Entity Too Large", "Request-URI Too Long", "Requested Range Not Satisfiable"),
    "Unprocessable Entity",
}
STATUSES = {status.phrase for status in HTTPStatus}
TABLE = "bot/services/monitor_options.py"
# Parameters of a command that Discord never sees.
UNSEEN = {"self", "interaction", "cls"}


@dataclass
class Sentences:
    """``texts`` and ``plurals`` by where they stand; ``names`` are those of commands and options.

    ``may``: choices that need no translation but may have one. ``descriptions``: the texts among
    ``texts`` that Discord shows in the list of commands. ``faults``: what cannot be read.
    """

    texts: dict[str, str] = field(default_factory=dict)
    plurals: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    may: set[str] = field(default_factory=set)
    descriptions: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def spoken(root: Path = ROOT) -> Sentences:
    found = Sentences()
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            _Reader(found, path.relative_to(root)).visit(ast.parse(path.read_text("utf-8")))
    _options(found)
    return found


def _options(found: Sentences) -> None:
    """Commands have a parameter for each option of the table, which no syntax shows."""
    for option in OPTIONS.values():
        found.names.setdefault(option.name, TABLE)
        found.descriptions |= {option.help, option.edit_help}
        if isinstance(option, ChoiceOption):
            found.may |= set(option.choices)


class _Reader(ast.NodeVisitor):
    def __init__(self, found: Sentences, path: Path) -> None:
        self.found = found
        self.path = path

    def visit_Call(self, node: ast.Call) -> None:
        called = _last_name(node.func)
        if called in ERRORS | MARKERS:
            first = node.args[:1] or [k.value for k in node.keywords if k.arg == "name"]
            self._texts(first)
        elif called == "text" and self._is_words(node.func):
            self._texts(node.args[:1])
        elif called == "NN_" or (called == "plural" and self._is_words(node.func)):
            self._plural(node)
        elif called == "describe":
            self._described([keyword.value for keyword in node.keywords])
        elif called == "Group":
            self._named(node, "name", "description")
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._keywords(node.keywords, "group_name", "group_description", node)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._command(node)
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._command(node)
        self.generic_visit(node)

    def _command(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        calls = [call for call in node.decorator_list if isinstance(call, ast.Call)]
        commands = [call for call in calls if _last_name(call.func) == "command"]
        if not commands or self.path.parts[0] != "cogs":
            return
        self._named(commands[0], "name", "description", default=node.name)
        renamed: dict[str, str] = {}
        for call in calls:
            if _last_name(call.func) == "rename":
                renamed |= {k.arg or "": text for k in call.keywords for text in _literals(k.value)}
        for argument in (*node.args.args, *node.args.kwonlyargs):
            if argument.arg not in UNSEEN:
                self.found.names.setdefault(renamed.get(argument.arg, argument.arg), self._at(node))
                self.found.may |= set(_choices(argument.annotation))

    def _named(self, node: ast.Call, name: str, about: str, default: str | None = None) -> None:
        self._keywords(node.keywords, name, about, node)
        if default and not any(keyword.arg == name for keyword in node.keywords):
            self.found.names.setdefault(default, self._at(node))

    def _keywords(
        self, keywords: list[ast.keyword], name: str, about: str, node: ast.Call | ast.ClassDef
    ) -> None:
        for keyword in keywords:
            if keyword.arg == name:
                for text in _literals(keyword.value):
                    self.found.names.setdefault(text, self._at(node))
            elif keyword.arg == about:
                self._described([keyword.value])

    def _described(self, nodes: list[ast.expr]) -> None:
        self.found.descriptions |= {text for node in nodes for text in _literals(node)}
        self._texts(nodes)

    def _plural(self, node: ast.Call) -> None:
        one, many = (list(_literals(argument)) for argument in node.args[:2])
        for pair in zip(one, many, strict=True):
            self.found.plurals.setdefault(pair, self._at(node))

    def _texts(self, nodes: list[ast.expr]) -> None:
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                self.found.faults.append(f"{self._at(node)}: an f-string cannot be translated")
            for text in _literals(node):
                self.found.texts.setdefault(text, self._at(node))

    def _is_words(self, function: ast.expr) -> bool:
        """``words.text``, ``self._words.text``, ``translator_of(x).text``; in words/ ``text``."""
        owner = _last_name(function.value) if isinstance(function, ast.Attribute) else ""
        inside = self.path.parts[:2] == ("bot", "words") and owner == "self"
        return inside or owner.lstrip("_") in {"words", "translator_for", "translator_of"}

    def _at(self, node: ast.expr | ast.stmt) -> str:
        return f"{self.path}:{node.lineno}"


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Call():
            return _last_name(node.func)
        case _:
            return ""


def _literals(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from _literals(node.body)
            yield from _literals(node.orelse)
        case ast.Call(func=ast.Name(id="N_" | "locale_str"), args=[first, *_]):
            yield from _literals(first)


def _choices(annotation: ast.expr | None) -> Iterator[str]:
    for node in ast.walk(annotation) if annotation else ():
        if isinstance(node, ast.Subscript) and _last_name(node.value) == "Literal":
            for part in ast.walk(node.slice):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value
