"""Long searches for faults, started by hand: ``python -m tests.soak NAME``."""
