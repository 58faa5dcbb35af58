"""Everything that a person, a file or a program can give wrongly, and the answer to it."""
