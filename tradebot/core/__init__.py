"""The pure heart: one input in, intents and events out."""
