"""What is asked and told over HTTP, one resource per file."""
