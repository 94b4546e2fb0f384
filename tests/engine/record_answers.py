"""Asks curl and Chromium what they make of each raw answer, and writes it down.

``python -m tests.engine.record_answers`` where both are installed; nothing leaves this machine.
"""

import asyncio
import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page, async_playwright

from tests.engine.raw_answers import ANSWERS, RECORD, WORD
from tests.engine.sites import Visit, serve

MOST_MS = 1_000
_CURL = "-s -g -o {body} -w %{{http_code}} --max-time 3"


async def by_curl(url: str) -> dict[str, Any]:
    """Its exit status, the code of the answer, and whether the word came."""
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        options = _CURL.format(body=body).split()
        process = await asyncio.create_subprocess_exec(
            shutil.which("curl") or "curl", *options, url, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        text = body.read_bytes() if body.exists() else b""
    return {"exit": process.returncode, "status": int(out), "word": WORD.encode() in text}


async def by_chromium(page: Page, url: str) -> dict[str, Any]:
    """The code of the answer (None: it showed an error page), and whether the word is there."""
    codes: list[int] = []
    page.on("response", lambda response: codes.append(response.status))
    with suppress(Error):  # a page without content is none to go to, and a body may be cut
        await page.goto(url, timeout=MOST_MS, wait_until="commit")
    with suppress(Error):
        await page.wait_for_load_state("load", timeout=MOST_MS)
    word = bool(codes) and WORD in await page.content()
    return {"status": codes[-1] if codes else None, "word": word}


async def record() -> dict[str, Any]:
    names = list(ANSWERS)

    async def behave(visit: Visit) -> None:
        if visit.path[1:].isdigit():  # no icon for the page's tab
            await visit.send(ANSWERS[names[int(visit.path[1:])]])

    found = {}
    async with serve(behave) as site, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for number, name in enumerate(names):
            page = await browser.new_page()
            url = site.url(f"/{number}")
            found[name] = {"curl": await by_curl(url), "chromium": await by_chromium(page, url)}
            await page.close()
        await browser.close()
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(asyncio.run(record()), indent=1) + "\n", "utf-8")
