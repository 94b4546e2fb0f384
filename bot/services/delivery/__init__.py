"""Empties the outbox into Discord: sent exactly once, in order, whatever dies when.

Follow one message: ``enqueue`` puts its row into the outbox, inside the recorder's transaction.
``dispatcher`` sees that a channel has work, ``throttle`` and ``refusals`` whether it may send now.
``sender`` takes the step: ``claim`` lets ``planning`` choose the rows and reads the truth (an
OutgoingMessage), ``rendering`` words it, the Transport of ``messages`` sends it, ``outcomes``
writes down what came of it. ``attempts`` runs it, knows what each error means, and finds a message
whose answer was lost. Boards are sent by the same means, behind all alerts.
"""
