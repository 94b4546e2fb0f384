"""A local stand-in for Discord: REST v10, gateway v10, and the people of one small server.

``vigie demo`` and the tests run the unmodified bot against it, over real sockets on 127.0.0.1.

It stands in for: login, shards, sessions, resume; messages with embeds, components, files, replies,
nonces and pins; roles, overwrites, threads and time-outs; commands, autocomplete, buttons, menus
and forms with their 3 s and 15 min; DMs; rate limits; Discord's own checks of what it is sent, with
its status and error codes. It misbehaves on request: see :mod:`sandbox.faults` and
:class:`sandbox.gateway.hub.Hub`.

It does not: keep anything on disk, know voice, reactions, a channel's own webhooks, polls, stickers
or user-installed apps, delay as a real network does, or show what only Discord's own clients do
(notifications, the exact look). A route it does not know is an error that names it.

The bot asks ``rest/`` and listens at ``gateway/``; ``rules/`` refuses what Discord refuses;
``messages/`` and ``interactions/`` keep and answer the rest; ``world/`` is who and what there is,
with its admin. Tests hold a :class:`Sandbox`; ``page/`` and other processes use
:mod:`sandbox.control_api`.
"""

from sandbox.errors import Refused
from sandbox.interactions.answer import Answer, readable
from sandbox.messages.store import Upload
from sandbox.sandbox import Sandbox
from sandbox.settings import Settings

__all__ = ["Answer", "Refused", "Sandbox", "Settings", "Upload", "readable"]
