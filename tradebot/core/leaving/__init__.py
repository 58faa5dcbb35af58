"""Leaving once: exits, their lanes, what a broker's words make of them, and the halt."""
