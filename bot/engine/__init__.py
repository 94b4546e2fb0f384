"""Checks and judges, free of database and Discord: scheduler, kinds, netguard, judge."""
