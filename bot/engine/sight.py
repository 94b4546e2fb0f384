"""All that looks at the world, made together: one TLS context, one resolver, one guard."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from bot.clock import Clock
from bot.engine.canaries import Canaries
from bot.engine.netguard import Netguard
from bot.engine.probes import Probes
from bot.engine.resolver import Resolver
from bot.engine.tls import client_context


@dataclass(frozen=True, slots=True)
class Sight:
    """Guarded for people's addresses, unguarded for the operator's."""

    guard: Netguard
    resolver: Resolver
    prober: Probes
    canaries: Canaries

    @classmethod
    def of(
        cls,
        clock: Clock,
        *,
        allow_private: tuple[IPv4Network | IPv6Network, ...],
        ports: frozenset[int],
        canaries: Sequence[str],
        api_url: str,
    ) -> "Sight":
        context = client_context()
        guard = Netguard(allow_private=allow_private, ports=ports)
        resolver = Resolver(clock)
        return cls(
            guard,
            resolver,
            Probes(guard, resolver, clock=clock, context=context),
            Canaries(canaries, api_url, clock=clock, resolver=resolver, context=context),
        )
