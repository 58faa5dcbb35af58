"""The pure heart, by example and by law."""
