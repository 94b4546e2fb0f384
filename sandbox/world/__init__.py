"""Servers, channels, people and roles of the sandbox, and their permissions."""
