"""Follow-ups of an interaction, and reading, editing and deleting what it answered."""

from bot.sandbox.core import Core
from bot.sandbox.errors import Json, refusal
from bot.sandbox.form import Form
from bot.sandbox.interactions.callback import draft_for, say
from bot.sandbox.interactions.interaction import Interaction
from bot.sandbox.messages.posting import Uploads, loading, revise
from bot.sandbox.messages.store import Stored
from bot.sandbox.rules.message import Flag, check_message, require_something

ORIGINAL = "@original"


def follow_up(core: Core, interaction: Interaction, body: Json, uploads: Uploads) -> Stored:
    """A further message. The first one after a deferral becomes the deferred answer instead."""
    check_message(body, form := Form(), files=len(uploads))
    form.close()
    require_something(body, files=len(uploads))
    draft = draft_for(core, interaction, body, uploads)
    original = core.messages.find(interaction.original_id or "")
    if original is not None and loading(original.message):
        draft.flags &= ~Flag.EPHEMERAL
        return revise(core, original, draft, touch=False)
    stored = say(core, interaction, draft, followup=True)
    interaction.followup_ids.append(stored.id)
    return stored


def answered(core: Core, interaction: Interaction, message_id: str) -> Stored:
    """A message of this interaction, by id or ``@original``. Raises 10008."""
    own = interaction.original_id
    wanted = own if message_id == ORIGINAL else message_id
    if wanted is None or wanted not in {own, *interaction.followup_ids}:
        raise refusal(10008)
    found = core.messages.find(wanted)
    if found is None:
        raise refusal(10008)
    return found


def edit(
    core: Core, interaction: Interaction, message_id: str, body: Json, uploads: Uploads
) -> Stored:
    stored = answered(core, interaction, message_id)
    draft = draft_for(core, interaction, body, uploads)
    return revise(core, stored, draft, touch=not loading(stored.message))


def remove(core: Core, interaction: Interaction, message_id: str) -> None:
    core.messages.delete(answered(core, interaction, message_id))
