"""``/metrics``: the installation in numbers, as Prometheus reads them."""

import hmac
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot import __version__
from bot.errors import StoreError
from bot.models import Kind, State
from bot.services.liveness import Health
from bot.services.numbers import Numbers
from bot.web.answers import answer, not_found, only

TEXT = "text/plain; version=0.0.4; charset=utf-8"
_PROXIED = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")


class Metrics:
    """Answers who shows the token or, without one, this machine alone.

    A request that a proxy has passed on comes from elsewhere, whatever its address says.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Numbers]],
        health: Health,
        requests: Counter[tuple[str, int]],
        *,
        token: str,
        is_loopback: bool,
    ) -> None:
        self._read, self._health, self._requests = read, health, requests
        self._token = token.encode()
        self._is_loopback = is_loopback
        self._process = ProcessCollector(namespace="vigie", registry=CollectorRegistry())
        self._began_s = time.time()

    async def __call__(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        if rest or request.rel_url.raw_path != "/metrics":
            return not_found()
        if self._token:
            if not self._shows_token(request):
                return answer(
                    "a token is needed\n", status=401, headers={"WWW-Authenticate": "Bearer"}
                )
        elif not self._is_loopback or any(name in request.headers for name in _PROXIED):
            return not_found()
        if request.method not in {"GET", "HEAD"}:
            return only("GET", "HEAD")
        try:
            found, problem = await self._read(), await self._health.problem()
        except (sqlite3.Error, StoreError):
            return answer("the database cannot be read\n", status=503)
        families = [*self._families(found, healthy=problem is None)]
        return answer(generate_latest(_Collected(families)), kind=TEXT)

    def _shows_token(self, request: web.BaseRequest) -> bool:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(shown.strip().encode(errors="replace"), self._token)
        return same and scheme.lower() == "bearer"

    def _families(self, found: Numbers, *, healthy: bool) -> Iterator[Metric]:
        yield InfoMetricFamily("vigie_build", "Release of Vigie.", value={"version": __version__})
        for name, text, value in _gauges(found, healthy=healthy):
            yield GaugeMetricFamily(name, text, value=value)
        for name, text, count in _counters(found):
            yield CounterMetricFamily(name, text, value=count)
        states = [*State, "paused"]
        yield _by("vigie_monitors", "Monitors by state.", "state", found.monitors, states)
        yield _by("vigie_incidents_open", "Open incidents.", "kind", found.incidents, list(Kind))
        delay = GaugeMetricFamily(
            "vigie_check_delay_seconds",
            "How late the newest thousand checks began.",
            labels=["quantile"],
        )
        for quantile, seconds in found.delays_s.items():
            delay.add_metric([str(quantile)], seconds)
        yield delay
        yield _of_games("vigie_players", "Players on a game server.", found, "players")
        yield _of_games("vigie_players_max", "Its room for players.", found, "max_players")
        beats = CounterMetricFamily("vigie_beats", "Calls of jobs by outcome.", labels=["outcome"])
        for outcome, count in found.beats.items():
            beats.add_metric([outcome], count)
        yield beats
        asked = CounterMetricFamily(
            "vigie_http_requests", "Requests at the door.", labels=["path", "status"]
        )
        for (path, status), count in sorted(self._requests.items()):
            asked.add_metric([path, str(status)], count)
        yield asked
        yield GaugeMetricFamily(
            "vigie_start_time_seconds", "When Vigie was started.", value=self._began_s
        )
        yield from self._process.collect()


class _Collected(Collector):
    """Families that are known already: nothing is read while they are written."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _gauges(found: Numbers, *, healthy: bool) -> Iterator[tuple[str, str, float]]:
    yield "vigie_healthy", "1: what /healthz says is 200.", healthy
    yield "vigie_offline", "1: no connectivity check answers.", found.is_offline
    yield "vigie_servers", "Servers Vigie is in.", found.servers
    yield "vigie_gateway_shards_connected", "Connections to Discord's gateway.", found.shards
    yield "vigie_push_monitors", "Monitors that wait for beats.", found.push_monitors
    yield "vigie_checks_running", "Checks under way.", found.checks_running
    yield "vigie_notifications_waiting", "Work for Discord that is due.", found.outbox.waiting
    yield (
        "vigie_notification_oldest_age_seconds",
        "Age of the oldest work for Discord that is due.",
        found.outbox_age_s,
    )
    yield "vigie_notifications_given_up", "Messages given up in a week.", found.outbox.dead
    yield "vigie_database_size_bytes", "Size of the database.", found.database_bytes


def _counters(found: Numbers) -> Iterator[tuple[str, str, float]]:
    yield "vigie_checks", "Checks started.", found.checks
    yield "vigie_check_errors", "Checks that failed by a bug of Vigie's.", found.check_errors
    yield "vigie_checks_postponed", "Checks put off by a stall.", found.checks_postponed


def _of_games(name: str, text: str, found: Numbers, what: str) -> Metric:
    """By the number of the monitor, which its status page and its badge have too."""
    family = GaugeMetricFamily(name, text, labels=["monitor", "kind"])
    for (monitor_id, kind), game in found.players.items():
        count = getattr(game, what)
        if count is not None:
            family.add_metric([str(monitor_id), kind], count)
    return family


def _by(name: str, text: str, label: str, counts: Mapping[str, int], keys: Sequence[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key in keys:
        family.add_metric([str(key)], counts.get(key, 0))
    return family
