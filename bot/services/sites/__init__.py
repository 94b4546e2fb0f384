"""The bot operator's file of sites: what it says, what it would change, and applying it."""
