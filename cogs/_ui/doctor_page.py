"""``/doctor``: problems first, each with its fix, then what is well, and what is kept."""

from collections.abc import Sequence

import discord

from bot.discord.channels import used_channels
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import GREEN, RED, YELLOW
from bot.services.doctor.findings import Finding, Grade, ok, warning
from bot.services.doctor.health import stored_lines
from bot.words.escaping import clip
from bot.words.incident_text import fitting_lines
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.doctor_places import Places
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit

_MARKS = {Grade.BROKEN: "✖", Grade.WARNING: "⚠", Grade.OK: "✔"}
_COLOURS = {Grade.BROKEN: RED, Grade.WARNING: YELLOW, Grade.OK: GREEN}
_SLOW_S = 1.0
_FIELD, _LINE = 1_024, 700


class DoctorButton(PersistentItem, template=r"v1:doctor:look"):
    """Looks at everything once more, in place."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        await show_doctor(interaction)


async def show_doctor(interaction: Interaction) -> None:
    """The report as things are now, in place of the old one where that can be."""
    in_place = is_own_message(interaction)
    embed = await defer_if_slow(interaction, _doctor_embed(interaction), in_place=in_place)
    again = DoctorButton.button("v1:doctor:look", translator_of(interaction).text("Check again"))
    await respond_or_edit(interaction, in_place=in_place, embed=embed, view=view_of([again]))


async def _doctor_embed(interaction: Interaction) -> discord.Embed:
    """Everything about this server, and the machine only as far as it is well or not."""
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    words, mention = translator_of(interaction), interaction.client.commands_tree.mention
    used = used_channels(services, guild_id)
    await interaction.client.known_channels.look_up(interaction.guild, used)
    places = Places(
        interaction,
        words,
        mention,
        services.guilds.settings(guild_id),
        services.status.overview(guild_id),
        services.boards,
    )
    found = [
        *places.findings(await services.delivery.problems(guild_id)),
        *await services.doctor.examine(guild_id, words, mention),
        _gateway(interaction),
    ]
    embed = findings_embed(words, found)
    kept = stored_lines(words, await services.doctor.stored(guild_id))
    title = words.text("What I keep of this server, and for how long")
    return embed.add_field(name=title, value=clip("\n".join(kept), _FIELD), inline=False)


def findings_embed(words: Translator, found: Sequence[Finding]) -> discord.Embed:
    """What is wrong comes first and is never pushed out by what is well."""
    order = list(_MARKS)
    ordered = sorted(found, key=lambda one: order.index(one.grade))
    worst = ordered[0].grade if ordered else Grade.OK
    lines = fitting_lines(words, [_line(one) for one in ordered])
    return discord.Embed(
        title=_verdict(words, found, worst), description="\n".join(lines), colour=_COLOURS[worst]
    )


def _verdict(words: Translator, found: Sequence[Finding], worst: Grade) -> str:
    if worst is Grade.OK:
        return f"{_MARKS[worst]} {words.text('Everything is OK')}"
    count = {grade: sum(one.grade is grade for one in found) for grade in _MARKS}
    said = []
    if count[Grade.BROKEN]:
        said.append(words.plural("{n} problem", "{n} problems", count[Grade.BROKEN]))
    if count[Grade.WARNING]:
        said.append(words.plural("{n} warning", "{n} warnings", count[Grade.WARNING]))
    return f"{_MARKS[worst]} {' · '.join(said)}"


def _line(one: Finding) -> str:
    line = clip(f"{_MARKS[one.grade]} **{one.name}** · {one.text}", _LINE)
    return line if one.fix is None else f"{line}\n→ {one.fix}"


def _gateway(interaction: Interaction) -> Finding:
    """Commands and buttons come this way; that this one came says that it is open."""
    words, guild = translator_of(interaction), interaction.guild
    name = words.text("Connection to Discord")
    latency_s = None if guild is None else interaction.client.latency_log.of(guild.shard_id)
    if latency_s is None:
        return ok(name, words.text("open"))  # no heartbeat was answered yet
    text = words.text("open, answers in {ms} ms", ms=words.number(round(latency_s * 1000)))
    if latency_s <= _SLOW_S:
        return ok(name, text)
    fix = words.text("Buttons may be late, alerts are not. See discordstatus.com.")
    return warning(name, text, fix)
