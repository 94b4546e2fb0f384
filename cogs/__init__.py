"""Commands on Discord: one noun a file; what they show is made in :mod:`cogs._ui`."""
