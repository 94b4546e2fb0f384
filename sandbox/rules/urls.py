"""What Discord takes for a URL in an embed, a button or a media item."""

from urllib.parse import urlsplit

from sandbox.form import Form

WEB = ("http", "https")
MEDIA = ("http", "https", "attachment")
MAX_URL = 2048


def check_url(
    value: object, form: Form, schemes: tuple[str, ...] = WEB, high: int = MAX_URL
) -> None:
    """Complain of anything that is no absolute URL of one of ``schemes``."""
    if not isinstance(value, str) or not form.text(value, high, 1):
        return
    try:
        parts = urlsplit(value)
        malformed = not parts.netloc or any(c.isspace() for c in value.strip())
    except ValueError:
        form.complain("URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return
    if parts.scheme not in schemes:
        form.complain(
            "URL_TYPE_INVALID_SCHEME",
            f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {schemes}.',
        )
    elif malformed:
        form.complain("URL_TYPE_INVALID_URL", "Not a well formed URL.")
