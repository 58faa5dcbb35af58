"""Trades under guard: their rules, the index that finds them, and when they must be left."""
