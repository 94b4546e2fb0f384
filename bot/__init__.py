"""Vigie: watches sites and posts in a Discord channel when one goes down or comes back."""

__version__ = "0.1.0"
