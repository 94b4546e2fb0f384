"""Errors that cross a border between layers.

VigieError
├── ConfigError        a setting is wrong: the process ends with 78
├── UserError          a person asked for something that cannot be: answered in one sentence
│   ├── AddressRefused the address is one Vigie does not visit
│   │   ├── AddressHidden    so are all that its name leads to: strangers learn no more
│   │   ├── TooManyAddresses its name leads to more of them than can be judged
│   │   ├── PortRefused      not a port of the web: other kinds of monitor may fit
│   │   └── Mistyped         what was meant instead can be guessed, and is asked
│   ├── NotFound       no such monitor or incident in this server
│   └── Several        of what was asked for more than one thing cannot be
├── StoreError         the database cannot be used
│   └── StoreBusy      just now: a later start may find it usable
└── DeliveryError      Discord did not take a message
"""

from collections.abc import Sequence
from enum import StrEnum


class VigieError(Exception):
    """Base of all errors Vigie raises on purpose."""


class ConfigError(VigieError):
    """A setting is missing or wrong. The text names it and says what to do."""


class StoreError(VigieError):
    """The database cannot be opened or is newer than this Vigie."""


class StoreBusy(StoreError):
    """The disk is full or fails, or another program holds the file: that may pass by itself."""


class OptionNames(tuple[str, ...]):
    """A value of an error: options of a command, which people see in their own language."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(self)


class UserError(VigieError):
    """Somebody's input cannot be taken.

    ``message`` is an English catalogue sentence with ``{placeholders}`` filled from ``values``
    when it is shown, so that each surface can translate it.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values

    @property
    def each(self) -> Sequence["UserError"]:
        """The errors to show: this one, or all of :class:`Several`."""
        return (self,)


class Several(UserError):
    """More than one input of a form or a row cannot be taken."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self._errors = errors

    @property
    def each(self) -> Sequence[UserError]:
        return self._errors


def raise_all(errors: Sequence[UserError]) -> None:
    if errors:
        raise errors[0] if len(errors) == 1 else Several(errors)


class AddressRefused(UserError):
    """The address is malformed, private, or on a port Vigie does not visit.

    ``instead``: addresses that may be meant, to be offered.
    """

    instead: tuple[str, ...] = ()


class AddressHidden(AddressRefused):
    """A name leads inside. To people it is as a name that does not exist: which do is private."""


class TooManyAddresses(AddressRefused):
    """A name leads to more addresses than are judged at each check."""


class Mistyped(AddressRefused):
    """An address with a slip of typing; ``meant`` is what it may have been meant to be."""

    def __init__(self, message: str, *, meant: str, **values: object) -> None:
        super().__init__(message, meant=meant, **values)
        self.meant = meant
        self.instead = (meant,)


class PortRefused(AddressRefused):
    """No web site is asked on that port; something else may answer there."""

    def __init__(self, message: str, *, instead: tuple[str, ...] = (), **values: object) -> None:
        super().__init__(message, **values)
        self.instead = instead


class NotFound(UserError):
    """Nothing of that name or id in this server."""


class DeliveryAction(StrEnum):
    RETRY = "retry"  # send again with the same nonce
    WAIT = "wait"  # send again after ``retry_after_s``
    PAUSE = "pause"  # as WAIT, but for all channels: the limit is the bot's own
    ARCHIVED = "archived"  # the thread sleeps: it takes new messages, which wake it, but no edits
    HALT = "halt"  # stop all requests for a while: Discord's edge refuses this address
    CHANNEL_GONE = "channel_gone"
    CHANNEL_BLOCKED = "channel_blocked"  # a permission is missing
    MESSAGE_GONE = "message_gone"
    REFUSED = "refused"  # our payload is wrong: try it as plain text
    NO_REPLY = "no_reply"  # it may not answer another message: post it without that
    UNREADABLE = "unreadable"  # the answer, or our payload, makes no sense: try it as plain text
    TOKEN = "token"  # noqa: S105 - the name of an action: the token is no longer accepted


class DeliveryError(VigieError):
    """Discord did not take a message; ``action`` says what follows."""

    def __init__(
        self,
        text: str,
        action: DeliveryAction,
        *,
        retry_after_s: float = 0.0,
        code: int = 0,
        status: int = 0,
    ) -> None:
        super().__init__(text)
        self.action, self.retry_after_s, self.code = action, retry_after_s, code
        self.status = status
