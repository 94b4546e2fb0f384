"""A local stand-in for Discord: REST, gateway, and the people of one small server."""

from bot.sandbox.errors import Refused
from bot.sandbox.interactions.answer import Answer, readable
from bot.sandbox.messages.attachments import Upload
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.settings import Settings

__all__ = ["Answer", "Refused", "Sandbox", "Settings", "Upload", "readable"]
