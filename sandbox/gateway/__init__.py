"""The stand-in's gateway: sessions, heartbeats, events, what is replayed after a resume."""
