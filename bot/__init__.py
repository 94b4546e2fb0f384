"""Vigie: watches web sites and tells a Discord channel when one goes down or comes back."""

__version__ = "0.1.0"
