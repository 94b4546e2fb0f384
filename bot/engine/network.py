"""All that looks at the world, made together: one TLS context, one resolver, one guard."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from bot.clock import Clock
from bot.engine.connectivity import ConnectivityChecker
from bot.engine.kinds import Checkers
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolver
from bot.engine.tls import client_context


@dataclass(frozen=True, slots=True)
class Network:
    """Guarded for people's addresses, unguarded for the operator's."""

    guard: Netguard
    resolver: Resolver
    prober: Checkers
    canaries: ConnectivityChecker

    @classmethod
    def of(
        cls,
        clock: Clock,
        *,
        allow_private: tuple[IPv4Network | IPv6Network, ...],
        ports: frozenset[int],
        canaries: Sequence[str],
        api_url: str,
    ) -> "Network":
        context = client_context()
        guard = Netguard(allow_private=allow_private, ports=ports)
        resolver = Resolver(clock)
        return cls(
            guard,
            resolver,
            Checkers(guard, resolver, clock=clock, context=context),
            ConnectivityChecker(canaries, api_url, clock=clock, resolver=resolver, context=context),
        )
