"""What ``/doctor`` shows: problems first, each with its fix, then what is well, what is kept."""

import math
from collections.abc import Sequence

import discord

from bot.services.doctor import stored
from bot.services.doctor.findings import Finding, Grade, ok, warning
from bot.services.doctor.voice import Voice
from bot.tree import words_of
from bot.words.catalogue import Words
from bot.words.safe import clip, code
from bot.words.times import stamp
from cogs._ui.asking import Interaction
from cogs._ui.doctor_places import Places

MARKS = {Grade.BROKEN: "✖", Grade.WARNING: "⚠", Grade.OK: "✔"}
_COLOURS = {Grade.BROKEN: 0xDA373C, Grade.WARNING: 0xF0B232, Grade.OK: 0x23A55A}
_SLOW_S = 1.0
_DESCRIPTION, _FIELD, _LINE, _QUOTE = 4_000, 1_024, 700, 150


def voice_for(interaction: Interaction) -> Voice:
    return Voice(
        words=words_of(interaction),
        moment=lambda ms: stamp(ms, "f"),
        day=lambda ms: stamp(ms, "D"),
        command=interaction.client.commands_tree.mention,
        quote=lambda text: code(text, _QUOTE),
    )


async def doctor_embed(interaction: Interaction) -> discord.Embed:
    """Everything about this server, and the machine only as far as it is well or not."""
    services, guild_id = interaction.client.services, interaction.guild_id or 0
    voice = voice_for(interaction)
    places = Places(
        interaction,
        voice,
        services.guilds.settings(guild_id),
        services.status.overview(guild_id),
        services.boards,
    )
    found = [
        *places.findings(await services.delivery.troubles(guild_id)),
        *await services.doctor.examine(guild_id, voice),
        _gateway(interaction, voice),
    ]
    embed = findings_embed(voice.words, found)
    kept = stored.lines(voice, await services.doctor.stored(guild_id))
    title = voice.words.text("What I keep of this server, and for how long")
    return embed.add_field(name=title, value=clip("\n".join(kept), _FIELD), inline=False)


def findings_embed(words: Words, found: Sequence[Finding]) -> discord.Embed:
    """What is wrong comes first and is never pushed out by what is well."""
    worst = next((grade for grade in MARKS if any(one.grade is grade for one in found)), Grade.OK)
    order = (Grade.BROKEN, Grade.WARNING, Grade.OK)
    ordered = sorted(found, key=lambda one: order.index(one.grade))
    lines = _fitting(words, [_line(one) for one in ordered], _DESCRIPTION)
    return discord.Embed(
        title=_verdict(words, found, worst), description="\n".join(lines), colour=_COLOURS[worst]
    )


def _verdict(words: Words, found: Sequence[Finding], worst: Grade) -> str:
    if worst is Grade.OK:
        return f"{MARKS[worst]} {words.text('All is well')}"
    count = {grade: sum(one.grade is grade for one in found) for grade in MARKS}
    said = []
    if count[Grade.BROKEN]:
        said.append(words.plural("{n} thing to mend", "{n} things to mend", count[Grade.BROKEN]))
    if count[Grade.WARNING]:
        said.append(
            words.plural("{n} thing to look at", "{n} things to look at", count[Grade.WARNING])
        )
    return f"{MARKS[worst]} {' · '.join(said)}"


def _line(one: Finding) -> str:
    line = clip(f"{MARKS[one.grade]} **{one.name}** · {one.text}", _LINE)
    return line if one.fix is None else f"{line}\n→ {one.fix}"


def _fitting(words: Words, lines: Sequence[str], room: int) -> list[str]:
    """As many as fit, and how many do not."""
    shown: list[str] = []
    for number, line in enumerate(lines):
        more = words.text("+{n} more", n=len(lines) - number)
        left = room - sum(len(one) + 1 for one in shown)
        last = number == len(lines) - 1
        if len(line) + (0 if last else len(more) + 1) > left:
            return [*shown, more]
        shown.append(line)
    return shown


def _gateway(interaction: Interaction, voice: Voice) -> Finding:
    """Commands and buttons come this way; that this one came says that it is open."""
    words, guild = voice.words, interaction.guild
    name = words.text("Connection to Discord")
    shard = interaction.client.shards.get(guild.shard_id) if guild is not None else None
    latency_s = math.nan if shard is None else shard.latency
    if not math.isfinite(latency_s):
        return ok(name, words.text("open"))  # no heartbeat was answered yet
    text = words.text("open, answers in {ms} ms", ms=words.number(round(latency_s * 1000)))
    if latency_s <= _SLOW_S:
        return ok(name, text)
    fix = words.text("Buttons may be late, alerts are not. See discordstatus.com.")
    return warning(name, text, fix)
