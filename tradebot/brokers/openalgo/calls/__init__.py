"""Requests over HTTP: when they may leave, and what comes of them."""
