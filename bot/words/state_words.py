"""The states of a monitor in words: each with a shape of its own, never colour alone."""

from bot.words.translator import N_

# By the key of :func:`bot.services.status.state_of`.
STATE_WORDS = {
    "down": N_("✖ DOWN"),
    "unstable": N_("▲ UNSTABLE"),
    "slow": N_("▲ SLOW"),
    "refused": N_("▲ REFUSED"),
    "partly": N_("▲ PARTLY"),
    "recovering": N_("▲ RECOVERING"),
    "up": N_("✔ UP"),
    "unknown": N_("? PENDING"),
    "paused": N_("‖ PAUSED"),
}
