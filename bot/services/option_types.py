"""The types of a monitor's options: how a value is read, bounded, written and exported. Pure.

What is read may have been typed, sent by Discord or found in a file; what was read already is read
as the same again. Everything that cannot be taken raises UserError.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.engine.answer_conditions import check_expression
from bot.errors import OptionNames, UserError
from bot.models import Monitor, Target
from bot.services import typed_text
from bot.services.typed_text import Headers
from bot.words.escaping import plain
from bot.words.phrases import parse_duration_ms
from bot.words.translator import N_

UNREADABLE = N_("“{field}” cannot be read.")
CONDITIONS_LIMIT = 1_000  # of expected headers, all together
ALL_PLACES, PLACE_LIMIT = "all", 32
LARGEST = 2**63 - 1  # of an id, and of what the store can hold
MAX_TAGS, TAG_LIMIT = 5, 32
_TAG = re.compile(rf"\w[\w-]{{0,{TAG_LIMIT - 1}}}")
_WHOLE = re.compile(r"(\d{1,19})(?:[.,]0+)?", re.ASCII)
_READ_LIMIT, _ADDRESS_LIMIT = 40, 500
_YES = {"yes", "y", "true", "1", "on", "oui"}
_NO = {"no", "n", "false", "0", "off", "non", "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a monitor.

    ``name`` is the option of the command, the key in files and the word in the audit log, and
    ``field`` that of the monitor or its target if it is called otherwise. ``help`` describes it in
    ``/watch add``, ``edit_help``, if it differs, in ``/watch edit``. ``secret``: its values leave
    the audit log with their monitor. ``section``: its form; in none without one.
    """

    name: str
    label: str
    help: str
    edit_help: str = ""
    section: str = ""
    field: str = ""
    default: Any = None
    removable: bool = True  # by “-”, 0 or an empty field
    unset: str = N_("none")  # what is shown of the default
    form_help: str | None = None
    secret: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "field", self.field or self.name)
        object.__setattr__(self, "edit_help", self.edit_help or self.help)

    @property
    def of_target(self) -> bool:
        return self.field in Target.__dataclass_fields__

    def of(self, monitor: Monitor) -> Any:
        return getattr(monitor.target if self.of_target else monitor, self.field)

    def read(self, value: Any) -> Any:
        """The value as it is kept; nothing, empty or 0 is the default."""
        return self.default if value in (None, "") else _text(self, value)

    def write(self, value: Any) -> str:
        """What :meth:`read` reads back: for forms."""
        return "" if value is None else str(value)

    def logged(self, value: Any) -> str | None:
        return self.write(value) or None

    def exported(self, value: Any) -> Any:
        """What an export has of it, if it is not the default."""
        return value


class AddressOption(Option):
    """The address, checked by the rules of the installation."""

    def read(self, value: Any) -> Any:
        return _text(self, value or "").strip() or None


class NameOption(Option):
    """The name; one that is not given follows from the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOption(Option):
    """A text to look for."""

    limit: int = 200
    too_long: str = N_("The text to look for may be at most {n} characters long.")

    def read(self, value: Any) -> str | None:
        # Half a pair of UTF-16, as JSON can write it, stands on no page and in no store.
        text = _text(self, "" if value is None else value).encode(errors="ignore").decode()
        if not text.strip():
            return None
        if len(text) > self.limit:
            raise UserError(self.too_long, n=self.limit)
        return text


class LinkOption(TextOption):
    """An address for people to open; nothing of it is ever asked."""

    def read(self, value: Any) -> str | None:
        return typed_text.parse_link(TextOption.read(self, value))


class BodyOption(TextOption):
    """A text to send."""


class JsonOption(TextOption):
    def read(self, value: Any) -> str | None:
        text = super().read(value)
        if text is not None:
            check_expression(text)
        return text


class HeaderConditionOption(Option):
    def read(self, value: Any) -> Headers:
        found = typed_text.parse_headers(_header_lines(self, value), reserved=frozenset())
        if len(self.write(found)) > CONDITIONS_LIMIT:
            raise UserError("“header_is” may be at most {n} characters long.", n=CONDITIONS_LIMIT)
        return found

    def write(self, value: Any) -> str:
        return " | ".join(f"{name}: {said}" for name, said in value)

    def exported(self, value: Any) -> Any:
        return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOption(Option):
    """A length of time in units of ``unit_ms`` milliseconds; other units may be typed: 5m, 2 s."""

    low: int
    high: int
    unit_ms: int
    shown: str  # a sentence with {n}
    # What an import says of a value that it puts within the bounds, with {n} for the bound.
    too_low: str
    too_high: str = ""

    def read(self, value: Any) -> int | None:
        if value is None or value == "":
            return self.default  # type: ignore[no-any-return]
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise UserError(UNREADABLE, field=self.name)
        ms = parse_duration_ms(_short(value), self.unit_ms)
        if ms is None or ms % self.unit_ms:
            text = str(value)[:_READ_LIMIT] if isinstance(value, str) else self.name
            raise UserError(
                "“{text}” is not a whole number. Durations fit too: 5m, 2 min, 1h30.",
                text=text.strip(),
            )
        number = ms // self.unit_ms
        return None if number == 0 and self.removable else min(number, LARGEST)

    def bounded(self, value: int, low: int, high: int) -> tuple[int, str | None]:
        """The nearest value within the bounds; the sentence that says so, if it is another."""
        if value < low:
            return low, self.too_low
        if value > high:
            return high, self.too_high or self.too_low
        return value, None

    def check(self, value: int, low: int, high: int) -> None:
        """Refuse what is out of bounds; they may be the installation's, or those of the kind."""
        if self.bounded(value, low, high)[1] is None:
            return
        values = {"option": OptionNames([self.name]), "low": low, "high": high}
        if self.unit_ms == 1:
            raise UserError("“{option}” must be from {low} to {high} milliseconds.", **values)
        raise UserError("“{option}” must be from {low} to {high} seconds.", **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceOption(Option):
    choices: tuple[str, ...]
    refusal: str  # a sentence with {value}

    def read(self, value: Any) -> Any:
        chosen = _text(self, value or self.default).upper()
        if chosen not in self.choices:
            raise UserError(self.refusal, value=chosen[:100])
        return chosen

    def logged(self, value: Any) -> str | None:
        return str(value)


def read_yes(value: Any) -> bool:
    """Raises UserError for what is neither yes nor no."""
    if isinstance(value, bool) or value in (None, ""):
        return bool(value)
    text = str(value).strip().casefold()
    if text not in _YES | _NO:
        raise UserError("“{text}” is neither yes nor no.", text=text[:_READ_LIMIT])
    return text in _YES


def read_pause(value: Any) -> bool | datetime:
    """Yes or no; a moment: paused until then. Raises UserError."""
    with suppress(ValueError):
        end = datetime.fromisoformat(str(value).strip())
        if end.tzinfo is None:
            raise UserError(
                "The end of a pause needs its offset from UTC, such as {example}.",
                example="2027-03-28T06:00:00Z",
            )
        return end
    return read_yes(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class YesOption(Option):
    default: Any = False
    unset: str = N_("no")

    def read(self, value: Any) -> bool:
        return read_yes(value)

    def write(self, value: Any) -> str:
        return "yes" if value else "no"


class PlacesOption(Option):
    """The name of the only place that checks it."""

    def read(self, value: Any) -> str | None:
        text = _text(self, value or "").strip()
        return None if text.casefold() in {"", ALL_PLACES} else plain(text, PLACE_LIMIT)


class TagsOption(Option):
    """Words that several monitors share, so that a command can be about all of them."""

    def read(self, value: Any) -> tuple[str, ...]:
        listed = value if isinstance(value, list | tuple) else [value]
        found = [one for text in listed for one in _tags(_text(self, text or ""))]
        return most_tags(dict.fromkeys(found))

    def write(self, value: Any) -> str:
        return " ".join(f"#{one}" for one in value)

    def exported(self, value: Any) -> Any:
        return list(value)


class MonitorOption(Option):
    """Another monitor of the server, or a page followed there: its id, name or address.

    It is read as a text, for a site may be called 404; its rules say what is meant.
    """

    def read(self, value: Any) -> str | None:
        if value is None or value == "":
            return None
        return _text(self, value).strip()[:_ADDRESS_LIMIT] or None


class PlaceOption(Option):
    """The id of what Discord has picked; exports write it as text, for JSON readers round it."""

    def read(self, value: Any) -> int | None:
        if value is None or value == "":
            return None
        number = whole_number(value)
        if number is None or number > LARGEST:
            raise UserError(UNREADABLE, field=self.name)
        return number or None

    def exported(self, value: Any) -> Any:
        return str(value)


class ChannelOption(PlaceOption):
    """A channel for alerts."""


class RoleOption(PlaceOption):
    """A role to call."""


class StatusesOption(Option):
    def read(self, value: Any) -> tuple[int, ...]:
        listed = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, bool) or not isinstance(one, int | str | None) for one in listed):
            raise UserError(UNREADABLE, field=self.name)
        return typed_text.parse_statuses(
            ", ".join(one if isinstance(one, str) else _code(one) for one in listed)
        )

    def write(self, value: Any) -> str:
        return typed_text.status_text(value)

    def exported(self, value: Any) -> Any:
        return typed_text.status_text(value)


class HeadersOption(Option):
    """Request headers. Values may be secrets: forms, logs and exports have the names alone."""

    def read(self, value: Any) -> Headers:
        return typed_text.parse_headers(_header_lines(self, value))

    def write(self, value: Any) -> str:
        return "\n".join(f"{name}:" for name, _ in value)

    def logged(self, value: Any) -> str | None:
        return ", ".join(name for name, _ in value) or None

    def exported(self, value: Any) -> Any:
        return {name: "" for name, _ in value}


def _header_lines(option: Option, value: Any) -> str | None:
    """Typed lines, or the pairs of a file as such lines. Raises UserError."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    if pairs is None or isinstance(pairs, str):
        return pairs
    if not isinstance(pairs, list | tuple) or not all(map(typed_text.is_pair, pairs)):
        raise UserError(UNREADABLE, field=option.name)
    lines = [f"{name}: {said}" for name, said in pairs]
    if any("\n" in line or "\r" in line for line in lines):
        raise UserError(UNREADABLE, field=option.name)
    return "\n".join(lines)


def _tags(text: str) -> Iterator[str]:
    for word in re.split(r"[\s,;]+", text):
        if word.strip("#"):
            yield tag_name(word)


def tag_name(text: str) -> str:
    """A tag in its one form: ``#Shop`` is ``shop``. Raises UserError."""
    tag = unicodedata.normalize("NFKC", text.strip().removeprefix("#")).casefold()
    if _TAG.fullmatch(tag) is None:
        raise UserError(
            "“{tag}” is not a tag: only letters, digits, - and _, at most {n} characters.",
            tag=plain(text, TAG_LIMIT),
            n=TAG_LIMIT,
        )
    return tag


def most_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Raises UserError for more than a monitor may have."""
    found = tuple(tags)
    if len(found) > MAX_TAGS:
        raise UserError("A site can have at most {n} tags.", n=MAX_TAGS)
    return found


def _text(option: Option, value: Any) -> str:
    """A text, or a spreadsheet's number, which is a text on a page."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return str(value)
    if not isinstance(value, str):
        raise UserError(UNREADABLE, field=option.name)
    return value


def _code(code: int | None) -> str:
    return "" if code is None else str(min(max(code, -1), 9_999))


def whole_number(found: Any) -> int | None:
    """60, ``"60"``, 60.0 and ``"60,0"`` are the same number; None for what is none."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    match = _WHOLE.fullmatch(_short(found))
    return None if match is None else int(match[1])


def _short(found: float | str) -> str:
    """Python refuses to write numbers of thousands of digits: such a one is nothing here."""
    if isinstance(found, int) and abs(found) >= 10**19:
        return ""
    return str(found)[:_READ_LIMIT].strip()
