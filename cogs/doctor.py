"""``/doctor``: is everything well here, and if not, what to do."""

from discord import app_commands

from bot.discord.client import Interaction, VigieClient
from cogs._ui.doctor_page import DoctorButton, show_doctor
from cogs._ui.interactions import ManagersCog


class Doctor(ManagersCog):
    """Only for people with Manage Server."""

    @app_commands.command(
        name="doctor", description="Check that everything works here, and see what is stored."
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def doctor(self, interaction: Interaction) -> None:
        await show_doctor(interaction)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(DoctorButton)
    await client.add_cog(Doctor())
