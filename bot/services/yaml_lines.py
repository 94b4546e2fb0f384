"""YAML with the line of every key, read safely and by the plain rules of YAML 1.2.

``no`` and ``on`` are words, ``14:00`` is no number, and a key that stands twice is an error: people
write such files by hand.
"""

import re
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot.errors import VigieError

MAX_NODES = 100_000  # aliases of aliases grow without end


class YamlError(VigieError):
    """``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Lines(dict[str, Any]):
    """A mapping that knows in which line it begins, and each of its keys stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.line_of: dict[str, int] = {}


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # as above
    """Only what YAML 1.2 calls a number or a truth value is one."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|)", ["~", "n", ""]),
    ("bool", r"(?:true|false)", list("tf")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", list("-+0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"{_pattern}$"), _first)


def load_yaml(text: str) -> Any:
    """Mappings are :class:`Lines`. Raises YamlError."""
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return None if node is None else _Builder(loader).build(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise YamlError(1 if mark is None else mark.line + 1, str(reason)) from error
    except RecursionError as error:
        raise YamlError(1, "it is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Builder:
    def __init__(self, loader: _Loader) -> None:
        self._loader = loader
        self._nodes = 0

    def build(self, node: Any) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise YamlError(node.start_mark.line + 1, "the file has too many parts")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(one) for one in node.value]
        return self._loader.construct_object(node)

    def _mapping(self, node: Any) -> Lines:
        own: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(key.start_mark.line + 1, "a key must be a word")
            if key.value in own:
                raise YamlError(key.start_mark.line + 1, f"“{key.value}” stands here twice")
            own.add(key.value)
        self._loader.flatten_mapping(node)
        found = Lines(node.start_mark.line + 1)
        for key, value in node.value:
            found.line_of[key.value] = key.start_mark.line + 1
            found[key.value] = self.build(value)
        return found
