"""Errors: how the API says no, with Discord's numbers, and what a person cannot do."""

from typing import Any

Json = dict[str, Any]

# code: (HTTP status, message). Numbers from Discord's table of JSON error codes.
KNOWN: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10008: (404, "Unknown Message"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    30003: (400, "Maximum number of pins reached for the channel (250)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30034: (400, "Max number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50083: (403, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (403, "Cannot reply without permission to read message history"),
}
INVALID_FORM_BODY = 50035


class ApiError(Exception):
    """An error answer of the REST API."""

    def __init__(
        self,
        status: int,
        message: str,
        code: int = 0,
        *,
        errors: Json | None = None,
        headers: dict[str, str] | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.headers = headers or {}
        self.body: Json = {"message": message, "code": code, **(extra or {})}
        if errors:
            self.body["errors"] = errors


def refusal(code: int) -> ApiError:
    """The error Discord gives for ``code`` (a number of :data:`KNOWN`)."""
    status, message = KNOWN[code]
    return ApiError(status, message, code)


class Refused(Exception):
    """A person tried what Discord's own client would not let them do."""


def units(text: str) -> int:
    """The length of a text as Discord's clients count it: in UTF-16, where an emoji takes two.

    Its API counts characters in some places; what keeps the shorter limit is right in both.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Form:
    """One place in a body. All places of a body share one tree of errors."""

    def __init__(self, tree: Json | None = None, path: tuple[str, ...] = ()) -> None:
        self._tree: Json = {} if tree is None else tree
        self._path = path

    def at(self, *keys: str | int) -> "Form":
        return Form(self._tree, self._path + tuple(str(key) for key in keys))

    def complain(self, code: str, message: str) -> None:
        node = self._tree
        for key in self._path:
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def close(self) -> None:
        """Raise 50035 with everything collected, if there is anything."""
        if self._tree:
            raise ApiError(400, "Invalid Form Body", INVALID_FORM_BODY, errors=self._tree)

    def required(self) -> None:
        self.complain("BASE_TYPE_REQUIRED", "This field is required")

    def choices(self, allowed: object) -> None:
        self.complain("BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")

    def text(self, value: Any, high: int, low: int = 0) -> bool:
        """A string of ``low`` to ``high`` UTF-16 units; blanks at both ends do not count."""
        if not isinstance(value, str):
            self.complain("STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return False
        length = units(value.strip())
        if low and not length:
            self.required()
        elif low and not low <= length <= high:
            self.complain("BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        elif length > high:
            self.complain("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        else:
            return True
        return False

    def typed(self, value: Any, high: int, low: int = 0) -> bool:
        """A string as a client shows and measures it: blanks at its ends count as well."""
        if isinstance(value, str) and units(value) > high:
            self.complain("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
            return False
        return self.text(value, high, low)

    def optional(self, given: Json, key: str, high: int) -> None:
        """The text at ``key`` may be missing, but not be longer than ``high``."""
        if given.get(key) is not None:
            self.at(key).text(given[key], high)

    def number(self, value: Any, low: int, high: int) -> bool:
        """A whole number from ``low`` to ``high``."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < low:
            self.complain("NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
        elif value > high:
            self.complain("NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
        else:
            return True
        return False

    def boolean(self, value: Any) -> None:
        if not isinstance(value, bool):
            self.complain("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

    def listing(self, value: Any, high: int, low: int = 0) -> list[Any]:
        """The list itself, or an empty one when it is none; too long or short is complained of."""
        if not isinstance(value, list):
            self.complain("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if len(value) > high:
            self.complain("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        elif len(value) < low:
            self.complain("BASE_TYPE_MIN_LENGTH", f"Must be {low} or more in length.")
        return value

    def mapping(self, value: Any) -> Json:
        """The object itself, or an empty one when it is none."""
        if isinstance(value, dict):
            return value
        self.complain("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return {}

    def snowflake(self, value: Any) -> bool:
        if isinstance(value, bool) or not (str(value).isascii() and str(value).isdigit()):
            self.complain("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            return False
        return True
