"""What the server's books say, and what they leave out."""
