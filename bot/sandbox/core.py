"""All parts of one sandbox in one place; the rooms that act on several of them take this."""

from dataclasses import dataclass

from bot.sandbox.changes import Changes
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.gateway.hub import Hub
from bot.sandbox.interactions.interaction import Interactions
from bot.sandbox.interactions.registry import Registry
from bot.sandbox.messages.attachments import Attachments
from bot.sandbox.messages.nonces import Nonces
from bot.sandbox.messages.scribe import Scribe
from bot.sandbox.messages.store import MessageStore
from bot.sandbox.ratelimits import RateLimits
from bot.sandbox.record import Record
from bot.sandbox.settings import Settings
from bot.sandbox.snowflakes import Snowflakes
from bot.sandbox.world.harbour import harbour
from bot.sandbox.world.news import News
from bot.sandbox.world.world import World


@dataclass(slots=True)
class Core:
    token: str
    settings: Settings
    clock: SandboxClock
    ids: Snowflakes
    world: World
    changes: Changes
    hub: Hub
    attachments: Attachments
    scribe: Scribe
    messages: MessageStore
    nonces: Nonces
    registry: Registry
    interactions: Interactions
    limits: RateLimits
    faults: Faults
    record: Record
    news: News


def assemble(token: str, settings: Settings, world: World | None) -> Core:
    """Make all parts and tie them together."""
    clock, changes, attachments = SandboxClock(), Changes(), Attachments()
    ids = Snowflakes(clock)
    world = world or harbour(ids)
    hub = Hub(world, clock, settings, changes)
    return Core(
        token=token,
        settings=settings,
        clock=clock,
        ids=ids,
        world=world,
        changes=changes,
        hub=hub,
        attachments=attachments,
        scribe=Scribe(world, ids, clock, attachments),
        messages=MessageStore(world, clock, hub, changes),
        nonces=Nonces(clock, settings),
        registry=Registry(world.application.id, ids, clock, changes),
        interactions=Interactions(ids, clock, settings),
        limits=RateLimits(clock, settings),
        faults=Faults(),
        record=Record(clock),
        news=News(world, hub, changes),
    )
