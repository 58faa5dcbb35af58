"""How an alert leaves the house."""
