"""The shadow of an account, from its file to its books."""
