"""Commands, buttons and forms from a person's click to the bot's answer."""
