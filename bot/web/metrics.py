"""``/metrics``: the installation in numbers for Prometheus. No name of a server or a site."""

import hmac
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

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
from bot.clock import Clock
from bot.errors import StoreError
from bot.models import Kind, State
from bot.services.liveness import Health, outbox_and_size
from bot.services.registry import Core
from bot.services.status import game_of
from bot.services.watchlist import Entry
from bot.web.answers import answer, not_found, only

TEXT = "text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (0.5, 0.95, 1.0)
_PROXIED = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")


class Metrics:
    """Answers who shows the token or, without one, this machine alone.

    A request that a proxy has passed on comes from elsewhere, whatever its address says.
    """

    def __init__(
        self,
        core: Core,
        clock: Clock,
        health: Health,
        requests: Counter[tuple[str, int]],
        *,
        token: str,
        is_loopback: bool,
    ) -> None:
        self._core, self._clock, self._health, self._requests = core, clock, health, requests
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
            stored, problem = await self._stored(), await self._health.problem()
        except (sqlite3.Error, StoreError):
            return answer("the database cannot be read\n", status=503)
        entries = list(self._core.watchlist.all())
        families = [
            *self._gauges(entries, healthy=problem is None),
            *stored,
            *self._counters(),
            *self._labelled(entries),
            *self._process.collect(),
        ]
        return answer(generate_latest(_Collected(families)), kind=TEXT)

    def _shows_token(self, request: web.BaseRequest) -> bool:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(shown.strip().encode(errors="replace"), self._token)
        return same and scheme.lower() == "bearer"

    async def _stored(self) -> list[Metric]:
        """Of what stands in the database."""
        now_ms = self._clock.now_ms()
        box, size = await outbox_and_size(self._core.db, now_ms)
        age_s = 0.0 if box.oldest_ms is None else (now_ms - box.oldest_ms) / 1000
        return [
            _gauge("notifications_waiting", "Work for Discord that is due.", box.waiting),
            _gauge(
                "notification_oldest_age_seconds",
                "Age of the oldest work for Discord that is due.",
                age_s,
            ),
            _gauge("notifications_given_up", "Messages given up in a week.", box.dead),
            _gauge("database_size_bytes", "Size of the database.", size),
        ]

    def _gauges(self, entries: Sequence[Entry], *, healthy: bool) -> Iterator[Metric]:
        core = self._core
        yield InfoMetricFamily("vigie_build", "Release of Vigie.", value={"version": __version__})
        yield _gauge("start_time_seconds", "When Vigie was started.", self._began_s)
        yield _gauge("healthy", "1: what /healthz says is 200.", healthy)
        is_offline = core.connectivity.offline_since_ms is not None
        yield _gauge("offline", "1: no connectivity check answers.", is_offline)
        yield _gauge("servers", "Servers Vigie is in.", len(core.guilds.known()))
        shards = core.gateway.connected
        yield _gauge("gateway_shards_connected", "Connections to Discord's gateway.", shards)
        pushes = sum(one.monitor.is_push for one in entries)
        yield _gauge("push_monitors", "Monitors that wait for beats.", pushes)
        yield _gauge("checks_running", "Checks under way.", core.scheduler.stats.running)

    def _counters(self) -> Iterator[Metric]:
        """What was counted since the start."""
        stats = self._core.scheduler.stats
        for name, text, count in (
            ("vigie_checks", "Checks started.", stats.started),
            ("vigie_check_errors", "Checks that failed by a bug of Vigie's.", stats.errors),
            ("vigie_checks_postponed", "Checks put off by a stall.", stats.postponed),
        ):
            yield CounterMetricFamily(name, text, value=count)
        beats = CounterMetricFamily("vigie_beats", "Calls of jobs by outcome.", labels=["outcome"])
        for taken, count in self._core.pushes.taken.items():
            beats.add_metric([taken.name.lower()], count)
        yield beats
        asked = CounterMetricFamily(
            "vigie_http_requests", "Requests at the door.", labels=["path", "status"]
        )
        for (path, status), count in sorted(self._requests.items()):
            asked.add_metric([path, str(status)], count)
        yield asked

    def _labelled(self, entries: Sequence[Entry]) -> Iterator[Metric]:
        states = Counter(
            "paused" if one.monitor.paused else one.judge_state.monitor_state for one in entries
        )
        yield _by("vigie_monitors", "Monitors by state.", "state", states, [*State, "paused"])
        kinds = Counter[str](one.incident.kind for one in entries if one.incident is not None)
        yield _by("vigie_incidents_open", "Open incidents.", "kind", kinds, list(Kind))
        late = sorted(self._core.scheduler.stats.late) or [0]
        delay = GaugeMetricFamily(
            "vigie_check_delay_seconds",
            "How late the newest thousand checks began.",
            labels=["quantile"],
        )
        for quantile in QUANTILES:
            delay.add_metric([str(quantile)], late[round(quantile * (len(late) - 1))] / 1000)
        yield delay
        yield _of_games("vigie_players", "Players on a game server.", entries, "players")
        yield _of_games("vigie_players_max", "Its room for players.", entries, "max_players")


class _Collected(Collector):
    """Families that are known already: nothing is read while they are written."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"vigie_{name}", text, value=value)


def _of_games(name: str, text: str, entries: Sequence[Entry], what: str) -> Metric:
    """By the number of the monitor, which its status page and its badge have too."""
    family = GaugeMetricFamily(name, text, labels=["monitor", "kind"])
    for monitor, latest in ((one.monitor, one.latest) for one in entries):
        count = None if monitor.paused else getattr(game_of(latest), what, None)
        if count is not None:
            kind = monitor.target.url.partition("://")[0]
            family.add_metric([str(monitor.id), kind], count)
    return family


def _by(name: str, text: str, label: str, counts: Mapping[str, int], keys: Sequence[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key in keys:
        family.add_metric([str(key)], counts.get(key, 0))
    return family
