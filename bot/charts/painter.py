"""Draws charts in a child process: one at a time, within 20 s, so that its memory is freed."""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.charts.picture import DayGrid, Picture

log = logging.getLogger(__name__)

LIMIT_S = 20.0
WAIT_S = 120.0
COMMAND = (sys.executable, "-P", "-s", "-m", "bot.charts")
_PNG = b"\x89PNG\r\n\x1a\n"
_ROOT = Path(__file__).parents[2]
_SAID = 2_000


class Painter:
    """One child at most, however many people ask; the others wait their turn."""

    def __init__(self, command: Sequence[str] = COMMAND, limit_s: float = LIMIT_S) -> None:
        self._command = tuple(command)
        self._limit_s = limit_s
        self._turn = asyncio.Lock()

    async def paint(self, picture: Picture | DayGrid) -> bytes | None:
        """The picture as PNG; None when it could not be drawn: the log says why."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turn.acquire()
        except TimeoutError:
            log.error("Chart not drawn: too many are waiting")  # noqa: TRY400 - no bug
            return None
        try:
            return await self._paint(picture)
        except TimeoutError:
            log.error("Chart not drawn within %.0f s", self._limit_s)  # noqa: TRY400 - the trace says no more
        except OSError:
            log.exception("The chart process could not be started")
        finally:
            self._turn.release()
        return None

    async def _paint(self, picture: Picture | DayGrid) -> bytes | None:
        with tempfile.TemporaryDirectory(prefix="vigie-chart-", ignore_cleanup_errors=True) as home:
            code, png, said = await self._child(picture.to_json().encode(), home)
        if code == 0 and png.startswith(_PNG):
            return png
        text = said.decode(errors="replace")[-_SAID:]
        log.error("Chart not drawn: the process ended with %d: %s", code, text)
        return None

    async def _child(self, description: bytes, home: str) -> tuple[int, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(home),
            cwd=home,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                png, said = await process.communicate(description)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, png, said


def environment(home: str) -> dict[str, str]:
    """All the child knows of the world; of our own environment, which holds the token, nothing.

    Without a look at the system's fonts (matplotlib 3.11) there is no slow first time: the font it
    brings along is found in a tenth of a second, so no cache has to outlive the child.
    """
    return {
        "HOME": home,
        "MPLCONFIGDIR": home,
        "MPLBACKEND": "Agg",
        "MPL_IGNORE_SYSTEM_FONTS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "LANG": "C.UTF-8",
    }
