"""The recipes of docs/door.md, as they stand there, in front of a door: nginx and Caddy."""

import asyncio
import contextlib
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import State
from tests.engine.sites import CERTIFICATES, free_port
from tests.web.rig import HERE, Reply, play, request
from tests.web.test_beats import state_of, with_a_job

GUIDE = Path(__file__).parents[2] / "docs" / "door.md"
NAME = "status.example.org"
PATH = "/usr/sbin:/usr/bin:/usr/local/bin"
PEM = CERTIFICATES / "good.pem"


def recipe(of: str) -> str:
    """The first block of code below that heading."""
    found = re.search(rf"\*\*{of}\*\*.*?\n```\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def nginx(folder: Path, port: int, door: int) -> list[str]:
    site = recipe("nginx").replace("listen 443 ssl;", f"listen {HERE}:{port} ssl;")
    site = re.sub(r"(ssl_certificate(?:_key)?) .*;", rf"\1 {PEM};", site)
    config = f"""
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{ access_log {folder}/access.log; client_body_temp_path {folder}/body;
        proxy_temp_path {folder}/proxy; {site.replace("127.0.0.1:8080", f"{HERE}:{door}")} }}
    """
    (folder / "nginx.conf").write_text(config)
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, door: int) -> list[str]:
    site = recipe("Caddy").replace("127.0.0.1:8080", f"{HERE}:{door}")
    site = site.replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n tls {PEM} {PEM}", 1)
    config = site if site.startswith("{") else f"{{\n}}\n{site}"
    config = config.replace("{\n", "{\n admin off\n auto_https disable_redirects\n", 1)
    (folder / "Caddyfile").write_text(config)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


PROXIES = {"nginx": nginx, "caddy": caddy}


@contextlib.asynccontextmanager
async def proxied(name: str, folder: Path, door: int) -> AsyncIterator[int]:
    """The port on which that proxy listens, with the recipe of the guide."""
    port = free_port()
    command, *options = PROXIES[name](folder, port, door)
    with (folder / "said").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            shutil.which(command, path=PATH) or command,
            *options,
            stdout=said,
            stderr=said,
            env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": PATH},
        )
    try:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError):
                    (await asyncio.open_connection(HERE, port))[1].close()
                    break
                assert process.returncode is None, (folder / "said").read_text()
                await asyncio.sleep(0.05)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def through(port: int, path: str, method: str = "GET", body: bytes = b"") -> Reply:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(
            HERE, port, ssl=context, server_hostname=NAME
        )
        with contextlib.suppress(ConnectionError):
            writer.write(request(path, method, body=body, fields={"Host": f"{NAME}:{port}"}))
            await writer.drain()
        answered = await reader.read()
        writer.close()
    return Reply.of(answered)


pytestmark = pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(
            one, marks=pytest.mark.skipif(not shutil.which(one, path=PATH), reason=f"needs {one}")
        )
        for one in PROXIES
    ],
)


def test_a_recipe_lets_through_what_belongs_through(tmp_path: Path, proxy: str) -> None:
    async def scenario() -> None:
        async with with_a_job(tmp_path) as (s, door, path), proxied(proxy, tmp_path, door) as port:
            healthy = await through(port, "/healthz")
            assert (healthy.status, healthy.text) == (503, "Discord has not been reached yet\n")
            reply = await through(port, path, "POST", b"all is well")
            assert (reply.status, reply.text) == (200, "ok")
            assert reply.headers["cache-control"] == "no-store"
            # A job may send a whole log: its beginning counts.
            failed = await through(port, f"{path}/3", "POST", b"x" * 5_000_000)
            assert failed.status == 200
            assert state_of(s) is State.DOWN
            assert (await through(port, "/beat/../healthz")).status in {200, 400, 404}
            assert (await through(port, "/metrics")).status == 404
            assert (await through(port, "/beat/" + "0" * 32)).status == 404

    play(scenario())


def test_no_secret_is_in_a_log_of_a_recipe(tmp_path: Path, proxy: str) -> None:
    async def scenario() -> None:
        job = with_a_job(tmp_path / "v")
        async with job as (_, door, path), proxied(proxy, tmp_path, door) as port:
            assert (await through(port, path)).status == 200
        # Nothing is behind the proxy any more, which it may say, but not for whom.
        async with proxied(proxy, tmp_path, door) as port:
            assert (await through(port, path)).status == 502
        secrets.append(path.rpartition("/")[2])

    secrets: list[str] = []
    play(scenario())
    logs = "".join(one.read_text() for one in tmp_path.iterdir() if one.is_file())
    assert logs
    assert secrets[0] not in logs
