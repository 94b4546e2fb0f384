"""The secret address of a push monitor: shown once, made anew by a button."""

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Monitor
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit
from cogs._ui.monitor_text import shown_name


class RenewalButton(PersistentItem, template=r"v1:pushaddress:(?P<monitor>\d{1,18})"):
    """Makes a new address; the one before is not found any more."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors, in_place = interaction.client.services.monitors, is_own_message(interaction)
        work = monitors.renew_address(
            interaction.guild_id or 0, int(self.params["monitor"]), interaction.user.id
        )
        monitor, address = await defer_if_slow(interaction, work, in_place=in_place)
        words = translator_of(interaction)
        said = words.text("The old address no longer works.")
        await respond_or_edit(
            interaction,
            in_place=in_place,
            content=f"{said}\n{address_text(words, monitor, address)}",
            embed=None,
            view=view_of([renewal_button(words, monitor.id)]),
        )


def renewal_button(words: Translator, monitor_id: int) -> PersistentItem:
    style = discord.ButtonStyle.secondary
    label = words.text("New address")
    return RenewalButton.button(f"v1:pushaddress:{monitor_id}", label, style=style)


def address_text(words: Translator, monitor: Monitor, address: str) -> str:
    """Where the job calls, when, and what else it may say there."""
    every, grace = words.duration(monitor.interval_s), words.duration(monitor.grace_s or 0)
    return "\n".join(
        [
            words.text(
                "{name} waits for a beat every {every}, at most {grace} late. Its job calls:",
                name=shown_name(monitor),
                every=every,
                grace=grace,
            ),
            f"```\ncurl -fsS -m 10 --retry 3 {address}\n```",
            words.text(
                "Add `/start` when it begins, `/fail` when it failed, or its exit status, as in"
                " `/$?`. The address is a secret, and I show it only now."
            ),
        ]
    )
