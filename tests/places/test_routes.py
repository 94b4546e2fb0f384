"""Home, Paris and Oslo as networks of their own, whose routes are cut one by one.

Needs root: the machine's own network is not touched, everything happens in fresh namespaces.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import child_environment
from tests.places.rig import BUNDLED, ROOT, wait_until

IP = shutil.which("ip") or "ip"
HUB, SITE, CANARY = "10.77.0.1", "10.77.0.100", "10.77.0.200"
NATS_URL, SITE_URL = f"nats://{HUB}:4222", f"http://{SITE}:8080/"
PLACES = {"home": "10.77.0.10", "paris": "10.77.0.11", "oslo": "10.77.0.12"}
SERVER = (
    "import http.server as h, sys\n"
    "class Quiet(h.SimpleHTTPRequestHandler):\n"
    "    def log_message(self, *_): pass\n"
    "    def do_GET(self): self.send_response(204); self.end_headers()\n"
    "h.ThreadingHTTPServer((sys.argv[1], 8080), Quiet).serve_forever()\n"
)


def ip(*words: str) -> None:
    subprocess.run([IP, *words], check=True, capture_output=True)


def may_make_networks() -> bool:
    if shutil.which(IP) is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    name = f"vigie-{os.getpid()}-try"
    made = subprocess.run([IP, "netns", "add", name], capture_output=True, check=False)
    if made.returncode == 0:
        ip("netns", "delete", name)
    return made.returncode == 0


pytestmark = pytest.mark.skipif(not may_make_networks(), reason="needs root and namespaces")


class Networks:
    """A hub with a bridge (NATS, the site and a canary live there) and three places behind it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = f"vigie-{os.getpid()}"
        self._processes: list[subprocess.Popen[str]] = []
        self.home: subprocess.Popen[str] | None = None

    def build(self) -> None:
        for name in ("hub", *PLACES):
            ip("netns", "add", self.name(name))
            self.inside(name, "ip", "link", "set", "lo", "up")
        self.inside("hub", "ip", "link", "add", "br0", "type", "bridge")
        self.inside("hub", "ip", "link", "set", "br0", "up")
        for address in (HUB, SITE, CANARY):
            self.inside("hub", "ip", "address", "add", f"{address}/24", "dev", "br0")
        for name, address in PLACES.items():
            self.inside(
                *("hub", "ip", "link", "add", f"v-{name}", "type", "veth", "peer"),
                *("name", "eth0", "netns", self.name(name)),
            )
            self.inside("hub", "ip", "link", "set", f"v-{name}", "master", "br0", "up")
            self.inside(name, "ip", "address", "add", f"{address}/24", "dev", "eth0")
            self.inside(name, "ip", "link", "set", "eth0", "up")
        config = self._folder / "nats.conf"
        config.write_text(f'listen: "{HUB}:4222"\n', "utf-8")
        self.start("hub", str(BUNDLED), "-c", str(config))
        for address in (SITE, CANARY):
            self.start("hub", sys.executable, "-c", SERVER, address)
        wait_until(lambda: self.answers(HUB, 4222) and self.answers(SITE, 8080))
        for name in ("paris", "oslo"):
            self.start(name, sys.executable, "-m", "bot", "lookout", name, NATS_URL)
        module = ("-m", "tests.places.home", NATS_URL, SITE_URL)
        self.home = self.start("home", sys.executable, *module)

    def name(self, place: str) -> str:
        return f"{self._prefix}-{place}"

    def inside(self, place: str, *command: str) -> None:
        ip("netns", "exec", self.name(place), *command)

    def start(self, place: str, *command: str) -> subprocess.Popen[str]:
        environment = child_environment(
            VIGIE_LOOKOUT_SECRET="unused",
            VIGIE_ALLOW_PRIVATE="10.77.0.0/24",
            VIGIE_CANARIES=f"http://{CANARY}:8080/",
            PYTHONPATH=str(ROOT),
        )
        process = subprocess.Popen(
            [IP, "netns", "exec", self.name(place), *command],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._processes.append(process)
        return process

    def answers(self, address: str, port: int) -> bool:
        code = f"import socket; socket.create_connection(({address!r}, {port}), 1)"
        exec_ = [IP, "netns", "exec", self.name("home"), sys.executable, "-c", code]
        return subprocess.run(exec_, capture_output=True, check=False).returncode == 0

    def cut(self, place: str, address: str) -> None:
        """From now on what this place sends there is lost without a word."""
        self.inside(place, "ip", "route", "add", "blackhole", address)

    def mend(self, place: str, address: str) -> None:
        self.inside(place, "ip", "route", "delete", "blackhole", address)

    def report(self, line: str) -> list[object]:
        assert self.home is not None
        assert self.home.stdin is not None
        assert self.home.stdout is not None
        self.home.stdin.write(f"{line}\n")
        self.home.stdin.flush()
        answer: list[object] = json.loads(self.home.stdout.readline())
        return answer

    def destroy(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        for name in ("hub", *PLACES):
            subprocess.run([IP, "netns", "delete", self.name(name)], check=False)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[Networks]:
    made = Networks(tmp_path)
    try:
        made.build()
        made.report("present oslo paris")
        yield made
    finally:
        made.destroy()


def test_routes_are_cut_one_by_one(networks: Networks) -> None:
    report, cut, mend = networks.report, networks.cut, networks.mend
    assert report("check")[0] is True, "home gets through; nobody need be asked"
    cut("home", SITE)
    assert report("check") == [False, "partly", [], []], "home's own route: no alarm"
    cut("paris", SITE)
    assert report("check") == [False, "agreed", ["paris"], []], "one region: half of the others"
    cut("oslo", SITE)
    assert report("check") == [False, "agreed", ["oslo", "paris"], []], "down for everybody"
    cut("oslo", CANARY)
    assert report("check") == [False, "agreed", ["paris"], ["oslo"]], "Oslo is offline: no vote"
    mend("oslo", CANARY)
    mend("paris", SITE)
    cut("oslo", HUB)
    assert report("check") == [False, "partly", [], ["oslo"]], "Oslo cannot answer: Paris decides"
    mend("oslo", SITE)
    mend("oslo", HUB)
    assert report("present oslo paris")
    assert report("check") == [False, "partly", [], []]
    cut("home", HUB)
    began = time.monotonic()
    assert report("check") == [False, "alone", [], ["oslo", "paris"]], "nobody votes: home alone"
    assert time.monotonic() - began < 10.0, "and no alarm is held back for it"
    mend("home", SITE)
    mend("home", HUB)
    assert report("present oslo paris"), "it comes back by itself"
    assert report("check")[0] is True
