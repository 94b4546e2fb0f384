"""A local stand-in for Discord: REST, gateway, and the people of one small server.

The bot asks ``rest/`` and listens at ``gateway/``; ``rules/`` says what is wrong with what it
sends, ``messages/`` and ``interactions/`` keep and answer it, ``world/`` is who and what there is.
Tests hold a ``Sandbox``; ``page/`` and other processes do the same through ``control/``.
"""

from sandbox.errors import Refused
from sandbox.interactions.answer import Answer, readable
from sandbox.messages.attachments import Upload
from sandbox.sandbox import Sandbox
from sandbox.settings import Settings

__all__ = ["Answer", "Refused", "Sandbox", "Settings", "Upload", "readable"]
