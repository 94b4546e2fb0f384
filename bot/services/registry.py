"""Everything the Discord surface may use, in one frozen object: ``bot.services``."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.config import Config
from bot.services.delivery.sender import Delivery
from bot.services.evidence import Why
from bot.services.guilds import Guilds
from bot.services.incidents import Incidents
from bot.services.maintenance import Maintenance
from bot.services.monitors import Monitors
from bot.services.status import Status
from bot.services.trial import Trial


@dataclass(frozen=True, slots=True)
class Services:
    """Made once by the composition root, handed to the client, read by the cogs."""

    config: Config
    clock: Clock
    guilds: Guilds
    monitors: Monitors
    status: Status
    why: Why
    incidents: Incidents
    maintenance: Maintenance
    delivery: Delivery
    trial: Trial
