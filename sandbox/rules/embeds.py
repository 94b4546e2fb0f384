"""Embeds: the limits of each part, and 6,000 characters over all embeds of a message."""

from datetime import datetime

from sandbox.errors import Json
from sandbox.form import Form
from sandbox.rules.urls import MEDIA, WEB, check_url

MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_SUM = 6000
MAX_COLOR = 0xFFFFFF
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
    """Complain of one embed; returns how many characters it counts for the sum."""
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
    """Author and footer."""
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
                total += len(text.strip())
    return total


def _count(part: Json, key: str, high: int, form: Form) -> int:
    text = part.get(key)
    if text is None or not form.at(key).text(text, high):
        return 0
    return len(text.strip())


def _check_timestamp(value: object, form: Form) -> None:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        form.complain("DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")
