"""Answers, cards, buttons and forms that several commands share, or that are long.

All surfaces use:

- ``interactions``: who asks, what they may do, answers in time; ``visibility``: who sees what
- ``buttons``, ``forms``: what is pressed, turned and typed, also after a restart
- ``options``, ``monitor_option``: options of commands
- ``monitor_text``: a monitor's name, address and card

What an alert and a board look like stands in :mod:`bot.discord`: delivery needs no command.
"""
