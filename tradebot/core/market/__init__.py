"""What is traded, when, and which prices are fit to act on."""
