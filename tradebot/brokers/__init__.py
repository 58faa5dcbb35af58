"""One folder per venue, all alike."""
