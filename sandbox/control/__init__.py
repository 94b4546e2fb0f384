"""How people and tests drive the stand-in: its page and its control API."""
