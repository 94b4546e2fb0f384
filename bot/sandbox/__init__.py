"""A local stand-in for Discord: REST, gateway, and the people of one small server."""
