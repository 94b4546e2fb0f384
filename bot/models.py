"""The nouns that more than one layer shares. Plain immutable data: no I/O, no rules.

Times are UTC epoch milliseconds (``*_ms``), lengths of time are seconds (``*_s``) or, for what a
check measures, milliseconds as floats inside :class:`Phases`.
"""

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

HIDDEN = 0  # the number of a refusal by what a name leads to
HOME = "home"  # the place of the bot itself: no other may be called so
PUSH_URL = "push://"  # of every push monitor: it has no address, a job calls


class State(StrEnum):
    """State of a monitor. Offline, muted, paused and under maintenance are none."""

    UNKNOWN = "unknown"
    UP = "up"
    RECOVERING = "recovering"  # it answers again, but its all-clear is held
    UNSTABLE = "unstable"
    DOWN = "down"


class Kind(StrEnum):
    """How an incident shows itself. All but DOWN have the state UNSTABLE; the words differ."""

    DOWN = "down"
    UNSTABLE = "unstable"
    SLOW = "slow"
    BLOCKED = "blocked"
    PARTLY = "partly"  # no answer here, but other places get through

    @classmethod
    def _missing_(cls, _value: object) -> "Kind":
        """A word of a newer Vigie, found after a rollback: in trouble, but not down."""
        return cls.UNSTABLE

    @property
    def state(self) -> State:
        return State.DOWN if self is Kind.DOWN else State.UNSTABLE


class Rule(StrEnum):
    FAILED_RUN = "run"  # failed rounds in a row
    BAD_OF_10 = "of10"
    BAD_OF_60 = "of60"
    SLOW_OF_10 = "slow10"
    PARTLY = "partly"  # ten rounds failed here alone
    BEAT = "beat"  # a push monitor's beat is late, or says that the job failed


class Reason(StrEnum):
    """Reasons a check fails for: a closed list. ``bot/words/causes.py`` has a sentence for each."""

    HTTP = "http"  # number: the status code
    DNS = "dns"  # the name has no address
    REFUSED = "refused"
    UNREACHABLE = "unreachable"  # no route to host or network
    TIMEOUT = "timeout"  # number: the deadline in seconds
    RESET = "reset"  # the connection broke before the answer was whole
    TLS_EXPIRED = "tls_expired"  # number: days since
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_NAME = "tls_name"  # the certificate is for another name
    TLS_UNTRUSTED = "tls_untrusted"  # self-signed or unknown issuer
    NOT_TLS = "not_tls"  # an answer to the handshake, in no TLS
    TLS = "tls"  # any other failure of the handshake
    REDIRECTS = "redirects"  # more than five
    REDIRECT_REFUSED = "redirect_refused"  # to an address Vigie does not visit
    ADDRESS_REFUSED = "address_refused"  # the name leads to an address Vigie does not visit
    ADDRESSES = "addresses"  # more of them than are judged
    BAD_REDIRECT = "bad_redirect"  # to what is no address of the web
    NOT_HTTP = "garbled"  # not an HTTP answer
    MALFORMED = "malformed"  # HTTP that browsers cannot read either
    ENDLESS = "endless"  # a head, interim answers or a handshake without end
    UNREADABLE = "unreadable"  # a compressed body that cannot be unpacked
    BROTLI = "brotli"  # a body compressed so although none was accepted
    ZSTD = "zstd"
    TEXT_MISSING = "text_missing"
    TEXT_PRESENT = "text_present"  # the text that must not be there
    HEADER_UNMET = "header_unmet"  # a header of the answer is not as expected
    NOT_JSON = "not_json"
    JSON_UNMET = "json_unmet"  # the condition about it does not hold
    JSON_TOO_MUCH = "json_too_much"  # the condition asks for too much work
    WRONG_PROTOCOL = "wrong_protocol"  # an answer, but not in the protocol of the address
    NO_STARTTLS = "no_starttls"  # the mail server offers no encryption
    SMTP = "smtp"  # number: the reply code that ended it
    IMAP = "imap"  # the server said BYE, NO or BAD
    BEAT_LATE = "beat_late"  # number: seconds since the last one
    BEAT_UNFINISHED = "beat_unfinished"  # number: seconds since the job said that it starts
    JOB_FAILED = "job_failed"  # number: its exit status, where it gave one
    OTHER = "other"  # a word of a newer Vigie, found after a rollback
    LOCAL_ERROR = "local_error"  # this machine ran out of something: no result
    MAY_NOT_PING = "may_not_ping"  # this process may open no socket for it: no result


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason with its number, if it has one. ``str()`` is its stored form: ``http:503``."""

    reason: Reason
    number: int | None = None

    def __str__(self) -> str:
        return self.reason if self.number is None else f"{self.reason}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Cause":
        """Read back what ``str()`` wrote; anything else is OTHER, so that a rollback starts."""
        reason, _, number = text.partition(":")
        try:
            return cls(Reason(reason), int(number) if number else None)
        except ValueError:
            return cls(Reason.OTHER)

    @property
    def hides_a_name(self) -> bool:
        """The name leads inside: to people it is as a name that does not exist."""
        refused = self.reason in {Reason.ADDRESS_REFUSED, Reason.REDIRECT_REFUSED}
        return refused and self.number == HIDDEN

    @property
    def is_ours(self) -> bool:
        """The fault is this machine's, so the check says nothing of its site: no result."""
        return self.reason in {Reason.LOCAL_ERROR, Reason.MAY_NOT_PING}

    @property
    def refuses_the_bot(self) -> bool:
        """The site answers but turns this visitor away (facts on real outages: 23 % of them)."""
        return self.reason is Reason.HTTP and self.number in {401, 403, 429}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Target:
    """The request of a check, and the answers that count as fine."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    expect_status: tuple[int, ...] = ()
    contains: str | None = None
    not_contains: str | None = None
    body: str | None = None  # posted
    json: str | None = None  # a JMESPath expression that must be true
    header_is: tuple[tuple[str, str], ...] = ()  # of the answer
    timeout_s: int = 10  # of a whole check


@dataclass(frozen=True, slots=True)
class Phases:
    """Milliseconds spent in each phase of one check, over all redirect hops; None: not reached."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Game:
    """What a game server says of itself; texts are plain and short. None: it does not say."""

    players: int | None = None
    max_players: int | None = None
    version: str | None = None
    map: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check. ``cause`` is None exactly when it was fine."""

    at_ms: int
    cause: Cause | None
    status: int | None = None
    phases: Phases = field(default_factory=Phases)
    certificate_expires_ms: int | None = None
    address: str | None = None
    final_url: str | None = None
    downgraded: bool = False  # a redirect led from https to http
    game: Game | None = None  # of a game server that answered
    seen: str | None = None  # in place of what a condition expects; for managers alone

    @property
    def ok(self) -> bool:
        return self.cause is None


@dataclass(frozen=True, slots=True)
class SeenFrom:
    """Places by name: where a check failed, where it got through, who was asked and did not say."""

    failing: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.failing or self.through or self.silent)

    @property
    def voted(self) -> int:
        return len(self.failing) + len(self.through)


@dataclass(frozen=True, slots=True)
class Monitor:
    """A watched site of one server, as its people configured it."""

    id: int
    guild_id: int
    name: str
    target: Target
    interval_s: int
    channel_id: int | None = None  # None: the server's alert channel
    role_id: int | None = None  # None: the server's role
    slow_ms: int | None = None
    place: str | None = None  # the only one that checks it; None: all
    public: bool = False  # everybody may know its name and state
    players: bool = False  # how many play is kept, and drawn in its pictures
    tags: tuple[str, ...] = ()  # in lower case, without “#”
    depends_on: int | None = None  # the monitor it is reached through; -id of a followed page
    grace_s: int | None = None  # of a push monitor: how late a beat may be
    quiet: bool = False  # its alerts ping nobody, whatever role its server has
    link: str | None = None  # shown on its alerts, as is its note
    note: str | None = None
    from_file: bool = False  # the operator's file of sites says what it is
    paused_ms: int | None = None  # since when
    resume_ms: int | None = None  # when the pause ends by itself
    muted_until_ms: int | None = None
    created_ms: int = 0

    @property
    def paused(self) -> bool:
        return self.paused_ms is not None

    @property
    def is_push(self) -> bool:
        return self.target.url == PUSH_URL


@dataclass(frozen=True, slots=True)
class TagAlerts:
    """Where alerts of monitors with this tag go that have no channel or role of their own."""

    tag: str
    channel_id: int | None = None
    role_id: int | None = None


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """Settings of one server. Made with its defaults the first time the server is seen."""

    id: int
    channel_id: int | None = None
    role_id: int | None = None
    fallback_channel_id: int | None = None
    language: str | None = None  # None: the server's own Discord locale
    guild_locale: str = "en-US"
    timezone: str = "UTC"
    reminder_h: int = 0
    reminder_ping: bool = False  # reminders call the role too
    set_by: int | None = None  # who set the alert channel
    tag_alerts: tuple[TagAlerts, ...] = ()
    file_keys: tuple[str, ...] = ()  # what the operator's file of sites gives
    page: bool = False  # its status page is public
    manager_role_id: int | None = None  # may press what else takes Manage Server
    escalate_s: int = 0  # so long after an opening nobody has acknowledged; 0: never
    escalate_role_id: int | None = None
    escalate_channel_id: int | None = None  # None: beside the alert


@dataclass(frozen=True, slots=True)
class ReportSchedule:
    """A report that a server gets after each ``period``.

    ``channel_id`` None: where the server's alerts go. ``tag``: "" for all sites. ``reported_ms``:
    until when everything is reported.
    """

    guild_id: int
    period: str
    tag: str
    channel_id: int | None
    reported_ms: int


class Ending(StrEnum):
    """How an incident ended: by itself, or with its monitor's removal or pause."""

    RESOLVED = "resolved"
    REMOVED = "removed"
    PAUSED = "paused"

    @classmethod
    def _missing_(cls, _value: object) -> "Ending":
        """A word of a newer Vigie: it is over, however that came."""
        return cls.RESOLVED


@dataclass(frozen=True, slots=True)
class Incident:
    """One stretch of trouble of one monitor, with all an alert card says of it.

    ``kind`` is what is true now. ``failed`` counts all failed checks from the first to the opening,
    confirming ones too; ``share_ok`` of ``share_of`` first checks (the last 30) got through.
    """

    id: int
    public_id: str
    guild_id: int
    monitor_id: int
    name: str
    url: str
    interval_s: int
    kind: Kind
    cause: Cause | None
    since_ms: int
    opened_ms: int
    failed: int = 0
    last_ok_ms: int | None = None
    last_failed_ms: int | None = None
    answering_since_ms: int | None = None
    good_rounds: int = 0  # in a row, up to now
    good_needed: int = 0  # for the all-clear
    # When it comes if nothing fails; 0: when another place gets through; None: not recovering.
    clear_by_ms: int | None = None
    relapses: int = 0  # how often it failed again while it was recovering
    share_ok: int = 0
    share_of: int = 0
    share_said: float | None = None  # the share that is said of them, as bot.words.phrases has it
    latency_ms: int | None = None  # SLOW: the response time that opened it
    limit_ms: int | None = None
    resolved_ms: int | None = None
    ended_ms: int | None = None  # the true end: the first good check of the closing run
    ending: Ending | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: int | None = None
    me_too: int = 0
    behind: int = 0  # for a message: openings kept back of what depends on it, however far
    muted_until_ms: int | None = None  # its monitor, now
    link: str | None = None  # what whoever mends it needs: a runbook, a console
    note: str | None = None
    silenced: bool = False  # by a mute or maintenance: something of it has still to be sent
    channel_id: int | None = None  # of its messages; None: the server has no alert channel
    role_id: int | None = None
    # What its site may share with others: where it last answered from, its certificate's end.
    address: str | None = None
    certificate_ms: int | None = None
    places: SeenFrom = SeenFrom()  # of the last failed round that others were asked in

    @property
    def open(self) -> bool:
        return self.resolved_ms is None

    @property
    def end_ms(self) -> int:
        """Its true end, as far as it is known; while it is open its beginning."""
        return self.ended_ms or self.resolved_ms or self.since_ms

    @property
    def lasted_s(self) -> float:
        return (self.end_ms - self.since_ms) / 1000

    @property
    def recovering(self) -> bool:
        return self.open and self.clear_by_ms is not None


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: work that was planned, once or every week.

    Its times are what the clock on the wall shows in ``timezone`` (an IANA name), so that they
    stay right when the clock is changed. It ends at ``ends`` (on the next day when that is not
    after ``begins``) or after ``length_s``: exactly one of the two is set.
    """

    id: int
    guild_id: int
    monitor_id: int | None  # None: those with ``tag``, or everything the server watches
    timezone: str
    days: tuple[int, ...]  # every week on these, 0 is Monday; empty: once, on ``date``
    date: date | None
    begins: time
    ends: time | None = None
    length_s: int | None = None
    reason: str | None = None
    created_by: int = 0
    created_ms: int = 0
    tag: str | None = None
    from_file: bool = False  # it is one of the operator's file of sites

    def covers(self, monitor: Monitor) -> bool:
        """True when the monitor is one of those it is about."""
        if self.tag is not None:
            return self.tag in monitor.tags
        return self.monitor_id in {None, monitor.id}
