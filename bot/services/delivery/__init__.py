"""Empties the outbox into Discord: told exactly once, in order, whatever dies when.

Follow one message: ``queue`` puts its row into the outbox, inside the recorder's transaction.
``sender`` sees that a channel has work, ``gates`` whether it may send now. ``courier`` takes the
step: ``claims`` lets ``plan`` choose the rows and ``reading`` find out what is true (a ``flight``),
``rendering`` words it, the sink of ``messages`` sends it, ``settlement`` writes down what came of
it. ``adopt`` finds a message whose answer was lost, ``fallback`` tells a server of a lost channel.
"""
