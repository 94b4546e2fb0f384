"""Boards: live status messages that are edited when what they show changes."""
