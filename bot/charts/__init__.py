"""History charts, drawn in a child process so that matplotlib's memory is freed."""
