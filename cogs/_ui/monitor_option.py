"""Options of commands that are monitors, or the options of one.

A monitor is offered by name as people type, sent as an id, taken as either. An option of the table
becomes a parameter: discord.py reads those from ``inspect.signature``, which honours
``__signature__``, and the command itself takes them by name as ``**given``.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, Optional, TypeAlias, TypeVar

from discord import app_commands

from bot.discord.client import Interaction, VigieClient
from bot.errors import NotFound, UserError
from bot.models import Monitor
from bot.services.monitor_options import EVERY, GRACE, IN_COMMANDS, MAX_PERIOD_S, OPTIONS
from bot.services.monitor_rules import NO_SUCH_SITE
from bot.services.monitors import NO_SUCH_TAG, TAG_VALUE, is_tag, tag_of
from bot.services.option_types import (
    ALL_PLACES,
    AddressOption,
    ChannelOption,
    ChoiceOption,
    MonitorOption,
    NumberOption,
    Option,
    PlaceOption,
    PlacesOption,
    RoleOption,
    YesOption,
    tag_name,
)
from bot.services.status import MonitorStatus
from bot.words.escaping import plain
from bot.words.translator import N_
from cogs._ui.interactions import can_see, is_manager, known_monitors, visible_monitors
from cogs._ui.options import MOST, AlertChannel, AlertRole, Choices, choices, safe_autocomplete

_NAME_LIMIT, _CHOICE_LIMIT, _FEW_TAGS = 80, 100, 5
# Typed to take an option away: Discord sends no empty one.
_NOTHING = "-"
_Offered: TypeAlias = list[app_commands.Choice[Any]]
Command = TypeVar("Command", bound=Callable[..., Any])


class _Offering(app_commands.Transformer[VigieClient]):
    """An option that offers sites by name as people type; those of managers, to managers alone."""

    for_managers: ClassVar[bool] = False

    async def autocomplete(self, interaction: Interaction, typed: Any, /) -> _Offered:
        if self.for_managers and not is_manager(interaction):
            return []
        return await safe_autocomplete(self.offered)(interaction, typed)

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        return _choices(self.monitors(interaction), typed)

    def monitors(self, interaction: Interaction) -> list[Monitor]:
        """Those that the person may see."""
        return [one.monitor for one in visible_monitors(interaction, _overview(interaction))]


class _Visible(_Offering):
    """The monitors a person may see."""

    async def transform(self, interaction: Interaction, value: str, /) -> MonitorStatus:
        """One whose alert channel they cannot see is refused in the words of an unknown one."""
        status = _found(interaction, value)
        if can_see(interaction, status.channel_id):
            return status
        raise NotFound(NO_SUCH_SITE, name=plain(value.strip(), _NAME_LIMIT))


class _Known(_Visible):
    """Those, and the outlines of public ones."""

    async def transform(self, interaction: Interaction, value: str, /) -> MonitorStatus:
        known = known_monitors(interaction, [_found(interaction, value)])
        return known[0] if known else await super().transform(interaction, value)

    def monitors(self, interaction: Interaction) -> list[Monitor]:
        return [one.monitor for one in known_monitors(interaction, _overview(interaction))]


class _Managed(_Offering):
    """All monitors of the server, for those who may change them."""

    for_managers = True

    async def transform(self, interaction: Interaction, value: str, /) -> Any:
        return interaction.client.services.monitors.find(interaction.guild_id or 0, value)

    def monitors(self, interaction: Interaction) -> list[Monitor]:
        return interaction.client.services.monitors.of_guild(interaction.guild_id or 0)


class _VisibleOrTag(_Visible):
    """One of those, or all of them that have a tag."""

    async def transform(self, interaction: Interaction, value: str, /) -> Any:
        seen = visible_monitors(interaction, _overview(interaction))
        if not is_tag({tag for one in seen for tag in one.monitor.tags}, value):
            return [await super().transform(interaction, value)]
        if found := [one for one in seen if tag_of(value) in one.monitor.tags]:
            return found
        raise NotFound(NO_SUCH_TAG, tag=plain(tag_of(value), _NAME_LIMIT))

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        return _with_tags(self.monitors(interaction), typed)


class _ManagedOrTag(_Managed):
    """A monitor of the server, or all that have a tag."""

    async def transform(self, interaction: Interaction, value: str, /) -> list[Monitor]:
        return interaction.client.services.monitors.matching(interaction.guild_id or 0, value)

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        return _with_tags(self.monitors(interaction), typed)


class _Tag(_Offering):
    """A tag by itself."""

    async def transform(self, _interaction: Interaction, value: str, /) -> str:
        return tag_name(tag_of(value))

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        of = _Managed() if is_manager(interaction) else self
        return _tag_choices(of.monitors(interaction), typed)


class _Parent(_Managed):
    """The id of a monitor or the name of a page to depend on, or what takes it away."""

    async def transform(self, interaction: Interaction, value: str, /) -> Any:
        if value.strip() == _NOTHING:
            return _NOTHING
        try:
            return str((await super().transform(interaction, value)).id)
        except NotFound:
            pages = interaction.client.services.followed.of_guild(interaction.guild_id or 0)
            if value.strip().casefold() in {one.name.casefold() for one in pages}:
                return value.strip()
            raise

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        wanted, followed = typed.strip().casefold(), interaction.client.services.followed
        names = [one.name for one in followed.of_guild(interaction.guild_id or 0)]
        pages = choices((name, name) for name in names if wanted in name.casefold())[:_FEW_TAGS]
        return [*_choices(self.monitors(interaction), typed)[: MOST - len(pages)], *pages]


class _Place(_Offering):
    """The places that are known, for those who may change monitors."""

    for_managers = True

    async def transform(self, _interaction: Interaction, value: str, /) -> str:
        return value.strip()

    def offered(self, interaction: Interaction, typed: str) -> Choices:
        names = [ALL_PLACES, *interaction.client.services.monitors.places]
        return choices((one, one) for one in names if typed.strip().casefold() in one.casefold())


_AS_SERVER = "server"
# No role of its own, and not quiet.
PINGS_AS_SERVER: dict[str, Any] = {"role": None, "quiet": False}


class _Quiet(app_commands.Transformer[VigieClient]):
    """Whether it pings, with the way back to what the server does."""

    choices = [  # noqa: RUF012 - a property of discord.py's
        app_commands.Choice(name=N_("yes: ping nobody"), value="yes"),
        app_commands.Choice(name=N_("no: ping its role"), value="no"),
        app_commands.Choice(name=N_("no: ping the server's role, not its own"), value=_AS_SERVER),
    ]

    async def transform(self, _interaction: Interaction, value: str, /) -> str:
        return value


PlaceName: TypeAlias = app_commands.Transform[str, _Place]
VisibleMonitor: TypeAlias = app_commands.Transform[MonitorStatus, _Visible]
KnownMonitor: TypeAlias = app_commands.Transform[MonitorStatus, _Known]
ManagedMonitor: TypeAlias = app_commands.Transform[Monitor, _Managed]
VisibleMonitors: TypeAlias = app_commands.Transform[list[MonitorStatus], _VisibleOrTag]
ManagedMonitors: TypeAlias = app_commands.Transform[list[Monitor], _ManagedOrTag]
_ParentMonitor: TypeAlias = app_commands.Transform[str, _Parent]
Tag: TypeAlias = app_commands.Transform[str, _Tag]


def _overview(interaction: Interaction) -> list[MonitorStatus]:
    return interaction.client.services.status.overview(interaction.guild_id or 0)


def _found(interaction: Interaction, value: str) -> MonitorStatus:
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    return services.status.one(guild_id, services.monitors.find(guild_id, value).id)


def _choices(monitors: Iterable[Monitor], typed: str) -> Choices:
    """Names that begin with what was typed come before those that contain it."""
    wanted = typed.strip().casefold()
    found = [one for one in monitors if wanted in one.name.casefold()]
    found.sort(key=lambda one: (not one.name.casefold().startswith(wanted), one.name.casefold()))
    return choices((plain(one.name, _CHOICE_LIMIT) or str(one.id), str(one.id)) for one in found)


def _tag_choices(monitors: list[Monitor], typed: str) -> Choices:
    wanted = tag_of(typed)
    tags = sorted({tag for one in monitors for tag in one.tags if wanted in tag})
    return choices((f"#{tag}", f"{TAG_VALUE}{tag}") for tag in tags)


def _with_tags(monitors: list[Monitor], typed: str) -> Choices:
    """Where a # was typed tags come first; else a few of them last."""
    tags, names = _tag_choices(monitors, typed), _choices(monitors, typed)
    if typed.strip().startswith("#"):
        return (tags + names)[:MOST]
    few = tags[:_FEW_TAGS]
    return [*names[: MOST - len(few)], *few]


def takes_options(*, editing: bool) -> Callable[[Command], Command]:
    """Add all options; ``editing``: none is required, and what may be taken away can be."""

    def decorate(command: Command) -> Command:
        parameters = inspect.signature(command).parameters.values()
        own = [one for one in parameters if one.kind is not one.VAR_KEYWORD]
        shown = [one for one in IN_COMMANDS if editing or one is not GRACE]  # of /watch push
        added = [_parameter(option, editing=editing) for option in shown]
        command.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        texts = {one.name: one.edit_help if editing else one.help for one in shown}
        return app_commands.describe(**texts)(command)

    return decorate


def _parameter(option: Option, *, editing: bool) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    annotation: Any = _annotation(option, editing=editing)
    if isinstance(option, AddressOption) and not editing:
        return inspect.Parameter(option.name, kind, annotation=annotation)
    optional = Optional[annotation]  # noqa: UP045 - made at run time
    return inspect.Parameter(option.name, kind, default=None, annotation=optional)


_TYPES: dict[type[Option], Any] = {
    PlacesOption: PlaceName,
    MonitorOption: _ParentMonitor,
    ChannelOption: AlertChannel,
    RoleOption: AlertRole,
    YesOption: bool,
}


def _annotation(option: Option, *, editing: bool) -> Any:
    match option:
        case NumberOption():
            low = 0 if editing and option.removable else option.low
            high = MAX_PERIOD_S if editing and option is EVERY else option.high
            return app_commands.Range[int, low, high]
        case ChoiceOption():
            return Literal[option.choices]
        case YesOption(name="quiet") if editing:
            return app_commands.Transform[str, _Quiet]
    return _TYPES.get(type(option), str)


def typed_options(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given: ids of what was picked, nothing for what is taken away.

    Raises UserError for a role that is chosen and taken away at once.
    """
    typed = {
        name: _typed(OPTIONS[name], value) for name, value in given.items() if value is not None
    }
    if typed.get("quiet") != _AS_SERVER:
        return typed
    if "role" in typed:
        raise UserError("Either choose it or clear it, not both.")
    return typed | PINGS_AS_SERVER


def _typed(option: Option, value: Any) -> Any:
    if isinstance(option, PlaceOption):
        return value.id
    taken_away = option.removable and isinstance(value, str) and value.strip() == _NOTHING
    return None if taken_away else value
