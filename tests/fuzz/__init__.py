"""Mutated bytes for everything that reads foreign ones: always a verdict or a sentence.

The suite tries a little, and the same each time. ``python -m tests.fuzz N`` tries N times as much,
at random; what it finds is shown with the smallest example.
"""
