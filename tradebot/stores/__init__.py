"""Where the book rests between two runs."""
