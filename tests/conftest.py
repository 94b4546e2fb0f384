"""What holds for every test."""

from hypothesis import settings

# A slow machine is no failure: what must be quick is measured in tests/bench.
settings.register_profile("vigie", deadline=None)
settings.load_profile("vigie")
