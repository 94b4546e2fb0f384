"""``/metrics``: who may read it, and that Prometheus can."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.config import Config, ListenAddress
from bot.models import Game
from bot.services.liveness import Gateway
from bot.services.pushes import Call
from bot.web.door import Requests
from bot.web.metrics import Metrics
from tests.services.services_fixture import GUILD, PERSON, ServicesFixture, services_fixture
from tests.web.rig import HERE, Reply, ask, open_door, play
from tests.web.test_door import health_of

TOKEN = "a-token-of-some-length"
LISTENING = Config(listen=ListenAddress(HERE, 8080))


def metrics_of(s: ServicesFixture, token: str = "", *, is_loopback: bool = True) -> Metrics:
    health, _ = health_of(s, Gateway(s.clock))
    return Metrics(
        s,
        s.clock,
        health,
        Requests({("beat", 200): 3}),
        token=token,
        is_loopback=is_loopback,
    )


async def asked(
    path: Path, fields: dict[str, str], *, target: str = "/metrics", **more: Any
) -> Reply:
    async with (
        services_fixture(path, config=LISTENING) as s,
        open_door({"metrics": metrics_of(s, **more)}) as door,
    ):
        return await ask(door.listener.port, target, fields=fields)


def test_prometheus_reads_it_and_its_names_are_as_it_wants_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=LISTENING) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            _, address = await s.monitors.add_push(GUILD, {"name": "job", "every": 60}, PERSON)
            await s.pushes.call(address.rpartition("/")[2], Call.FINE)
            await s.pushes.call("0" * 32, Call.FINE)
            async with open_door({"metrics": metrics_of(s)}) as door:
                reply = await ask(door.listener.port, "/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        values = {}
        for family in text_string_to_metric_families(reply.text):
            assert re.fullmatch(r"vigie_[a-z_]+", family.name)
            assert family.documentation
            assert family.type in {"gauge", "counter", "info"}
            for sample in family.samples:
                assert family.type != "counter" or sample.name.endswith("_total")
                values[sample.name, *sample.labels.values()] = sample.value
        assert values["vigie_monitors", "down"] == 1
        assert values["vigie_monitors", "up"] == 1
        assert values["vigie_monitors", "paused"] == 0
        assert values["vigie_incidents_open", "down"] == 1
        assert values["vigie_beats_total", "ok"] == 1
        assert values["vigie_beats_total", "unknown"] == 1
        assert values["vigie_http_requests_total", "beat", "200"] == 3
        assert values["vigie_push_monitors",] == 1
        assert values["vigie_healthy",] == 0
        assert values["vigie_database_size_bytes",] > 10_000
        assert values["vigie_process_resident_memory_bytes",] > 10_000_000
        assert "shop" not in reply.text

    play(scenario())


def test_players_are_those_of_the_game_servers_that_are_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=LISTENING) as s:
            craft = await s.watch("craft", url="minecraft://craft.example")
            rust = await s.watch("rust", url="a2s://rust.example:28015")
            await s.watch("shop")
            s.prober.games[craft.target.url] = Game(5, 100, "Paper 1.21.5")
            s.prober.games[rust.target.url] = Game(0)

            async def found() -> list[tuple[str, str, str, float]]:
                async with open_door({"metrics": metrics_of(s)}) as door:
                    reply = await ask(door.listener.port, "/metrics")
                assert "craft.example" not in reply.text
                return [
                    (one.name, one.labels["monitor"], one.labels["kind"], one.value)
                    for family in text_string_to_metric_families(reply.text)
                    for one in family.samples
                    if one.name.startswith("vigie_players")
                ]

            assert await found() == []
            await s.play({"craft": "O", "rust": "O", "shop": "O"})
            of_craft = [
                ("vigie_players", str(craft.id), "minecraft", 5),
                ("vigie_players_max", str(craft.id), "minecraft", 100),
            ]
            of_rust = ("vigie_players", str(rust.id), "a2s", 0)
            assert sorted(await found()) == sorted([*of_craft, of_rust])
            await s.play({"craft": "O", "rust": "F"})
            assert await found() == of_craft
            await s.silences.pause(GUILD, craft.id, by=PERSON, for_s=None)
            assert await found() == []

    play(scenario())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
    ],
)
def test_with_a_token_it_has_to_be_shown(
    tmp_path: Path, fields: dict[str, str], status: int
) -> None:
    async def scenario() -> None:
        reply = await asked(tmp_path, fields, token=TOKEN)
        assert reply.status == status
        assert ("vigie_monitors" in reply.text) is (status == 200)
        assert TOKEN not in reply.text

    play(scenario())


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_without_a_token_it_is_for_this_machine_alone(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        assert (await asked(tmp_path, {})).status == 200
        assert (await asked(tmp_path, {}, is_loopback=False)).status == 404
        assert (await asked(tmp_path, {name: "192.0.2.1"})).status == 404, "through a proxy"
        assert (await asked(tmp_path, {}, target="/metrics/")).status == 404

    play(scenario())
