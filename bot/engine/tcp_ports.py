"""Ports that ``tcp://`` does not knock at for strangers, each with the reason why.

Hosts of small servers cut off whoever looks like a spammer or a worm, and a knock a minute at
these ports does. Everything else is fine: a connection that says nothing harms nobody.
"""

from bot.words.translator import N_

_MAIL = N_("I don't knock at port {port}: mail servers take whoever says nothing for a spammer.")
_NAMES = N_("I don't knock at port {port}. To watch a name, use dns://, as in dns://example.com.")
_WORMS = N_("I don't knock at port {port}: worms do, so it would get my server reported.")
_ECHO = N_("I don't knock at port {port}: it belongs to services that are only good for attacks.")

REFUSED = {
    7: _ECHO,
    19: _ECHO,
    23: _WORMS,
    25: _MAIL,
    53: _NAMES,
    135: _WORMS,
    139: _WORMS,
    445: _WORMS,
}
