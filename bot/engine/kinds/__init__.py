"""Kinds of monitor: what each one checks, and how."""
