"""Colours of embeds: decoration, for a state is always a word."""

RED, YELLOW, GREEN, GREY = 0xDA373C, 0xF0B232, 0x23A55A, 0x80848E
