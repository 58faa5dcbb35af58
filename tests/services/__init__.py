"""The async rooms."""
