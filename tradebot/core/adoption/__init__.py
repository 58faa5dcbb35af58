"""Positions that no trade guards: found, adopted, and added to."""
