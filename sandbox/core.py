"""All parts of one sandbox in one place; the rooms that act on several of them take this."""

from sandbox.changes import Changes
from sandbox.clock import SandboxClock, Snowflakes
from sandbox.faults import Faults
from sandbox.gateway.hub import Hub
from sandbox.interactions.interaction import Interactions
from sandbox.interactions.registry import Registry
from sandbox.messages.composer import Composer
from sandbox.messages.store import Attachments, MessageStore
from sandbox.panel import Panel
from sandbox.ratelimits import RateLimits
from sandbox.record import Record
from sandbox.settings import Settings
from sandbox.time_lapse import TimeLapse
from sandbox.world.default_world import default_world
from sandbox.world.events import WorldEvents
from sandbox.world.world import World


class Core:
    """Made once a sandbox; ``world`` None means the default one."""

    def __init__(self, token: str, settings: Settings, world: World | None) -> None:
        self.token = token
        self.settings = settings
        self.clock = SandboxClock()
        self.ids = Snowflakes(self.clock)
        self.world = world or default_world(self.ids)
        self.changes = Changes()
        self.hub = Hub(self.world, self.clock, settings, self.changes)
        self.attachments = Attachments()
        self.composer = Composer(self.world, self.ids, self.clock, self.attachments)
        self.messages = MessageStore(self.world, self.clock, self.hub, self.changes)
        self.registry = Registry(self.world.application.id, self.ids, self.clock, self.changes)
        self.interactions = Interactions(self.ids, self.clock, settings)
        self.limits = RateLimits(self.clock, settings)
        self.faults = Faults()
        self.record = Record(self.clock)
        self.events = WorldEvents(self.world, self.clock, self.hub, self.changes)
        self.panel = Panel(self.changes)
        self.time_lapse: TimeLapse | None = None
