"""The body of a new or edited message, embeds included, whoever sends it."""

from datetime import datetime
from enum import IntFlag

from sandbox.errors import Form, Json, refusal, units
from sandbox.rules.components import MAX_COLOR, MEDIA, WEB, check_rows, check_url
from sandbox.rules.layout import MAX_ALT_TEXT, check_layout
from sandbox.rules.mentions import check_allowed_mentions

MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_SUM = 6000
MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FOOTER = 2048
MAX_FIELD_VALUE = 1024
_SOMETHING = ("title", "description", "fields", "image", "thumbnail", "author", "footer", "video")


def check_embeds(value: object, form: Form) -> None:
    embeds = form.listing(value, MAX_EMBEDS)
    total = 0
    for index, embed in enumerate(embeds):
        place = form.at(index)
        total += _check_embed(place.mapping(embed), place)
    if total > MAX_SUM:
        form.complain("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_SUM}")


def _check_embed(embed: Json, form: Form) -> int:
    """Complain of one embed; returns how much it counts for the sum."""
    if not any(embed.get(key) for key in _SOMETHING):
        form.at("description").required()
    if (color := embed.get("color")) is not None:
        form.at("color").number(color, 0, MAX_COLOR)
    if embed.get("url") is not None:
        check_url(embed["url"], form.at("url"), WEB)
    for key in ("image", "thumbnail"):
        if embed.get(key):
            media = form.at(key).mapping(embed[key])
            check_url(media.get("url"), form.at(key, "url"), MEDIA)
    if embed.get("timestamp") is not None:
        _check_timestamp(embed["timestamp"], form.at("timestamp"))
    total = _count(embed, "title", MAX_TITLE, form)
    total += _count(embed, "description", MAX_DESCRIPTION, form)
    return total + _check_signature(embed, form) + _check_fields(embed, form)


def _check_signature(embed: Json, form: Form) -> int:
    total = 0
    for key, text, high in (("author", "name", MAX_TITLE), ("footer", "text", MAX_FOOTER)):
        if not embed.get(key):
            continue
        part = form.at(key).mapping(embed[key])
        if part.get(text) is None or (key == "author" and not part[text]):
            form.at(key, text).required()
        total += _count(part, text, high, form.at(key))
        if part.get("icon_url") is not None:
            check_url(part["icon_url"], form.at(key, "icon_url"), MEDIA)
        if part.get("url") is not None:
            check_url(part["url"], form.at(key, "url"), WEB)
    return total


def _check_fields(embed: Json, form: Form) -> int:
    total = 0
    for index, field in enumerate(form.at("fields").listing(embed.get("fields") or [], MAX_FIELDS)):
        place = form.at("fields", index)
        for key, high in (("name", MAX_TITLE), ("value", MAX_FIELD_VALUE)):
            text = place.mapping(field).get(key)
            if text is None:
                place.at(key).required()
            elif place.at(key).text(text, high, 1):
                total += units(text.strip())
    return total


def _count(part: Json, key: str, high: int, form: Form) -> int:
    text = part.get(key)
    if text is None or not form.at(key).text(text, high):
        return 0
    return units(text.strip())


def _check_timestamp(value: object, form: Form) -> None:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        form.complain("DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")


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
