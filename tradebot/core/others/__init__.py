"""Orders that others placed: what they may still move, and what is cancelled first."""
