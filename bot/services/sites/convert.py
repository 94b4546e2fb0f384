"""The list of another program as a file of sites: what ``vigie plan`` prints of one."""

import re
from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped] # it has no types of its own

from bot.services.monitor_options import OPTIONS
from bot.services.option_types import HeadersOption
from bot.services.transfer.files import Item

_IS_OURS = re.compile(rb"^servers\s*:", re.MULTILINE)
_HEAD = """\
# Read this first: docs/sites-file.md. Put in the id of your server.
servers:
  - id: 123456789012345678
    monitors:
"""


def is_sites_file(data: bytes) -> bool:
    """Whether it is one already."""
    return _IS_OURS.search(data) is not None


def as_sites_file(items: Sequence[Item]) -> str:
    """YAML with a remark for whatever differs, and for what is not taken."""
    return _HEAD + "".join(map(_entry, items))


def _entry(item: Item) -> str:
    remarks = [_one_line(text.format(**values)) for text, values in item.remarks]
    if item.error is not None:
        remarks.append(f"not taken: {_one_line(item.label)}: {_one_line(str(item.error))}")
    lines = [f"      # {one}\n" for one in remarks]
    if item.error is None:
        values = {name: _plain(name, value) for name, value in item.typed.items() if value}
        if item.paused:
            values["paused"] = True
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
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
