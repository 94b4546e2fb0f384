"""The options of a monitor, one row each.

Commands, forms, the settings card, exports, imports and the audit log are made from this table: a
new option is a row here, a field of :class:`bot.models.Target` or :class:`bot.models.Monitor`, and
its column.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from bot.engine.answer_conditions import EXPRESSION_LIMIT
from bot.engine.kinds import KINDS, kind_of
from bot.errors import OptionNames, UserError, raise_all
from bot.models import Monitor
from bot.services import option_types
from bot.words.translator import N_

# Values by the names of options, as typed, sent or read. What is missing keeps what there is; None
# and what is empty go back to the default.
Typed: TypeAlias = Mapping[str, Any]

NAME_LIMIT = 80
MAX_INTERVAL_S = 86_400
MAX_PERIOD_S = 31 * 86_400  # between two beats of a job, and of their grace
_USUAL_GRACE_S, _GRACE_OF = 3_600, 10
ADDRESS, FINE, CONDITIONS, ALERTS = "address", "fine", "conditions", "told"
# The forms of the settings, with at most five fields each.
SECTIONS = {
    ADDRESS: N_("Address and interval"),
    FINE: N_("Success criteria"),
    ALERTS: N_("Alert channel"),
    CONDITIONS: N_("More criteria"),
}

EVERY = option_types.NumberOption(
    name="every",
    removable=False,
    label=N_("Seconds between checks"),
    help=N_("Seconds from one check to the next."),
    section=ADDRESS,
    field="interval_s",
    low=1,
    high=MAX_INTERVAL_S,
    unit_ms=1_000,
    shown=N_("every {n} s"),
    too_low=N_("checked every {n} s: faster is not allowed here"),
    too_high=N_("checked every {n} s: slower is not possible here"),
)
GRACE = option_types.NumberOption(
    name="grace",
    removable=False,
    label=N_("Grace (s)"),
    help=N_("How many seconds late a beat may be; by default a tenth of its period."),
    edit_help=N_("How many seconds late a beat of a push monitor may be."),
    section=ADDRESS,
    field="grace_s",
    low=1,
    high=MAX_PERIOD_S,
    unit_ms=1_000,
    shown=N_("{n} s"),
    too_low=N_("its grace becomes {n} s"),
    too_high=N_("its grace becomes {n} s"),
)
# Of what is checked alone.
_PROBING = frozenset({"url", "timeout_s", "slow_ms", "place"})
# In the order of the card and of its forms.
_TABLE = (
    option_types.AddressOption(
        name="url",
        removable=False,
        label=N_("Address"),
        help=N_("Such as example.com or https://example.com/health; /help has the other kinds."),
        edit_help=N_("Another address: it starts from scratch."),
        section=ADDRESS,
    ),
    option_types.NameOption(
        name="name",
        removable=False,
        label=N_("Name"),
        help=N_("Its name here; by default its host."),
        edit_help=N_("Its name here."),
        section=ADDRESS,
    ),
    EVERY,
    GRACE,
    option_types.ChoiceOption(
        name="method",
        removable=False,
        label=N_("Method"),
        help=N_("GET reads the page, HEAD only its headers, POST sends the body."),
        section=ADDRESS,
        default="GET",
        choices=("GET", "HEAD", "POST"),
        refusal=N_("I can use GET, HEAD and POST, not {value}."),
    ),
    option_types.NumberOption(
        name="timeout",
        removable=False,
        label=N_("Timeout (s)"),
        help=N_("Seconds that a check may take; by default 10."),
        edit_help=N_("Seconds that a check may take."),
        section=ADDRESS,
        field="timeout_s",
        default=10,
        low=2,
        high=30,
        unit_ms=1_000,
        shown=N_("{n} s"),
        too_low=N_("its timeout becomes {n} s"),
    ),
    option_types.StatusesOption(
        name="expect_status",
        label=N_("Accepted HTTP codes"),
        help=N_("Accepted HTTP codes, such as 200, 301 or 2xx."),
        edit_help=N_("Accepted HTTP codes, such as 200 or 2xx; - for any below 400."),
        form_help=N_("Such as 200, 301 or 2xx. Empty: any below 400."),
        section=FINE,
        default=(),
        unset=N_("any below 400"),
    ),
    option_types.TextOption(
        name="contains",
        label=N_("Required text"),
        help=N_("A text that must be on the page; several: one && two."),
        edit_help=N_("A text that must be on the page; several: one && two; - for none."),
        form_help=N_("Several that must all be there: one && two."),
        section=FINE,
        secret=True,
        limit=500,
    ),
    option_types.TextOption(
        name="not_contains",
        label=N_("Forbidden text"),
        help=N_("A text that must not be on the page."),
        edit_help=N_("A text that must not be on the page; - for none."),
        section=FINE,
        secret=True,
    ),
    option_types.NumberOption(
        name="slow_ms",
        label=N_("Slow limit (ms)"),
        help=N_("Alert when responses take longer than this many milliseconds."),
        edit_help=N_("Alert when responses take longer than this many milliseconds; 0 for never."),
        section=FINE,
        low=1,
        high=60_000,
        unit_ms=1,
        shown=N_("{n} ms"),
        too_low=N_("its slow limit becomes {n} ms"),
    ),
    option_types.HeadersOption(
        name="headers",
        label=N_("Request headers"),
        help=N_("Extra request headers: Name: value | Name: value."),
        edit_help=N_("Request headers: Name: value | Name: value; - for none."),
        form_help=N_("One per line. I never show values; one left empty stays as it is."),
        section=FINE,
        default=(),
    ),
    option_types.JsonOption(
        name="json",
        label=N_("JSON condition"),
        help=N_("A JMESPath expression that must be true of the answer: ready && !error."),
        edit_help=N_("A JMESPath expression that must be true of the answer; - for none."),
        form_help=N_("A JMESPath expression that must be true, such as ready && !error."),
        section=CONDITIONS,
        secret=True,
        limit=EXPRESSION_LIMIT,
        too_long=N_("“json” may be at most {n} characters long."),
    ),
    option_types.HeaderConditionOption(
        name="header_is",
        label=N_("Response headers"),
        help=N_("Headers the answer must have: Name: value | Name: val*."),
        edit_help=N_("Headers the answer must have: Name: value | Name: val*; - for none."),
        form_help=N_("Name: value | Name: val*. A star stands for anything."),
        section=CONDITIONS,
        default=(),
    ),
    option_types.BodyOption(
        name="body",
        label=N_("Request body"),
        help=N_("A text to send by POST."),
        edit_help=N_("A text to send by POST; - for none."),
        section=CONDITIONS,
        secret=True,
        limit=2_000,
        too_long=N_("“body” may be at most {n} characters long."),
    ),
    option_types.ChannelOption(
        name="channel",
        label=N_("Channel"),
        help=N_("Where its alerts go; by default the server's alert channel."),
        edit_help=N_("Where its alerts go, from the next one on."),
        section=ALERTS,
        field="channel_id",
        unset=N_("the server's setting"),
    ),
    option_types.RoleOption(
        name="role",
        label=N_("Role"),
        help=N_("Which role to ping when it fails; by default the server's role."),
        edit_help=N_("Which role to ping when it fails."),
        section=ALERTS,
        field="role_id",
        unset=N_("the server's setting"),
    ),
    option_types.TagsOption(
        name="tags",
        label=N_("Tags"),
        help=N_("Up to five tags, such as #shop #eu: commands take a tag in place of a site."),
        edit_help=N_("Up to five tags, such as #shop #eu; - for none."),
        form_help=N_("Such as #shop #eu: commands take a tag in place of a site."),
        section=ALERTS,
        default=(),
    ),
    option_types.LinkOption(
        name="link",
        label=N_("Link"),
        help=N_("A link on its alerts: a runbook or a console."),
        edit_help=N_("A link on its alerts: a runbook or a console; - for none."),
        section=ALERTS,
        secret=True,
        limit=400,
        too_long=N_("A link may be at most {n} characters long."),
    ),
    option_types.TextOption(
        name="note",
        label=N_("Note"),
        help=N_("One line on its alerts, such as whom to call."),
        edit_help=N_("One line on its alerts, such as whom to call; - for none."),
        section=ALERTS,
        secret=True,
        too_long=N_("A note may be at most {n} characters long."),
    ),
    option_types.MonitorOption(
        name="depends_on",
        label=N_("Depends on"),
        help=N_(
            "The site it is reached through: no alert while that is down. Or a page followed here."
        ),
        edit_help=N_("The site it is reached through, or a followed page; - for none."),
    ),
    # For those who ask other places; it stands in no form.
    option_types.PlacesOption(
        name="places",
        label=N_("Checked from"),
        help=N_("Where it is checked from: all, home alone, or one place alone."),
        field="place",
        unset=N_("all places"),
    ),
    option_types.YesOption(
        name="quiet",
        label=N_("No ping"),
        help=N_("Yes: its alerts ping nobody, though the server has a role for them."),
        edit_help=N_("Whom its alerts ping: nobody, its role, or the server's role."),
    ),
    option_types.YesOption(
        name="players",
        label=N_("Players in pictures"),
        help=N_("Yes: /history draws how many play there, from now on."),
    ),
    option_types.YesOption(
        name="public",
        label=N_("Public"),
        help=N_("Yes: everyone may see its name and state, not its address or its alerts."),
    ),
)
OPTIONS: dict[str, option_types.Option] = {option.name: option for option in _TABLE}
# Taken by the kinds of monitor that name them alone.
_BY_KIND = frozenset[str]().union(*(kind.options for kind in KINDS.values()))
SECRETS = tuple(option.name for option in _TABLE if option.secret)
# People know where the options of the first release stand in a command; new ones come last.
_FIRST = [
    "url",
    "name",
    "every",
    "channel",
    "role",
    "expect_status",
    "contains",
    "slow_ms",
    "not_contains",
    "method",
    "headers",
]
IN_COMMANDS = tuple(OPTIONS[name] for name in dict.fromkeys([*_FIRST, *OPTIONS]))


def read_options(typed: Typed) -> dict[str, Any]:
    """What was typed, as it is kept. Raises UserError with all that cannot be read."""
    found: dict[str, Any] = {}
    errors: list[UserError] = []
    for name, value in typed.items():
        try:
            found[name] = OPTIONS[name].read(value)
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    return found


def differing(before: Monitor, after: Monitor) -> list[option_types.Option]:
    return [option for option in _TABLE if option.of(before) != option.of(after)]


def exported(monitor: Monitor) -> dict[str, Any]:
    """The options that are not at their default, but for secrets."""
    values = ((option, option.of(monitor)) for option in _TABLE)
    return {
        option.name: option.exported(value) for option, value in values if value != option.default
    }


def takes(url: str, option: option_types.Option) -> bool:
    kind = kind_of(url)
    if option.field in _BY_KIND:
        return kind is not None and option.field in kind.options
    return option.field not in _PROBING or kind is None or kind.checker is not None


def usual_grace_s(interval_s: int, least_s: int) -> int:
    """A tenth of the period, an hour at most."""
    return max(least_s, min(interval_s // _GRACE_OF, _USUAL_GRACE_S))


def check_kind(monitor: Monitor) -> None:
    """Refuse options that an address of this kind does not take."""
    refused = [option for option in IN_COMMANDS if not takes(monitor.target.url, option)]
    wrong = [one for one in refused if one.of(monitor) != one.default and one.name != "url"]
    if wrong and monitor.is_push:
        raise UserError(
            "A push monitor checks nothing: leave out {options}.",
            options=OptionNames(option.name for option in wrong),
        )
    players = OPTIONS["players"]
    if players in wrong:
        raise UserError(
            "Only game servers have players: leave out {options}.",
            options=OptionNames([players.name]),
        )
    if GRACE in wrong:
        raise UserError("Only push monitors have a “{option}”.", option=OptionNames([GRACE.name]))
    if wrong:
        raise UserError(
            "Only http:// and https:// have a page to request: leave out {options}.",
            options=OptionNames(one.name for one in refused if one not in {GRACE, players}),
        )


def of_section(section: str, url: str) -> Iterable[option_types.Option]:
    return (one for one in _TABLE if one.section == section and takes(url, one))
