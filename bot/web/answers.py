"""Answers of the door: what each of them may carry, and nothing that was asked is repeated."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

PLAIN, HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
# No script, no frame, no form, nothing from elsewhere; the style is of the page itself.
_POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "vigie",
}

Handler = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]


def answer(
    body: bytes | str,
    *,
    status: int = 200,
    kind: str = PLAIN,
    style: str = "",
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A whole answer; ``style``: the SHA-256 of the one style sheet that its page holds."""
    policy = _POLICY.format(style=style) if style else _NOTHING
    fields = {"Content-Type": kind, "Content-Security-Policy": policy, "Cache-Control": "no-store"}
    data = body.encode() if isinstance(body, str) else body
    return web.Response(body=data, status=status, headers=_ALWAYS | fields | dict(headers or {}))


def not_found() -> web.Response:
    """The same for whatever is not there, or is not to be known."""
    return answer("not found\n", status=404)


def only(*methods: str) -> web.Response:
    return answer("method not allowed\n", status=405, headers={"Allow": ", ".join(methods)})
