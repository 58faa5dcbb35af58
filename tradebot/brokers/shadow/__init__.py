"""A shadow of a real account: its positions and prices, and fills on paper. Nothing is sent."""
