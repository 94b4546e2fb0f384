"""Checks made elsewhere: what travels, who votes, the bot's link over NATS, the lookout.

Only ``connection.py``, ``link.py`` and ``lookout.py`` need the extra ``vigie[places]``; without
``VIGIE_NATS_URL`` nobody imports them.
"""
