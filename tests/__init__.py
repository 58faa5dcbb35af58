"""Sentences about behaviour; the tree mirrors tradebot/."""
