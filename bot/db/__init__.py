"""The store: one SQLite connection, one writer, one file of SQL per noun."""
