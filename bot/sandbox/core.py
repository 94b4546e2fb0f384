"""All parts of one sandbox in one place; the rooms that act on several of them take this."""

from bot.sandbox.changes import Changes
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.gateway.hub import Hub
from bot.sandbox.interactions.interaction import Interactions
from bot.sandbox.interactions.registry import Registry
from bot.sandbox.messages.attachments import Attachments
from bot.sandbox.messages.scribe import Scribe
from bot.sandbox.messages.store import MessageStore
from bot.sandbox.ratelimits import RateLimits
from bot.sandbox.record import Record
from bot.sandbox.settings import Settings
from bot.sandbox.snowflakes import Snowflakes
from bot.sandbox.world.harbour import harbour
from bot.sandbox.world.news import News
from bot.sandbox.world.world import World


class Core:
    """Made once a sandbox; ``world`` None means the default one."""

    def __init__(self, token: str, settings: Settings, world: World | None) -> None:
        self.token = token
        self.settings = settings
        self.clock = SandboxClock()
        self.ids = Snowflakes(self.clock)
        self.world = world or harbour(self.ids)
        self.changes = Changes()
        self.hub = Hub(self.world, self.clock, settings, self.changes)
        self.attachments = Attachments()
        self.scribe = Scribe(self.world, self.ids, self.clock, self.attachments)
        self.messages = MessageStore(self.world, self.clock, self.hub, self.changes)
        self.registry = Registry(self.world.application.id, self.ids, self.clock, self.changes)
        self.interactions = Interactions(self.ids, self.clock, settings)
        self.limits = RateLimits(self.clock, settings)
        self.faults = Faults()
        self.record = Record(self.clock)
        self.news = News(self.world, self.clock, self.hub, self.changes)
