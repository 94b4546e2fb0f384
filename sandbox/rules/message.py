"""The body of a new or edited message, whoever sends it: channel, interaction or follow-up."""

from enum import IntFlag

from sandbox.errors import Json, refusal
from sandbox.form import Form
from sandbox.rules.components import check_rows
from sandbox.rules.embeds import check_embeds
from sandbox.rules.layout import MAX_ALT_TEXT, check_layout
from sandbox.rules.mentions import check_allowed_mentions

MAX_CONTENT = 2000
MAX_NONCE = 25
MAX_ATTACHMENTS = 10
LEGACY = ("content", "embeds", "poll", "sticker_ids")
UNSUPPORTED = ("poll", "sticker_ids")


class Flag(IntFlag):
    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


IN_CHANNEL = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS | Flag.COMPONENTS_V2
IN_ANSWER = IN_CHANNEL | Flag.EPHEMERAL
IN_EDIT = Flag.SUPPRESS_EMBEDS | Flag.COMPONENTS_V2


def check_message(body: Json, form: Form, *, files: int, was_v2: bool = False) -> None:
    """Complain of what is wrong in a body. ``was_v2``: the edited message carries the V2 flag."""
    form.optional(body, "content", MAX_CONTENT)
    if body.get("embeds") is not None:
        check_embeds(body["embeds"], form.at("embeds"))
    if body.get("allowed_mentions") is not None:
        check_allowed_mentions(body["allowed_mentions"], form.at("allowed_mentions"))
    if body.get("tts") is not None:
        form.at("tts").boolean(body["tts"])
    _check_nonce(body, form)
    _check_flags_and_components(body, form, was_v2=was_v2)
    _check_attachments(body, form.at("attachments"), files)
    for key in UNSUPPORTED:
        if body.get(key):
            form.at(key).complain("SANDBOX", f"The sandbox does not know {key}.")


def _check_nonce(body: Json, form: Form) -> None:
    nonce = body.get("nonce")
    if nonce is None:
        return
    if isinstance(nonce, int) and not isinstance(nonce, bool):
        nonce = str(nonce)
    form.at("nonce").text(nonce, MAX_NONCE)


def _check_flags_and_components(body: Json, form: Form, *, was_v2: bool) -> None:
    if body.get("flags") is not None:
        form.at("flags").number(body["flags"], 0, (1 << 31) - 1)
    v2 = was_v2 or bool(flags_of(body) & Flag.COMPONENTS_V2)
    if v2:
        for key in LEGACY:
            if body.get(key):
                form.at(key).complain(
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    if body.get("components") is not None:
        check = check_layout if v2 else check_rows
        check(body["components"], form.at("components"))


def _check_attachments(body: Json, form: Form, files: int) -> None:
    for index, attachment in enumerate(
        form.listing(body.get("attachments") or [], MAX_ATTACHMENTS)
    ):
        place = form.at(index)
        given = place.mapping(attachment)
        place.at("id").snowflake(given.get("id"))
        place.optional(given, "description", MAX_ALT_TEXT)
    if files > MAX_ATTACHMENTS:
        form.complain("BASE_TYPE_MAX_LENGTH", f"Must be {MAX_ATTACHMENTS} or fewer in length.")


def require_something(body: Json, *, files: int) -> None:
    """Raise 50006 unless there is text, an embed, a file or a component."""
    if not (
        str(body.get("content") or "").strip()
        or body.get("embeds")
        or body.get("components")
        or files
    ):
        raise refusal(50006)


def require_sound(body: Json, form: Form, *, files: int) -> None:
    """Raise 50035 or 50006 for what is wrong with a new message."""
    check_message(body, form, files=files)
    form.close()
    require_something(body, files=files)


def flags_of(body: Json) -> int:
    """The flags a body asks for; no number counts as none and is complained of elsewhere."""
    flags = body.get("flags")
    return flags if isinstance(flags, int) and flags >= 0 else 0


def is_v2(message: Json) -> bool:
    return bool(int(message.get("flags") or 0) & Flag.COMPONENTS_V2)
