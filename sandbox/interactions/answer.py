"""Answer of the bot as a person sees it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from sandbox.core import Core
from sandbox.errors import Json
from sandbox.interactions.interaction import Callback, Interaction
from sandbox.messages.posting import loading
from sandbox.messages.store import Stored
from sandbox.rules.components import BUTTON
from sandbox.rules.layout import walk

Status = Literal["message", "deferred", "update", "modal", "failed"]
NO_ANSWER = "The application did not respond"


@dataclass(slots=True)
class Answer:
    """A picture of one interaction at one moment.

    ``deferred`` stays true after the bot has filled its deferred answer in, when ``status`` is
    ``message``. ``message`` and ``followups`` are Discord message objects.
    """

    interaction_id: str
    status: Status
    message: Json | None = None
    ephemeral: bool = False
    error: str | None = None
    deferred: bool = False
    modal: Json | None = None
    followups: list[Json] = field(default_factory=list)

    @property
    def message_id(self) -> str:
        """The id of the message; LookupError when there is none."""
        if self.message is None:
            raise LookupError(f"there is no message: {self.status}, {self.error}")
        return str(self.message["id"])

    @property
    def content(self) -> str:
        return str(self.message["content"]) if self.message else ""

    @property
    def embeds(self) -> list[Json]:
        return list(self.message["embeds"]) if self.message else []

    @property
    def attachments(self) -> list[Json]:
        return list(self.message["attachments"]) if self.message else []

    @property
    def components(self) -> list[Json]:
        """Every component of the message, flat, parents first."""
        return list(walk(self.message["components"])) if self.message else []

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons, in order."""
        return [str(c.get("label") or "") for c in self.components if c["type"] == BUTTON]

    @property
    def text(self) -> str:
        """Everything there is to read: content, embeds and text components, line by line."""
        return readable(self.message) if self.message else ""


def picture(core: Core, interaction: Interaction) -> Answer:
    kind = interaction.answered
    if kind is None:
        return Answer(interaction.id, "failed", error=NO_ANSWER)
    stored = core.messages.ever.get(interaction.original_id or "")
    alive = stored if stored is not None and stored.alive else None
    return Answer(
        interaction.id,
        _status(kind, alive),
        core.messages.view(alive) if alive else None,
        ephemeral=stored is not None and stored.ephemeral_for is not None,
        deferred=kind in {Callback.DEFER, Callback.DEFER_UPDATE},
        modal=interaction.modal,
        followups=[
            core.messages.view(found)
            for one in interaction.followup_ids
            if (found := core.messages.find(one))
        ],
    )


def _status(kind: Callback, stored: Stored | None) -> Status:
    if kind is Callback.MODAL:
        return "modal"
    if kind in {Callback.UPDATE, Callback.DEFER_UPDATE}:
        return "update"
    if kind is Callback.DEFER and stored is not None and loading(stored.message):
        return "deferred"
    return "message"


def readable(message: Json) -> str:
    """All the words of a message object, line by line."""
    return "\n".join(_words(message))


def _words(message: Json) -> Iterator[str]:
    if message["content"]:
        yield message["content"]
    for embed in message["embeds"]:
        yield from _embed_words(embed)
    for component in walk(message["components"]):
        yield from (str(component[key]) for key in ("content", "label") if component.get(key))


def _embed_words(embed: Json) -> Iterator[str]:
    parts = [embed.get("author", {}).get("name"), embed.get("title"), embed.get("description")]
    for one in embed.get("fields", ()):
        parts += [one["name"], one["value"]]
    parts.append(embed.get("footer", {}).get("text"))
    yield from (part for part in parts if part)
