"""Tries and judges, free of database and Discord: scheduler, probes, netguard, judge."""
