"""Parameters of commands, one for each option of a monitor.

discord.py reads a command's parameters from ``inspect.signature``, which honours
``__signature__``: the command itself takes them by name as ``**typed``.
"""

import inspect
from collections.abc import Callable
from typing import Any, Literal, Optional, TypeVar

from discord import app_commands

from bot.services.monitor_options import IN_COMMANDS, OPTIONS
from bot.services.option_types import (
    AddressOption,
    ChannelOption,
    ChoiceOption,
    NumberOption,
    Option,
    PlaceOption,
    PlacesOption,
    RoleOption,
)
from cogs._ui.monitor_option import PlaceName
from cogs._ui.options import AlertChannel, AlertRole

# Typed to take an option away: Discord sends no empty one.
_NOTHING = "-"

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_options(*, editing: bool) -> Callable[[Command], Command]:
    """Add all options; ``editing``: none is required, and what may be taken away can be."""

    def decorate(command: Command) -> Command:
        own = [
            one
            for one in inspect.signature(command).parameters.values()
            if one.kind is not one.VAR_KEYWORD
        ]
        added = [_parameter(option, editing=editing) for option in IN_COMMANDS]
        command.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        texts = {one.name: one.edit_help if editing else one.help for one in IN_COMMANDS}
        return app_commands.describe(**texts)(command)

    return decorate


def _parameter(option: Option, *, editing: bool) -> inspect.Parameter:
    required = isinstance(option, AddressOption) and not editing
    annotation = _annotation(option, editing=editing)
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else None,
        annotation=annotation if required else Optional[annotation],  # noqa: UP045 - made at run time
    )


def _annotation(option: Option, *, editing: bool) -> Any:
    match option:
        case NumberOption():
            low = 0 if editing and option.removable else option.low
            return app_commands.Range[int, low, option.high]
        case ChoiceOption():
            return Literal[option.choices]
        case PlacesOption():
            return PlaceName
        case ChannelOption():
            return AlertChannel
        case RoleOption():
            return AlertRole
        case _:
            return str


def typed_options(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given: ids of what was picked, nothing for what is taken away."""
    return {
        name: _typed(OPTIONS[name], value) for name, value in given.items() if value is not None
    }


def _typed(option: Option, value: Any) -> Any:
    if isinstance(option, PlaceOption):
        return value.id
    taken_away = option.removable and isinstance(value, str) and value.strip() == _NOTHING
    return None if taken_away else value
