"""Async rooms: each owns one running task or one use case."""
