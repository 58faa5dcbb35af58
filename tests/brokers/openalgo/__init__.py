"""OpenAlgo's adapter: its words, its rules of asking, and its life against the fake server."""
