"""Lists of monitors from files and into files: our own export, tables, other programs."""
