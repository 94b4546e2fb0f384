"""Beats: ``/beat/{secret}``, ``/start``, ``/fail`` or an exit status behind it.

A secret that is not known is answered as every other path that is not there.
"""

import re
import sqlite3

from aiohttp import web

from bot.errors import StoreError
from bot.services.pushes import BODY_LIMIT, Call, Pushes, Taken
from bot.web.answers import answer, not_found, only

_REST = re.compile(r"(?P<secret>[0-9a-f]{32})(?:/(?P<word>start|fail|\d{1,3}))?/?", re.ASCII)
_LAST_STATUS = 255
_RETRY_AFTER_S = "15"


class Beats:
    """Answers the calls of jobs. What a job sends with its call is kept, up to a limit."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def __call__(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        match = _REST.fullmatch(rest)
        what, status = (None, None) if match is None else _meaning(match["word"])
        if match is None or what is None:
            return not_found()
        if request.method not in {"GET", "HEAD", "POST", "PUT"}:
            return only("GET", "POST")
        body = await _body(request)
        try:
            taken = await self._pushes.call(match["secret"], what, status=status, body=body)
        except (sqlite3.Error, StoreError):
            return answer("not stored, try again\n", status=503)
        if taken is Taken.TOO_MANY:
            return answer("too many\n", status=429, headers={"Retry-After": _RETRY_AFTER_S})
        return answer("ok") if taken is Taken.OK else not_found()


def _meaning(word: str | None) -> tuple[Call | None, int | None]:
    """The kind of a call, and the exit status where it is one."""
    match word:
        case None | "0":
            return Call.FINE, None
        case "start":
            return Call.START, None
        case "fail":
            return Call.FAILED, None
        case _:
            status = int(word)
            if status == 0:
                return Call.FINE, None
            return (Call.FAILED, status) if status <= _LAST_STATUS else (None, None)


async def _body(request: web.BaseRequest) -> str:
    """The beginning of what was sent, as text."""
    if request.headers.get("Expect", "").lower() == "100-continue":  # curl waits for it
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    data = bytearray()
    while len(data) < BODY_LIMIT and (part := await request.content.read(BODY_LIMIT - len(data))):
        data += part
    return data.decode(errors="replace").replace("\0", "").strip()
