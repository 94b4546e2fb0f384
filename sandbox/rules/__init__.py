"""Rules: what Discord refuses in a message, a form or a command, and in which words."""
