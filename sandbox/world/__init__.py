"""The stand-in's servers, channels, people and roles, and who may do what."""
