"""How monitors fared: uptime, history, response times, and what is kept for how long."""
