"""YAML, and JSON beside it, with the line of every key. Pure.

It is read safely and by the plain rules of YAML 1.2: ``no`` and ``on`` are words, ``14:00`` is no
number, a date is a text, and a key that stands twice is an error: people write such files by hand.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot.errors import UserError, VigieError
from bot.words.escaping import plain

MAX_NODES = 100_000  # aliases of aliases grow without end
MAX_DEPTH = 30
_REASON_LIMIT, _QUOTED_LIMIT = 700, 60


class YamlError(VigieError):
    """``line`` counts from 1. What the reason quotes of the file is made one line of its own."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, plain(reason, _REASON_LIMIT)
        super().__init__(f"line {line}: {self.reason}")


class Lines(dict[str, Any]):
    """A mapping that knows in which line it begins, and each of its keys stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.line_of: dict[str, int] = {}

    @classmethod
    def of(cls, value: Any, line: int = 0) -> Any:
        """What JSON has: everything in it stands in this one line."""
        if isinstance(value, list):
            return [cls.of(one, line) for one in value]
        if not isinstance(value, dict):
            return value
        found = cls(line)
        for key, one in value.items():
            found[key], found.line_of[key] = cls.of(one, line), line
        return found


_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
# What a scalar looks like by its type, how it may begin, and what it is. Longer numbers are texts.
_SCALARS: dict[str, tuple[str, list[str], Callable[[str], Any]]] = {
    "null": (r"(?:~|null|)", ["~", "n", ""], lambda _: None),
    "bool": (r"(?:true|false)", list("tf"), lambda text: text == "true"),
    "int": (r"[-+]?(?:0|[1-9][0-9]{0,18})", list("-+0123456789"), int),
    "float": (r"[-+]?(?:0|[1-9][0-9]{0,18})\.[0-9]{1,18}", list("-+0123456789"), float),
}


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # as above
    """Only what YAML 1.2 calls a number or a truth value is one."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _name, (_pattern, _first, _) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"{_pattern}$"), _first)
_Loader.add_implicit_resolver(_MERGE, re.compile("<<$"), ["<"])


def load_yaml(text: str) -> Any:
    """Mappings are :class:`Lines`. Raises YamlError."""
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return None if node is None else _Builder().build(node)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(line, f"U+{error.character:04X} is no character of YAML") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "unreadable"
        raise YamlError(1 if mark is None else mark.line + 1, str(reason)) from error
    except RecursionError as error:
        line = 1 if loader is None else loader.line + 1
        raise YamlError(line, "it is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Builder:
    def __init__(self) -> None:
        self._nodes = 0

    def build(self, node: Any, depth: int = 0) -> Any:
        self._nodes += 1
        line = _line(node)
        if self._nodes > MAX_NODES:
            raise YamlError(line, "the file has too many parts")
        if depth > MAX_DEPTH:
            raise YamlError(line, "it is nested too deeply")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth + 1)
        return [self.build(one, depth + 1) for one in node.value]

    def _mapping(self, node: Any, depth: int) -> Lines:
        found, merged = Lines(_line(node)), list[Lines]()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(_line(key), "a key must be a word")
            if key.value in found.line_of:
                raise YamlError(_line(key), f"“{_quoted(key.value)}” stands here twice")
            found.line_of[key.value] = _line(key)
            if key.tag == _MERGE:
                merged = self._merged(value, depth)
            else:
                found[key.value] = self.build(value, depth)
        for one in merged:  # of two that have a key the first one counts
            for name in one:
                if name not in found:
                    found[name], found.line_of[name] = one[name], one.line_of[name]
        return found

    def _merged(self, node: Any, depth: int) -> list[Lines]:
        whole = self.build(node, depth)
        found = whole if isinstance(whole, list) else [whole]
        if not all(isinstance(one, Lines) for one in found):
            raise YamlError(_line(node), "“<<” takes the keys of another mapping")
        return found


def _scalar(node: Any) -> Any:
    """As its tag says, whether the file names it or it shows by the look of it."""
    name = node.tag.removeprefix(_TAG)
    if name in {"str", "merge"}:
        return node.value
    pattern, _, convert = _SCALARS.get(name, ("", [], None))
    if convert is None:
        raise YamlError(_line(node), f"the tag “{_quoted(node.tag)}” is not known here")
    if re.fullmatch(pattern, node.value) is None:
        raise YamlError(_line(node), f"“{_quoted(node.value)}” is no {name}")
    return convert(node.value)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _quoted(text: str) -> str:
    return plain(text, _QUOTED_LIMIT)


def check_keys(raw: Lines, known: Iterable[str]) -> None:
    """Raises YamlError for a key that is none of these. One without a value is not there."""
    for key in list(raw):
        if key not in known:
            reason = f"“{_quoted(key)}” is no key here; there are {', '.join(known)}"
            raise YamlError(raw.line_of[key], reason)
        if raw[key] is None:
            del raw[key]


def one_of(raw: Lines, key: str, allowed: Iterable[str]) -> str:
    """Raises YamlError for a value that is none of these."""
    text = str(raw[key])
    if isinstance(raw[key], bool) or text not in tuple(allowed):
        raise YamlError(raw.line_of[key], f"“{key}” is one of {', '.join(allowed)}")
    return text


def listed(raw: Lines, key: str) -> list[Any]:
    """Raises YamlError for what is no list."""
    found = raw.get(key)
    if found is not None and not isinstance(found, list):
        raise YamlError(raw.line_of[key], f"“{key}” is a list: each entry begins with “- ”")
    return found or []


def read_text(raw: Lines, key: str, reader: Callable[[str], Any]) -> Any:
    """What ``reader`` makes of a key's text or number; None where it is not there.

    Raises YamlError with its line and reason.
    """
    if key not in raw:
        return None
    value = raw[key]
    if isinstance(value, bool | list | dict):
        raise YamlError(raw.line_of[key], f"“{key}” is a text: put it in quotation marks")
    return taken(raw.line_of[key], reader, str(value))


def taken(line: int, reader: Callable[[Any], Any], value: Any) -> Any:
    """As :func:`read_text`, of any value."""
    try:
        return reader(value)
    except UserError as error:
        raise YamlError(line, str(error)) from error
